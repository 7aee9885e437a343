import RooflineCore
import RooflineTimeModels

/// A kernel of latent, linear or sparse attention as a calibration entry's, of given sizes.
struct MixerCall {
  var batch, query, context, heads: UInt64
  var conditions = KernelConditions(.serving)

  /// nil for an entry of another kind.
  func value(_ key: Calibration.Key) -> Operator<Count>? {
    let formats = NumberFormats(
      weight: key.dtype, activation: key.dtype, keyValueCache: key.keyValueDType ?? key.dtype, model: .bf16)
    let (batch, query, context, heads) = (Count(batch), Count(query), Count(context), Count(heads))
    func latent(keys: Count) -> AttentionShape<Count> {
      AttentionShape(
        batch: batch, queryTokens: key.phase == .decode ? 1 : query, attendedKeys: keys, heads: heads,
        keyValueHeads: 1, headDim: 576, valueDim: 512)
    }
    let pairs = Attention<Count>.causalPairs(query, context)
    switch key.kind {
    case .gemm, .attention, .row, .collective, .experts, .lowPrecisionGEMM, .vectorProduct, .allToAll: return nil
    case .mla:
      guard key.form == .naive else {
        return .attention(
          Attention(latent(keys: context), mask: .causal, queries: key.dtype, valuesAreKeys: true, formats: formats))
      }
      let shape = AttentionShape<Count>(
        batch: batch, queryTokens: query, attendedKeys: context, heads: heads, ownDim: 128, sharedDim: 64,
        valueDim: 128)
      return .attention(
        Attention(shape, mask: .causal, keyValueHome: .activation, queries: key.dtype, formats: formats))
    case .mlaProduct:
      let isKeys = key.form == .keys
      return .batchedGEMM(
        BatchedGEMM(
          groups: heads, m: batch, n: isKeys ? 512 : 128, k: isKeys ? 128 : 512, isTransposed: isKeys,
          formats: formats))
    case .linearAttention:
      let isStep = key.phase == .decode
      let recurrence = Recurrence<Count>(
        batch: batch, queryTokens: isStep ? 1 : query, form: isStep ? .steps : .chunks(of: 64),
        state: isStep ? .updated : .written, stateDType: key.keyValueDType ?? .fp32)
      return .deltaRule(
        DeltaRule(
          recurrence, keyHeads: heads, valueHeads: heads, keyDim: 128, valueDim: 128,
          decay: key.form == .kda ? .channel : .head, isFused: true, formats: formats))
    case .convolution:
      let isStep = key.phase == .decode
      return .causalConvolution(
        CausalConvolution(
          batch: batch, queryTokens: isStep ? 1 : query, channels: heads * 384, taps: 4,
          hasBias: key.form == .mamba2, isKimi: key.form == .kda, state: isStep ? .updated : .written,
          formats: formats))
    case .indexer:
      let isPaged = key.form == .paged
      let own: Count = isPaged ? 1 : query + 1
      return .indexScores(
        IndexScores(
          batch: batch, queryTokens: own, keys: context + 1,
          pairs: Attention<Count>.causalPairs(own, context + 1), heads: 64, width: 128, formats: formats))
    case .topK:
      return .indexSelection(
        IndexSelection(
          batch: batch, queryTokens: query, pairs: pairs, kept: context.minimum(2048), keys: context,
          scoresTie: key.form == .flat, formats: formats))
    case .sparseAttention:
      let isSelected = key.form == .selected
      let shape = AttentionShape<Count>(
        batch: batch, queryTokens: key.phase == .decode ? 1 : query, attendedKeys: context, heads: heads,
        keyValueHeads: 1, headDim: isSelected ? 576 : 512, valueDim: 512)
      let mask: Attention<Count>.Mask =
        isSelected
        ? .selected(2048)
        : .compressed(window: 128, tokensPerEntry: 128, kept: nil, isSingle: key.phase == .decode)
      return .attention(
        Attention(
          shape, mask: mask, queries: key.dtype, valuesAreKeys: true, hasSinks: !isSelected, formats: formats))
    }
  }
}
