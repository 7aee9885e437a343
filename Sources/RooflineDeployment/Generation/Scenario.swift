import RooflineCore
import RooflineTimeModels

/// One deployment question: a model on a GPU under a workload, generating tokens.
package struct Scenario: Sendable {
  package var configuration: ModelConfiguration
  package var hardware: HardwareSpec
  package var workload: Workload
  package var options: RateOptions
  /// Tokens to generate; with 1 the decode step is the one at `workload.context`.
  package var tokens: UInt64
  /// Where times are from; nil: ideal ones.
  package var time: TimeRequest?

  package init(
    configuration: ModelConfiguration, hardware: HardwareSpec, workload: Workload, options: RateOptions, tokens: UInt64,
    time: TimeRequest? = nil
  ) {
    self.configuration = configuration
    self.hardware = hardware
    self.workload = workload
    self.options = options
    self.tokens = tokens
    self.time = time
  }

  /// Throws where the workload's degrees cannot divide the model.
  package func requireLegal() throws(InputError) {
    try configuration.model.requireLegal(workload, name: configuration.name)
  }

  /// Its times, looked up; nil: ideal ones.
  package var calibrated: CalibratedTime? { time?.time(of: configuration.model, formats: workload.formats) }
}
