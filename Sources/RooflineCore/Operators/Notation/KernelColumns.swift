/// An operator's kind and the columns that name its shape: the way back from `KernelArguments`.
package struct KernelColumns: Hashable, Sendable, CustomStringConvertible {
  package let kind: OperatorKind
  package let columns: [Column]

  package struct Column: Hashable, Sendable {
    package let name: String
    package let value: UInt64

    init(_ name: String, _ value: Count) {
      self.name = name
      self.value = value.value
    }
  }

  /// As `roofline kernel` takes it: `rmsnorm rows=20 width=8192`.
  package var description: String {
    ([kind.rawValue] + columns.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
  }

  /// - Returns: nil for an operator of a backward pass.
  package init?(_ value: Operator<Count>) {
    switch value {
    case .gemm(let gemm): self.init(.gemm, KernelColumns.product(gemm))
    case .linearGelu(let linear): self.init(.linearGelu, KernelColumns.product(linear.gemm))
    case .linearRelu(let linear): self.init(.linearRelu, KernelColumns.product(linear.gemm))
    case .qkMatmul(let product): self.init(.qkMatmul, KernelColumns.attention(product.shape))
    case .svMatmul(let product): self.init(.svMatmul, KernelColumns.attention(product.shape))
    case .attention(let attention):
      var columns = KernelColumns.attention(attention.shape)
      switch attention.mask {
      case .full: columns.append(Column("causal", 0))
      case .causal: break
      case .slidingWindow(let window): columns.append(Column("window", window))
      case .selected(let kept): columns.append(Column("top_k", kept))
      case .blocks: return nil
      case .compressed: return nil
      case .chunked(let chunk): columns.append(Column("chunk", chunk))
      }
      if attention.valuesAreKeys { columns.append(Column("latent", 1)) }
      if attention.hasSinks { columns.append(Column("sinks", 1)) }
      self.init(.attention, columns)
    case .rotary(let rotary):
      let shape = rotary.shape
      var columns = KernelColumns.tokens(shape)
      if rotary.dim != shape.headDim { columns.append(Column("rotary_dim", rotary.dim)) }
      if shape.attendedKeys != shape.queryTokens { columns.append(Column("context", shape.attendedKeys)) }
      if rotary.keySource == .fusedProjection { columns.append(Column("fused", 1)) }
      if rotary.keySource == .latentProjection { columns.append(Column("latent", 1)) }
      if rotary.keySource == .none || rotary.keySource == .indexProjection { return nil }
      self.init(.rotary, columns)
    case .keyValueCacheWrite(let write):
      self.init(
        .keyValueCacheWrite, KernelColumns.tokens(write.shape) + (write.keysOnly ? [Column("latent", 1)] : []))
    case .positionEmbedding(let embedding):
      self.init(
        .positionEmbedding,
        KernelColumns.rows(embedding.rows, embedding.width) + [Column("positions", embedding.positions)])
    case .softmax(let softmax):
      self.init(
        .softmax,
        KernelColumns.rows(softmax.elements.divided(roundingUpBy: softmax.width), softmax.width)
          + (softmax.sinks.map { [Column("sinks", $0)] } ?? []))
    case .rmsNorm(let norm):
      self.init(
        .rmsNorm, KernelColumns.rows(norm.rows, norm.width) + (norm.hasWeight ? [] : [Column("weight", 0)]))
    case .layerNorm(let norm): self.init(.layerNorm, KernelColumns.rows(norm.rows, norm.width))
    case .addRMSNorm(let norm): self.init(.addRMSNorm, KernelColumns.rows(norm.rows, norm.width))
    case .addLayerNorm(let norm): self.init(.addLayerNorm, KernelColumns.rows(norm.rows, norm.width))
    case .gatedActivation(let gated): self.init(gated.kind, KernelColumns.rows(gated.rows, gated.width))
    case .softcap(let cap): self.init(.softcap, KernelColumns.rows(1, cap.elements))
    case .scale(let scale): self.init(.scale, KernelColumns.rows(1, scale.elements))
    case .groupedGEMM(let product): self.init(.groupedGEMM, KernelColumns.grouped(product))
    case .route(let route): self.init(.route, KernelColumns.route(route))
    case .expertCombine(let combine):
      self.init(
        .expertCombine,
        KernelColumns.rows(combine.rows, combine.width) + [Column("pairs", combine.pairs)]
          + (combine.isWeighted ? [] : [Column("weighted", 0)]))
    case .sigmoidGate(let gate):
      self.init(.sigmoidGate, KernelColumns.rows(gate.gates, gate.width))
    case .expertScale(let scale):
      self.init(
        .expertScale, KernelColumns.rows(scale.rows, scale.width) + [Column("pairs", scale.pairs)])
    case .quantize(let cast): self.init(.quantize, KernelColumns.rows(cast.rows, cast.width))
    case .squaredRelu(let relu): self.init(.squaredRelu, KernelColumns.rows(1, relu.elements))
    case .gelu(let gelu): self.init(.gelu, KernelColumns.rows(1, gelu.elements))
    case .relu(let relu): self.init(.relu, KernelColumns.rows(1, relu.elements))
    case .residualAdd(let add):
      self.init(
        .residualAdd, KernelColumns.rows(1, add.elements) + (add.isScaled ? [Column("scaled", 1)] : []))
    case .embedding(let gather):
      var columns = KernelColumns.rows(gather.tokens, gather.width)
      // The smallest degree under which a device has this share of the rows.
      if gather.ownRows != gather.tokens {
        columns.append(Column("tp", gather.tokens.divided(roundingUpBy: gather.ownRows)))
      }
      self.init(.embedding, columns)
    case .collective(let collective):
      self.init(collective.kind, [Column("ranks", collective.ranks), Column("bytes", collective.message)])
    case .allToAll(let exchange):
      self.init(
        .allToAll,
        KernelColumns.rows(exchange.rows, exchange.width) + [
          Column("ranks", exchange.ranks), Column("remote", Count(UInt64(max(exchange.remoteRanks, 1).rounded()))),
        ])
    case .batchedGEMM(let product):
      self.init(
        .batchedGEMM,
        [
          Column("groups", product.groups), Column("m", product.m), Column("n", product.n), Column("k", product.k),
        ])
    case .indexScores(let scores):
      self.init(
        .indexScores,
        [
          Column("batch", scores.batch), Column("query", scores.queryTokens), Column("context", scores.keys),
          Column("heads", scores.heads), Column("head_dim", scores.width),
        ] + (scores.block.map { [Column("block", $0)] } ?? []))
    case .indexSelection: return nil
    case .compression(let compression):
      self.init(
        .compression,
        [
          Column("entries", compression.entries), Column("tokens_per_entry", compression.tokensPerEntry),
          Column("row_width", compression.rowWidth), Column("width", compression.width),
        ])
    case .hyperConnection(let connection):
      let columns = KernelColumns.rows(connection.rows, connection.width) + [Column("streams", connection.streams)]
      switch connection.place {
      case .before(let iterations): self.init(connection.kind, columns + [Column("iterations", iterations)])
      case .after, .head: self.init(connection.kind, columns)
      }
    case .indexRotation(let rotation):
      self.init(
        .indexRotation,
        [Column("rows", rotation.tokens), Column("heads", rotation.heads), Column("width", rotation.width)])
    case .expertLayer(let layer):
      guard layer.load == .uniform, !layer.isDispatched, layer.part == .whole else { return nil }
      self.init(.expertLayer, KernelColumns.layer(layer))
    case .send(let send): self.init(.send, [Column("bytes", send.message)])
    case .causalConvolution, .l2Norm, .gatedRMSNorm, .silu, .softplus, .deltaGates, .deltaRule, .stateSpaceScan,
      .selectiveScan, .lightningAttention, .bankMix:
      guard let columns = KernelColumns.recurrent(value) else { return nil }
      self = columns
    case .gemmGradient, .biasGradient, .qkMatmulGradient, .softmaxGradient, .svMatmulGradient, .attentionGradient,
      .rmsNormGradient, .gatedActivationGradient, .embeddingGradient, .groupedGEMMGradient,
      .compressionGradient,
      .hyperConnectionGradient, .expertCombineGradient, .routeGradient, .expertScaleGradient, .softcapGradient,
      .layerNormGradient, .activationGradient, .positionEmbeddingGradient,
      .sigmoidGateGradient, .causalConvolutionGradient, .gatedRMSNormGradient, .stateSpaceScanGradient,
      .selectiveScanGradient, .lightningAttentionGradient, .scaledAddGradient, .l2NormGradient, .deltaGatesGradient,
      .deltaRuleGradient, .bankMixGradient:
      return nil
    }
  }

  init(_ kind: OperatorKind, _ columns: [Column]) {
    self.kind = kind
    self.columns = columns
  }

  private static func product(_ gemm: GEMM<Count>) -> [Column] {
    [Column("m", gemm.m), Column("n", gemm.n), Column("k", gemm.k)] + (gemm.hasBias ? [Column("bias", 1)] : [])
  }

  private static func grouped(_ product: GroupedGEMM<Count>) -> [Column] {
    [
      Column("m", product.ownPairs), Column("n", product.n), Column("k", product.k),
      Column("rows", product.inputRows),
      Column("experts", product.experts.held), Column("top_k", product.experts.chosen),
      Column("touched", product.wholeTouched),
    ] + (product.wholeMost.map { [Column("busiest", $0)] } ?? []) + (product.hasBias ? [Column("bias", 1)] : [])
  }

  private static func layer(_ layer: ExpertLayer<Count>) -> [Column] {
    let intermediate = layer.width * Count(layer.shards)
    return [
      Column("tokens", layer.visible), Column("hidden", layer.hidden), Column("intermediate", intermediate),
      Column("experts", layer.experts.all), Column("top_k", layer.experts.chosen),
    ] + (layer.shards > 1 ? [Column("tp", Count(layer.shards))] : [])
      + (layer.ranks > 1 ? [Column("ep", Count(layer.ranks))] : [])
      + (layer.isGated ? [] : [Column("gated", 0)]) + (layer.isTuned ? [] : [Column("tuned", 0)])
  }

  private static func route(_ route: Route<Count>) -> [Column] {
    var columns = [Column("rows", route.rows), Column("experts", route.experts), Column("top_k", route.chosen)]
    switch route.scoring {
    case .softmax: break
    case .softmaxOfChosen: columns.append(Column("of_chosen", 1))
    case .sigmoid: columns.append(Column("sigmoid", 1))
    case .sqrtSoftplus: columns.append(Column("sqrt_softplus", 1))
    }
    if route.hasCorrection { columns.append(Column("bias", 1)) }
    if route.weighting.renormalises { columns.append(Column("renormalise", 1)) }
    if route.hasExpertScales { columns.append(Column("expert_scales", 1)) }
    if route.weighting.scales { columns.append(Column("scale", 1)) }
    return columns
  }

  static func rows(_ rows: Count, _ width: Count) -> [Column] {
    [Column("rows", rows), Column("width", width)]
  }

  private static func attention(_ shape: AttentionShape<Count>) -> [Column] {
    [
      Column("batch", shape.batch), Column("query", shape.queryTokens), Column("context", shape.attendedKeys),
      Column("heads", shape.heads), Column("kv_heads", shape.keyValueHeads), Column("head_dim", shape.headDim),
    ] + (shape.valueDim == shape.headDim ? [] : [Column("value_dim", shape.valueDim)])
      + (shape.sharedDim.map { [Column("shared_dim", $0)] } ?? [])
  }

  private static func tokens(_ shape: AttentionShape<Count>) -> [Column] {
    [
      Column("rows", shape.batch * shape.queryTokens), Column("batch", shape.batch), Column("heads", shape.heads),
      Column("kv_heads", shape.keyValueHeads), Column("head_dim", shape.headDim),
    ]
  }
}
