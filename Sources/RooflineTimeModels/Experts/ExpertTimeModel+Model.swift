import RooflineCore

extension ExpertTimeModel: KernelTimeModel {
  package static let kind = KernelKind.experts

  /// The layer and its formats.
  package struct Work: Sendable {
    package let layer: ExpertLayer<Count>
    let format: ProductFormat
    /// How its tokens fall to experts, where that was counted ahead.
    var spread: TokenSpread?
  }

  package static func prepared(_ work: Work) -> Work {
    var work = work
    var spread = TokenSpread(work.layer)
    spread.count(tilesOf: ExpertCut.rows)
    work.spread = spread
    return work
  }

  /// nil for formats that nobody timed, and for more experts than are looked at.
  package static func work(_ value: Operator<Count>) -> Work? {
    guard case .expertLayer(let layer) = value, let format = ProductFormat(layer.formats),
      layer.experts.all.value <= ExpertLoad.mostExperts
    else { return nil }
    return Work(layer: layer, format: format, spread: nil)
  }

  package static func subject(_ work: Work) -> KernelSubject {
    KernelSubject(
      .experts, dtype: work.format == .sixteenBits ? work.layer.formats.activation : work.format.dtype,
      format: work.format == .sixteenBits ? nil : work.format)
  }

  /// The rows that share what every layer pays, as each of them has at least one kernel of its own.
  private static let kernels = 5.0

  private func problem(_ work: Work, _ conditions: KernelConditions) -> Problem {
    Problem(work.layer, work.format, cut, conditions, spread: work.spread)
  }

  package func timing(_ work: Work, _ conditions: KernelConditions) -> KernelTiming {
    let problem = problem(work, conditions)
    let launch = constants.launch / ExpertTimeModel.kernels
    switch work.layer.part {
    case .first, .second:
      let product = product(problem, isFirst: work.layer.part == .first)
      return KernelTiming(microseconds: launch + product.time, exposed: launch)
    case .route, .activation, .combine:
      let around = around(problem)
      let (exposed, moving) = share(around, work.layer.part)
      return KernelTiming(microseconds: exposed + moving, exposed: exposed)
    case .whole:
      let around = around(problem)
      let exposed = around.fixed + around.routing
      let moving = around.permute + around.activation + around.combine
      return KernelTiming(
        microseconds: exposed + moving + product(problem, isFirst: true).time + product(problem, isFirst: false).time,
        exposed: exposed)
    }
  }

  /// What a row beside the products waits and moves, µs: routing has what is no other row's.
  private func share(
    _ around: Around, _ part: ExpertLayer<Count>.Part
  ) -> (exposed: Double, moving: Double) {
    let launch = constants.launch / ExpertTimeModel.kernels
    switch part {
    case .route:
      return (around.fixed - (ExpertTimeModel.kernels - 1) * launch + around.routing, around.permute)
    case .activation: return (launch, around.activation)
    case .combine: return (launch, around.combine)
    case .whole, .first, .second: return (0, 0)
    }
  }

  package func parts(_ work: Work, _ conditions: KernelConditions) -> [TimePart] {
    let problem = problem(work, conditions)
    let launch = constants.launch / ExpertTimeModel.kernels
    switch work.layer.part {
    case .first, .second: return parts(product(problem, isFirst: work.layer.part == .first), fixed: launch)
    case .route, .activation, .combine:
      let around = around(problem)
      let (exposed, moving) = share(around, work.layer.part)
      return parts(around, exposed: exposed, moving: moving, isRoute: work.layer.part == .route)
    case .whole:
      let around = around(problem)
      let moving = around.permute + around.activation + around.combine
      let all =
        parts(around, exposed: around.fixed + around.routing, moving: moving, isRoute: true)
        + parts(product(problem, isFirst: true), fixed: 0) + parts(product(problem, isFirst: false), fixed: 0)
      return TimePart.Name.allCases.compactMap { name in
        let own = all.filter { $0.name == name }
        return own.isEmpty ? nil : TimePart(name, seconds: own.reduce(0) { $0 + $1.seconds })
      }
    }
  }

