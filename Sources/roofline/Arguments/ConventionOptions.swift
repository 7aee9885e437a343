import RooflineConventions
import RooflineCore
import RooflineDeployment

/// The options about the owner's notes.
enum ConventionOptions {
  static let convention = Option(
    "convention", "NAME",
    "\(Convention.allCases.map(\.rawValue).joined(separator: ", ")): count as a note does (exact)"
  ) { text throws(InputError) in try Convention(named: text) }

  /// Options that mean something to a note; any other is refused.
  static let known: [any AnyOption] =
    [
      WorkloadOptions.model, WorkloadOptions.hardware, WorkloadOptions.set, WorkloadOptions.strict,
      WorkloadOptions.tensorParallel, WorkloadOptions.batch, WorkloadOptions.prompt, WorkloadOptions.operators,
      WorkloadOptions.phase, WorkloadOptions.generate,
    ] + WorkloadOptions.formats + [
      WorkloadOptions.efficiency, WorkloadOptions.computeEfficiency, WorkloadOptions.memoryEfficiency,
      WorkloadOptions.peak, WorkloadOptions.bandwidth,
    ] + WorkloadOptions.output
}

extension Convention {
  /// Options of rates and formats, which change nothing where a note knows neither.
  fileprivate var idleOptions: [any AnyOption] {
    switch self {
    case .exact, .llmCounts: []
    case .notes003:
      [
        WorkloadOptions.efficiency, WorkloadOptions.computeEfficiency, WorkloadOptions.memoryEfficiency,
        WorkloadOptions.peak, WorkloadOptions.bandwidth,
      ] + WorkloadOptions.formats
    }
  }
}

extension ParsedArguments {
  func convention() throws(InputError) -> Convention {
    try value(of: ConventionOptions.convention) ?? .exact
  }

  /// For standard error: options that are right for the program and change nothing in a note.
  func idleWarnings(_ convention: Convention) -> String {
    let idle = convention.idleOptions.filter(isGiven).map { "--\($0.name)" }
    guard !idle.isEmpty else { return "" }
    return
      "roofline: warning: \(convention.rawValue) counts FLOPs and elements and knows no rates and no formats: \(idle.joined(separator: ", ")) changes nothing\n"
  }

  /// The inputs of a note: nothing that it does not know, and what it needs beside the options of every analysis.
  ///
  /// Note 000 has S + G keys in a decode step. Note 003 has one length, the prompt's.
  ///
  /// - Parameter own: options of the command that are about the note itself.
  func conventionScenario(
    _ convention: Convention, _ catalog: Catalog, and own: [any AnyOption]
  ) throws(InputError) -> (scenario: Scenario, phases: [Phase], generated: UInt64) {
    let name = convention.rawValue
    let known = (ConventionOptions.known + own).map(\.name).filter {
      convention == .llmCounts || $0 != WorkloadOptions.generate.name
    }
    if let option = given.first(where: { !known.contains($0.name) }) {
      throw .usage("--\(option.name) means nothing to \(name); leave it out")
    }
    let wanted = try self.phases()
    let phases = convention.phases.filter(wanted.contains)
    let tokens = try value(of: WorkloadOptions.generate)
    if convention == .llmCounts, phases.contains(.decode), tokens == nil {
      throw .usage("--generate is missing; \(name) reads prompt + generated keys in decode, e.g. --generate 1024")
    }
    guard isGiven(WorkloadOptions.prompt) else {
      throw .usage("--prompt is missing; give the prompt's length in tokens, e.g. --prompt 1024")
    }
    let scenario = try scenario(catalog, phases: phases)
    // Note 003 has a plain MLP's formulas beside the gated one's, note 000 has not.
    let dimensions = DenseDimensions(scenario.configuration.model)
    guard convention == .notes003 || dimensions?.isLlamaLike == true else {
      let isGated = dimensions?.gatedMLP != nil && scenario.configuration.model.norm == .rms
      throw .usage(
        "\(name) knows \(isGated ? "Llama's layers only, without windows, norms of heads, caps and gates" : "gated MLPs with RMSNorm only"), not \(scenario.configuration.architecture)"
      )
    }
    return (scenario, phases, tokens ?? 0)
  }
}
