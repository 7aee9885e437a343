import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineReport
import RooflineServing
import RooflineTraces

/// The arguments, with what the trace says where they say nothing.
struct TraceRun {
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

extension ParsedArguments {
  /// The model and workload of a run on one GPU.
  fileprivate func scenarioOfOne(_ catalog: Catalog, _ phases: [Phase]) throws(InputError) -> Scenario {
    try replacing([(WorkloadOptions.sequenceParallel, nil), (WorkloadOptions.expertParallel, nil)])
      .scenario(catalog, phases: phases)
  }
}
