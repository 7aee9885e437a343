import RooflineCore

/// Observations that correct calibrated times nearby.
public struct Anchors: TimeCorrection {
  public init(_ observations: [Observation], set: CalibrationSet) {}
  public func factor(_ kernel: TimedKernel, family: String, microseconds: Double) -> Double? { nil }
  public func interval(_ kernel: TimedKernel, family: String, share: Double) -> ClosedRange<Double>? { nil }
}
