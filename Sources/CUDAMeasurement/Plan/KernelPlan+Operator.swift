import RooflineCore
import RooflineMeasurement

extension KernelPlan {
  /// The plan of an operator on a GPU.
  ///
  /// - Throws: `Unsupported` with the reason why it is not run there.
  package init(
    _ value: Operator<Count>, on device: DeviceProperties, options: PlanningOptions = PlanningOptions()
  ) throws(Unsupported) {
    switch value {
    case .rmsNorm(let norm):
      guard norm.hasWeight else { throw Unsupported("the kernel's norm has a weight") }
      guard norm.destination == .activation || norm.formats.keyValueCache == norm.formats.residual else {
        throw Unsupported("the kernel takes one format, and keys in the cache have another than the norm's weight")
      }
      self = try .rmsNorm(norm)
    case .layerNorm(let norm): self = try .layerNorm(norm)
    case .addRMSNorm(let norm): self = try .addRMSNorm(norm)
    case .softmax(let softmax) where softmax.sinks != nil: throw Unsupported("the kernel has no sinks")
    case .softmax(let softmax): self = try .softmax(softmax)
    case .gatedActivation(let gated):
      switch gated.function {
      case .silu: self = try .siluAndMul(gated)
      case .gelu, .swigluoai, .situ: throw Unsupported("there is no kernel of its kind")
      }
    case .gelu(let gelu): self = try .gelu(gelu)
    case .residualAdd(let add): self = try .residualAdd(add)
    case .rotary(let rotary): self = try .rotary(rotary)
    case .embedding(let gather): self = try .embedding(gather)
    case .collective, .allToAll, .send: throw Unsupported("it needs several GPUs; one is measured")
    case .gemm(let gemm): self = try .gemm(gemm, hasGelu: false, device, options)
    case .linearGelu(let linear): self = try .gemm(linear.gemm, hasGelu: true, device, options)
    case .qkMatmul(let matmul) where matmul.shape.sharedDim != nil:
      throw Unsupported("the kernel's heads share no part of a key")
    case .qkMatmul(let matmul): self = try .qkMatmul(matmul, device, options)
    case .svMatmul(let matmul) where matmul.shape.valueDim != matmul.shape.headDim:
      throw Unsupported("the kernel's keys and values have one width")
    case .svMatmul(let matmul): self = try .svMatmul(matmul, device, options)
    case .attention(let attention):
      guard !attention.capsScores else { throw Unsupported("the kernel caps no scores") }
      guard !attention.hasSinks else { throw Unsupported("the kernel has no sinks") }
      guard attention.shape.valueDim == attention.shape.headDim, !attention.valuesAreKeys else {
        throw Unsupported("the kernel's keys and values have one width")
      }
      guard attention.shape.sharedDim == nil else { throw Unsupported("the kernel's heads share no part of a key") }
      self = try .attention(attention, device, options)
    case .groupedGEMM(let product): self = try .groupedGEMM(product, device)
    case .route(let route): self = try .route(route)
    case .expertCombine(let combine): self = try .expertCombine(combine)
    case .linearRelu, .addLayerNorm, .relu, .positionEmbedding, .keyValueCacheWrite, .softcap,
      .scale, .expertScale, .batchedGEMM, .indexScores, .indexSelection, .indexRotation,
      .sigmoidGate, .squaredRelu, .quantize, .causalConvolution, .l2Norm, .gatedRMSNorm, .silu,
      .softplus, .deltaGates, .deltaRule, .stateSpaceScan, .selectiveScan, .lightningAttention, .bankMix,
      .compression, .hyperConnection:
      throw Unsupported("there is no kernel of its kind")
    case .gemmGradient, .biasGradient, .qkMatmulGradient, .softmaxGradient, .svMatmulGradient, .attentionGradient,
      .rmsNormGradient, .gatedActivationGradient, .embeddingGradient, .groupedGEMMGradient,
      .compressionGradient,
      .hyperConnectionGradient, .expertCombineGradient, .routeGradient, .expertScaleGradient, .softcapGradient,
      .layerNormGradient, .activationGradient, .positionEmbeddingGradient,
      .causalConvolutionGradient, .gatedRMSNormGradient, .stateSpaceScanGradient, .selectiveScanGradient,
      .lightningAttentionGradient, .scaledAddGradient,
      .l2NormGradient, .deltaGatesGradient, .deltaRuleGradient, .bankMixGradient,
      .sigmoidGateGradient, .expertLayer:
      throw Unsupported("there are no kernels of a backward pass")
    }
  }

  /// The one element type of all tensors.
  static func elementType(_ formats: [DType]) throws(Unsupported) -> ElementType {
    guard let first = formats.first, let type = ElementType(first) else {
      throw Unsupported("there is no \(formats.first?.rawValue ?? "") kernel; fp16, bf16 and fp32 have one")
    }
    guard formats.allSatisfy({ ElementType($0) == type }) else {
      throw Unsupported(
        "the kernel takes one format, and these are \(Set(formats.map(\.rawValue)).sorted().joined(separator: " and "))"
      )
    }
    return type
  }

  /// Elements of all tensors together that a plan may ask for: no GPU holds more, and no sum of bytes overflows.
  static let elementLimit = 1 << 40
  /// The widest row: kernels count columns in 32 bits.
  static let widthLimit = 1 << 30

  /// A count as the kernels take it.
  static func size(_ count: Count, _ what: String, limit: Int = KernelPlan.elementLimit) throws(Unsupported) -> Int {
    guard let size = Int(exactly: count.value), size <= limit else {
      throw Unsupported("\(what) is larger than the kernel takes (\(limit))")
    }
    return size
  }

  /// Blocks in the grid's first direction, which is the only one that may be large.
  static func blocks(_ count: Int, _ what: String) throws(Unsupported) -> UInt32 {
    guard let blocks = UInt32(exactly: count), blocks < 1 << 31 else {
      throw Unsupported("\(what) are more than a grid has blocks")
    }
    return blocks
  }
}
