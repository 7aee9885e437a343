import RooflineAnalysis
import RooflineCore
import RooflineReport

enum MFUCommand: Command {
  private static let stepTime = Option.positive("step-time", "SECONDS", "of one optimizer step")
  private static let globalBatch = Option.count("global-batch", "N", "sequences of a step over all devices")
  private static let sequence = Option.count("sequence", "N", "tokens of a sequence")
  private static let devices = Option.count("devices", "N", "GPUs")
  private static let dtype = Option<DType>.choice("dtype", "DTYPE", "format of the matrix products (the model's)")
  private static let peak = Option.rate("peak", "FLOP/S", "tensor rate of a GPU instead of the file's")
  private static let causalFLOPs = Option.flag(
    "causal-flops", "count only the attention pairs that the causal mask leaves")
  private static let recomputation = Option<ModelFLOPs.Recomputation>.choice(
    "recomputation", "WHICH",
    "HFU, too: none, selective (attention products again) or full (all layers, not the head) (none)")
  private static let convention = Option<TrainingConvention>.choice(
    "convention", "WHOSE", "torchtitan or megatron-lm: a row as that project counts, beside ours")
  private static let predictionLayers = Option.count(
    "mtp-layers", "N", "layers of multi-token prediction that train, too; of --convention megatron-lm (0)")

  static let description = CommandDescription(
    name: "mfu",
    summary: "Model FLOPs utilization of a measured training step, with PaLM's figure beside it.",
    usage:
      "mfu --model NAME|PATH --hardware NAME|PATH --step-time S --global-batch N --sequence N --devices N [options]",
    options: [
      WorkloadOptions.model, WorkloadOptions.hardware, stepTime, globalBatch, sequence, devices, dtype, peak,
      causalFLOPs, recomputation, convention, predictionLayers, WorkloadOptions.set, WorkloadOptions.strict,
    ] + WorkloadOptions.output,
    positionals: 0...0,
    example:
      "roofline mfu --model llama-2-7b --hardware a100-sxm4-80gb --step-time 12 --global-batch 512 --sequence 4096 --devices 64"
  )

  static func run(_ arguments: ParsedArguments, _ surroundings: Surroundings) throws -> Outcome {
    let page = try arguments.page(surroundings)
    let batch = try required(arguments, Self.globalBatch, "512")
    let sequence = try required(arguments, Self.sequence, "4096")
    let devices = try required(arguments, Self.devices, "64")
    let stepTime = Seconds(try required(arguments, Self.stepTime, "12"))
    let recomputation = try arguments.value(of: Self.recomputation) ?? .none
    let convention = try arguments.value(of: Self.convention)
    let predictionLayers = try arguments.value(of: Self.predictionLayers)
    guard predictionLayers == nil || convention == .megatronLM else {
      throw InputError.usage("--mtp-layers is counted by --convention megatron-lm alone; give it, too")
    }
    let dtype = try arguments.value(of: Self.dtype)
    let peak = try arguments.value(of: Self.peak)
    let modelName = try arguments.required(WorkloadOptions.model, "name one, e.g. --model llama-2-7b")
    let hardwareName = try arguments.required(WorkloadOptions.hardware, "name one, e.g. --hardware h100-sxm")
    let overrides = try arguments.overrides()
    let catalog = surroundings.catalog()
    let configuration = try arguments.configuration(modelName, overrides, catalog, stated: dtype == nil ? [] : .all)
    guard dtype != nil || peak != nil || !configuration.model.isQuantized else {
      throw InputError.usage(
        "\(configuration.name) is quantised, which says nothing of its training; state the format of the products with --dtype"
      )
    }
    let hardware = try catalog.hardware(hardwareName)
    let unit = dtype ?? configuration.dtype
    let known = unit.runsOnTensorCores ? hardware.compute?.tensor[unit] : hardware.compute?.vector
    guard let rate = peak ?? known else {
      throw InputError.missingFacts(
        hardware: hardware.name, path: hardware.path,
        facts: [
          unit.runsOnTensorCores
            ? MissingFact(
              name: "\(unit.rawValue) tensor rate", key: "compute.tensorFLOPsPerSecond.\(unit.rawValue)",
              option: "--peak")
            : MissingFact(name: "vector rate", key: "compute.vectorFLOPsPerSecond", option: "--peak")
        ])
    }
    // Only an overflow of the product is no bound; `ModelFLOPs` refuses that.
    let (tokens, overflow) = batch.multipliedReportingOverflow(by: sequence)
    guard overflow || devices <= tokens else {
      throw InputError.usage(
        "--devices is \(devices), more GPUs than the \(tokens) tokens of a step; --devices counts GPUs")
    }
    let flops = try ModelFLOPs(
      configuration.model, batch: batch, sequence: sequence, isCausal: arguments.has(causalFLOPs))
    var others: (name: TrainingConvention, flops: Count)?
    if let convention {
      let perToken = try convention.flopsPerToken(
        configuration.model, sequence: sequence, predictionLayers: predictionLayers ?? 0)
      let step = perToken * flops.tokens
      guard !step.isOverflow else {
        throw InputError.overflow(what: "the FLOPs of a step as \(convention.rawValue) counts them")
      }
      others = (convention, step)
    }
    let utilization = TrainingUtilization(
      flops: flops, devices: devices, peak: FLOPsPerSecond(rate), stepTime: stepTime, convention: others)
    try refuseImpossible(utilization, recomputation, batch: batch, sequence: sequence)
    let report = TrainingUtilizationReport(
      utilization, recomputation: recomputation, configuration: configuration, hardware: hardware, globalBatch: batch,
      sequence: sequence, unit: unit)
    let notices =
      Notice.beyond(configuration.maxPositionEmbeddings, "sequence", sequence)
      + (peak.map { Notice.beyondDensePeak($0, hardware, [unit]) } ?? [])
      + (batch < devices ? [.lessThanASequence(sequences: batch, devices: devices)] : [])
    return Outcome(output: try page.render(report.report), errors: notices.warnings)
  }

  private static func required<Value>(
    _ arguments: ParsedArguments, _ option: Option<Value>, _ example: String
  ) throws(InputError) -> Value {
    guard let value = try arguments.value(of: option) else {
      throw .usage("--\(option.name) is missing, e.g. --\(option.name) \(example)")
    }
    return value
  }

  /// Nothing computes faster than its peak: one of the inputs is not what it is taken for.
  private static func refuseImpossible(
    _ utilization: TrainingUtilization, _ recomputation: ModelFLOPs.Recomputation, batch: UInt64, sequence: UInt64
  ) throws(InputError) {
    let mfu = utilization.modelFLOPsUtilization
    guard mfu > 1 else {
      let hfu = utilization.hardwareFLOPsUtilization(recomputation)
      guard hfu > 1 else { return }
      throw .usage(
        "HFU would be \(Numbers.fixed(hfu, decimals: 2)), above 1, where MFU is \(Numbers.fixed(mfu, decimals: 2)): less is computed again than --recomputation \(recomputation.rawValue) says"
      )
    }
    let slip =
      if batch >= sequence, mfu / Double(sequence) > 0.01, mfu / Double(sequence) <= 1 {
        "--global-batch is in sequences, and looks like tokens"
      } else if mfu <= 8 {
        "--devices counts GPUs, not nodes; --step-time is that of the whole global batch, in seconds"
      } else {
        "--step-time is in seconds and that of the whole global batch"
      }
    throw .usage("MFU would be \(Numbers.fixed(mfu, decimals: 2)), above 1: \(slip)")
  }
}
