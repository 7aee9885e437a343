/// The time of one kind of kernel: equations with constants, for the facts of a GPU.
public protocol KernelTimeModel: Sendable {
  associatedtype Shape: Hashable, Sendable
  associatedtype Constants: FittedConstants

  var constants: Constants { get }

  /// The time of a call, µs.
  func microseconds(_ shape: Shape) -> Double

  /// The same time, part by part; the sum of the parts is `microseconds`.
  func parts(_ shape: Shape) -> [TimePart]

  /// What was chosen on the way (tile, split, waves), for people: name and value.
  func choices(_ shape: Shape) -> [(name: String, value: String)]
}
