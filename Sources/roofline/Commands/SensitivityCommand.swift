import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineReport

enum SensitivityCommand: Command {
  static let description = CommandDescription(
    name: "sensitivity",
    summary: "What a change of one input does to TTFT, TPOT and throughput; where decode turns compute-bound.",
    usage: "sensitivity --model NAME|PATH --hardware NAME|PATH --prompt N [options]",
    options: [WorkloadOptions.model, WorkloadOptions.hardware] + WorkloadOptions.workload
      + [WorkloadOptions.cachedPrefix, WorkloadOptions.generate]
      + WorkloadOptions.formats + WorkloadOptions.rates
      // Nothing here has an interval.
      + TimeOptions.all.filter { $0.name != TimeOptions.interval.name } + [TimeOptions.engine] + WorkloadOptions.output,
    positionals: 0...0,
    example: "roofline sensitivity --model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024")

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    try arguments.refuseReplicas("what each GPU yields does not depend on others beside it")
    let tokens = try arguments.value(of: WorkloadOptions.generate) ?? 1
    let catalog = surroundings.catalog()
    var scenario = try arguments.scenario(catalog, phases: Phase.allCases, tokens: tokens)
    scenario.time = try arguments.timeRequest(scenario.hardware, scenario.options, catalog)
    let engine = try arguments.engine(catalog)
    let sensitivity = try Sensitivity(scenario)
    let analysis = try Analysis(
      configuration: scenario.configuration, hardware: scenario.hardware, workload: scenario.workload,
      phases: Phase.allCases, options: scenario.options, calibrated: scenario.calibrated)
    return Outcome(
      output: try page.render(SensitivityReport(sensitivity, scenario: scenario, engine: engine).report),
      errors: (analysis.notices + analysis.notices(generating: tokens)).warnings)
  }
}
