import RooflineAnalysis
import RooflineCore
import RooflineReport
import RooflineServing
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
    var run = TraceRun(arguments: arguments)
    try run.use(gpu(trace, passes), trace: trace)
    var mixed: MixedPass?
    if let sizes = MixedSizes(passes) {
      mixed = try run.use(sizes)
    } else {
      try run.use(TraceSizes(passes, trace), passes, wanted: wanted)
    }
    let analysis = try run.analysis(catalog, passes, trace)
    guard let phase = analysis.phases.first,
      let prediction = try mixed.map({ pass throws(InputError) in try prediction(analysis, pass) })
        ?? TracePrediction(analysis)
    else { throw .usage("no pass is left to import; leave --phase out") }
    var separate = analysis.workload
    separate.operatorSet = .separate
    let rows: [NamedOperator<Count>] = DecoderStep(phase.step.phase, separate).rows(of: analysis.configuration.model)
    let matcher = KernelMatcher(
      table, rows: prediction.rows.map(\.first.row), model: analysis.configuration.model, separate: rows)
    let match = matcher.match(trace, passes: passes.passes)
    return TraceFindings(
      trace, passes, match, prediction, facts: run.facts, remarks: run.remarks + TraceImport.remarks(match))
  }

  /// Of prompts and sequences in one pass.
  private func prediction(_ analysis: Analysis, _ pass: MixedPass) throws(InputError) -> TracePrediction? {
    let degrees = analysis.workload.parallelism
    guard degrees.pipeline == 1, !degrees.isAttentionDataParallel else {
      throw .usage(
        "its passes mix prompts and sequences, which have no roofs in stages of --pp or under --dp-attention; leave them out"
      )
    }
    let plain = try Analysis(
      configuration: analysis.configuration, hardware: analysis.hardware, workload: analysis.workload,
      phases: analysis.phases.map(\.step.phase), options: analysis.options)
    let prediction = TracePrediction(analysis, plain: plain, pass)
    for row in prediction?.rows ?? [] where row.parts.contains(where: \.cost.isOverflow) {
      throw .overflow(what: "\(row.name.rawValue) (a mixed pass)")
    }
    return prediction
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
}
