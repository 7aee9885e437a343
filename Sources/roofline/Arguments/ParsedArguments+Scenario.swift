import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineMeasurement
import RooflineReport
import RooflineServing
import RooflineTimeModels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ParsedArguments {
  func overrides() throws(InputError) -> [ConfigurationOverride] {
    var overrides: [ConfigurationOverride] = []
    for override in try values(of: WorkloadOptions.set) {
      guard !overrides.contains(where: { $0.key == override.key }) else {
        throw .usage("--set \(override.key) is given twice")
      }
      overrides.append(override)
    }
    return overrides
  }

  /// The model, GPU and workload the arguments name. Arguments first, files second: a mistyped option is said before a
  /// missing file.
  ///
  /// - Parameters:
  ///   - hardware: the GPU, where it is known without --hardware.
  ///   - known: the model's configuration, where it is read already.
  ///   - meaning: what --context counts.
  func scenario(
    _ catalog: Catalog, phases: [Phase], tokens: UInt64 = 1, hardware: HardwareSpec? = nil,
    configuration known: ModelConfiguration? = nil, context meaning: ContextMeaning = .attended
  ) throws(InputError) -> Scenario {
    let modelName = try required(
      WorkloadOptions.model, "name one, e.g. --model llama-2-70b; `roofline list models` shows them")
    var hardwareName = hardware?.name ?? ""
    if hardware == nil {
      hardwareName = try required(
        WorkloadOptions.hardware, "name one, e.g. --hardware h100-sxm; `roofline list hardware` shows them")
    }
    let drafted = try drafted(phases)
    let (prompt, prefix, context) = try lengths(phases, meaning, drafted: drafted)
    let parallelism = Parallelism(
      isSequenceParallel: isGiven(WorkloadOptions.sequenceParallel),
      pipeline: try valueIfDeclared(of: WorkloadOptions.pipeline) ?? 1,
      microBatches: try valueIfDeclared(of: WorkloadOptions.microBatches),
      data: try valueIfDeclared(of: WorkloadOptions.data) ?? 1,
      expert: try valueIfDeclared(of: WorkloadOptions.expertParallel) ?? 1,
      isAttentionDataParallel: isGiven(WorkloadOptions.attentionDataParallel))
    let batch = try value(of: WorkloadOptions.batch) ?? 1
    if let pieces = parallelism.microBatches {
      guard parallelism.pipeline > 1 else { throw .usage("--micro-batches needs a pipeline; give --pp, too") }
      // Requests over time make batches of their own, of which each has as many pieces as there are requests at most.
      guard pieces <= batch || isLoad else {
        throw .usage("--micro-batches is \(pieces), more than the batch of \(batch)")
      }
    }
    guard !isGiven(WorkloadOptions.context) || !isGiven(WorkloadOptions.generate) else {
      throw .usage("--context and --generate contradict each other; the context grows from the prompt on")
    }
    let tensorParallel = try value(of: WorkloadOptions.tensorParallel) ?? 1
    guard tensorParallel > 1 || !isGiven(WorkloadOptions.sequenceParallel) else {
      throw .usage("--sequence-parallel shards rows over tensor-parallel ranks; give --tp, too")
    }
    guard !isGiven(WorkloadOptions.head) || phases.contains(.prefill) else {
      throw .usage("--head says which of a prompt's tokens get logits, and --phase decode has no prompt; leave it out")
    }
    let engine = try engine(catalog)
    let operatorSet = try value(of: WorkloadOptions.operators) ?? engine?.operatorSet ?? .separate
    var options = try rateOptions()
    options.engine = engine?.pass
    let overrides = try overrides()
    let dtypes = try DTypeOptions(self)
    let configuration: ModelConfiguration
    if let known {
      configuration = known
    } else {
      configuration = try self.configuration(modelName, overrides, catalog, stated: dtypes.stated)
    }
    var workload = Workload(
      batch: batch, prompt: prompt, context: context, tensorParallel: tensorParallel, operatorSet: operatorSet,
      formats: dtypes.formats(configuration), parallelism: parallelism)
    workload.cachedPrefix = prefix
    workload.drafted = drafted
    try workload.requireDrafts(configuration)
    workload.expertLoad = try expertLoad(configuration)
    workload.head = try valueIfDeclared(of: WorkloadOptions.head) ?? .last
    workload.latentAttention = try valueIfDeclared(of: WorkloadOptions.latentAttention) ?? .auto
    var spec = hardware ?? HardwareSpec(name: hardwareName, path: hardwareName)
    if hardware == nil { spec = try catalog.hardware(hardwareName) }
    return Scenario(
      configuration: configuration, hardware: spec, workload: workload, options: options,
      tokens: tokens)
  }

  /// The model's configuration; where a value of --set is what makes it unreadable, the argument is blamed, not the file.
  func configuration(
    _ name: String, _ overrides: [ConfigurationOverride], _ catalog: Catalog, stated: StatedFormats
  ) throws(InputError) -> ModelConfiguration {
    let configuration: ModelConfiguration
    do {
      configuration = try catalog.model(name, overrides: overrides, stated: stated)
    } catch {
      guard !overrides.isEmpty, (try? catalog.model(name, stated: stated)) != nil else { throw error }
      let settings = overrides.map { "--set \($0.key)=\($0.value.summary)" }
      throw .usage("\(settings.joined(separator: " ")): \(error.sentence)")
    }
    if try has(WorkloadOptions.strict) { try configuration.requireKnownKeys() }
    return configuration
  }

  /// The analysis the arguments ask for.
  ///
  /// - Parameter isCompared: whether measurements stand beside its times.
  func analysis(_ catalog: Catalog, besideMeasured isCompared: Bool = false) throws(InputError) -> Analysis {
    try checkTraining()
    let phases = try phases()
    return try analysis(scenario(catalog, phases: phases), phases, catalog, besideMeasured: isCompared)
  }

  private func analysis(
    _ scenario: Scenario, _ phases: [Phase], _ catalog: Catalog, besideMeasured isCompared: Bool = false
  ) throws(InputError) -> Analysis {
    if isTraining {
      return try Analysis(
        training: scenario.configuration, hardware: scenario.hardware, workload: scenario.workload,
        options: scenario.options)
    }
    let request = try timeRequest(scenario.hardware, scenario.options, catalog, besideMeasured: isCompared)
    return try Analysis(
      configuration: scenario.configuration, hardware: scenario.hardware, workload: scenario.workload, phases: phases,
      options: scenario.options,
      calibrated: request?.time(of: scenario.configuration.model, formats: scenario.workload.formats))
  }

  /// The same at the rates that --ceilings says the GPU achieves; nil without it.
  func achieved(_ analysis: Analysis, _ catalog: Catalog) throws(InputError) -> AnalysisReport.Achieved? {
    guard isGiven(AnalysisOptions.ceilings) else { return nil }
    let efficiencies = [
      WorkloadOptions.efficiency, WorkloadOptions.computeEfficiency, WorkloadOptions.memoryEfficiency,
    ]
    for option in efficiencies where isGiven(option) {
      throw .usage("--\(option.name) and --ceilings contradict each other; ceilings are what the GPU achieves")
    }
    guard analysis.calibrated == nil else {
      throw .usage("--ceilings changes ideal times; calibrated ones have their own shares of the datasheet's rates")
    }
    guard !isGiven(DraftOptions.draft) else {
      throw .usage("--draft and --ceilings together are not counted; give one")
    }
    guard !isGiven(WorkloadOptions.generate) else {
      throw .usage("--generate and --ceilings contradict each other; give one")
    }
    guard let ceilings = try ceilings(of: analysis.hardware) else { return nil }
    let phases = try phases()
    var scenario = try scenario(catalog, phases: phases)
    scenario.hardware = scenario.hardware.achieving(ceilings)
    scenario.options.specialPeak = scenario.options.specialPeak ?? ceilings.special
    return AnalysisReport.Achieved(ceilings: ceilings, analysis: try self.analysis(scenario, phases, catalog))
  }

  /// Where replicas beside the one that is looked at change nothing.
  func refuseReplicas(_ reason: String) throws(InputError) {
    guard !isGiven(WorkloadOptions.data) else { throw .usage("--dp changes nothing here: \(reason); leave it out") }
  }

  /// What a GPU was measured to achieve; nil without --ceilings.
  func ceilings(of hardware: HardwareSpec) throws(InputError) -> AchievedCeilings? {
    guard let path = try value(of: AnalysisOptions.ceilings) else { return nil }
    let ceilings = try AchievedCeilings(file: path)
    guard Spelling.normalized(ceilings.gpu) == Spelling.normalized(hardware.name) else {
      throw .notMeasurements(file: path, problem: "its ceilings are of \(ceilings.gpu), not of \(hardware.name)")
    }
    return ceilings
  }

  func phases() throws(InputError) -> [Phase] {
    try value(of: WorkloadOptions.phase) ?? Phase.allCases
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
    _ phases: [Phase], _ meaning: ContextMeaning, drafted: UInt64
  ) throws(InputError) -> (prompt: UInt64, prefix: UInt64, context: UInt64) {
    if isTraining {
      let sequence = try sequence()
      return (sequence, 0, sequence)
    }
    let prefix = try valueIfDeclared(of: WorkloadOptions.cachedPrefix) ?? 0
    let context = try valueIfDeclared(of: WorkloadOptions.context)
    guard context == nil || phases.contains(.decode) else {
      throw .usage("--context is of a decode step, and --phase prefill has none; leave one of them out")
    }
    if let prompt = try value(of: WorkloadOptions.prompt) {
      guard prompt < Count.limit - drafted else { throw .usage("--prompt is too large") }
      let keys = prefix + prompt
      guard keys < Count.limit - drafted else { throw .usage("--cached-prefix and --prompt together are too large") }
      if let context, meaning == .attended, context <= keys + drafted {
        let length = prefix > 0 ? "\(prompt) behind \(prefix) cached tokens" : "\(prompt)"
        throw .usage(
          "--context is \(context), but a decode step after a prompt of \(length) attends to \(keys + drafted + 1) keys or more"
        )
      }
      return (prompt, prefix, context ?? keys + drafted + 1)
    }
    guard prefix == 0 else {
      throw .usage("--cached-prefix stands before a prompt; give --prompt, too, or count its keys in --context")
    }
    guard phases == [.decode], let context else {
      throw .usage("--prompt is missing; give the prompt's length in tokens, e.g. --prompt 1024")
    }
    guard context > drafted else {
      throw .usage(
        "--context is \(context), which includes the \(drafted + 1) tokens of a step with --draft \(drafted)")
    }
    return (max(context - drafted - 1, 1), 0, context)
  }

  func rateOptions() throws(InputError) -> RateOptions {
    var options = RateOptions()
    let both = try valueIfDeclared(of: WorkloadOptions.efficiency)
    options.computeEfficiency = try valueIfDeclared(of: WorkloadOptions.computeEfficiency) ?? both ?? 1
    options.memoryEfficiency = try valueIfDeclared(of: WorkloadOptions.memoryEfficiency) ?? both ?? 1
    options.tensorPeak = try valueIfDeclared(of: WorkloadOptions.peak)
    options.vectorPeak = try valueIfDeclared(of: WorkloadOptions.vectorPeak)
    options.specialPeak = try valueIfDeclared(of: WorkloadOptions.specialPeak)
    options.bandwidth = try valueIfDeclared(of: WorkloadOptions.bandwidth)
    options.link = try valueIfDeclared(of: WorkloadOptions.link)
    options.board = try valueIfDeclared(of: WorkloadOptions.board)
    guard options.board == nil || options.link == nil else {
      throw InputError.usage("--link is the rate of any number of GPUs; leave out --board")
    }
    options.linkLatency = try valueIfDeclared(of: WorkloadOptions.linkLatency) ?? 0
    options.overlap = try valueIfDeclared(of: WorkloadOptions.overlap) ?? .max
    return options
  }

  /// What the report is printed as.
  func page(_ surroundings: Surroundings) throws(InputError) -> Page {
    Page(
      try value(of: WorkloadOptions.format) ?? .text,
      text: surroundings.textFormat(isWide: try valueIfDeclared(of: WorkloadOptions.columns) ?? false))
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
