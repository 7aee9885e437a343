import RooflineCore

/// The options about the owner's notes.
enum ConventionOptions {
  static let convention = Option(
    "convention", "NAME",
    "\(Convention.allCases.map(\.rawValue).joined(separator: " or ")): count as a note does (exact)")

  /// Options that mean nothing to note 000.
  static let foreign = [
    "context", "sequence-parallel", "pp", "micro-batches", "dp", "vector-peak", "special-peak", "link", "link-latency",
    "overlap", "units",
  ]
}

extension ParsedArguments {
  func convention() throws(InputError) -> Convention {
    try string("convention").map { name throws(InputError) in try Convention(named: name) } ?? .exact
  }

  /// The inputs of note 000: S + G keys in a decode step, and nothing that the note does not know.
  func conventionScenario(
    _ catalog: Catalog
  ) throws(InputError) -> (scenario: Scenario, phases: [Phase], generated: UInt64) {
    if let option = ConventionOptions.foreign.first(where: has) {
      throw .usage("--\(option) means nothing to llm-counts; leave it out")
    }
    let phases = try phases()
    let tokens = try positiveInteger("generate")
    if phases.contains(.decode), tokens == nil {
      throw .usage("--generate is missing; llm-counts reads prompt + generated keys in decode, e.g. --generate 1024")
    }
    guard has("prompt") else {
      throw .usage("--prompt is missing; give the prompt's length in tokens, e.g. --prompt 1024")
    }
    let scenario = try scenario(catalog, phases: phases)
    guard scenario.configuration.model.layout == .gated else {
      throw .usage("llm-counts knows gated MLPs with RMSNorm only, not \(scenario.configuration.architecture)")
    }
    return (scenario, phases, tokens ?? 0)
  }
}
