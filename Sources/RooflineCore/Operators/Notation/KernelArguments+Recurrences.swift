/// Kernels of recurrent mixers: their columns, and what they are.
extension KernelArguments {
  /// The columns of a kind; none of a kind of another sort.
  static func recurrentColumns(of kind: OperatorKind) -> [String] {
    switch kind {
    case .causalConvolution: ["batch", "query", "channels", "width", "bias", "kda", "past"]
    case .gatedRMSNorm: ["rows", "width", "weights", "sigmoid"]
    case .softplus: ["rows", "width", "bias"]
    case .l2Norm, .silu, .l2NormGradient: ["rows", "width"]
    case .deltaGates, .deltaGatesGradient: ["rows", "heads", "width"]
    case .deltaRuleGradient:
      ["batch", "query", "k_heads", "v_heads", "k_dim", "v_dim", "chunk", "channel_gates", "fused"]
    case .deltaRule:
      [
        "batch", "query", "k_heads", "v_heads", "k_dim", "v_dim", "chunk", "channel_gates", "fused", "past",
        "state_bits",
      ]
    case .stateSpaceScan:
      ["batch", "query", "heads", "head_dim", "groups", "state", "chunk", "fused", "past", "state_bits"]
    case .selectiveScan: ["batch", "query", "channels", "state", "past", "state_bits"]
    case .lightningAttention: ["batch", "query", "heads", "head_dim", "chunk", "past", "state_bits"]
    case .bankMix, .bankMixGradient: ["rows", "width", "snapshot"]
    default: recurrentGradientColumns(of: kind)
    }
  }

  func recurrent<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> Operator<Scalar> {
    switch kind {
    case .causalConvolution: return .causalConvolution(try convolution(formats))
    case .gatedRMSNorm: return .gatedRMSNorm(try gatedNorm(formats))
    case .softplus:
      return .softplus(
        Softplus(
          rows: try input(.rows, "rows"), width: try input(.width, "width"),
          hasBias: try flag("bias", default: false), formats: formats))
    case .l2Norm:
      return .l2Norm(L2Norm(rows: try input(.rows, "rows"), width: try input(.width, "width"), formats: formats))
    case .silu: return .silu(Silu(elements: try elements(), formats: formats))
    case .l2NormGradient:
      return .l2NormGradient(
        L2NormGradient(rows: try input(.rows, "rows"), width: try input(.width, "width"), formats: formats))
    case .deltaGates: return .deltaGates(try deltaGates(formats))
    case .deltaGatesGradient: return .deltaGatesGradient(DeltaGatesGradient(try deltaGates(formats)))
    case .deltaRule: return .deltaRule(try deltaRule(formats))
    case .deltaRuleGradient:
      guard let gradient = DeltaRuleGradient<Scalar>(try deltaRule(formats)) else {
        throw .usage("a delta rule's gradient goes by chunks: say of how many tokens, e.g. chunk=64")
      }
      return .deltaRuleGradient(gradient)
    case .stateSpaceScan: return .stateSpaceScan(try stateSpaceScan(formats))
    case .selectiveScan: return .selectiveScan(try selectiveScan(formats))
    case .lightningAttention: return .lightningAttention(try lightningAttention(formats))
    case .bankMix:
      return .bankMix(
        BankMix(
          try mixed(), rows: try input(.rows, "rows"), width: try input(.width, "width"), formats: formats))
    case .bankMixGradient:
      return .bankMixGradient(
        BankMixGradient(
          try mixed(), rows: try input(.rows, "rows"), width: try input(.width, "width"), formats: formats))
    default: return try recurrentGradient(formats)
    }
  }

  func convolution<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> CausalConvolution<Scalar> {
    CausalConvolution(
      batch: .input(.batch, try number("batch", default: 1)), queryTokens: try input(.queryTokens, "query"),
      channels: try input(.channels, "channels"), taps: try input(.taps, "width"),
      hasBias: try flag("bias", default: false), isKimi: try flag("kda", default: false), state: try stateTraffic(),
      formats: formats)
  }

  func gatedNorm<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> GatedRMSNorm<Scalar> {
    let width = try number("width", default: nil)
    return GatedRMSNorm(
      rows: try input(.rows, "rows"), width: .input(.width, width),
      weightElements: .input(.width, try number("weights", default: width)),
      gate: try flag("sigmoid", default: false) ? .sigmoid : .silu, formats: formats)
  }

  func stateSpaceScan<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> StateSpaceScan<Scalar> {
    StateSpaceScan(
      try recurrence(), heads: try input(.stateHeads, "heads"), headDim: try input(.stateHeadDim, "head_dim"),
      groups: try input(.stateGroups, "groups"), stateSize: try input(.stateSize, "state"),
      isFused: try flag("fused", default: false), formats: formats)
  }

  func selectiveScan<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> SelectiveScan<Scalar> {
    SelectiveScan(
      batch: .input(.batch, try number("batch", default: 1)), queryTokens: try input(.queryTokens, "query"),
      channels: try input(.innerWidth, "channels"), stateSize: try input(.stateSize, "state"),
      state: try stateTraffic(), stateDType: try stateDType(), formats: formats)
  }

  func lightningAttention<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> LightningAttention<Scalar> {
    LightningAttention(
      try recurrence(), heads: try input(.heads, "heads"), headDim: try input(.headDim, "head_dim"), formats: formats)
  }

  private func deltaGates<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> DeltaGates<Scalar> {
    DeltaGates(
      tokens: try input(.rows, "rows"), heads: try input(.linearValueHeads, "heads"),
      channels: .input(.linearKeyDim, try number("width", default: 1)), formats: formats)
  }

