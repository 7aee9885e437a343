import RooflineCore
import RooflineReport

enum ShapesCommand: Command {
  private static let tensorParallel = Option.count("tp", "N", "tensor-parallel degree: one device's share (1)")
  private static let attentionDataParallel = Option.flag(
    "dp-attention", "only routed experts are divided among the ranks")
  private static let compare = Option.text(
    "compare", "FILE", "name each difference of a listing with lines NAME torch.Size([2048, 512])")

  static let description = CommandDescription(
    name: "shapes",
    summary: "Every weight of a model: name, shape, parameters, bytes; or how a listing differs from them.",
    usage: "shapes --model NAME|PATH [--compare FILE] [options]",
    options: [
      WorkloadOptions.model, WorkloadOptions.set, WorkloadOptions.strict, tensorParallel,
      WorkloadOptions.expertParallel, attentionDataParallel, WorkloadOptions.dtype, compare,
    ] + WorkloadOptions.output,
    positionals: 0...0,
    example: "roofline shapes --model llama-3.2-1b --tp 8",
    notes: [
      "--compare reads Hugging Face's names (model.layers.0.self_attn.q_proj.weight) and lite_llama's",
      "(layers.0.attention.q_proj_weight); other lines are ignored. Exit code 0: it matches; 2: it differs.",
    ])

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    let tensorParallel = try arguments.value(of: Self.tensorParallel) ?? 1
    let dtypes = try DTypeOptions(arguments)
    let modelName = try arguments.required(WorkloadOptions.model, "name one, e.g. --model llama-3.2-1b")
    let overrides = try arguments.overrides()
    let configuration = try arguments.configuration(
      modelName, overrides, surroundings.catalog(), stated: dtypes.stated)
    let weights = try WeightList(
      configuration.model, name: configuration.name, tensorParallel: tensorParallel,
      parallelism: Parallelism(
        expert: try arguments.value(of: WorkloadOptions.expertParallel) ?? 1,
        isAttentionDataParallel: arguments.isGiven(attentionDataParallel)),
      formats: dtypes.formats(configuration))
    guard let file = try arguments.value(of: compare) else {
      let report = WeightReport(weights, configuration: configuration)
      return Outcome(output: try page.render(report.report))
    }
    let comparison = WeightComparison(weights, try WeightListing.read(file: file))
    let report = WeightComparisonReport(comparison, configuration: configuration)
    return Outcome(output: try page.render(report.report), exitCode: comparison.matches ? 0 : 2)
  }
}
