import CUDAMeasurement
import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineDeployment
import RooflineMeasurement

/// What `measure` runs, and how.
enum MeasurementOptions {
  static let kernel = Option.text(
    "kernel", "KIND", "one kernel instead of a model's rows; its columns follow, as for `kernel`")
  static let suite = Option<MeasurementSuite>.choice(
    "suite", "NAME", "kernels (curves), ceilings (what the GPU achieves at best), calibration (for a time model), units"
  )
  static let kernels = Option.text(
    "kernels", "FILE", "the kernels of a CSV file (columns kind, dtype and shapes) instead of a model's rows")

  static let what: [any AnyOption] = [WorkloadOptions.model, kernel, suite, kernels]

  static let modes = Option("modes", "LIST", "of rotating, cold, hot, sustained, layer (rotating)") {
    text throws(InputError) in try MeasurementModes(text)
  }
  /// Whether this package's own kernels run matrix products.
  static let gemm = Option(
    "gemm", "WHOSE", "cublaslt or own: whose matrix products run (cublaslt where it is there)"
  ) { text throws(InputError) in
    switch text {
    case "cublaslt": return false
    case "own": return true
    default: throw .usage("--gemm is \"\(text)\"; expected cublaslt or own")
    }
  }
  static let pageSize = Option.count(
    "page-size", "N", "tokens of a page of the KV cache in decode attention (keys in one piece)")
  static let hardware = Option.text(
    "hardware", "NAME|PATH", "the GPU's file, for its roofs (the one that fits the GPU)")
  static let external = Option(
    "external", "COMMAND", "a shell command that measures instead, e.g. of PyTorch's kernels"
  ) {
    text throws(InputError) in
    guard text.contains(where: { !$0.isWhitespace }) else {
      throw .usage("--external is empty; expected a shell command")
    }
    return text
  }
  static let timeout = Option(
    "timeout", "SECONDS", "how long the command of --external may take to an answer (300)"
  ) { text throws(InputError) in
    guard let seconds = Double(text), (0.1...1e6).contains(seconds) else {
      throw .usage("--timeout is \"\(text)\"; expected seconds, from 0.1 to a million")
    }
    return seconds
  }
  static let device = device("which GPU measures (0)")
  static let output = Option.text(
    "output", "FILE", "the observation file (Hardware/Observations/<gpu>-<date>.json)", isOutput: true)
  static let resume = Option.flag("resume", "go on with the observation file: what it holds is not measured again")

  static let how: [any AnyOption] = [
    modes, external, timeout, gemm, pageSize, hardware, device, output, WorkloadOptions.format, resume,
    WorkloadOptions.help,
  ]

  /// CUDA's number of a GPU.
  static func device(_ help: String) -> Option<Int> {
    Option("device", "N", help) { text throws(InputError) in
      guard let ordinal = Int(text), (0..<1024).contains(ordinal) else {
        throw .usage("--device is \"\(text)\"; expected the number of a GPU, counted from 0")
      }
      return ordinal
    }
  }
}

extension ParsedArguments {
  /// The operators to run, each once, and what a reader should know of the model that they are of.
  func measurementTasks(
    _ catalog: Catalog
  ) throws(InputError) -> (tasks: [MeasurementTask], notices: [Notice]) {
    let ways: [any AnyOption] = [
      WorkloadOptions.model, MeasurementOptions.kernel, MeasurementOptions.kernels, MeasurementOptions.suite,
    ]
    let named = ways.filter(isGiven).map(\.name)
    guard named.count == 1 else {
      throw .usage(
        named.isEmpty
          ? "nothing to measure; give --model and the options of analyze, --kernel KIND column=value …, --kernels FILE or --suite NAME"
          : "--\(named[0]) and --\(named[1]) contradict each other; give one")
    }
    if !isGiven(MeasurementOptions.kernel), let word = positionals.first {
      throw .usage("unexpected argument \"\(word)\"; columns belong to --kernel KIND")
    }
    if !isGiven(WorkloadOptions.model) {
      let options = WorkloadOptions.workload + [WorkloadOptions.phase]
      if let option = options.first(where: isGiven) { throw .usage("--\(option.name) needs --model") }
    }
    if let kind = try value(of: MeasurementOptions.kernel) {
      let given = try DTypeOptions(self)
      let request = try KernelRequest(kind, KernelRequest.columns(positionals), given)
      try request.requireCounted(given)
      return ([try task(request)], [])
    }
    if try suite() == .ceilings, let name = WorkloadOptions.formats.first(where: isGiven)?.name {
      throw .usage("--\(name) says nothing to --suite ceilings, which measures every format; leave it out")
    }
    if let suite = try suite() { return (suite.tasks(try DTypeOptions(self).formats(model: .fp16)), []) }
    if let path = try value(of: MeasurementOptions.kernels) {
      return (MeasurementTask.merged(try tasks(of: KernelList.read(path))), [])
    }
    return try modelTasks(catalog)
  }

