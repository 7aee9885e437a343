/// The kinds of kernels that have time models, by the names of calibration files and measured data.
package enum KernelKind: String, Hashable, Sendable, CaseIterable {
  case gemm, attention, row, collective
  /// A layer of routed experts, as one call.
  case experts = "moe"
  /// Products whose operands are narrower than 16 bits, or are widened to them on the way; measured data call them gemm.
  case lowPrecisionGEMM = "gemm-lowp"
  /// Products of fp32 numbers, on CUDA cores.
  case vectorProduct = "gemm-fp32"
  /// Tokens to the ranks of their experts, and sums back.
  case allToAll = "alltoall"
  /// Latent attention, and the batched products W_UK and W_UV of its absorbed form.
  case mla
  case mlaProduct = "mla_bmm"
  /// Delta rules, and the causal convolutions before recurrences.
  case linearAttention = "linear_attention"
  case convolution = "causal_conv"
  /// An indexer's scores, the choice of the largest, and attention to what was chosen or compressed.
  case indexer
  case topK = "topk"
  case sparseAttention = "sparse_attention"

  /// Whether engines take the kind's kernels from several libraries: one for prompts, another for decode steps, a third for a format.
  package var isSharedByLibraries: Bool {
    switch self {
    case .gemm, .attention, .row, .collective, .experts, .lowPrecisionGEMM, .vectorProduct, .allToAll: false
    case .mla, .mlaProduct, .linearAttention, .convolution, .indexer, .topK, .sparseAttention: true
    }
  }

  /// The models of the kind; one a phase where a kind has several.
  package var models: [any KernelTimeModel.Type] {
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
  package func model(of phase: Phase?) -> (any KernelTimeModel.Type)? {
    models.first { $0.phase == phase } ?? models.first { $0.phase == nil }
  }
}

extension Operator where Scalar == Count {
  /// The model of the operator's kernels; nil for an operator whose kernels nobody has described. It may still refuse one, e.g. for its
  /// formats.
  package var timeModel: (any KernelTimeModel.Type)? {
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
}

extension Attention where Scalar == Count {
  /// The model of its kernels, by what it attends to.
  fileprivate var timeModel: any KernelTimeModel.Type {
    if sparseForm != nil { return SparseAttentionTimeModel.self }
    switch latentForm {
    case .naive: return LatentPrefillTimeModel.self
    case .absorbed: return isDecodeStep ? LatentDecodeTimeModel.self : LatentPrefillTimeModel.self
    case _: return isDecodeStep ? DecodeTimeModel.self : PrefillTimeModel.self
    }
  }
}

/// What decides which constants a kernel needs, beside its library.
package struct KernelSubject: Hashable, Sendable {
  package var kind: KernelKind
  package var phase: Phase?
  /// `rmsnorm`, `all_reduce` …, where a kind has several operators.
  package var operation: OperatorKind?
  package var dtype: DType
  /// Of the KV cache, in attention.
  package var keyValueDType: DType?
  package var headDim: Int?
  /// In attention: whether a sliding window is on, even one wider than the context.
  package var isWindowed: Bool?
  /// Of a product whose operands do not both have 16 bits.
  package var format: ProductFormat?
  /// Where libraries have kernels of their own for forms of an operation.
  package var form: KernelForm?

  package init(
    _ kind: KernelKind, phase: Phase? = nil, operation: OperatorKind? = nil, dtype: DType,
    keyValueDType: DType? = nil, headDim: Int? = nil, isWindowed: Bool? = nil, format: ProductFormat? = nil,
    form: KernelForm? = nil
  ) {
    self.kind = kind
    self.phase = phase
    self.operation = operation
    self.dtype = dtype
    self.keyValueDType = keyValueDType
    self.headDim = headDim
    self.isWindowed = isWindowed
    self.format = format
    self.form = form
  }

  /// The same, of an operator that runs as this one does, where nobody measured this one itself: a fused addition and RMSNorm has the
  /// norm's threads and passes, and two more tensors to move.
  var standIn: KernelSubject? {
    guard operation == .addRMSNorm else { return nil }
    var subject = self
    subject.operation = .rmsNorm
    return subject
  }
}
