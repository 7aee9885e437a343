import RooflineCore
import RooflineTimeModels

/// The columns by which measured files give the size of a row kernel, or of a collective.
struct RowColumns {
  var rows: Count = 0
  var width: Count = 0
  /// Of rotary: 0 where they are not known.
  var heads: Count = 0
  var keyValueHeads: Count = 0
  var headDim: Count = 0
  var ranks: Count = 0
  var bytes: Count = 0

  private var knowsHeads: Bool { heads > 0 && headDim > 0 }

  /// Whether rotary's width is that of its heads.
  func isConsistent(_ kind: OperatorKind) -> Bool {
    kind != .rotary || !knowsHeads || width == (heads + keyValueHeads) * headDim
  }

  /// The operator of a kind; nil for one of which no row kernel and no collective is.
  func value(of kind: OperatorKind, _ formats: NumberFormats) -> Operator<Count>? {
    switch kind {
    case .rmsNorm: .rmsNorm(RMSNorm(rows: rows, width: width, formats: formats))
    case .layerNorm: .layerNorm(LayerNorm(rows: rows, width: width, formats: formats))
    case .addRMSNorm: .addRMSNorm(AddRMSNorm(rows: rows, width: width, formats: formats))
    case .siluAndMul: .gatedActivation(GatedActivation(.silu, rows: rows, width: width, formats: formats))
    case .gelu: .gelu(Gelu(elements: rows * width, formats: formats))
    case .residualAdd: .residualAdd(ResidualAdd(elements: rows * width, formats: formats))
    case .softmax: .softmax(Softmax(elements: rows * width, width: width, formats: formats))
    case .embedding: .embedding(Embedding(tokens: rows, ownRows: rows, width: width, formats: formats))
    case .quantize: .quantize(Quantize(rows: rows, width: width, formats: formats))
    case .rotary: .rotary(Rotary(rotaryShape, keySource: .keyValueCache, formats: formats))
    case .allReduce: .collective(Collective(.allReduce, ranks: ranks, message: bytes))
    case .allGather: .collective(Collective(.allGather, ranks: ranks, message: bytes))
    case .reduceScatter: .collective(Collective(.reduceScatter, ranks: ranks, message: bytes))
    case .gemm, .linearGelu, .linearRelu, .qkMatmul, .svMatmul, .attention, .send, .addLayerNorm, .relu,
      .positionEmbedding, .keyValueCacheWrite, .gemmInputGradient, .gemmWeightGradient, .biasGradient, .queryGradient,
      .keyGradient, .softmaxGradient, .probabilityGradient, .valueGradient, .attentionGradient, .rmsNormInputGradient,
      .rmsNormWeightGradient, .siluAndMulGradient, .embeddingGradient, .geluAndMul, .softcap, .scale, .groupedGEMM,
      .route, .expertCombine, .sigmoidGate, .clampedSwiGLU, .squaredRelu, .expertScale, .allToAll, .causalConvolution,
      .l2Norm, .gatedRMSNorm, .silu, .softplus, .deltaGates, .deltaRule, .stateSpaceScan, .selectiveScan,
      .lightningAttention, .bankMix, .situAndMul, .batchedGEMM, .indexScores, .indexSelection, .indexRotation,
      .compression, .hyperCollapse, .hyperExpand, .hyperHead, .groupedGEMMInputGradient, .groupedGEMMWeightGradient,
      .batchedGEMMInputGradient, .batchedGEMMWeightGradient, .compressionGradient, .hyperCollapseGradient,
      .hyperExpandGradient,
      .hyperHeadGradient, .expertCombineGradient, .routeGradient, .expertScaleGradient, .geluAndMulGradient,
      .clampedSwiGLUGradient,
      .softcapGradient, .layerNormInputGradient, .layerNormWeightGradient, .geluGradient, .reluGradient,
      .squaredReluGradient, .positionEmbeddingGradient,
      .causalConvolutionGradient, .gatedRMSNormGradient, .siluGradient, .softplusGradient, .stateSpaceScanGradient,
      .selectiveScanGradient, .lightningAttentionGradient, .scaledAddGradient,
      .l2NormGradient, .deltaGatesGradient, .deltaRuleGradient, .bankMixGradient, .situAndMulGradient,
      .sigmoidGateGradient, .expertLayer:
      nil
    }
  }

  /// Without heads, as if keys were as wide as queries, of one head each, and every row a sequence of its own: the table is shared.
  private var rotaryShape: AttentionShape<Count> {
    guard knowsHeads else {
      return AttentionShape(
        batch: rows, queryTokens: 1, attendedKeys: 1, heads: 1, keyValueHeads: 1,
        headDim: width.divided(exactlyBy: 2))
    }
    return AttentionShape(
      batch: 1, queryTokens: rows, attendedKeys: rows, heads: heads, keyValueHeads: keyValueHeads, headDim: headDim)
  }
}

extension OperatorKind {
  /// The kind of kernels that a row kernel's or a collective's operator is of; nil for all others, and where no time model describes it.
  var timedKind: KernelKind? {
    RowColumns(rows: 1, width: 2, ranks: 2, bytes: 2).value(of: self, NumberFormats(.bf16))?.timeModel?.kind
  }
}
