import RooflineCore
import RooflineTimeModels

/// Rows of latent, linear and sparse attention.
extension ObservationReader {
  /// What was read of a row: its operator, or why it is passed over.
  enum Reading {
    case value(Operator<Count>)
    case skipped(String)
  }

  /// Elements of a latent key that all heads share, the turned ones, in every model that was measured.
  private static let sharedKeyDim: Count = 64
  /// Tokens that a query sees uncompressed where entries stand for the others, in every model that was measured.
  private static let compressedWindow: Count = 128

  /// `kind=mla`.
  static func latent(_ row: RowFields, _ formats: NumberFormats) throws(InputError) -> Reading {
    let name = try row.text(.op)
    switch name {
    case "bmm_k", "bmm_v":
      return .value(
        .batchedGEMM(
          BatchedGEMM(
            groups: try row.whole(.heads), m: try row.whole(.batch) * (try row.whole(.query, default: 1)),
            n: try row.whole(.valueDim), k: try row.whole(.keyDim), isTransposed: name == "bmm_k", formats: formats)))
    case "prefill", "decode":
      let (query, context) = try row.tokens()
      guard name == "prefill" || query == 1 else {
        return .skipped("no model of decode with several queries a sequence")
      }
      let (batch, heads, width) = (try row.whole(.batch), try row.whole(.heads), try row.whole(.keyDim))
      let values = try row.whole(.valueDim)
      switch try row.text(.form) {
      case KernelForm.absorbed.rawValue:
        guard values < width else { throw row.complaint("v_dim is not below qk_dim, which holds the values") }
        let shape = AttentionShape<Count>(
          batch: batch, queryTokens: query, attendedKeys: context, heads: heads, keyValueHeads: 1, headDim: width,
          valueDim: values)
        return .value(
          .attention(
            Attention(shape, mask: .causal, queries: formats.activation, valuesAreKeys: true, formats: formats)))
      case KernelForm.naive.rawValue:
        guard name == "prefill" else { return .skipped("no model of naive latent attention in decode") }
        guard width > sharedKeyDim else {
          throw row.complaint("qk_dim is not above \(sharedKeyDim.value), which all heads share")
        }
        let shape = AttentionShape<Count>(
          batch: batch, queryTokens: query, attendedKeys: context, heads: heads,
          ownDim: width.excess(over: sharedKeyDim), sharedDim: sharedKeyDim, valueDim: values)
        return .value(
          .attention(
            Attention(
              shape, mask: .causal, keyValueHome: .activation, queries: formats.activation, formats: formats)))
      case let form:
        throw row.complaint("form is \"\(ObservationFile.shortened(form))\"; expected naive or absorbed")
      }
    case _: return .skipped("no model of mla op \(ObservationFile.shortened(name))")
    }
  }

  /// `kind=linear_attention`.
  static func recurrent(_ row: RowFields, _ formats: NumberFormats) throws(InputError) -> Reading {
    let (name, phaseName) = (try row.text(.op), try row.text(.phase))
    guard phaseName != "verify" else { return .skipped("no model of verifying drafted tokens by recurrences") }
    guard let phase = Phase(rawValue: phaseName) else {
      throw row.complaint("phase is \"\(ObservationFile.shortened(phaseName))\"; expected prefill, decode or verify")
    }
    let (batch, query) = (try row.whole(.batch), try row.whole(.query, default: phase == .decode ? 1 : nil))
    guard phase == .prefill || query == 1 else {
      return .skipped("no model of decode with several queries a sequence")
    }
    let state: Recurrence<Count>.StateTraffic = phase == .decode ? .updated : .written
    switch name {
    case "gdn", "kda":
      let stateDType = row.field(.stateDType).isEmpty ? .fp32 : try row.dtype(.stateDType)
      let chunk = try row.whole(.chunk, from: 0, default: 64)
      guard phase == .decode || chunk > 0 else { throw row.complaint("chunk is 0, and a prompt runs in chunks") }
      let recurrence = Recurrence<Count>(
        batch: batch, queryTokens: query, form: phase == .decode ? .steps : .chunks(of: chunk), state: state,
        stateDType: stateDType)
      return .value(
        .deltaRule(
          DeltaRule(
            recurrence, keyHeads: try row.whole(.recurrentKeyHeads), valueHeads: try row.whole(.recurrentValueHeads),
            keyDim: try row.whole(.recurrentKeyDim), valueDim: try row.whole(.valueDim),
            decay: name == "gdn" ? .head : .channel, isFused: true, formats: formats)))
    case "gdn_conv", "kda_conv", "mamba2_conv":
      return .value(
        .causalConvolution(
          CausalConvolution(
            batch: batch, queryTokens: query, channels: try row.whole(.channels), taps: try row.whole(.width),
            hasBias: name == "mamba2_conv", isKimi: name == "kda_conv", state: state, formats: formats)))
    case _: return .skipped("no model of linear_attention op \(ObservationFile.shortened(name))")
    }
  }

