extension TimedKernel {
  /// The kernel call that an operator of a real step is.
  ///
  /// - Returns: nil for an operator that no measured kernel stands for.
  @inline(__always)
  init?(_ value: Operator<Count>, residency: Residency) {
    switch value {
    case .gemm(let gemm):
      let formats = gemm.formats
      // Kernels that widen weights on the way are others, and nobody measured them.
      guard formats.weight.bits == formats.activation.bits else { return nil }
      self.init(
        .gemm(
          GEMMTimeModel.Shape(
            m: Double(gemm.m.value), n: Double(gemm.n.value), k: Double(gemm.k.value),
            inputBytes: Double(formats.activation.bits) / 8, outputBytes: Double(formats.residual.bits) / 8,
            copies: residency == .serving ? GEMMTimeModel.Shape.coldCopies : 1)), dtype: formats.activation)
    case .attention(let attention):
      // Nobody measured kernels that cap their scores, and those of latents have equations of their own.
      let shape = attention.shape
      guard !attention.capsScores, !attention.hasSinks, !attention.valuesAreKeys, shape.valueDim == shape.headDim else {
        return nil
      }
      var call = AttentionCall(
        batch: Double(shape.batch.value), query: Double(shape.queryTokens.value),
        context: Double(shape.attendedKeys.value), heads: Double(shape.heads.value),
        keyValueHeads: Double(shape.keyValueHeads.value), headDim: Double(shape.headDim.value),
        queryBytes: Double(attention.formats.residual.bits) / 8,
        keyValueBytes: Double(attention.formats.keyValueCache.bits) / 8)
      switch attention.mask {
      case .full, .selected, .chunked: return nil
      case .causal: break
      case .slidingWindow(let window): call.window = Double(window.value)
      }
      let isDecode = shape.queryTokens == 1 && shape.attendedKeys > 1
      call.isWarm = !isDecode || residency == .warm
      self.init(
        isDecode ? .decode(call) : .prefill(call), dtype: attention.formats.residual,
        keyValueDType: attention.formats.keyValueCache)
    case .rotary(let rotary):
      guard rotary.keySource != .latentProjection else { return nil }
      let shape = rotary.shape
      self.init(
        .row(
          RowCall(
            .rotary, rows: Double(shape.batch.value) * Double(shape.queryTokens.value),
            width: (Double(shape.heads.value) + Double(shape.keyValueHeads.value)) * Double(shape.headDim.value),
            elementBytes: Double(rotary.formats.residual.bits) / 8, heads: Double(shape.heads.value),
            keyValueHeads: Double(shape.keyValueHeads.value), headDim: Double(shape.headDim.value))),
        dtype: rotary.formats.residual)
    case .rmsNorm(let norm): self.init(.rmsNorm, norm.rows, norm.width, norm.formats)
    case .addRMSNorm(let norm): self.init(.addRMSNorm, norm.rows, norm.width, norm.formats)
    case .layerNorm(let norm): self.init(.layerNorm, norm.rows, norm.width, norm.formats)
    case .siluAndMul(let silu): self.init(.siluAndMul, silu.rows, silu.width, silu.formats)
    case .residualAdd(let add): self.init(.residualAdd, 1, add.elements, add.formats)
    case .gelu(let gelu): self.init(.gelu, 1, gelu.elements, gelu.formats)
    case .softmax(let softmax):
      self.init(.softmax, softmax.elements.divided(roundingUpBy: softmax.width), softmax.width, softmax.formats)
    case .embedding(let gather): self.init(.embedding, gather.tokens, gather.width, gather.formats)
    case .collective(let collective):
      self.init(
        .collective(
          CollectiveCall(
            collective.pattern.kind, ranks: Double(collective.ranks.value), bytes: Double(collective.message.value))),
        dtype: .bf16)
    case .batchedGEMM, .expertScale, .indexScores, .indexSelection, .indexRotation, .groupedGEMM, .route,
      .expertCombine,
      .sigmoidGate, .clampedSwiGLU, .squaredRelu, .geluAndMul, .softcap,
      .scale, .linearGelu, .linearRelu, .qkMatmul, .svMatmul, .send, .addLayerNorm, .relu,
      .positionEmbedding,
      .keyValueCacheWrite, .gemmGradient, .biasGradient, .qkMatmulGradient, .softmaxGradient, .svMatmulGradient,
      .attentionGradient, .rmsNormGradient, .siluAndMulGradient, .embeddingGradient, .causalConvolution, .l2Norm,
      .gatedRMSNorm, .silu, .softplus, .deltaGates, .deltaRule, .stateSpaceScan,
      .selectiveScan, .lightningAttention, .bankMix, .situAndMul:
      return nil
    }
  }

  private init(_ operation: RowOperation, _ rows: Count, _ width: Count, _ formats: NumberFormats) {
    self.init(
      .row(
        RowCall(
          operation.kind, rows: Double(rows.value), width: Double(width.value),
          elementBytes: Double(formats.residual.bits) / 8)), dtype: formats.residual)
  }
}
