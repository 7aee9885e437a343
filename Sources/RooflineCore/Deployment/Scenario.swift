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

  /// The three numbers a deployment is judged by; nil where a rate that one needs is missing.
  package struct Result: Hashable, Sendable {
    package let timeToFirstToken: Seconds?
    package let timePerOutputToken: Seconds?
    package let tokensPerSecondPerGPU: Double?
    /// What is true of the times beside what was asked for.
    package let notices: [Notice]
  }

  /// A sweep of one configuration: nothing of another scenario's is used.
  package func evaluate() throws(InputError) -> Result {
    let degrees = workload.parallelism
    let cell = SweepCell(
      SweepDeployment(
        model: configuration.name, hardware: hardware.name, dtype: nil, time: "",
        tensorParallel: workload.tensorParallel, pipeline: degrees.pipeline, data: degrees.data,
        expert: degrees.expert)
    ) { SweepSetting(self) }
    let point = SweepPoint(
      batch: workload.batch, prompt: workload.prompt, generate: max(tokens, 1),
      context: tokens > 1 ? nil : workload.context)
    let row = cell.rows([point], KernelMemo())[0]
    guard let figures = row.figures else {
      if case .refused(let error) = row.reason { throw error }
      throw .overflow(what: "the configuration")
    }
    var notices: [Notice] = []
    if case .notices(let found) = row.reason { notices = found }
    return Result(
      timeToFirstToken: figures.timeToFirstToken, timePerOutputToken: figures.timePerOutputToken,
      tokensPerSecondPerGPU: row.tokensPerSecondPerGPU, notices: notices)
  }
}
