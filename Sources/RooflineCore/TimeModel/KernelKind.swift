/// The kinds of kernels that have time models, by the names of calibration files and measured data.
package enum KernelKind: String, Hashable, Sendable, CaseIterable {
  case gemm, attention, row, collective

  /// The models of the kind; one a phase where a kind has several.
  package var models: [any KernelTimeModel.Type] {
    switch self {
    case .gemm: [GEMMTimeModel.self]
    case .attention: [PrefillTimeModel.self, DecodeTimeModel.self]
    case .row: [RowTimeModel.self]
    case .collective: [CollectiveTimeModel.self]
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
    case .gemm: GEMMTimeModel.self
    case .attention(let attention): attention.isDecodeStep ? DecodeTimeModel.self : PrefillTimeModel.self
    case .rotary, .rmsNorm, .addRMSNorm, .layerNorm, .gatedActivation, .residualAdd, .gelu, .softmax, .embedding:
      RowTimeModel.self
    case .collective: CollectiveTimeModel.self
    case .expertScale, .allToAll, .groupedGEMM, .route, .expertCombine, .sigmoidGate, .squaredRelu,
      .softcap, .scale, .linearGelu, .linearRelu, .qkMatmul, .svMatmul, .send, .addLayerNorm, .relu,
      .positionEmbedding, .keyValueCacheWrite, .gemmGradient, .biasGradient, .qkMatmulGradient, .softmaxGradient,
      .svMatmulGradient, .attentionGradient, .rmsNormGradient, .gatedActivationGradient, .embeddingGradient,
      .groupedGEMMGradient, .expertCombineGradient, .routeGradient, .expertScaleGradient, .softcapGradient,
      .sigmoidGateGradient,
      .causalConvolution, .l2Norm, .gatedRMSNorm, .silu, .softplus, .deltaGates, .deltaRule,
      .stateSpaceScan, .selectiveScan, .lightningAttention, .bankMix, .batchedGEMM, .indexScores,
      .indexSelection, .indexRotation, .compression, .hyperConnection:
      nil
    }
  }

  /// What calibrations list the operator's kernel under; nil where no time model describes it.
  package var subject: KernelSubject? { timeModel?.subject(of: self) }
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

  package init(
    _ kind: KernelKind, phase: Phase? = nil, operation: OperatorKind? = nil, dtype: DType,
    keyValueDType: DType? = nil, headDim: Int? = nil, isWindowed: Bool? = nil
  ) {
    self.kind = kind
    self.phase = phase
    self.operation = operation
    self.dtype = dtype
    self.keyValueDType = keyValueDType
    self.headDim = headDim
    self.isWindowed = isWindowed
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
