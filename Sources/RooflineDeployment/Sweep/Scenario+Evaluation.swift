import RooflineAnalysis
import RooflineCore

extension Scenario {
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
