import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineDeployment
import RooflineReport

enum ReportCommand: Command {
  static let description = CommandDescription(
    name: "report",
    summary: "A run as one page for a browser: verdict, tables, pictures, and a derivation behind every number.",
    usage:
      "report --model NAME|PATH --hardware NAME|PATH (--prompt N | --training --sequence N) --output FILE [options]",
    options: [PlotOptions.output] + PlotOptions.run + LoadOptions.all + [
      DraftOptions.accepted, ImageOptions.images, WorkloadOptions.help,
    ],
    positionals: 0...0,
    example:
      "roofline report --model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024 --output run.html",
    notes: ["The page needs no other file and no network. Without --output it goes to standard output."])

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let catalog = surroundings.catalog()
    try arguments.checkEngine()
    try arguments.checkLoad()
    let analysis = try arguments.analysis(catalog, besideMeasured: true)
    let measured = try FigureSource(arguments, surroundings).measured(on: analysis.hardware)
    var warnings = analysis.notices.warnings
    let speculation = try arguments.speculation(analysis, catalog, besideMeasured: true)
    var generation: Generation?
    if let tokens = try arguments.value(of: WorkloadOptions.generate) {
      generation = try arguments.generation(tokens, of: analysis, speculation, surroundings)
      warnings += analysis.notices(generating: tokens).warnings
    }
    let report = AnalysisReport(
      analysis, generation: generation, achieved: try arguments.achieved(analysis, catalog),
      speculation: speculation,
      vision: try arguments.vision(analysis), engine: try arguments.engine(catalog))
    var load: LoadReport?
    if arguments.isLoad {
      let (own, remarks) = try arguments.load(surroundings)
      (load, warnings) = (own, remarks)
    }
    let page = PageReport(
      report, footprint: try footprint(of: analysis, generation), measured: measured, load: load,
      tool: FigureSource.tool, arguments: "report \(arguments.line)")
    let text = try page.html()
    guard let path = try arguments.value(of: PlotOptions.output) else { return Outcome(output: text, errors: warnings) }
    let file = try OutputFile(
      path, apartFrom: [analysis.configuration.path, analysis.hardware.path], replacing: "a page of `report`"
    ) { FileStart.text(of: $0).hasPrefix("<!doctype html>") }
    try file.write(text)
    return Outcome(output: "\(path): \(page.title)\n", errors: warnings)
  }

  /// The memory that the run takes; nil of a training step, and where nobody knows how much the GPU has.
  private static func footprint(of analysis: Analysis, _ generation: Generation?) throws(InputError) -> Footprint? {
    guard analysis.trainingTotals == nil, let capacity = analysis.hardware.memory?.capacity else { return nil }
    let (configuration, workload) = (analysis.configuration, analysis.workload)
    let plan = try FootprintPlan(
      configuration.model, workload, generated: generation?.tokens ?? 1,
      context: generation == nil ? workload.context : nil,
      draft: workload.drafted > 0 ? configuration.draft.modules : nil)
    return try Footprint(plan, reserve: 0, capacity: capacity)
  }
}
