import RooflineCore
import RooflineReport

enum ShapesCommand: Command {
  private static let tensorParallel = Option.count("tp", "N", "tensor-parallel degree: one device's share (1)")
  private static let attentionDataParallel = Option.flag(
    "dp-attention", "only routed experts are divided among the ranks")
  private static let compare = Option.text(
    "compare", "FILE",
    "name each difference of a listing (NAME torch.Size([2048, 512])), .safetensors or .index.json")
  private static let checkpoint = Option.text(
    "checkpoint", "FILE", "list the tensors of a .safetensors or .index.json instead of a model's")
  private static let layout = Option(
    "layout", "WHOSE", "print NAME torch.Size([…]) lines with names of huggingface or lite-llama"
  ) {
    text throws(InputError) -> WeightLayout in
    switch text {
    case "huggingface": return .huggingFace
    case "lite-llama": return .liteLlama
    default: throw .usage("--layout is \"\(text)\"; expected huggingface or lite-llama")
    }
  }

  static let description = CommandDescription(
    name: "shapes",
    summary: "Every weight of a model: name, shape, parameters, bytes; or how a listing differs from them.",
    usage: "shapes (--model NAME|PATH [--compare FILE] | --checkpoint FILE) [options]",
    options: [
      WorkloadOptions.model, WorkloadOptions.set, WorkloadOptions.strict, tensorParallel,
      WorkloadOptions.expertParallel, attentionDataParallel, WorkloadOptions.dtype, compare,
      checkpoint, layout,
    ] + WorkloadOptions.output,
    positionals: 0...0,
    example: "roofline shapes --model llama-3.2-1b --tp 8",
    notes: [
      "--compare reads Hugging Face's names (model.layers.0.self_attn.q_proj.weight) and lite_llama's",
      "(layers.0.attention.q_proj_weight), each layout of a file for itself; other lines are ignored.",
      "Of .safetensors the header is read, of .index.json the names and the files beside it.",
      "Exit code 0: it matches; 2: it differs.",
    ])

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    let layout = try arguments.value(of: Self.layout)
    if layout != nil, let other = [compare, WorkloadOptions.format as any AnyOption].first(where: arguments.isGiven) {
      throw InputError.usage("--layout prints lines of text; leave out --\(other.name)")
    }
    if let file = try arguments.value(of: checkpoint) { return try list(file, layout, arguments, page) }
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
    if let layout {
      return Outcome(output: try WeightLines.text(weights.entries.map { ($0.name, $0.dimensions) }, in: layout))
    }
    guard let file = try arguments.value(of: compare) else {
      let report = WeightReport(weights, configuration: configuration)
      return Outcome(output: try page.render(report.report))
    }
    let comparisons = try WeightListing.read(file: file).map { WeightComparison(weights, $0) }
    let report = WeightComparisonReport(comparisons, configuration: configuration)
    return Outcome(
      output: try page.render(report.report), exitCode: comparisons.allSatisfy(\.matches) ? 0 : 2)
  }

  /// What a checkpoint's own files hold.
  private static func list(
    _ file: String, _ layout: WeightLayout?, _ arguments: ParsedArguments, _ page: Page
  ) throws -> Outcome {
    let own: [any AnyOption] = [checkpoint, Self.layout] + WorkloadOptions.output
    if let option = arguments.given.first(where: { option in !own.contains { $0.name == option.name } }) {
      throw InputError.usage("--\(option.name) is about a model; leave it out, or name one and --compare \(file)")
    }
    let listings = try WeightListing.read(file: file)
    guard listings.count == 1, let listing = listings.first else {
      throw InputError.unreadable(file: file, reason: "it holds listings in two layouts; keep one")
    }
    if let layout {
      return Outcome(output: try WeightLines.text(listing.entries.map { ($0.name, $0.dimensions) }, in: layout))
    }
    return Outcome(output: try page.render(WeightListingReport(listing).report))
  }
}
