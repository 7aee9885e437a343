import RooflineCore
import RooflineReport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The options that say what is analysed: shared by every command that needs a model on a GPU.
enum WorkloadOptions {
  static let model = Option("model", "NAME|PATH", "a model of the catalog, a config.json, or a folder that holds one")
  static let hardware = Option("hardware", "NAME|PATH", "a GPU of the catalog or a hardware file")

  static let set = Option("set", "KEY=VALUE", "use this value instead of config.json's (may repeat)", mayRepeat: true)

  static let strict = Option("strict", nil, "refuse a config.json with a key that nobody here knows (a note)")

  static let workload: [Option] = [
    set,
    strict,
    Option("tp", "N", "tensor-parallel degree (1)"),
    Option("batch", "N", "sequences per replica (1)"),
    Option("prompt", "N", "tokens of the prompt"),
    Option("context", "N", "keys a decode step attends to, the new token included (prompt + 1)"),
    Option("operators", "SET", "separate or fused kernels (separate)"),
    Option("mla", "FORM", "latent attention: naive, absorbed, or as engines do in each phase, auto (auto)"),
    Option("sequence-parallel", nil, "shard norms and additions over the tensor-parallel ranks"),
    Option("pp", "N", "pipeline stages (1)"),
    Option("micro-batches", "N", "pieces of the batch in a pipeline (the number of stages)"),
    Option("dp", "N", "replicas, each with its own batch (1)"),
  ]

  static let phase = Option("phase", "PHASE", "prefill, decode or both (both)")

  static let generate = Option("generate", "N", "tokens to generate for every sequence")

  static let formats: [Option] = [
    Option("dtype", "DTYPE", "\(DType.allCases.map(\.rawValue).joined(separator: " ")) (the model's)"),
    Option("weight-dtype", "DTYPE", "of weights alone"),
    Option("activation-dtype", "DTYPE", "of GEMM inputs alone"),
    Option("kv-dtype", "DTYPE", "of the KV cache alone"),
  ]

  static let rates: [Option] = [
    Option("efficiency", "SHARE", "share of compute rates and bandwidth that is reached (1)"),
    Option("compute-efficiency", "SHARE", "of compute rates alone"),
    Option("memory-efficiency", "SHARE", "of the bandwidth alone"),
    Option("peak", "FLOP/S", "tensor rate instead of the file's, e.g. 312e12"),
    Option("vector-peak", "FLOP/S", "CUDA core rate instead of the file's"),
    Option("special-peak", "OP/S", "special function rate instead of the file's"),
    Option("bandwidth", "B/S", "memory bandwidth instead of the file's"),
    Option("link", "B/S", "link rate, one direction, instead of the file's"),
    Option("link-latency", "SECONDS", "what each step of a collective takes beside its bytes (0)"),
    Option("overlap", "HOW", "max (units and memory overlap) or sum (max)"),
  ]

  static let format = Option(
    "format", "FORMAT", "\(OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")) (text)")

  static let output: [Option] = [
    format,
    Option("columns", "WHICH", "fit (120 columns) or all in one table (fit)"),
    Option("help", nil, "show this help"),
  ]
}

extension ParsedArguments {
  func overrides() throws(InputError) -> [ConfigurationOverride] {
    var overrides: [ConfigurationOverride] = []
    for setting in strings("set") {
      guard let equals = setting.firstIndex(of: "="), equals != setting.startIndex else {
        throw .usage("--set is \"\(setting)\"; expected key=value, e.g. intermediate_size=32768")
      }
      let text = String(setting[setting.index(after: equals)...])
      let key = String(setting[..<equals])
      guard !overrides.contains(where: { $0.key == key }) else { throw .usage("--set \(key) is given twice") }
      overrides.append(ConfigurationOverride(key: key, value: try JSONValue(argument: text, for: key)))
    }
    return overrides
  }

