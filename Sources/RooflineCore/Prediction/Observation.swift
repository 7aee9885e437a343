/// A kernel that somebody timed.
public struct Observation: Hashable, Sendable {
  public let kernel: TimedKernel
  /// The library that the kernel is of: times of two of them differ by tens of percent.
  public let family: String
  /// Who measured, with which version.
  public let source: String
  /// How a call was launched: graph, eager, kernel (bare duration), stream.
  public let timing: String
  public let microseconds: Double
  /// Where it stands in its file.
  public let line: Int
  /// The SM clock while it ran, MHz, where telemetry recorded it.
  public let clockMegahertz: Double?

  public init(
    _ kernel: TimedKernel, family: String, source: String, timing: String, microseconds: Double, line: Int,
    clockMegahertz: Double? = nil
  ) {
    self.kernel = kernel
    self.family = family
    self.source = source
    self.timing = timing
    self.microseconds = microseconds
    self.line = line
    self.clockMegahertz = clockMegahertz
  }
}
