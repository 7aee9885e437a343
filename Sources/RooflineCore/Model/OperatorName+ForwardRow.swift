extension OperatorName {
  /// The row of the forward pass that this row of the backward pass belongs to; rows that have none, and forward rows, are
  /// their own.
  public var forwardRow: OperatorName {
    switch self {
    case .lmHeadDX, .lmHeadDW: .lmHead
    case .downProjDX, .downProjDW, .downProjDBias: .downProj
    case .gateUpProjDX, .gateUpProjDW, .gateUpProjDBias: .gateUpProj
    case .upProjDX, .upProjDW, .upProjDBias: .upProj
    case .gateProjDX, .gateProjDW, .gateProjDBias: .gateProj
    case .oProjDX, .oProjDW, .oProjDBias: .oProj
    case .qkvProjDX, .qkvProjDW, .qkvProjDBias: .qkvProj
    case .vProjDX, .vProjDW, .vProjDBias: .vProj
    case .kProjDX, .kProjDW, .kProjDBias: .kProj
    case .qProjDX, .qProjDW, .qProjDBias: .qProj
    case .finalNormDX, .finalNormDGamma: .finalNorm
    case .mlpAddNormDX, .mlpAddNormDGamma: .mlpAddNorm
    case .mlpNormDX, .mlpNormDGamma: .mlpNorm
    case .attnAddNormDX, .attnAddNormDGamma: .attnAddNorm
    case .attnNormDX, .attnNormDGamma: .attnNorm
    case .mlpSiluDotBackward: .mlpSiluDot
    case .mlpAddBackward: .mlpAdd
    case .attnAddBackward: .attnAdd
    case .svMatmulDP, .svMatmulDV: .svMatmul
    case .softmaxBackward: .softmax
    case .qkMatmulDQ, .qkMatmulDK: .qkMatmul
    case .attentionBackward: .attention
    case .rotaryBackward: .rotary
    case .embeddingBackward: .embedding
    case .positionEmbedding, .keyValueCacheWrite, .mlpGelu, .mlpRelu, .upProjGelu, .upProjRelu, .embedding,
      .embeddingAllReduce, .embeddingReduceScatter, .attnNorm, .attnAllGather, .qProj, .kProj, .vProj,
      .qkvProj, .rotary, .qkMatmul, .softmax, .svMatmul, .attention, .oProj, .attnAllReduce, .attnReduceScatter,
      .attnAdd, .attnAddNorm, .mlpNorm, .mlpAllGather, .gateProj, .upProj, .gateUpProj, .mlpSiluDot, .downProj,
      .mlpAllReduce, .mlpReduceScatter, .mlpAdd, .mlpAddNorm, .stageTransfer, .finalNorm, .finalAllGather, .lmHead,
      .logitsAllGather, .kProjDXAdd, .vProjDXAdd, .upProjDXAdd, .finalGradAllReduce, .finalGradReduceScatter,
      .mlpGradAllReduce, .mlpGradReduceScatter, .attnGradAllReduce, .attnGradReduceScatter, .mlpGradAllGather,
      .attnGradAllGather, .embeddingGradAllGather, .keyValueGradAllReduce, .normGradAllReduce:
      self
    }
  }
}
