/// Activations of one forward pass, by what they are. A layer's tensors exist once: the next layer uses the space again.
enum ActivationTensor: Hashable, CaseIterable {
  case tokenIDs, table, residual, residualAfterAttention, nextResidual
  case normalizedShard, normalized, query, rotatedQuery, queryKeyValue, scores, probabilities, attended
  case partialSum, reducedSum, attentionSum, branchSum, gate, up, gateUp, gated, logits
}

/// Which activations a row reads and writes, in the order of its activation operands.
struct ActivationFlow {
  let reads: [ActivationTensor]
  let writes: [ActivationTensor]

  /// - Parameter isSequenceParallel: norms then work on shards that a gather puts together, and partial sums are scattered.
  init(_ name: OperatorName, isSequenceParallel: Bool) {
    let normalized: ActivationTensor = isSequenceParallel ? .normalizedShard : .normalized
    let sum: ActivationTensor = isSequenceParallel ? .reducedSum : .partialSum
    switch name {
    case .embedding: self.init([.tokenIDs], [isSequenceParallel ? .partialSum : .residual])
    case .embeddingAllReduce: self.init([.residual], [.residual])
    case .embeddingReduceScatter: self.init([.partialSum], [.residual])
    case .attnNorm: self.init([.residual], [normalized])
    case .mlpNorm: self.init([.residualAfterAttention], [normalized])
    case .finalNorm: self.init([.residual], [normalized])
    case .attnAllGather, .mlpAllGather, .finalAllGather: self.init([.normalizedShard], [.normalized])
    case .qProj: self.init([.normalized], [.query])
    case .kProj, .vProj: self.init([.normalized], [])
    case .qkvProj: self.init([.normalized], [.queryKeyValue])
    // q (and in the fused set k and v) with the table; the operands' order is the definition's.
    case .rotary: self.init([.query, .table], [.rotatedQuery])
    case .qkMatmul: self.init([.rotatedQuery], [.scores])
    case .softmax: self.init([.scores], [.probabilities])
    case .svMatmul: self.init([.probabilities], [.attended])
    case .attention: self.init([.rotatedQuery], [.attended])
    case .oProj: self.init([.attended], [.partialSum])
    case .attnAllReduce, .mlpAllReduce: self.init([.partialSum], [.partialSum])
    case .attnReduceScatter, .mlpReduceScatter: self.init([.partialSum], [.reducedSum])
    case .attnAdd: self.init([sum, .residual], [.residualAfterAttention])
    case .attnAddNorm: self.init([sum, .residual], [.residualAfterAttention, normalized])
    case .gateProj: self.init([.normalized], [.gate])
    case .upProj: self.init([.normalized], [.up])
    case .gateUpProj: self.init([.normalized], [.gateUp])
    case .mlpSiluDot: self.init([.gate, .up], [.gated])
    case .downProj: self.init([.gated], [.partialSum])
    case .mlpAdd: self.init([sum, .residualAfterAttention], [.nextResidual])
    case .mlpAddNorm: self.init([sum, .residualAfterAttention], [.nextResidual, normalized])
    case .stageTransfer: self.init([.nextResidual], [])
    case .lmHead: self.init([.normalized], [.logits])
    case .logitsAllGather: self.init([.logits], [.logits])
    case .positionEmbedding: self.init([.residual], [.residual])
    case .keyValueCacheWrite: self.init([.queryKeyValue, .queryKeyValue], [])
    case .mlpGelu, .mlpRelu: self.init([.up], [.gated])
    case .upProjGelu, .upProjRelu: self.init([.normalized], [.gated])
    // No activations are counted for a backward pass.
    case .lmHeadDX, .lmHeadDW, .downProjDX, .downProjDW, .downProjDBias, .gateUpProjDX, .gateUpProjDW, .gateUpProjDBias,
      .upProjDX, .upProjDW, .upProjDBias, .gateProjDX, .gateProjDW, .gateProjDBias, .oProjDX, .oProjDW, .oProjDBias,
      .qkvProjDX, .qkvProjDW, .qkvProjDBias, .vProjDX, .vProjDW, .vProjDBias, .kProjDX, .kProjDW, .kProjDBias, .qProjDX,
      .qProjDW, .qProjDBias, .finalNormDX, .finalNormDGamma, .mlpAddNormDX, .mlpAddNormDGamma, .mlpNormDX,
      .mlpNormDGamma, .attnAddNormDX, .attnAddNormDGamma, .attnNormDX, .attnNormDGamma, .mlpSiluDotBackward,
      .mlpAddBackward, .attnAddBackward, .svMatmulDP, .svMatmulDV, .softmaxBackward, .qkMatmulDQ, .qkMatmulDK,
      .attentionBackward, .rotaryBackward, .embeddingBackward, .kProjDXAdd, .vProjDXAdd, .upProjDXAdd,
      .finalGradAllReduce, .finalGradReduceScatter, .mlpGradAllReduce, .mlpGradReduceScatter, .attnGradAllReduce,
      .attnGradReduceScatter, .mlpGradAllGather, .attnGradAllGather, .embeddingGradAllGather, .keyValueGradAllReduce,
      .normGradAllReduce:
      self.init([], [])
    }
  }

  /// The flow of a row in its pass: fused projections keep their parts in one tensor, queries that are not turned go to the
  /// attention as they are, and attention and MLP beside each other both read the stream that enters the layer.
  static func of(_ name: OperatorName, _ model: DecoderModel, _ step: DecoderStep) -> ActivationFlow {
    let isSequenceParallel = step.isSequenceParallel && step.tensorParallel > 1
    let plain = ActivationFlow(name, isSequenceParallel: isSequenceParallel)
    switch (step.operatorSet, name) {
    case (.fused, .rotary):
      return ActivationFlow([.queryKeyValue, .table, .queryKeyValue, .queryKeyValue], [.rotatedQuery])
    case (.fused, .mlpSiluDot): return ActivationFlow([.gateUp, .gateUp], [.gated])
    case (let operatorSet, .qkMatmul), (let operatorSet, .attention):
      guard model.layout.rotaryDim(headDim: model.headDim) == nil else { return plain }
      return ActivationFlow([operatorSet == .fused ? .queryKeyValue : .query], plain.writes)
    default:
      guard case .plain(let layer) = model.layout, layer.isParallel else { return plain }
      return beside(name, plain, isSequenceParallel: isSequenceParallel)
    }
  }

  /// The attention's output waits until the MLP's is there; then both are added to each other and to the stream.
  private static func beside(
    _ name: OperatorName, _ flow: ActivationFlow, isSequenceParallel: Bool
  ) -> ActivationFlow {
    switch name {
    case .oProj: ActivationFlow(flow.reads, [isSequenceParallel ? .partialSum : .attentionSum])
    case .attnAllReduce: ActivationFlow([.attentionSum], [.attentionSum])
    case .attnReduceScatter: ActivationFlow([.partialSum], [.attentionSum])
    case .mlpNorm: ActivationFlow([.residual], flow.writes)
    case .attnAdd: ActivationFlow([isSequenceParallel ? .reducedSum : .partialSum, .attentionSum], [.branchSum])
    case .mlpAdd, .mlpAddNorm: ActivationFlow([.branchSum, .residual], flow.writes)
    default: flow
    }
  }

  private init(_ reads: [ActivationTensor], _ writes: [ActivationTensor]) {
    self.reads = reads
    self.writes = writes
  }
}
