import RooflineCore
import RooflineReport
import RooflineTraces

/// Puts a trace beside the prediction of what it says that it ran, and of what the options say.
struct TraceImport {
  private let arguments: ParsedArguments
  private let catalog: Catalog
  private let table: KernelNameTable

  init(_ arguments: ParsedArguments, _ catalog: Catalog, _ table: KernelNameTable) {
    self.arguments = arguments
    self.catalog = catalog
    self.table = table
  }

  func findings(_ path: String) throws(InputError) -> TraceFindings {
    let trace = try TraceFile.read(path)
    let phases = try arguments.phases()
    let wanted = phases.count == 1 ? phases.first : nil
    let device = try arguments.value(of: ImportCommand.gpu)
    let passes = try TracePasses(trace, phase: trace.steps.isEmpty ? nil : wanted, device: device)
    guard arguments.isGiven(WorkloadOptions.model) else {
      let hint = trace.modelModules.first.map { "; its Python frames name \($0)" } ?? ""
      try refuseIdle()
      return TraceFindings(
        trace, passes, KernelMatcher(table).match(trace, passes: passes.passes), nil,
        facts: [gpu(trace, passes)].compactMap { $0?.fact },
        remarks: ["without --model kernels have no rows, and no roofs\(hint)"])
    }
    var run = Run(arguments: arguments)
    try run.use(gpu(trace, passes), trace: trace)
    try run.use(TraceSizes(passes, trace), passes, wanted: wanted)
    let analysis = try run.analysis(catalog, passes, trace)
    guard let phase = analysis.phases.first else { throw .usage("no pass is left to import; leave --phase out") }
    var separate = analysis.workload
    separate.operatorSet = .separate
    let rows: [NamedOperator<Count>] = DecoderStep(phase.step.phase, separate).rows(of: analysis.configuration.model)
    let matcher = KernelMatcher(table, phase: phase, model: analysis.configuration.model, separate: rows)
    let match = matcher.match(trace, passes: passes.passes)
    return TraceFindings(
      trace, passes, match, analysis, facts: run.facts, remarks: run.remarks + TraceImport.remarks(match))
  }

  /// A backward pass has products of the forward pass's shapes, whose names say nothing.
  private static func remarks(_ match: TraceMatch) -> [String] {
    guard match.trainingSeconds > 0 else { return [] }
    let share = (match.trainingSeconds / match.kernelSeconds * 1000).rounded() / 10
    return [
      "it is of training: kernels of a backward pass or an optimizer take \(share) % of the time; rows are those of a forward pass, and products of the backward pass may stand among them"
    ]
  }

  /// Options about a model's rows mean nothing without one.
  private func refuseIdle() throws(InputError) {
    let idle: [any AnyOption] =
      [WorkloadOptions.hardware] + WorkloadOptions.workload + [WorkloadOptions.cachedPrefix] + WorkloadOptions.formats
      + TimeOptions.tiers
    for option in idle where arguments.isGiven(option) {
      throw .usage("--\(option.name) needs --model; without one, a trace's kernels are listed by what they do")
    }
  }

  /// The GPU's name in the trace, and the catalog's file for it.
  private func gpu(_ trace: Trace, _ passes: TracePasses) -> (file: String?, fact: TraceFindings.Fact)? {
    // Numbers of devices in properties and in kernels may be different ones; names of a server's GPUs are not.
    let names = trace.devices.map(\.name).filter { !$0.isEmpty }
    let own = trace.devices.first { $0.id == passes.device }?.name ?? ""
    guard let name = own.isEmpty ? names.first : own, names.allSatisfy({ $0 == name }) || !own.isEmpty else {
      return nil
    }
    let fact = TraceFindings.Fact(TraceFindings.Fact.gpu, name, "the trace's device properties")
    return (catalog.hardwareNames(driver: name).first, fact)
  }

  /// The arguments, with what the trace says where they say nothing.
  private struct Run {
    var arguments: ParsedArguments
    var facts: [TraceFindings.Fact] = []
    var remarks: [String] = []

    /// Takes a size of the trace where no option states it.
    mutating func use(_ name: String, _ option: any AnyOption, _ fact: TraceSizes.Fact?) {
      if arguments.isGiven(option) {
        let given = arguments.texts(of: option).joined(separator: " ")
        let other = fact.map { "\($0.value)" == given ? "" : "; the trace says \($0.value) (\($0.source))" } ?? ""
        facts.append(TraceFindings.Fact(name, given, "--\(option.name)\(other)"))
      } else if let fact {
        arguments = arguments.replacing([(option, ["\(fact.value)"])])
        facts.append(TraceFindings.Fact(name, "\(fact.value)", fact.source))
      }
    }