  private func parts(_ around: Around, exposed: Double, moving: Double, isRoute: Bool) -> [TimePart] {
    let ideal = moving * around.idealShare
    let routing = isRoute ? around.routing : 0
    let parts = TimePart.differences([
      (.roof, ideal), (.fixed, ideal + exposed - routing), (.dram, moving + exposed - routing),
      (.routing, moving + exposed),
    ])
    return isRoute ? parts : parts.filter { $0.name != .routing }
  }

  /// Built up from the roof; each line takes one more effect into account.
  private func parts(_ product: Product, fixed: Double) -> [TimePart] {
    let ideal = product.ideal
    return TimePart.differences([
      (.roof, ideal),
      (.fixed, ideal + fixed),
      (.waves, max(product.padded, ideal) + fixed),
      (.rate, max(product.rated - product.shaped + product.padded, ideal) + fixed),
      (.tile, max(product.tensor, ideal) + fixed),
      (.dram, max(product.tensor, product.dram) + fixed),
      (.latency, max(product.tensor, product.dram, product.steps) + fixed),
      (.overlap, product.time + fixed),
    ])
  }

  package func choices(_ work: Work, _ conditions: KernelConditions) -> [(name: String, value: String)] {
    let problem = problem(work, conditions)
    func rounded(_ x: Double) -> String { "\((x * 10).rounded() / 10)" }
    func choice(_ product: Product, _ name: String) -> [(name: String, value: String)] {
      guard product.waves > 0 else { return [] }
      return [
        ("\(name)tile", "\(Int(product.tileM)) × \(Int(product.tileN))"),
        ("\(name)waves", "\(Int(min(product.waves, 1e15).rounded(.up)))"),
      ]
    }
    func experts(_ product: Product) -> [(name: String, value: String)] {
      [("experts touched", rounded(product.touched)), ("token–expert pairs", rounded(problem.pairs))]
    }
    switch work.layer.part {
    case .route, .activation, .combine: return []
    case .first, .second:
      let product = product(problem, isFirst: work.layer.part == .first)
      return choice(product, "") + experts(product)
    case .whole:
      let first = product(problem, isFirst: true)
      return choice(first, "first ") + choice(product(problem, isFirst: false), "second ") + experts(first)
    }
  }

  package static func place(_ work: Work) -> KernelPlace {
    let layer = work.layer
    let tokens = Double(layer.experts.tokens)
    let (hidden, width) = (Double(layer.hidden), Double(layer.width) * Double(layer.shards))
    let (experts, chosen) = (Double(layer.experts.all), Double(layer.experts.chosen))
    let (ranks, shards) = (Double(layer.ranks), Double(layer.shards))
    let load: [Double] =
      switch layer.load {
      case .uniform: [0]
      case .balanced: [1]
      case .power(let exponent): [2, exponent]
      case .distinct(let number): [3, number]
      case .loads(let loads): [4] + loads
      case .pairs(let pairs): [5] + pairs
      }
    let facts = [layer.isGated ? 1.0 : 0, layer.isTuned ? 1 : 0, layer.isDispatched ? 1 : 0]
    return KernelPlace(
      "moe",
      sizes: [
        ("tokens", tokens), ("hidden", hidden), ("intermediate", width), ("experts", experts), ("top_k", chosen),
        ("tp", shards), ("ep", ranks),
      ], order: [hidden, width, experts, chosen, shards, ranks, tokens] + load + facts,
      point: [
        2 * KernelPlace.log(tokens), KernelPlace.log(hidden * Double(layer.width)), KernelPlace.log(experts / ranks),
        KernelPlace.log(chosen),
      ], group: [hidden, width, experts, chosen])
  }

  package static func regimes(_ work: Work) -> [String] {
    let tokens = work.layer.experts.tokens.value
    return [
      tokens <= 128 ? "tokens <= 128" : tokens <= 1024 ? "tokens <= 1024" : "tokens > 1024",
      work.layer.ranks == 1 ? "ep 1" : "ep > 1",
    ]
  }
}