  /// The model, GPU and workload the arguments name. Arguments first, files second: a mistyped option is said before a
  /// missing file.
  ///
  /// - Parameters:
  ///   - hardware: the GPU, where it is known without --hardware.
  ///   - meaning: what --context counts.
  func scenario(
    _ catalog: Catalog, phases: [Phase], tokens: UInt64 = 1, hardware: HardwareSpec? = nil,
    context meaning: ContextMeaning = .attended
  ) throws(InputError) -> Scenario {
    let modelName = try required("model", "name one, e.g. --model llama-2-70b; `roofline list models` shows them")
    var hardwareName = hardware?.name ?? ""
    if hardware == nil {
      hardwareName = try required(
        "hardware", "name one, e.g. --hardware h100-sxm; `roofline list hardware` shows them")
    }
    let (prompt, context) = try lengths(phases, meaning)
    let parallelism = Parallelism(
      isSequenceParallel: has("sequence-parallel"), pipeline: try positiveInteger("pp") ?? 1,
      microBatches: try positiveInteger("micro-batches"), data: try positiveInteger("dp") ?? 1)
    let batch = try positiveInteger("batch") ?? 1
    if let pieces = parallelism.microBatches {
      guard parallelism.pipeline > 1 else { throw .usage("--micro-batches needs a pipeline; give --pp, too") }
      guard pieces <= batch else { throw .usage("--micro-batches is \(pieces), more than the batch of \(batch)") }
    }
    guard !has("context") || !has("generate") else {
      throw .usage("--context and --generate contradict each other; the context grows from the prompt on")
    }
    let tensorParallel = try positiveInteger("tp") ?? 1
    guard tensorParallel > 1 || !has("sequence-parallel") else {
      throw .usage("--sequence-parallel shards rows over tensor-parallel ranks; give --tp, too")
    }
    let operatorSet = try choice("operators", OperatorSet.self) ?? .separate
    let options = try rateOptions()
    let overrides = try overrides()
    let dtypes = try DTypeOptions(self)
    let configuration = try configuration(modelName, overrides, catalog, isFormatGiven: dtypes.isComplete)
    let workload = Workload(
      batch: batch, prompt: prompt, context: context, tensorParallel: tensorParallel, operatorSet: operatorSet,
      formats: dtypes.formats(model: configuration.dtype), parallelism: parallelism,
      latentAttention: try choice("mla", LatentAttentionForm.self) ?? .auto)
    var spec = hardware ?? HardwareSpec(name: hardwareName, path: hardwareName)
    if hardware == nil { spec = try catalog.hardware(hardwareName) }
    return Scenario(
      configuration: configuration, hardware: spec, workload: workload, options: options,
      tokens: tokens)
  }

  /// The model's configuration; where a value of --set is what makes it unreadable, the argument is blamed, not the file.
  func configuration(
    _ name: String, _ overrides: [ConfigurationOverride], _ catalog: Catalog, isFormatGiven: Bool
  ) throws(InputError) -> ModelConfiguration {
    let configuration: ModelConfiguration
    do {
      configuration = try catalog.model(name, overrides: overrides, isFormatGiven: isFormatGiven)
    } catch {
      guard !overrides.isEmpty, (try? catalog.model(name, isFormatGiven: isFormatGiven)) != nil else { throw error }
      let settings = overrides.map { "--set \($0.key)=\($0.value.summary)" }
      throw .usage("\(settings.joined(separator: " ")): \(error.sentence)")
    }
    if has("strict") { try configuration.requireKnownKeys() }
    return configuration
  }

  /// The analysis the arguments ask for.
  func analysis(_ catalog: Catalog) throws(InputError) -> Analysis {
    try checkTraining()
    let phases = try phases()
    return try analysis(scenario(catalog, phases: phases), phases, catalog)
  }

  private func analysis(
    _ scenario: Scenario, _ phases: [Phase], _ catalog: Catalog
  ) throws(InputError) -> Analysis {
    if isTraining {
      return try Analysis(
        training: scenario.configuration, hardware: scenario.hardware, workload: scenario.workload,
        options: scenario.options)
    }
    let request = try timeRequest(scenario.hardware, scenario.options, catalog)
    return try Analysis(
      configuration: scenario.configuration, hardware: scenario.hardware, workload: scenario.workload, phases: phases,
      options: scenario.options,
      calibrated: request?.time(of: scenario.configuration.model, formats: scenario.workload.formats))
  }

  /// The same at the rates that --ceilings says the GPU achieves; nil without it.
  func achieved(_ analysis: Analysis, _ catalog: Catalog) throws(InputError) -> AnalysisReport.Achieved? {
    guard let path = string("ceilings") else { return nil }
    for name in ["efficiency", "compute-efficiency", "memory-efficiency"] where has(name) {
      throw .usage("--\(name) and --ceilings contradict each other; ceilings are what the GPU achieves")
    }
    guard analysis.calibrated == nil else {
      throw .usage("--ceilings changes ideal times; calibrated ones have their own shares of the datasheet's rates")
    }
    guard !has("generate") else { throw .usage("--generate and --ceilings contradict each other; give one") }
    let ceilings = try AchievedCeilings(file: path)
    guard Spelling.normalized(ceilings.gpu) == Spelling.normalized(analysis.hardware.name) else {
      throw .notMeasurements(
        file: path, problem: "its ceilings are of \(ceilings.gpu), not of \(analysis.hardware.name)")
    }
    let phases = try phases()
    var scenario = try scenario(catalog, phases: phases)
    scenario.hardware = scenario.hardware.achieving(ceilings)
    scenario.options.specialPeak = scenario.options.specialPeak ?? ceilings.special
    return AnalysisReport.Achieved(ceilings: ceilings, analysis: try self.analysis(scenario, phases, catalog))
  }