  /// `kind=sparse_attention`.
  static func sparse(_ row: RowFields, _ formats: NumberFormats) throws(InputError) -> Reading {
    let name = try row.text(.op)
    switch name {
    case "index_logits", "index_logits_paged", "topk", "topk_compressed": return try indexer(row, name, formats)
    case "attention", "attention_compressed":
      let (query, context) = try row.tokens()
      let shape = AttentionShape<Count>(
        batch: try row.whole(.batch), queryTokens: query, attendedKeys: context, heads: try row.whole(.heads),
        keyValueHeads: 1, headDim: try row.whole(.keyDim), valueDim: try row.whole(.valueDim))
      guard shape.valueDim <= shape.headDim else {
        throw row.complaint("v_dim is above qk_dim, which holds the values")
      }
      let mask: Attention<Count>.Mask
      if name == "attention" {
        mask = .selected(try row.whole(.topK))
      } else {
        let window = try row.whole(.window, from: 1, default: compressedWindow)
        let (ratio, kept) = (
          try row.whole(.compress, from: 0, default: 0), try row.whole(.topK, from: 0, default: 0)
        )
        mask =
          ratio <= 1
          ? .slidingWindow(window)
          : .compressed(
            window: window, tokensPerEntry: ratio, kept: kept == 0 ? nil : kept, isSingle: query == 1)
      }
      return .value(
        .attention(
          Attention(
            shape, mask: mask, queries: formats.activation, valuesAreKeys: true, hasSinks: name != "attention",
            formats: formats)))
    case _: return .skipped("no model of sparse_attention op \(ObservationFile.shortened(name))")
    }
  }

  /// Scores of an indexer, and the choice of the largest.
  private static func indexer(
    _ row: RowFields, _ name: String, _ formats: NumberFormats
  ) throws(InputError) -> Reading {
    let (query, context) = try row.tokens()
    let ratio = max(1, try row.whole(.compress, from: 0, default: 1).value)
    let batch = try row.whole(.batch)
    let keys = Count(context.value / ratio)
    guard keys > 0 else { return .skipped("no entry is complete, and nothing is scored") }
    let pairs =
      ratio == 1
      ? Attention<Count>.causalPairs(query, context)
      : Attention<Count>.entryPairs(query, context, Count(ratio), kept: nil)
    if name.hasPrefix("topk") {
      let mode = row.field(.scoreMode)
      guard mode.hasSuffix("flat") || mode.hasSuffix("top_last") else {
        throw row.complaint("score_mode is \"\(ObservationFile.shortened(mode))\"; expected flat or top_last")
      }
      return .value(
        .indexSelection(
          IndexSelection(
            batch: batch, queryTokens: query, pairs: pairs, kept: keys.minimum(try row.whole(.topK)), keys: keys,
            scoresTie: mode.hasSuffix("flat"), formats: formats)))
    }
    let scores = IndexScores<Count>(
      batch: batch, queryTokens: query, keys: keys, pairs: pairs, heads: try row.whole(.indexHeads),
      width: try row.whole(.indexDim), formats: formats)
    guard query > 1 || name == "index_logits_paged" else {
      return .skipped("scores of single queries over keys in a row, which serving does not run")
    }
    guard query == 1 || scores.seesEveryKey == (name == "index_logits") else {
      return .skipped("no model of scores of a prompt over pages of every key")
    }
    return .value(.indexScores(scores))
  }
}
