import RooflineCore

/// The time of a product of fp32 numbers on CUDA cores: of a weight, of queries with keys, of scores with values.
///
/// Source: TimeModels.md, "fp32 products".
package struct VectorProductTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: VectorProductConstants

  /// FLOPs and bytes of a call, and how measured data name its sizes.
  package struct Work: Sendable {
    let flops, bytes: Double
    let place: KernelPlace
  }

  /// What the call consists of, µs.
  private func terms(_ work: Work) -> (idealProduct: Double, idealMemory: Double, product: Double, memory: Double) {
    let product = work.flops / (facts.vector * 1e-6)
    let memory = work.bytes / facts.bytesPerMicrosecond
    return (product, memory, product / constants.rate, memory / constants.bandwidth)
  }
}

extension VectorProductTimeModel: KernelTimeModel {
  package static let kind = KernelKind.vectorProduct

  /// - Returns: nil for a GPU whose fp32 rate nobody has written down.
  package init?(
    _ facts: DeviceFacts, _ constants: VectorProductConstants, _ cut: WholeKernel, generation: GPUGeneration
  ) {
    guard !facts.vector.isNaN else { return nil }
    self.facts = facts
    self.constants = constants
  }

  /// Whether a product runs on CUDA cores.
  static func describes(_ definition: some OperatorDefinition<Count>) -> Bool {
    definition.matrixUnit.map { !$0.runsOnTensorCores } ?? false
  }

  package static func work(_ value: Operator<Count>) -> Work? {
    func place(_ shape: AttentionShape<Count>) -> KernelPlace {
      let sizes: [(name: String, value: Double)] = [
        ("batch", Double(shape.batch)), ("query", Double(shape.queryTokens)), ("context", Double(shape.attendedKeys)),
        ("heads", Double(shape.heads)), ("head_dim", Double(shape.headDim)),
      ]
      return KernelPlace(
        value.kind.rawValue, sizes: sizes, order: sizes.map(\.value),
        point: [KernelPlace.log(Double(shape.scores)), KernelPlace.log(Double(shape.headDim)), 0, 0],
        group: [Double(shape.queryTokens), Double(shape.attendedKeys)], of: value.kind)
    }
    let own: KernelPlace
    switch value {
    case .gemm(let gemm) where describes(gemm): own = GEMMTimeModel.place(gemm)
    case .qkMatmul(let product) where describes(product): own = place(product.shape)
    case .svMatmul(let product) where describes(product): own = place(product.shape)
    case _: return nil
    }
    let cost = value.cost
    guard !cost.isOverflow else { return nil }
    return Work(flops: Double(cost.productFLOPs), bytes: Double(cost.traffic.total), place: own)
  }

  package static func subject(_ work: Work) -> KernelSubject { KernelSubject(.vectorProduct, dtype: .fp32) }

  package func timing(_ work: Work, _ conditions: KernelConditions) -> KernelTiming {
    let terms = terms(work)
    return KernelTiming(
      microseconds: constants.fixed + max(terms.product, terms.memory), exposed: constants.fixed)
  }

  package func choices(_ work: Work, _ conditions: KernelConditions) -> [(name: String, value: String)] { [] }

  package func parts(_ work: Work, _ conditions: KernelConditions) -> [TimePart] {
    let terms = terms(work)
    let roof = max(terms.idealProduct, terms.idealMemory)
    return TimePart.differences([
      (.roof, roof), (.fixed, roof + constants.fixed),
      (.rate, max(terms.product, terms.idealMemory) + constants.fixed),
      (.dram, max(terms.product, terms.memory) + constants.fixed),
    ])
  }

  package static func place(_ work: Work) -> KernelPlace { work.place }

  package static func regimes(_ work: Work) -> [String] { [] }
}

/// What fp32 products reach on a GPU: times in µs, rates as shares of the datasheet's.
package struct VectorProductConstants: FittedConstants {
  /// What every call pays, µs.
  package var fixed = 2.0
  /// Share of the CUDA cores' fp32 peak.
  package var rate = 0.75
  /// Share of the DRAM bandwidth.
  package var bandwidth = 0.85

  package init() {}

  package static let initial = VectorProductConstants()

  package static var parameters: [FittedParameter<VectorProductConstants>] {
    [
      FittedParameter("fixedMicroseconds", 0.1...60, get: { $0.fixed }, set: { $0.fixed = $1 }),
      FittedParameter("vectorShareOfPeak", 0.05...1.2, spread: 1.2, get: { $0.rate }, set: { $0.rate = $1 }),
      FittedParameter("bandwidthShare", 0.1...1.5, spread: 1.3, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
    ]
  }
}
