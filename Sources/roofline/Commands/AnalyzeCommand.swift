import RooflineAnalysis
import RooflineConventions
import RooflineCore
import RooflineDeployment
import RooflineReport

enum AnalyzeCommand: Command {
  static let description = CommandDescription(
    name: "analyze",
    summary: "Roofline tables of a model on a GPU: prefill and decode, or a training step, operator by operator.",
    usage: "analyze --model NAME|PATH --hardware NAME|PATH (--prompt N | --training --sequence N) [options]",
    options: [WorkloadOptions.model, WorkloadOptions.hardware] + WorkloadOptions.workload
      + [
        WorkloadOptions.cachedPrefix, WorkloadOptions.head, WorkloadOptions.phase, WorkloadOptions.generate,
        AnalysisOptions.everyStep,
        DraftOptions.draft,
        DraftOptions.accepted, ImageOptions.images, AnalysisOptions.units, AnalysisOptions.ceilings,
        ConventionOptions.convention,
      ]
      + LoadOptions.all + TrainingOptions.all
      + WorkloadOptions.formats + WorkloadOptions.rates + TimeOptions.all + [TimeOptions.engine]
      + WorkloadOptions.output,
    positionals: 0...0,
    example: "roofline analyze --model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024",
    notes: [TrainingOptions.note])

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    try arguments.checkTraining()
    let convention = try arguments.convention()
    if convention == .exact { try arguments.checkLoad() }
    guard convention == .exact else {
      return Outcome(
        output: try table(of: convention, arguments, surroundings, page),
        errors: arguments.idleWarnings(convention))
    }
    if arguments.isLoad {
      let (report, warnings) = try arguments.load(surroundings)
      return Outcome(output: try page.render(report.report), errors: warnings)
    }
    let tokens = try arguments.value(of: WorkloadOptions.generate)
    let listsEveryStep = try arguments.has(AnalysisOptions.everyStep)
    guard !listsEveryStep || (tokens != nil && page.format == .json) else {
      throw InputError.usage(
        "--every-step lists the steps of --generate as JSON; give --generate and --format json, too")
    }
    try arguments.checkGeneration()
    try arguments.checkEngine()
    let catalog = surroundings.catalog()
    let analysis = try arguments.analysis(catalog)
    let speculation = try arguments.speculation(analysis, catalog)
    var generation: Generation?
    var warnings = analysis.notices.warnings
    if let tokens {
      generation = try arguments.generation(tokens, of: analysis, speculation, surroundings)
      warnings += analysis.notices(generating: tokens).warnings
      if page.format == .csv {
        warnings += "roofline: warning: csv holds the operators alone; json has the generation\n"
      }
    }
    let achieved = try arguments.achieved(analysis, catalog)
    let report = AnalysisReport(
      analysis, generation: generation, showsUnits: try arguments.has(AnalysisOptions.units), achieved: achieved,
      speculation: speculation, vision: try arguments.vision(analysis),
      engine: try arguments.engine(catalog))
    if listsEveryStep, let listing = try report.everyStep() {
      return Outcome(output: listing.head, rest: listing, errors: warnings)
    }
    return Outcome(output: try page.render(report.report), errors: warnings)
  }

  /// The table of a note.
  private static func table(
    of convention: Convention, _ arguments: ParsedArguments, _ surroundings: Surroundings, _ page: Page
  ) throws -> String {
    let (scenario, phases, generated) = try arguments.conventionScenario(
      convention, surroundings.catalog(), and: [ConventionOptions.convention])
    return convention == .llmCounts
      ? try page.render(ConventionReport(scenario, phases: phases, generated: generated).report)
      : try page.render(Notes003Report(scenario, phases: phases).report)
  }
}
