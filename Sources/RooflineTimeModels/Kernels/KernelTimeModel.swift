import RooflineCore

/// The time of one kind of kernel: equations with fitted constants, for the facts of a GPU.
///
/// A new kind of time model is one file with a type like this, its constants, and a case of `KernelKind`; which operators it is of is
/// said in `Operator.timeModel`. Whatever asks for times, fits constants, reads and writes calibrations, or compares measurements,
/// goes through these requirements.
///
/// The equations are in the unit of their constants, which calibration files state in µs; `KernelTiming` and `TimePart` leave in seconds.
package protocol KernelTimeModel: Sendable {
  /// What the equations read of an operator: its definition.
  associatedtype Work: Sendable
  associatedtype Constants: FittedConstants
  /// How the library cuts the work: facts of its source code, not fitted.
  associatedtype Cut: KernelCut = WholeKernel
  /// What is looked for on the way to a time, e.g. the fastest tile.
  associatedtype Choice: Sendable = Never

  static var kind: KernelKind { get }
  /// Where prefill and decode have models of their own.
  static var phase: Phase? { get }

  var constants: Constants { get }
  var cut: Cut { get }

  /// - Parameter generation: that of the GPU.
  /// - Returns: nil where nothing is known of the kernels of such a GPU.
  init?(_ facts: DeviceFacts, _ constants: Constants, _ cut: Cut, generation: GPUGeneration)

  /// The operator as the model reads it; nil for one that it does not describe.
  static func work(_ value: Operator<Count>) -> Work?

  /// The same work with what depends on no constants worked out once, for a fit that asks for its time thousands of times.
  static func prepared(_ work: Work) -> Work

  /// What calibrations list the kernel under.
  static func subject(_ work: Work) -> KernelSubject

  /// Which of its kernels a library runs; nil where it has one.
  ///
  /// - Parameter processors: SMs of the GPU.
  static func variant(_ work: Work, of library: KernelLibrary, processors: Double) -> AttentionVariant?

  /// Operators with the same subject, of which the first is run by a library's usual variant.
  static func usual(of value: Operator<Count>) -> [Operator<Count>]

  /// The time of a call, and how much of it is neither work nor bytes.
  func timing(_ work: Work, _ conditions: KernelConditions) -> KernelTiming

  /// The same time, part by part.
  func parts(_ work: Work, _ conditions: KernelConditions) -> [TimePart]

  /// What was chosen on the way (tile, split, waves), for people: name and value.
  func choices(_ work: Work, _ conditions: KernelConditions) -> [(name: String, value: String)]

  /// What is looked for; nil where there is nothing to look for, or nothing was found.
  func choice(_ work: Work, _ conditions: KernelConditions) -> Choice?

  /// The time with a choice, whether or not it is the best under these constants.
  func timing(_ work: Work, _ conditions: KernelConditions, with choice: Choice) -> KernelTiming

  /// Constants of another GPU as they are on one whose DRAM rate is another: `ratio` is theirs over this one's.
  static func constants(_ constants: Constants, ofDRAM ratio: Double) -> Constants

  /// How a measurement is called, and where it stands among others.
  static func place(_ work: Work) -> KernelPlace

  /// The parts of all measurements of its kind that the kernel belongs to, whose errors are told apart.
  static func regimes(_ work: Work) -> [String]

  // With the models' own types known, so that a pass over many rows stays fast.
  static func subject(of value: Operator<Count>) -> KernelSubject?
  static func variant(of value: Operator<Count>, of library: KernelLibrary, processors: Double) -> AttentionVariant?
  func timing(of value: Operator<Count>, _ conditions: KernelConditions) -> KernelTiming?
}

extension KernelTimeModel {
  package static var phase: Phase? { nil }

  package static func prepared(_ work: Work) -> Work { work }

  package static func variant(
    _ work: Work, of library: KernelLibrary, processors: Double
  ) -> AttentionVariant? { nil }

  package static func constants(_ constants: Constants, ofDRAM ratio: Double) -> Constants { constants }

  package static func subject(of value: Operator<Count>) -> KernelSubject? { work(value).map(subject) }

  package static func variant(
    of value: Operator<Count>, of library: KernelLibrary, processors: Double
  ) -> AttentionVariant? { work(value).flatMap { variant($0, of: library, processors: processors) } }

  /// nil for an operator that the model does not describe.
  package func timing(of value: Operator<Count>, _ conditions: KernelConditions) -> KernelTiming? {
    Self.work(value).map { timing($0, conditions) }
  }

  /// Seconds; NaN for an operator that the model does not describe.
  package func seconds(of value: Operator<Count>, _ conditions: KernelConditions) -> Double {
    timing(of: value, conditions)?.seconds ?? .nan
  }

  /// Empty for an operator that the model does not describe.
  package func parts(of value: Operator<Count>, _ conditions: KernelConditions) -> [TimePart] {
    Self.work(value).map { parts($0, conditions) } ?? []
  }

  /// Empty for an operator that the model does not describe.
  package func choices(of value: Operator<Count>, _ conditions: KernelConditions) -> [(name: String, value: String)] {
    Self.work(value).map { choices($0, conditions) } ?? []
  }

  package static func usual(of value: Operator<Count>) -> [Operator<Count>] { [value] }

  static func place(of value: Operator<Count>) -> KernelPlace? { work(value).map(place) }

  static func regimes(of value: Operator<Count>) -> [String] { work(value).map(regimes) ?? [] }
}

extension KernelTimeModel where Cut == WholeKernel {
  package var cut: WholeKernel { WholeKernel() }
}

extension KernelTimeModel where Choice == Never {
  package func choice(_ work: Work, _ conditions: KernelConditions) -> Never? { nil }

  package func timing(_ work: Work, _ conditions: KernelConditions, with choice: Never) -> KernelTiming {}
}

/// The time of a kernel call, s.
package struct KernelTiming: Hashable, Sendable {
  package var seconds: Double
  /// Launching, filling, waiting, combining: time in which neither arithmetic nor bandwidth is used.
  package var exposed: Double

  /// From equations whose constants are in µs.
  init(microseconds: Double, exposed: Double) {
    seconds = microseconds * 1e-6
    self.exposed = exposed * 1e-6
  }
}