    mutating func use(_ gpu: (file: String?, fact: TraceFindings.Fact)?, trace: Trace) throws(InputError) {
      if let gpu { facts.append(gpu.fact) }
      guard !arguments.isGiven(WorkloadOptions.hardware) else { return }
      guard let file = gpu?.file else {
        let found = gpu.map { "it is of \"\($0.fact.value)\", which no hardware file is named" } ?? "it names no GPU"
        throw .notMeasurements(file: trace.file, problem: "\(found); give --hardware")
      }
      arguments = arguments.replacing([(WorkloadOptions.hardware, [file])])
    }

    mutating func use(_ sizes: TraceSizes, _ passes: TracePasses, wanted: Phase?) throws(InputError) {
      if passes.work != nil, sizes.phase == nil, wanted == nil {
        throw .usage(
          "its marked passes mix prefill and decode, for which there are no roofs; give --phase with --batch and --prompt or --context, or leave out --model"
        )
      }
      let given: Phase? =
        arguments.isGiven(WorkloadOptions.prompt)
        ? (arguments.isGiven(WorkloadOptions.context) ? nil : .prefill)
        : arguments.isGiven(WorkloadOptions.context) ? .decode : nil
      guard let phase = wanted ?? sizes.phase ?? given else {
        throw .usage(
          "the trace marks no passes and records no sizes of attention; give --phase and --batch, and --prompt or --context"
        )
      }
      arguments = arguments.replacing([(WorkloadOptions.phase, [phase.rawValue])])
      if passes.work != nil { facts.append(TraceFindings.Fact("phase", phase.rawValue, "the engine's mark")) }
      let own = sizes.phase == phase ? sizes : TraceSizes()
      use("batch", WorkloadOptions.batch, own.batch)
      switch phase {
      case .prefill:
        use("prompt", WorkloadOptions.prompt, own.prompt)
        use("cached prefix", WorkloadOptions.cachedPrefix, own.prefix)
      case .decode:
        // A prompt alone says how many keys there are.
        if arguments.isGiven(WorkloadOptions.prompt) { return }
        use("context", WorkloadOptions.context, own.context)
      }
      let missing: any AnyOption = phase == .prefill ? WorkloadOptions.prompt : WorkloadOptions.context
      guard arguments.isGiven(missing) else {
        throw .usage(
          "the trace does not say how many \(phase == .prefill ? "tokens a prompt has" : "keys a step attends to"); give --\(missing.name)"
        )
      }
    }

    mutating func analysis(
      _ catalog: Catalog, _ passes: TracePasses, _ trace: Trace
    ) throws(InputError) -> Analysis {
      if !arguments.isGiven(WorkloadOptions.operators) {
        arguments = arguments.replacing([(WorkloadOptions.operators, [OperatorSet.fused.rawValue])])
      }
      try useDegree(catalog, passes, trace)
      return try arguments.analysis(catalog)
    }

    /// The degree of tensor parallelism: as the recorded products' sizes have it, else as many as there are processes.
    private mutating func useDegree(
      _ catalog: Catalog, _ passes: TracePasses, _ trace: Trace
    ) throws(InputError) {
      let phases = try arguments.phases()
      let scenario = try arguments.replacing([(WorkloadOptions.tensorParallel, nil)]).scenarioOfOne(catalog, phases)
      let model = scenario.configuration.model
      let rows = model.legalTensorParallelDegrees.filter { $0 <= 128 }.map { degree in
        var workload = scenario.workload
        workload.tensorParallel = degree
        var separate = workload
        separate.operatorSet = .separate
        let step = DecoderStep(phases[0], workload)
        let own: [NamedOperator<Count>] = step.rows(of: model)
        let others: [NamedOperator<Count>] = DecoderStep(phases[0], separate).rows(of: model)
        return (degree: degree, rows: own + others)
      }
      let bySizes = passes.tensorParallel(trace, rows)
      let processes = trace.worldSize.map { "\($0) processes" }
      var fact: TraceSizes.Fact?
      if let bySizes {
        let beside = bySizes == trace.worldSize ? ", and as many processes" : processes.map { " of \($0)" } ?? ""
        fact = TraceSizes.Fact(bySizes, "recorded sizes of products\(beside)")
      } else if let size = trace.worldSize {
        if model.isLegal(tensorParallel: size) {
          fact = TraceSizes.Fact(size, size == 1 ? "the run is one process" : "the run's \(size) processes")
        } else {
          remarks.append("the run's \(size) processes are no tensor-parallel degree of the model; --tp states one")
        }
      }
      use("tp", WorkloadOptions.tensorParallel, fact)
      if fact == nil, !arguments.isGiven(WorkloadOptions.tensorParallel) {
        facts.append(TraceFindings.Fact("tp", "1", "nothing in the trace says another; --tp does"))
      }
    }
  }
}

extension ParsedArguments {
  /// The model and workload of a run on one GPU.
  fileprivate func scenarioOfOne(_ catalog: Catalog, _ phases: [Phase]) throws(InputError) -> Scenario {
    try replacing([(WorkloadOptions.sequenceParallel, nil), (WorkloadOptions.expertParallel, nil)])
      .scenario(catalog, phases: phases)
  }
}
