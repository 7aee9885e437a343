import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineReport

enum FootprintCommand: Command {
  static let description = CommandDescription(
    name: "footprint",
    summary: "Memory of a deployment: weights, KV cache, activations, logits; what fits and what would still fit.",
    usage: "footprint --model NAME|PATH --hardware NAME|PATH --prompt N [options]",
    options: [WorkloadOptions.model, WorkloadOptions.hardware]
      // How experts are filled changes no memory.
      + WorkloadOptions.workload.filter { $0.name != WorkloadOptions.expertLoad.name }
      + [
        WorkloadOptions.cachedPrefix, WorkloadOptions.generate, DraftOptions.draft, MemoryOptions.pages,
        MemoryOptions.reserve,
        MemoryOptions.memory,
      ]
      + WorkloadOptions.formats
      + WorkloadOptions.output,
    positionals: 0...0,
    example:
      "roofline footprint --model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024 --generate 1024",
    notes: ["--context is the number of keys cached at the end (cached-prefix + prompt + generate − 1)."])

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    let (footprint, scenario) = try footprint(arguments, surroundings.catalog())
    let report = FootprintReport(footprint, configuration: scenario.configuration, hardware: scenario.hardware)
    return Outcome(output: try page.render(report.report), errors: notices(footprint, scenario).warnings)
  }

  /// What a reader of the numbers must not miss.
  static func notices(_ footprint: Footprint, _ scenario: Scenario) -> [Notice] {
    Notice.beyond(scenario.configuration.maxPositionEmbeddings, "context", footprint.plan.finalContext)
  }

  /// The footprint the arguments ask for.
  static func footprint(
    _ arguments: ParsedArguments, _ catalog: Catalog
  ) throws(InputError) -> (footprint: Footprint, scenario: Scenario) {
    let generated = try arguments.value(of: WorkloadOptions.generate) ?? 1
    let context = try arguments.value(of: WorkloadOptions.context)
    let reserve = try arguments.value(of: MemoryOptions.reserve) ?? 0
    let memory = try arguments.value(of: MemoryOptions.memory)
    let pages = try arguments.value(of: MemoryOptions.pages)
    let scenario = try arguments.scenario(catalog, phases: Phase.allCases, context: .cached)
    try scenario.requireLegal()
    guard let capacity = memory ?? scenario.hardware.memory?.capacity else {
      throw InputError.missingFacts(
        hardware: scenario.hardware.name, path: scenario.hardware.path,
        facts: [MissingFact(name: "memory capacity", key: "memory.capacityBytes", option: "--memory")])
    }
    let plan = try FootprintPlan(
      scenario.configuration.model, scenario.workload, generated: generated, context: context, pages: pages,
      draft: scenario.workload.drafted > 0 ? scenario.configuration.draft.modules : nil)
    return (try Footprint(plan, reserve: reserve, capacity: capacity), scenario)
  }
}
