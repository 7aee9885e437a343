/// The time of one kind of kernel: equations with constants, for the facts of a GPU.
public protocol KernelTimeModel: Sendable {
  associatedtype Shape: Hashable, Sendable
  associatedtype Constants: FittedConstants

  var constants: Constants { get }

  /// The call that a kernel of the model's kind is; nil for a kernel of another.
  static func call(_ kernel: TimedKernel) -> Shape?

  /// The time of a call, and how much of it is neither work nor bytes.
  func timing(_ shape: Shape) -> KernelTiming

  /// The same time, part by part; the sum of the parts is `microseconds`.
  func parts(_ shape: Shape) -> [TimePart]

  /// What was chosen on the way (tile, split, waves), for people: name and value.
  func choices(_ shape: Shape) -> [(name: String, value: String)]
}

/// The time of a kernel call, µs.
public struct KernelTiming: Hashable, Sendable {
  public var microseconds: Double
  /// Launching, filling, waiting, combining: time in which neither arithmetic nor bandwidth is used.
  public var exposed: Double

  public init(microseconds: Double, exposed: Double) {
    self.microseconds = microseconds
    self.exposed = exposed
  }
}

extension KernelTimeModel {
  /// The time of a call, µs.
  public func microseconds(_ shape: Shape) -> Double { timing(shape).microseconds }

  @inline(__always)
  func timing(of kernel: TimedKernel) -> KernelTiming {
    Self.call(kernel).map(timing) ?? KernelTiming(microseconds: .nan, exposed: .nan)
  }

  func parts(of kernel: TimedKernel) -> [TimePart] { Self.call(kernel).map(parts) ?? [] }

  func choices(of kernel: TimedKernel) -> [(name: String, value: String)] { Self.call(kernel).map(choices) ?? [] }
}
