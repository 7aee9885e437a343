import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// One way to run a model on GPUs, before batch and lengths are known: what a sweep is given for each deployment.
package struct SweepSetting: Sendable {
  /// Its workload's batch, prompt and context are any that are possible.
  package var scenario: Scenario
  /// Calibrated times looked up once for all degrees; nil: ideal times.
  package var calibrated: CalibratedTime?
  /// Kept free on every device, bytes.
  package var reserve: UInt64 = 0
  /// Bytes of a device; nil: the GPU's.
  package var capacity: UInt64?
  package var pages: CachePages?
  /// Serves a point's requests over time; nil where none are asked for. Engines are not known here.
  package var serve: Service?

  /// - Parameter analysis: of one such request, at the point's lengths.
  package typealias Service = @Sendable (_ analysis: Analysis, _ point: SweepPoint) throws(InputError) -> SweepFigures

  /// - Parameter calibrated: the scenario's times, where they are looked up already.
  package init(_ scenario: Scenario, calibrated: CalibratedTime? = nil) {
    self.scenario = scenario
    self.calibrated = calibrated ?? scenario.calibrated
  }
}
