import RooflineAnalysis
import RooflineConventions
import RooflineCore
import RooflineDeployment
import RooflineReport
import RooflineServing

enum ExplainCommand: Command {
  private static let row = Option.text(
    "operator", "NAME",
    "a row, e.g. q_proj; MLP, layer, model, all:q_proj; engine, speculation, generation, footprint")

  static let description = CommandDescription(
    name: "explain",
    summary: "Where a row's numbers come from: each formula in letters, with numbers, and its source.",
    usage: "explain --operator NAME [--phase prefill|decode] [the options of analyze]",
    options: [row]
      // What requests over time wait for is many passes' sum, and no formula.
      + AnalyzeCommand.description.options.filter { option in !LoadOptions.all.contains { $0.name == option.name } }
      + [MemoryOptions.pages, MemoryOptions.reserve, MemoryOptions.memory],
    positionals: 0...0,
    example:
      "roofline explain --model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024 --operator q_proj --phase decode"
  )

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    let wanted = try arguments.required(row, "name a row, e.g. --operator q_proj")
    try arguments.checkTraining()
    let convention = try arguments.convention()
    guard convention == .exact else {
      return try explain(wanted, as: convention, arguments, surroundings, page)
    }
    var others: [any AnyOption] = [AnalysisOptions.everyStep, AnalysisOptions.units, AnalysisOptions.ceilings]
    if wanted != "generation", wanted != "speculation" { others.append(DraftOptions.accepted) }
    for option in others where arguments.isGiven(option) {
      throw InputError.usage(
        "--\(option.name) changes what `analyze` prints, not what its numbers are made of; leave it out")
    }
    try refuseIdle(wanted, arguments)
    let ownOptions: [any AnyOption] = [MemoryOptions.pages, MemoryOptions.reserve, MemoryOptions.memory]
    for option in ownOptions
    where wanted != "footprint" && arguments.isGiven(option) {
      throw InputError.usage("--\(option.name) is about --operator footprint; leave it out")
    }
    if wanted == "generation" || wanted == "footprint" {
      guard !arguments.isTraining else {
        throw InputError.usage("--operator \(wanted) is about inference; leave out --training")
      }
      return try deployment(wanted, arguments, surroundings, page)
    }
    try arguments.checkEngine()
    if wanted == "engine" {
      guard let engine = try arguments.engine(surroundings.catalog()) else {
        throw InputError.usage("--operator engine is what an engine adds to kernels; name one, e.g. --engine vllm-0.11")
      }
      let analysis = try arguments.analysis(surroundings.catalog())
      let explanations = analysis.phases.compactMap { OperatorExplanation(engine, $0, of: analysis) }
      return Outcome(
        output: try page.render(
          ExplanationReport(explanations, notices: analysis.configuration.notices + analysis.notices).report),
        errors: analysis.notices.warnings)
    }
    if wanted == "speculation" { return try speculation(arguments, surroundings, page) }
    let scope = OperatorExplanation.SumScope(rawValue: wanted)
    let analysis = try arguments.analysis(surroundings.catalog())
    // Of the draft passes, which differ by a key, the first is explained.
    let drafts = try arguments.speculation(analysis, surroundings.catalog())?.passes.prefix(1) ?? []
    var explanations = ([analysis] + drafts).flatMap { analysis in
      analysis.phases.flatMap { phase in
        if let scope { return [OperatorExplanation(sumOver: scope, in: phase)] }
        // With a row of a forward pass come those of its gradients.
        let rows = phase.names.filter { $0.rawValue == wanted || $0.forwardRow.rawValue == wanted }.flatMap {
          OperatorExplanation.rows($0, in: phase, of: analysis)
        }
        return rows.isEmpty ? OperatorExplanation.sums(named: wanted, in: phase) : rows
      }
    }
    if let vision = try arguments.vision(analysis) {
      explanations += OperatorExplanation.rows(named: wanted, of: vision, in: analysis)
    }
    guard !explanations.isEmpty else {
      let draftRows = drafts.flatMap(rows(of:)).filter { $0.hasPrefix("draft_") }
      let rows = rows(of: analysis) + draftRows
      throw unknown(
        wanted,
        among: rows + rowsOfEitherSet(analysis).filter { !rows.contains($0) }
          + ["attention", "MLP", "communication", "layer", "model", "generation", "footprint"],
        listing: rows + ["layer", "model"],
        why: "the \(analysis.workload.operatorSet.rawValue) operators at this degree have no such row")
    }
    // A calibrated time may rest on constants of others, which its formula does not say.
    let notices = analysis.configuration.notices + (analysis.calibrated == nil ? [] : analysis.notices)
    let report = ExplanationReport(explanations, notices: notices)
    return Outcome(output: try page.render(report.report), errors: analysis.notices.warnings)
  }

  /// Refuses options that change nothing of what is explained.
  private static func refuseIdle(_ wanted: String, _ arguments: ParsedArguments) throws(InputError) {
    if wanted == "footprint",
      let option = arguments.given.first(where: { $0.name != row.name && !FootprintCommand.description.declares($0) })
    {
      throw .usage("--\(option.name) changes nothing of --operator footprint; leave it out")
    }
    if wanted != "generation" { try arguments.refuseReplicas("one device is explained") }
    if wanted == "generation", arguments.isGiven(WorkloadOptions.phase) {
      throw .usage("--phase means nothing to --operator generation, which has both; leave it out")
    }
    if wanted != "generation", wanted != "footprint", arguments.isGiven(WorkloadOptions.generate) {
      throw .usage("--generate is about --operator generation or footprint, or a note's table; leave it out")
    }
  }

  /// A row of a note, by the note's own formulas.
  private static func explain(
    _ wanted: String, as convention: Convention, _ arguments: ParsedArguments, _ surroundings: Surroundings,
    _ page: Page
  ) throws -> Outcome {
    let (scenario, phases, generated) = try arguments.conventionScenario(
      convention, surroundings.catalog(), and: [ConventionOptions.convention, row])
    let explanation = try ConventionExplanation(convention, scenario, phases: phases, generated: generated)
    guard let report = try explanation.report(wanted) else {
      throw unknown(
        wanted, among: explanation.rows, listing: explanation.rows, why: "\(convention.rawValue) has no such row")
    }
    return Outcome(output: try page.render(report), errors: arguments.idleWarnings(convention))
  }

  /// A step that verifies drafts.
  private static func speculation(
    _ arguments: ParsedArguments, _ surroundings: Surroundings, _ page: Page
  ) throws -> Outcome {
    let analysis = try arguments.analysis(surroundings.catalog())
    guard let step = try arguments.speculation(analysis, surroundings.catalog()) else {
      throw InputError.usage("--operator speculation is a step that verifies drafted tokens; give --draft, too")
    }
    let report = ExplanationReport([OperatorExplanation(step)], notices: analysis.configuration.notices)
    return Outcome(output: try page.render(report.report), errors: analysis.notices.warnings)
  }

  /// Numbers of a whole deployment.
  private static func deployment(
    _ wanted: String, _ arguments: ParsedArguments, _ surroundings: Surroundings, _ page: Page
  ) throws -> Outcome {
    if wanted == "footprint" {
      let (footprint, scenario) = try FootprintCommand.footprint(arguments, surroundings.catalog())
      let report = ExplanationReport([OperatorExplanation(footprint)], notices: scenario.configuration.notices)
      return Outcome(
        output: try page.render(report.report),
        errors: FootprintCommand.notices(footprint, scenario).warnings)
    }
    guard let tokens = try arguments.value(of: WorkloadOptions.generate) else {
      throw InputError.usage("--operator generation needs --generate, e.g. --generate 128")
    }
    try arguments.checkEngine()
    let analysis = try arguments.analysis(surroundings.catalog())
    let speculation = try arguments.speculation(analysis, surroundings.catalog())
    let explanation = OperatorExplanation(
      try arguments.generation(tokens, of: analysis, speculation, surroundings), of: analysis)
    let report = ExplanationReport([explanation], notices: analysis.configuration.notices)
    return Outcome(
      output: try page.render(report.report),
      errors: (analysis.notices + analysis.notices(generating: tokens)).warnings)
  }

  /// Rows that the model has when it is cut into either set of operators: one of them may be meant.
  private static func rowsOfEitherSet(_ analysis: Analysis) -> [String] {
    OperatorSet.allCases.flatMap { operators in
      var workload = analysis.workload
      workload.operatorSet = operators
      let rows: [NamedOperator<Count>] = DecoderStep(.prefill, workload).rows(of: analysis.configuration.model)
      return rows.map(\.name.rawValue)
    }
  }

  /// The names in the tables, once each.
  private static func rows(of analysis: Analysis) -> [String] {
    var names: [String] = []
    for name in analysis.phases.flatMap({ $0.operators.map(\.name.rawValue) }) where !names.contains(name) {
      names.append(name)
    }
    return names
  }

  /// - Parameter rows: what to say where no name in `names` is near.
  private static func unknown(
    _ name: String, among names: [String], listing rows: [String], why: String
  ) -> InputError {
    let nearest = Spelling.nearest(to: name, among: names)
    return .usage(
      "--operator \(name): \(why)\(nearest.isEmpty ? "; there are \(rows.joined(separator: ", "))" : "; did you mean \(nearest.joined(separator: ", "))?")"
    )
  }
}

extension PhaseAnalysis {
  /// The names of the rows, each once.
  fileprivate var names: [OperatorName] {
    var names: [OperatorName] = []
    for row in operators where !names.contains(row.name) { names.append(row.name) }
    return names
  }
}