  private func deltaRule<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> DeltaRule<Scalar> {
    DeltaRule(
      try recurrence(), keyHeads: try input(.linearKeyHeads, "k_heads"),
      valueHeads: try input(.linearValueHeads, "v_heads"), keyDim: try input(.linearKeyDim, "k_dim"),
      valueDim: try input(.valueDim, "v_dim"), decay: try flag("channel_gates", default: false) ? .channel : .head,
      isFused: try flag("fused", default: false), formats: formats)
  }

  private func mixed<Scalar: Term>() throws(InputError) -> BankMix<Scalar>.Part {
    try flag("snapshot", default: false) ? .snapshot : .stream
  }

  /// Without `chunk` it goes token after token.
  private func recurrence<Scalar: Term>() throws(InputError) -> Recurrence<Scalar> {
    Recurrence(
      batch: .input(.batch, try number("batch", default: 1)), queryTokens: try input(.queryTokens, "query"),
      form: values["chunk"] == nil ? .steps : .chunks(of: try input(.scanChunk, "chunk")), state: try stateTraffic(),
      stateDType: try stateDType())
  }

  /// `past=1`: tokens came before, whose state is read.
  private func stateTraffic<Scalar: Term>() throws(InputError) -> Recurrence<Scalar>.StateTraffic {
    try flag("past", default: false) ? .updated : .written
  }

  private func stateDType() throws(InputError) -> DType {
    switch try number("state_bits", default: 32) {
    case 32: return .fp32
    case 16: return .bf16
    case let bits: throw .usage("state_bits=\(bits) is neither 32 nor 16")
    }
  }
}

extension KernelColumns {
  /// The columns of a recurrent mixer's operator; nil of another one, and of a state that is dropped, which only a training step has.
  static func recurrent(_ value: Operator<Count>) -> KernelColumns? {
    switch value {
    case .causalConvolution(let conv):
      guard conv.state != .dropped else { return nil }
      return KernelColumns(
        .causalConvolution,
        [
          Column("batch", conv.batch), Column("query", conv.queryTokens), Column("channels", conv.channels),
          Column("width", conv.taps),
        ] + flags(("bias", conv.hasBias), ("kda", conv.isKimi), ("past", conv.state == .updated)))
    case .l2Norm(let norm): return KernelColumns(.l2Norm, rows(norm.rows, norm.width))
    case .gatedRMSNorm(let norm):
      let weights = norm.weightElements == norm.width ? [] : [Column("weights", norm.weightElements)]
      return KernelColumns(
        .gatedRMSNorm, rows(norm.rows, norm.width) + weights + flags(("sigmoid", norm.gate == .sigmoid)))
    case .silu(let silu): return KernelColumns(.silu, rows(1, silu.elements))
    case .softplus(let plus):
      return KernelColumns(.softplus, rows(plus.rows, plus.width) + flags(("bias", plus.hasBias)))
    case .deltaGates(let gates):
      return KernelColumns(
        .deltaGates,
        [Column("rows", gates.tokens), Column("heads", gates.heads), Column("width", gates.channels)])
    case .deltaRule(let rule):
      guard rule.recurrence.state != .dropped else { return nil }
      return KernelColumns(
        .deltaRule,
        tokens(rule.recurrence) + [
          Column("k_heads", rule.keyHeads), Column("v_heads", rule.valueHeads), Column("k_dim", rule.keyDim),
          Column("v_dim", rule.valueDim),
        ] + form(rule.recurrence) + flags(("channel_gates", rule.decay == .channel), ("fused", rule.isFused))
          + state(rule.recurrence.state, rule.recurrence.stateDType))
    case .stateSpaceScan(let scan):
      guard scan.recurrence.state != .dropped else { return nil }
      return KernelColumns(
        .stateSpaceScan,
        tokens(scan.recurrence) + [
          Column("heads", scan.heads), Column("head_dim", scan.headDim), Column("groups", scan.groups),
          Column("state", scan.stateSize),
        ] + form(scan.recurrence) + flags(("fused", scan.isFused))
          + state(scan.recurrence.state, scan.recurrence.stateDType))
    case .selectiveScan(let scan):
      guard scan.state != .dropped else { return nil }
      return KernelColumns(
        .selectiveScan,
        [
          Column("batch", scan.batch), Column("query", scan.queryTokens), Column("channels", scan.channels),
          Column("state", scan.stateSize),
        ] + state(scan.state, scan.stateDType))
    case .lightningAttention(let attention):
      guard attention.recurrence.state != .dropped else { return nil }
      return KernelColumns(
        .lightningAttention,
        tokens(attention.recurrence) + [Column("heads", attention.heads), Column("head_dim", attention.headDim)]
          + form(attention.recurrence) + state(attention.recurrence.state, attention.recurrence.stateDType))
    case .bankMix(let mix):
      return KernelColumns(.bankMix, rows(mix.rows, mix.width) + flags(("snapshot", mix.part == .snapshot)))
    default: return nil
    }
  }

  private static func tokens(_ recurrence: Recurrence<Count>) -> [Column] {
    [Column("batch", recurrence.batch), Column("query", recurrence.queryTokens)]
  }

  private static func form(_ recurrence: Recurrence<Count>) -> [Column] {
    switch recurrence.form {
    case .steps: []
    case .chunks(let size): [Column("chunk", size)]
    }
  }

  private static func state(_ traffic: Recurrence<Count>.StateTraffic, _ dtype: DType) -> [Column] {
    flags(("past", traffic == .updated)) + (dtype.bits == 32 ? [] : [Column("state_bits", Count(dtype.bits))])
  }

  private static func flags(_ flags: (String, Bool)...) -> [Column] {
    flags.compactMap { $0.1 ? Column($0.0, 1) : nil }
  }
}
