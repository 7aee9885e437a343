import RooflineCore
import RooflineTimeModels

/// A kernel that somebody timed.
package struct Observation: Hashable, Sendable {
  package let value: Operator<Count>
  /// The format that its file names; a collective's operator has none.
  package let dtype: DType
  /// How it was timed.
  package let conditions: KernelConditions
  /// The library that the kernel is of: times of two of them differ by tens of percent.
  package let family: KernelLibrary
  /// Who measured, with which version.
  package let source: String
  package let seconds: Double
  /// Where it stands in its file.
  package let line: Int
  /// The SM clock while it ran, Hz, where telemetry recorded it.
  package let clock: Double?

  package init(
    _ value: Operator<Count>, dtype: DType, conditions: KernelConditions = KernelConditions(.warm),
    family: KernelLibrary, source: String, seconds: Double, line: Int, clock: Double? = nil
  ) {
    self.value = value
    self.dtype = dtype
    self.conditions = conditions
    self.family = family
    self.source = source
    self.seconds = seconds
    self.line = line
    self.clock = clock
  }

  /// Its time as a file states it, µs: without what conversion adds in the last digits.
  package var microseconds: Double {
    let exact = seconds * 1e6
    let scale = Mathematics.power(10, 11 - Mathematics.decimalLogarithm(exact).rounded(.down))
    return scale >= 1 && scale <= 1e22 ? (exact * scale).rounded() / scale : exact.rounded()
  }
}
