import RooflineConventions
import RooflineCore
import RooflineReport

enum AnalyzeCommand: Command {
  static let ceilings = Option.text(
    "ceilings", "FILE", "times at achieved rates, too: what `measure --suite ceilings` wrote")
  static let units = Option.flag("units", "tensor, vector and special work apart, and which unit binds")

  static let everyStep = Option.flag(
    "every-step", "list all decode steps of a long --generate, in JSON (ranges of them)")

  static let description = CommandDescription(
    name: "analyze",
    summary: "Roofline tables of a model on a GPU: prefill and decode, or a training step, operator by operator.",
    usage: "analyze --model NAME|PATH --hardware NAME|PATH (--prompt N | --training --sequence N) [options]",
    options: [WorkloadOptions.model, WorkloadOptions.hardware] + WorkloadOptions.workload
      + [
        WorkloadOptions.cachedPrefix, WorkloadOptions.phase, WorkloadOptions.generate, everyStep, DraftOptions.draft,
        DraftOptions.accepted, ImageOptions.images, units, ceilings, ConventionOptions.convention,
      ]
      + TrainingOptions.all
      + WorkloadOptions.formats + WorkloadOptions.rates + TimeOptions.all + WorkloadOptions.output,
    positionals: 0...0,
    example: "roofline analyze --model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024",
    notes: [TrainingOptions.note])

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    try arguments.checkTraining()
    let convention = try arguments.convention()
    guard convention == .exact else {
      return Outcome(
        output: try table(of: convention, arguments, surroundings, page),
        errors: arguments.idleWarnings(convention))
    }
    let tokens = try arguments.value(of: WorkloadOptions.generate)
    let listsEveryStep = try arguments.has(everyStep)
    guard !listsEveryStep || (tokens != nil && page.format == .json) else {
      throw InputError.usage(
        "--every-step lists the steps of --generate as JSON; give --generate and --format json, too")
    }
    let phases = try arguments.phases()
    guard tokens == nil || phases == Phase.allCases else {
      throw InputError.usage("--generate needs both phases; leave out --phase")
    }
    guard tokens == nil || !arguments.isGiven(DraftOptions.draft) else {
      throw InputError.usage("--generate walks over steps of one token; leave out --generate or --draft")
    }
    let analysis = try arguments.analysis(surroundings.catalog())
    let speculation = try arguments.speculation(analysis, surroundings.catalog())
    var generation: Generation?
    var warnings = analysis.notices.warnings
    if let tokens {
      generation = try Generation(analysis, tokens: tokens) { done, count in
        surroundings.line?.update("decode steps", done: done, of: count)
      }
      warnings += analysis.notices(generating: tokens).warnings
      if page.format == .csv {
        warnings += "roofline: warning: csv holds the operators alone; json has the generation\n"
      }
    }
    let achieved = try arguments.achieved(analysis, surroundings.catalog())
    let report = AnalysisReport(
      analysis, generation: generation, showsUnits: try arguments.has(units), achieved: achieved,
      speculation: speculation, vision: try arguments.vision(analysis))
    if listsEveryStep, let listing = try report.everyStep() {
      return Outcome(output: listing.head, rest: listing, errors: warnings)
    }
    return Outcome(output: try page.render(report.report), errors: warnings)
  }

  /// The table of a note.
  private static func table(
    of convention: Convention, _ arguments: ParsedArguments, _ surroundings: Surroundings, _ page: Page
  ) throws -> String {
    let (scenario, phases, generated) = try arguments.conventionScenario(convention, surroundings.catalog())
    return convention == .llmCounts
      ? try page.render(ConventionReport(scenario, phases: phases, generated: generated).report)
      : try page.render(Notes003Report(scenario, phases: phases).report)
  }
}

extension [Notice] {
  /// Those that somebody who reads only the numbers must not miss, for standard error.
  var warnings: String {
    map { notice in
      switch notice {
      case .beyondMaxPositions, .missingFacts, .beyondDensePeak, .lessThanASequence:
        "roofline: warning: \(notice.sentence.onOneLine)\n"
      case .borrowedConstants(_, false, _): "roofline: warning: \(notice.sentence.onOneLine)\n"
      default: ""
      }
    }.joined()
  }
}