  func suite() throws(InputError) -> MeasurementSuite? { try value(of: MeasurementOptions.suite) }

  private func modelTasks(
    _ catalog: Catalog
  ) throws(InputError) -> (tasks: [MeasurementTask], notices: [Notice]) {
    let phases = try phases()
    let (configuration, workload) = try measuredModel(catalog, phases)
    let tasks = MeasurementTask.tasks(of: phases.map { DecoderStep($0, workload) }, configuration.model)
    return (tasks, configuration.notices)
  }

  /// The model whose rows are run, and at which sizes.
  private func measuredModel(
    _ catalog: Catalog, _ phases: [Phase]
  ) throws(InputError) -> (configuration: ModelConfiguration, workload: Workload) {
    // Counts need no GPU.
    let scenario = try scenario(catalog, phases: phases, hardware: HardwareSpec(name: "", path: ""))
    try scenario.configuration.model.requireLegal(scenario.workload, name: scenario.configuration.name)
    guard !scenario.configuration.model.isQuantized else {
      throw .usage(
        "\(scenario.configuration.name) is quantised, and kernels are measured in one format without scales; state it with --dtype"
      )
    }
    return (scenario.configuration, scenario.workload)
  }

  private func tasks(of list: KernelList) throws(InputError) -> [MeasurementTask] {
    let given = try DTypeOptions(self)
    var tasks: [MeasurementTask] = []
    for entry in list.entries {
      var values = entry.values
      do {
        let kind = values.removeValue(forKey: "kind") ?? ""
        tasks.append(try task(KernelRequest(kind, values, given)))
      } catch {
        guard case .usage(let sentence) = error else { throw error }
        throw .notMeasurements(file: list.path, problem: "line \(entry.line): \(sentence)")
      }
    }
    return tasks
  }

  private func task(_ request: KernelRequest) throws(InputError) -> MeasurementTask {
    let value: Operator<Count> = try request.kernel.definition(request.formats)
    guard !value.cost.isOverflow else { throw .overflow(what: request.kernel.kind.rawValue) }
    guard let task = MeasurementTask(names: [], value, request.formats) else {
      throw .usage("\(request.kernel.kind.rawValue) is of a backward pass, which is not measured")
    }
    return task
  }

  func planningOptions() throws(InputError) -> PlanningOptions {
    var options = PlanningOptions()
    options.prefersOwnProducts = try value(of: MeasurementOptions.gemm) ?? false
    if let tokens = try value(of: MeasurementOptions.pageSize) {
      guard tokens.isMultiple(of: 16), tokens <= 1 << 20 else {
        throw .usage("--page-size is \(tokens); expected a multiple of 16, e.g. 16")
      }
      options.pageTokens = Int(tokens)
    }
    return options
  }

  func measurementModes() throws(InputError) -> MeasurementModes {
    let modes = try value(of: MeasurementOptions.modes) ?? MeasurementModes(kernels: [.rotating])
    guard !modes.hasLayers || isGiven(WorkloadOptions.model) else {
      throw .usage("--modes layer needs --model, whose layer it is")
    }
    return modes
  }

  /// The whole layers to run.
  func layerTasks(_ catalog: Catalog) throws(InputError) -> [LayerTask] {
    let phases = try phases()
    let (model, workload) = try measuredModel(catalog, phases)
    return LayerTask.tasks(of: phases.map { DecoderStep($0, workload) }, model.model)
  }

  /// Refuses options that change nothing of what is measured: whoever gives one expects something of it.
  func requireUse(of tasks: [MeasurementTask]) throws(InputError) {
    let hasCeilings = try suite()?.hasCeilings == true
    func refuse(_ option: any AnyOption, _ reason: String) -> InputError {
      .usage("--\(option.name) says nothing here: \(reason); leave it out")
    }
    if isGiven(WorkloadOptions.data) { throw refuse(WorkloadOptions.data, "every replica runs the same operators") }
    if isGiven(MeasurementOptions.gemm), !hasCeilings, !tasks.contains(where: \.isProduct) {
      throw refuse(MeasurementOptions.gemm, "no matrix product is measured")
    }
    if isGiven(MeasurementOptions.pageSize), !tasks.contains(where: \.isDecodeAttention) {
      throw refuse(MeasurementOptions.pageSize, "no decode attention is measured")
    }
    if isGiven(MeasurementOptions.modes), tasks.isEmpty, hasCeilings {
      throw refuse(MeasurementOptions.modes, "ceilings have ways of their own")
    }
  }
}

extension MeasurementTask {
  /// Whether it reads a cache that may lie in pages.
  fileprivate var isDecodeAttention: Bool {
    if case .attention(let attention) = value { attention.shape.queryTokens == 1 } else { false }
  }
}
