import RooflineCore

extension KernelPlan {
  /// What models with a factor multiply their weights by: DeepSeek-V3's.
  static let routeScale: Float = 2.5
  /// What a warp keeps in registers, and has lanes for.
  private static let (mostExperts, mostChosen) = (512, 32)

  static func route(_ route: Route<Count>) throws(Unsupported) -> KernelPlan {
    let type = try elementType([route.formats.residual])
    guard !route.hasCorrection else { throw Unsupported("the kernel chooses experts by their scores alone") }
    guard !route.hasExpertScales else { throw Unsupported("the kernel has no scales of experts") }
    let scoring = try RouteReference.Scoring(route.scoring)
    let sizes = RouteSizes(
      rows: try size(route.rows, "the number of rows", limit: Int(Int32.max)),
      experts: try size(route.experts, "the number of experts", limit: mostExperts),
      chosen: try size(route.chosen, "the number of chosen experts", limit: mostChosen))
    guard sizes.chosen <= sizes.experts else { throw Unsupported("it chooses more experts than there are") }
    let scale = route.weighting.scales ? routeScale : 1
    let outputs = try size(route.rows * route.chosen, "the weights")
    return KernelPlan(
      route, buffers: try PlannedBuffers(route, type, [.written(.expertIDs): .output(.int32, outputs)]),
      steps: [
        .kernel(
          PlannedLaunch(
            source: "route.cu", kernel: "route_\(type.rawValue)",
            geometry: LaunchGeometry(
              grid: .init(try blocks((sizes.rows + 3) / 4, "the rows")), block: .init(128)),
            arguments: [
              .read(.logits), .written(.weights), .written(.expertIDs), .int32(sizes.rows), .int32(sizes.experts),
              .int32(sizes.chosen), .int32(scoring.rawValue), .int32(route.weighting.renormalises ? 1 : 0),
              .float(scale),
            ]))
      ],
      reference: RouteReference(
        type: type, sizes: sizes, scoring: scoring, renormalises: route.weighting.renormalises, scale: Double(scale)))
  }
}

struct RouteSizes: Hashable, Sendable {
  let rows, experts, chosen: Int
}

/// A token's largest logits and what is made of them.
struct RouteReference: KernelReference {
  /// As the kernel numbers them.
  enum Scoring: Int {
    case softmax, softmaxOfChosen, sigmoid

    init(_ scoring: Route<Count>.Scoring) throws(Unsupported) {
      switch scoring {
      case .softmax: self = .softmax
      case .softmaxOfChosen: self = .softmaxOfChosen
      case .sigmoid: self = .sigmoid
      case .sqrtSoftplus: throw Unsupported("the kernel knows softmax and sigmoid")
      }
    }
  }

  let type: ElementType
  let sizes: RouteSizes
  let scoring: Scoring
  let renormalises: Bool
  let scale: Double

  var outputs: [ReferenceOutput] {
    [(StaticName.weights, type), (.expertIDs, .int32)].map {
      ReferenceOutput(name: $0, type: $1, pieces: sizes.rows, cost: 10 * sizes.experts)
    }
  }

  func piece(_ row: Int, of output: StaticName, _ data: TensorData) -> ReferencePiece {
    let logits = data[.logits][row * sizes.experts..<(row + 1) * sizes.experts]
    // Of equal logits the first.
    let ids = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }.prefix(sizes.chosen)
    let first = row * sizes.chosen
    guard output == .weights else {
      return ReferencePiece(first: first, values: ids.map(Double.init), relativeError: 0)
    }
    let largest = logits.max() ?? 0
    func power(_ id: Int) -> Double { Mathematics.exponential(logits[id] - largest) }
    var scores: [Double]
    switch scoring {
    case .softmax:
      let sum = logits.indices.reduce(0) { $0 + power($1) }
      scores = ids.map { power($0) / sum }
    case .softmaxOfChosen: scores = ids.map(power)
    case .sigmoid: scores = ids.map { 1 / (1 + Mathematics.exponential(-logits[$0])) }
    }
    let sum = renormalises || scoring == .softmaxOfChosen ? scores.reduce(0, +) : 1
    scores = scores.map { $0 / sum * scale }
    return ReferencePiece(first: first, values: scores, relativeError: 0x1p-16)
  }
}
