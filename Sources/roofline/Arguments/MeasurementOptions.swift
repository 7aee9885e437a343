import CUDAMeasurement
import RooflineComparison
import RooflineCore
import RooflineMeasurement

/// What `measure` runs, and how.
enum MeasurementOptions {
  static let what: [Option] = [
    WorkloadOptions.model,
    Option("kernel", "KIND", "one kernel instead of a model's rows; its columns follow, as for `kernel`"),
    Option(
      "suite", "NAME", "kernels (curves), ceilings (what the GPU achieves at best), calibration (for a time model)"),
    Option("kernels", "FILE", "the kernels of a CSV file (columns kind, dtype and shapes) instead of a model's rows"),
  ]

  static let how: [Option] = [
    Option("modes", "LIST", "of rotating, cold, hot (rotating)"),
    Option("gemm", "WHOSE", "cublaslt or own: whose matrix products run (cublaslt where it is there)"),
    Option("page-size", "N", "tokens of a page of the KV cache in decode attention (keys in one piece)"),
    Option("hardware", "NAME|PATH", "the GPU's file, for its roofs (the one that fits the GPU)"),
    Option("device", "N", "which GPU measures (0)"),
    Option(
      "output", "FILE", "the observation file (Hardware/Observations/<gpu>-<date>.json)", isOutput: true),
    WorkloadOptions.format,
    Option("resume", nil, "go on with the observation file: what it holds is not measured again"),
    Option("help", nil, "show this help"),
  ]
}

extension ParsedArguments {
  /// The operators to run, each once.
  func measurementTasks(_ catalog: Catalog) throws(InputError) -> [MeasurementTask] {
    let named = ["model", "kernel", "kernels", "suite"].filter(has)
    guard named.count == 1 else {
      throw .usage(
        named.isEmpty
          ? "nothing to measure; give --model and the options of analyze, --kernel KIND column=value …, --kernels FILE or --suite NAME"
          : "--\(named[0]) and --\(named[1]) contradict each other; give one")
    }
    if !has("kernel"), let word = positionals.first {
      throw .usage("unexpected argument \"\(word)\"; columns belong to --kernel KIND")
    }
    if !has("model") {
      let options = (WorkloadOptions.workload + [WorkloadOptions.phase]).map(\.name)
      if let name = options.first(where: has) { throw .usage("--\(name) needs --model") }
    }
    if let kind = string("kernel") {
      let given = try DTypeOptions(self)
      let request = try KernelRequest(kind, KernelRequest.columns(positionals), given)
      try request.requireCounted(given)
      return [try task(request)]
    }
    if try suite() == .ceilings, let name = WorkloadOptions.formats.map(\.name).first(where: has) {
      throw .usage("--\(name) says nothing to --suite ceilings, which measures every format; leave it out")
    }
    if let suite = try suite() { return suite.tasks(try DTypeOptions(self).formats(model: .fp16)) }
    if let path = string("kernels") { return MeasurementTask.merged(try tasks(of: KernelList.read(path))) }
    return try modelTasks(catalog)
  }

  func suite() throws(InputError) -> MeasurementSuite? { try choice("suite", MeasurementSuite.self) }

  private func modelTasks(_ catalog: Catalog) throws(InputError) -> [MeasurementTask] {
    let phases = try phases()
    // Counts need no GPU.
    let scenario = try scenario(catalog, phases: phases, hardware: HardwareSpec(name: "", path: ""))
    try scenario.configuration.model.requireLegal(scenario.workload, name: scenario.configuration.name)
    return MeasurementTask.tasks(
      of: phases.map { DecoderStep($0, scenario.workload) }, scenario.configuration.model)
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
    switch string("gemm") {
    case nil, "cublaslt": break
    case "own": options.prefersOwnProducts = true
    case .some(let text): throw .usage("--gemm is \"\(text)\"; expected cublaslt or own")
    }
    if let tokens = try positiveInteger("page-size") {
      guard tokens.isMultiple(of: 16), tokens <= 1 << 20 else {
        throw .usage("--page-size is \(tokens); expected a multiple of 16, e.g. 16")
      }
      options.pageTokens = Int(tokens)
    }
    return options
  }

  func timingModes() throws(InputError) -> [TimingMode] {
    guard let text = string("modes") else { return [.rotating] }
    var modes: [TimingMode] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      let mode = try ParsedArguments.choice(String(word), for: "--modes", TimingMode.self)
      guard !modes.contains(mode) else { throw .usage("--modes names \(mode.rawValue) twice") }
      modes.append(mode)
    }
    return modes
  }

  /// Refuses options that change nothing of what is measured: whoever gives one expects something of it.
  func requireUse(of tasks: [MeasurementTask]) throws(InputError) {
    let hasCeilings = try suite()?.hasCeilings == true
    func refuse(_ option: String, _ reason: String) -> InputError {
      .usage("--\(option) says nothing here: \(reason); leave it out")
    }
    if has("dp") { throw refuse("dp", "every replica runs the same operators") }
    if has("gemm"), !hasCeilings, !tasks.contains(where: \.isProduct) {
      throw refuse("gemm", "no matrix product is measured")
    }
    if has("page-size"), !tasks.contains(where: \.isDecodeAttention) {
      throw refuse("page-size", "no decode attention is measured")
    }
    if has("modes"), tasks.isEmpty, hasCeilings { throw refuse("modes", "ceilings have ways of their own") }
  }

  /// CUDA's number of a GPU; nil where none was asked for.
  func ordinal() throws(InputError) -> Int? {
    guard let text = string("device") else { return nil }
    guard let ordinal = Int(text), (0..<1024).contains(ordinal) else {
      throw .usage("--device is \"\(text)\"; expected the number of a GPU, counted from 0")
    }
    return ordinal
  }
}

extension MeasurementTask {
  /// Whether its kernel is a library's or this package's own, as `--gemm` has it.
  fileprivate var isProduct: Bool { columns.kind == .gemm || columns.kind == .linearGelu }

  /// Whether it reads a cache that may lie in pages.
  fileprivate var isDecodeAttention: Bool {
    if case .attention(let attention) = value { attention.shape.queryTokens == 1 } else { false }
  }
}
