import RooflineComparison
import RooflineCore
import RooflineReport

enum PlotCommand: Command {
  static let reportsProgress = true
  static let description = CommandDescription(
    name: "plot",
    summary:
      "Pictures as SVG: a roofline with every operator, a step, memory, latency, kernels, measurement, a Pareto front.",
    usage: "plot --model NAME|PATH --hardware NAME|PATH --prompt N [--kind KIND] [--output FILE] [options of analyze]",
    options: [PlotOptions.kind, PlotOptions.output] + PlotOptions.run + LoadOptions.all
      + [
        PlotOptions.over, PlotOptions.row, SweepOptions.condition, MemoryOptions.pages, MemoryOptions.reserve,
        MemoryOptions.memory,
        ObservationOptions.prior, WorkloadOptions.help,
      ],
    positionals: 0...0,
    example:
      "roofline plot --model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024 --output roofline.svg",
    notes: [
      "KINDS:", "  roofline   operators below the roofs of the GPU, sized by their share of the time",
      "  layer      the time of a pass by operator, and what limits each",
      "  memory     what fills a GPU as the context grows",
      "  latency    the time of a pass over batch, or over context with --over context; with --load or --arrival TTFT and",
      "             TPOT of requests over tokens/s of a GPU: lists and ranges of loads and of what pareto takes",
      "  waterfall  from the roof to the calibrated time, part by part; --time calibrated or anchored",
      "  kernels    softmax, linear layer, norms and flash attention over their sizes; needs no model",
      "  accuracy   predicted against measured kernels; needs --observations, and no model",
      "  pareto     tokens/s of a user and of a GPU; model, hardware, dtype, time, tp, pp, ep, dp, batch, prompt and",
      "             generate take lists and ranges, as in `sweep`: --tp 2,4,8 --batch 1..256x2, or a load's",
    ])

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let kind = try arguments.value(of: PlotOptions.kind) ?? .roofline
    try arguments.requireOptions(of: kind, among: description.options)
    let made = try FigureSource(arguments, surroundings).figure(kind)
    let text = SVGFormat().render(made.figure.drawing(.wide))
    guard let path = try arguments.value(of: PlotOptions.output) else {
      return Outcome(output: text, errors: made.warnings)
    }
    let file = try OutputFile(path, apartFrom: made.inputs, replacing: "a picture") { isPicture($0) }
    try file.write(text)
    return Outcome(output: "\(path): \(made.figure.caption.title)\n", errors: made.warnings)
  }

  /// Whether a file is SVG: another file's name is a slip.
  private static func isPicture(_ path: String) -> Bool { FileStart.text(of: path).contains("<svg ") }
}
