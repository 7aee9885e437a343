/// One deployment question: a model on a GPU under a workload, generating tokens.
package struct Scenario: Sendable {
  package var configuration: ModelConfiguration
  package var hardware: HardwareSpec
  package var workload: Workload
  package var options: RateOptions
  /// Tokens to generate; with 1 the decode step is the one at `workload.context`.
  package var tokens: UInt64

  package init(
    configuration: ModelConfiguration, hardware: HardwareSpec, workload: Workload, options: RateOptions, tokens: UInt64
  ) {
    self.configuration = configuration
    self.hardware = hardware
    self.workload = workload
    self.options = options
    self.tokens = tokens
  }

  /// Throws where the workload's degrees cannot divide the model.
  package func requireLegal() throws(InputError) {
    try configuration.model.requireLegal(workload, name: configuration.name)
  }

  /// The three numbers a deployment is judged by; nil where a rate that one needs is missing.
  package struct Result: Hashable, Sendable {
    package let timeToFirstToken: Seconds?
    package let timePerOutputToken: Seconds?
    package let tokensPerSecondPerGPU: Double?
  }

  /// A fresh analysis: nothing of another scenario's is used.
  package func evaluate() throws(InputError) -> Result {
    let analysis = try Analysis(
      configuration: configuration, hardware: hardware, workload: workload, phases: Phase.allCases, options: options)
    if tokens > 1 {
      let generation = try Generation(analysis, tokens: tokens)
      return Result(
        timeToFirstToken: generation.timeToFirstToken, timePerOutputToken: generation.meanTimePerOutputToken,
        tokensPerSecondPerGPU: generation.tokensPerSecondPerGPU)
    }
    let meter = UtilizationMeter(analysis)
    let step = try meter.pass(.decode, context: workload.context).schedule.time
    return Result(
      timeToFirstToken: try meter.pass(.prefill, context: workload.context).schedule.time, timePerOutputToken: step,
      tokensPerSecondPerGPU: step.map { Double(workload.batch) / ($0.value * Double(workload.devicesPerReplica.value)) }
    )
  }
}
