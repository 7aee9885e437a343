import RooflineCore

extension KernelKind {
  /// The models of the kind; one a phase where a kind has several.
  package var models: [any CalibratedModel.Type] {
    switch self {
    case .gemm: [GEMMTimeModel.self]
    case .attention: [PrefillTimeModel.self, DecodeTimeModel.self]
    case .row: [RowTimeModel.self]
    case .collective: [CollectiveTimeModel.self]
    case .experts: [ExpertTimeModel.self]
    case .lowPrecisionGEMM: [LowPrecisionTimeModel.self]
    case .vectorProduct: [VectorProductTimeModel.self]
    case .allToAll: [AllToAllTimeModel.self]
    case .mla: [LatentPrefillTimeModel.self, LatentDecodeTimeModel.self]
    case .mlaProduct: [LatentProductTimeModel.self]
    case .linearAttention: [DeltaChunkTimeModel.self, DeltaStepTimeModel.self]
    case .convolution: [ConvolutionTimeModel.self]
    case .indexer: [IndexScoresTimeModel.self]
    case .topK: [TopKTimeModel.self]
    case .sparseAttention: [SparseAttentionTimeModel.self]
    }
  }

  /// - Returns: nil where the kind has models of phases and none is named.
  package func model(of phase: Phase?) -> (any CalibratedModel.Type)? {
    models.first { $0.phase == phase } ?? models.first { $0.phase == nil }
  }
}

extension Operator where Scalar == Count {
  /// The model of the operator's kernels; nil for an operator whose kernels nobody has described. It may still refuse one, e.g. for its
  /// formats.
  package var timeModel: (any CalibratedModel.Type)? {
    switch self {
    case .gemm(let gemm):
      VectorProductTimeModel.describes(gemm)
        ? VectorProductTimeModel.self
        : LowPrecisionTimeModel.describes(gemm) ? LowPrecisionTimeModel.self : GEMMTimeModel.self
    case .qkMatmul(let product): VectorProductTimeModel.describes(product) ? VectorProductTimeModel.self : nil
    case .svMatmul(let product): VectorProductTimeModel.describes(product) ? VectorProductTimeModel.self : nil
    case .attention(let attention): attention.timeModel
    case .rotary, .rmsNorm, .addRMSNorm, .layerNorm, .gatedActivation, .residualAdd, .gelu, .softmax, .embedding,
      .quantize:
      RowTimeModel.self
    case .collective: CollectiveTimeModel.self
    case .expertLayer: ExpertTimeModel.self
    case .allToAll: AllToAllTimeModel.self
    case .expertScale, .groupedGEMM, .route, .expertCombine, .sigmoidGate, .squaredRelu,
      .softcap, .scale, .linearGelu, .linearRelu, .send, .addLayerNorm, .relu,
      .positionEmbedding, .keyValueCacheWrite, .gemmGradient, .biasGradient, .qkMatmulGradient, .softmaxGradient,
      .svMatmulGradient, .attentionGradient, .rmsNormGradient, .gatedActivationGradient, .embeddingGradient,
      .groupedGEMMGradient, .compressionGradient, .hyperConnectionGradient,
      .expertCombineGradient, .routeGradient, .expertScaleGradient, .softcapGradient,
      .layerNormGradient, .activationGradient, .positionEmbeddingGradient,
      .l2NormGradient, .deltaGatesGradient, .deltaRuleGradient, .bankMixGradient,
      .sigmoidGateGradient,
      .causalConvolutionGradient, .gatedRMSNormGradient, .stateSpaceScanGradient, .selectiveScanGradient,
      .lightningAttentionGradient, .scaledAddGradient,
      .l2Norm, .gatedRMSNorm, .silu, .softplus, .deltaGates,
      .stateSpaceScan, .selectiveScan, .lightningAttention, .bankMix, .indexRotation, .compression, .hyperConnection:
      nil
    case .batchedGEMM: LatentProductTimeModel.self
    case .deltaRule(let rule): rule.recurrence.form == .steps ? DeltaStepTimeModel.self : DeltaChunkTimeModel.self
    case .causalConvolution: ConvolutionTimeModel.self
    case .indexScores: IndexScoresTimeModel.self
    case .indexSelection: TopKTimeModel.self
    }
  }

  /// What calibrations list the operator's kernel under; nil where no time model describes it.
  package var subject: KernelSubject? { timeModel?.subject(of: self) }

  /// nil for an operator that no time model describes.
  package var place: KernelPlace? { timeModel?.place(of: self) }

  package var regimes: [String] { timeModel?.regimes(of: self) ?? [] }
}

extension Attention where Scalar == Count {
  /// The model of its kernels, by what it attends to.
  fileprivate var timeModel: any CalibratedModel.Type {
    if sparseForm != nil { return SparseAttentionTimeModel.self }
    switch latentForm {
    case .naive: return LatentPrefillTimeModel.self
    case .absorbed: return isDecodeStep ? LatentDecodeTimeModel.self : LatentPrefillTimeModel.self
    case _: return isDecodeStep ? DecodeTimeModel.self : PrefillTimeModel.self
    }
  }
}

extension KernelKey {
  /// The key under which a measurement is fitted, by default; nil for an operator that no time model describes.
  package init?(_ value: Operator<Count>, family: KernelLibrary, launch: Launch = .graph, processors: Double) {
    guard let model = value.timeModel, let subject = model.subject(of: value) else { return nil }
    self.init(
      subject, family: family, variant: model.variant(of: value, of: family, processors: processors), launch: launch)
  }

  /// The model of the key's kernels; nil where a kind has models of phases and the key names none.
  package var timeModel: (any CalibratedModel.Type)? { kind.model(of: phase) }
}
