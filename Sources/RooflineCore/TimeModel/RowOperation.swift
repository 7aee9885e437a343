/// The operators that work row by row and have a time model. Any other has none: nothing here answers for strangers.
public enum RowOperation: Hashable, Sendable, CaseIterable {
  case rmsNorm, layerNorm, addRMSNorm, siluAndMul, gelu, residualAdd, rotary, embedding, softmax

  /// - Returns: nil for an operator that no row kernel's model describes.
  public init?(_ kind: OperatorKind) {
    switch kind {
    case .rmsNorm: self = .rmsNorm
    case .layerNorm: self = .layerNorm
    case .addRMSNorm: self = .addRMSNorm
    case .siluAndMul: self = .siluAndMul
    case .gelu: self = .gelu
    case .residualAdd: self = .residualAdd
    case .rotary: self = .rotary
    case .embedding: self = .embedding
    case .softmax: self = .softmax
    case .gemm, .linearGelu, .linearRelu, .qkMatmul, .svMatmul, .attention, .allReduce, .allGather, .reduceScatter,
      .send, .addLayerNorm, .relu, .positionEmbedding, .keyValueCacheWrite, .gemmInputGradient, .gemmWeightGradient,
      .biasGradient, .queryGradient, .keyGradient, .softmaxGradient, .probabilityGradient, .valueGradient,
      .attentionGradient, .rmsNormInputGradient, .rmsNormWeightGradient, .siluAndMulGradient, .embeddingGradient,
      .geluAndMul, .softcap, .scale, .expertScale, .batchedGEMM, .indexScores, .indexSelection, .indexRotation,
      .groupedGEMM, .route,
      .expertCombine, .sigmoidGate, .clampedSwiGLU, .squaredRelu:
      return nil
    case .causalConvolution, .l2Norm, .gatedRMSNorm, .silu, .softplus, .deltaGates, .deltaRule, .stateSpaceScan,
      .selectiveScan, .lightningAttention, .bankMix, .situAndMul:
      return nil
    }
  }

  public var kind: OperatorKind {
    switch self {
    case .rmsNorm: .rmsNorm
    case .layerNorm: .layerNorm
    case .addRMSNorm: .addRMSNorm
    case .siluAndMul: .siluAndMul
    case .gelu: .gelu
    case .residualAdd: .residualAdd
    case .rotary: .rotary
    case .embedding: .embedding
    case .softmax: .softmax
    }
  }
}