  func phases() throws(InputError) -> [Phase] {
    guard let text = string("phase"), text != "both" else { return Phase.allCases }
    guard let phase = Phase(rawValue: text) else {
      throw .usage("--phase is \"\(text)\"; expected prefill, decode or both")
    }
    return [phase]
  }

  /// What --context counts.
  enum ContextMeaning {
    /// The keys that a decode step attends to: the prompt's and at least its own.
    case attended
    /// The keys in the cache at the end; the command says itself whether they are enough.
    case cached
  }

  /// A decode step alone needs only its context.
  private func lengths(
    _ phases: [Phase], _ meaning: ContextMeaning
  ) throws(InputError) -> (prompt: UInt64, context: UInt64) {
    if isTraining {
      let sequence = try sequence()
      return (sequence, sequence)
    }
    let context = try positiveInteger("context")
    guard context == nil || phases.contains(.decode) else {
      throw .usage("--context is of a decode step, and --phase prefill has none; leave one of them out")
    }
    if let prompt = try positiveInteger("prompt") {
      guard prompt < Count.limit else { throw .usage("--prompt is too large") }
      if let context, meaning == .attended, context <= prompt {
        throw .usage(
          "--context is \(context), but a decode step after a prompt of \(prompt) attends to \(prompt + 1) keys or more"
        )
      }
      return (prompt, context ?? prompt + 1)
    }
    guard phases == [.decode], let context else {
      throw .usage("--prompt is missing; give the prompt's length in tokens, e.g. --prompt 1024")
    }
    return (max(context - 1, 1), context)
  }

  func rateOptions() throws(InputError) -> RateOptions {
    var options = RateOptions()
    let both = try share("efficiency")
    options.computeEfficiency = try share("compute-efficiency") ?? both ?? 1
    options.memoryEfficiency = try share("memory-efficiency") ?? both ?? 1
    options.tensorPeak = try rate("peak")
    options.vectorPeak = try rate("vector-peak")
    options.specialPeak = try rate("special-peak", in: RateOptions.plausibleCompute, "functions/s")
    options.bandwidth = try rate("bandwidth", in: RateOptions.plausibleBandwidth, "B/s")
    options.link = try rate("link", in: RateOptions.plausibleLink, "B/s")
    options.linkLatency = try latency() ?? 0
    options.overlap = try choice("overlap", Overlap.self) ?? .max
    return options
  }

  /// A step's latency, up to a second.
  private func latency() throws(InputError) -> Double? {
    guard let text = string("link-latency") else { return nil }
    guard let seconds = Double(text), seconds >= 0, seconds <= 1 else {
      throw .usage("--link-latency is \"\(text)\"; expected seconds from 0 to 1, e.g. 3e-6")
    }
    return seconds
  }

  /// What the report is printed as.
  func page(_ surroundings: Surroundings) throws(InputError) -> Page {
    Page(
      try choice("format", OutputFormat.self) ?? .text, text: surroundings.textFormat(isWide: try isWide()))
  }

  private func isWide() throws(InputError) -> Bool {
    switch string("columns") {
    case nil, "fit": false
    case "all": true
    case .some(let text): throw .usage("--columns is \"\(text)\"; expected fit or all")
    }
  }
}

extension JSONValue {
  /// A value typed on the command line: JSON where it is JSON, a string otherwise.
  init(argument text: String, for key: String) throws(InputError) {
    if let integer = Int64(text) {
      self = .integer(integer)
    } else if let number = Double(text) {
      self = .number(number)
    } else if text.hasPrefix("[") || text.hasPrefix("{") {
      self = try .parse(Data(text.utf8), file: "--set \(key)")
    } else {
      self =
        switch text {
        case "true": .bool(true)
        case "false": .bool(false)
        case "null": .null
        default: .string(text)
        }
    }
  }
}
