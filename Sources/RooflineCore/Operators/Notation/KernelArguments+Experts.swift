/// Operators of mixtures of experts out of the columns of a measurement file.
extension KernelArguments {
  /// `m` token–expert pairs; without `rows`, each token stands in x once; without `touched`, as many experts as so many tokens are
  /// expected to touch; without `busiest`, the pairs of the expert that has most, as many as come about where each token chooses
  /// for itself.
  func groupedGEMM<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> GroupedGEMM<Scalar> {
    let pairs = try number("m", default: nil)
    let experts = try number("experts", default: nil)
    let chosen = try number("top_k", default: nil)
    guard chosen <= experts else { throw .usage("top_k=\(chosen) is more than experts=\(experts)") }
    let tokens = max(pairs / chosen, 1)
    guard pairs.isMultiple(of: chosen) || values["rows"] != nil && values["touched"] != nil else {
      throw .usage("m=\(pairs) token–expert pairs are no multiple of top_k=\(chosen); then rows and touched are needed")
    }
    let rows = try number("rows", default: tokens)
    let expected = try given("touched").map { Double($0) }
    guard expected.map({ $0 <= Double(experts) }) != false else {
      throw .usage("touched=\(values["touched"] ?? "") is more than experts=\(experts)")
    }
    let most = try given("busiest")
    if let most {
      let touched = max(
        (expected ?? ExpertLoad.distinctExperts(experts, chosen: chosen, tokens: Double(tokens))).rounded(), 1)
      let least = (Double(pairs) / touched).rounded(.up)
      let limit = min(Double(rows), Double(pairs) - touched + 1)
      guard (least...max(least, limit)).contains(Double(most)) else {
        throw .usage(
          "busiest=\(most) cannot be: of m=\(pairs) pairs of \(UInt64(touched)) experts and rows=\(rows) one has \(UInt64(least)) to \(UInt64(max(least, limit)))"
        )
      }
    }
    return GroupedGEMM(
      m: .input(.gemmM, pairs), n: try input(.gemmN, "n"), k: try input(.gemmK, "k"), inputRows: .input(.rows, rows),
      experts: ExpertSet(
        held: .input(.experts, experts), chosen: .input(.chosenExperts, chosen),
        expected: expected ?? ExpertLoad.distinctExperts(experts, chosen: chosen, tokens: Double(tokens)),
        most: most.map { Double($0) }),
      hasBias: try flag("bias", default: false), formats: formats)
  }

  /// With `sinks`, so many heads have a logit of their own.
  func softmax<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> Softmax<Scalar> {
    let sinks = try given("sinks")
    if let sinks, let rows = try given("rows"), !rows.isMultiple(of: sinks) {
      throw .usage("rows=\(rows) is no multiple of sinks=\(sinks): each head has a sink, and as many rows as any other")
    }
    return Softmax(
      elements: try elements(), width: try input(.width, "width"), sinks: sinks.map { .input(.heads, $0) },
      formats: formats)
  }

  /// Each row to `remote` other ranks, or to all of them.
  func allToAll<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> AllToAll<Scalar> {
    let ranks = try number("ranks", default: nil)
    guard ranks > 1 else { throw .usage("an exchange needs ranks=2 or more") }
    let remote = try number("remote", default: ranks - 1)
    guard remote < ranks else { throw .usage("remote=\(remote) is not below ranks=\(ranks)") }
    return AllToAll(
      rows: try input(.rows, "rows"), width: try input(.width, "width"), ranks: .input(.expertParallel, ranks),
      remoteRanks: Double(remote), format: formats.activationFormat)
  }

  /// Without `distribution`, each token goes to experts of its own choice.
  func expertLayer<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> ExpertLayer<Scalar> {
    let experts = try number("experts", default: nil)
    let chosen = try number("top_k", default: nil)
    let (columns, ranks) = (try number("tp", default: 1), try number("ep", default: 1))
    let intermediate = try number("intermediate", default: nil)
    guard chosen <= experts else { throw .usage("top_k=\(chosen) is more than experts=\(experts)") }
    guard intermediate.isMultiple(of: columns) else {
      throw .usage("tp=\(columns) does not divide intermediate=\(intermediate)")
    }
    guard experts.isMultiple(of: ranks) else { throw .usage("ep=\(ranks) does not divide experts=\(experts)") }
    guard experts <= ExpertLoad.mostExperts else {
      throw .usage("experts=\(experts) is more than \(ExpertLoad.mostExperts)")
    }
    let distribution = values["distribution"] ?? "uniform"
    guard let load = ExpertLoad(distribution: distribution) else {
      throw .usage("distribution=\(distribution) is none of uniform, balanced and power1.2 with any exponent")
    }
    return ExpertLayer(
      tokens: try input(.rows, "tokens"), hidden: try input(.hidden, "hidden"),
      intermediate: .input(.expertWidth, intermediate), experts: experts, chosen: chosen, tensorParallel: columns,
      expertParallel: ranks, load: load, isGated: try flag("gated", default: true),
      isTuned: try flag("tuned", default: true), formats: formats)
  }

  func route<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> Route<Scalar> {
    var scoring: Route<Scalar>.Scoring?
    for (column, kind) in [
      ("of_chosen", Route<Scalar>.Scoring.softmaxOfChosen), ("sigmoid", .sigmoid), ("sqrt_softplus", .sqrtSoftplus),
    ] where try flag(column, default: false) {
      guard scoring == nil else { throw .usage("of of_chosen, sigmoid and sqrt_softplus only one can be set") }
      scoring = kind
    }
    let experts = try number("experts", default: nil)
    let chosen = try number("top_k", default: nil)
    guard chosen <= experts else { throw .usage("top_k=\(chosen) is more than experts=\(experts)") }
    return Route(
      rows: try input(.rows, "rows"), experts: .input(.experts, experts), chosen: .input(.chosenExperts, chosen),
      scoring: scoring ?? .softmax, hasCorrection: try flag("bias", default: false),
      weighting: .init(
        renormalises: try flag("renormalise", default: false), scales: try flag("scale", default: false)),
      hasExpertScales: try flag("expert_scales", default: false),
      formats: formats)
  }

  func expertCombine<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> ExpertCombine<Scalar> {
    ExpertCombine(
      pairs: .input(.gemmM, try number("pairs", default: nil)), rows: try input(.rows, "rows"),
      width: try input(.width, "width"), isWeighted: try flag("weighted", default: true), formats: formats)
  }

  func expertScale<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> ExpertScale<Scalar> {
    ExpertScale(
      pairs: .input(.gemmM, try number("pairs", default: nil)), rows: try input(.rows, "rows"),
      width: try input(.width, "width"), formats: formats)
  }
}
