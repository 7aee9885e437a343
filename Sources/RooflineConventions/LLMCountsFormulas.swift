import RooflineCore

/// The formulas of note 000, in its own count or in letters, before its division by TP.
///
/// The last 2 of a byte count is the size of an element. The attention, norm, activation and addition rows of a decode step are in
/// the note ⌊prefill / prompt⌋ term by term; ⌊⌊aS/t⌋/S⌋ = ⌊a/t⌋, so that here no S stands for it. Where the note has H for the
/// width of all heads and a model's h·d is not H, h·d is taken.
package struct LLMCountsFormulas<Scalar: Term>: Sendable {
  let batch, length, generated, hidden, heads, keyValueHeads, headDim, intermediate: Scalar

  package init(_ inputs: ConventionInputs) {
    batch = .input(.batch, inputs.batch.value)
    length = .input(.noteLength, inputs.prompt.value)
    generated = .input(.noteGenerated, inputs.generated.value)
    hidden = .input(.hidden, inputs.model.hiddenSize)
    heads = .input(.heads, inputs.model.numAttentionHeads)
    keyValueHeads = .input(.keyValueHeads, inputs.model.numKeyValueHeads)
    headDim = .input(.headDim, inputs.model.headDim)
    intermediate = .input(.intermediate, inputs.noteIntermediate.value)
  }

  /// One row's primitive columns before they are divided.
  package struct Terms: Sendable {
    var flops: Scalar = 0
    var loadWeight: Scalar = 0
    var loadActivation: Scalar = 0
    var storeActivation: Scalar = 0
    var loadKVCache: Scalar = 0
    var storeKVCache: Scalar = 0

    /// Of a primitive column; the others have no formula of their own.
    package subscript(column: ConventionCell.Column) -> Scalar {
      switch column {
      case .loadWeight: loadWeight
      case .loadActivation: loadActivation
      case .storeActivation: storeActivation
      case .loadKVCache: loadKVCache
      case .storeKVCache: storeKVCache
      case .flops: flops
      case .memoryAccess, .arithmeticIntensity, .performance, .bound: 0
      }
    }
  }

  package func terms(_ phase: Phase, _ row: OperatorName) -> Terms {
    let (B, T, S): (Scalar, Scalar, Scalar) = (batch, phase == .prefill ? length : 1, length)
    let (H, I) = (hidden, intermediate)
    let (h, k, d) = (heads, keyValueHeads, headDim)
    let scores = B * h * T * S * 2
    let cached: Scalar = phase == .decode ? (S + generated) * d * B * k * 2 : 0
    switch row {
    case .qProj: return linear(B * T, from: H, to: h * d)
    case .kProj, .vProj:
      var terms = linear(B * T, from: H, to: k * d)
      (terms.storeKVCache, terms.storeActivation) = (terms.storeActivation, 0)
      return terms
    case .oProj: return linear(B * T, from: h * d, to: H)
    case .gateProj, .upProj: return linear(B * T, from: H, to: I)
    case .downProj: return linear(B * T, from: I, to: H)
    case .qkMatmul:
      return Terms(
        flops: 2 * B * T * S * h * d, loadActivation: 2 * B * T * k, storeActivation: scores, loadKVCache: cached)
    case .svMatmul:
      return Terms(
        flops: 2 * B * T * S * h * d, loadActivation: scores, storeActivation: B * T * h * d * 2, loadKVCache: cached)
    case .softmax: return Terms(flops: 3 * B * T * H, loadActivation: scores, storeActivation: scores)
    case .attnNorm, .mlpNorm:
      let stream = B * T * H * 2
      return Terms(flops: 4 * B * T * H, loadWeight: H * 2, loadActivation: stream, storeActivation: stream)
    case .mlpSiluDot:
      let two = 2 * B * T * I * 2
      return Terms(flops: 4 * B * T * I, loadActivation: two, storeActivation: two)
    default:
      let stream = B * T * H * 2
      return Terms(flops: B * T * H, loadActivation: stream, storeActivation: stream)
    }
  }

  /// A matrix product of `rows` by `from` with `from` by `to`.
  private func linear(_ rows: Scalar, from: Scalar, to: Scalar) -> Terms {
    Terms(
      flops: 2 * rows * from * to, loadWeight: from * to * 2, loadActivation: rows * from * 2,
      storeActivation: rows * to * 2)
  }
}
