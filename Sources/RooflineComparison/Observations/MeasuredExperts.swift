import RooflineCore

/// The routed experts of a measured layer.
///
/// Libraries run such a layer in one call, and are timed so: a grouped product by itself has no time model. The rows of a layer say
/// together which call it is, and what was routed, and so which share of the call each of them stands for.
struct MeasuredExperts {
  /// A row as it ran.
  struct Row {
    let value: Operator<Count>
    /// Of a grouped product: token–expert pairs of each expert that was touched.
    let pairs: [UInt64]?
  }

  /// The share of the call that a row stands for, by the row's place in the layer.
  let parts: [Int: ExpertLayer<Count>]

  /// None where the rows are of no such layer, or of one that no library runs.
  ///
  /// - Parameters:
  ///   - rows: in order; nil: of no operator that is known here.
  ///   - isDispatched: whether tokens are sent to the ranks of their experts.
  init(_ rows: [Row?], isDispatched: Bool) {
    func places(_ isWanted: (Operator<Count>) -> Bool) -> [Int] {
      rows.indices.filter { rows[$0].map { isWanted($0.value) } == true }
    }
    let products = places { if case .groupedGEMM = $0 { true } else { false } }
    let routes = places { if case .route = $0 { true } else { false } }
    // A later one adds up what ranks send back.
    let combine = places { if case .expertCombine = $0 { true } else { false } }.first
    parts =
      if products.count == 2, routes.count == 1, products[1] == products[0] + 2,
        case .route(let route)? = rows[routes[0]]?.value, let first = rows[products[0]], let second = rows[products[1]],
        let before = MeasuredExperts.layer(first, beside: second, route, isDispatched),
        let behind = MeasuredExperts.layer(second, beside: first, route, isDispatched)
      {
        [
          routes[0]: before.part(.route), products[0]: before.part(.first), products[0] + 1: before.part(.activation),
          products[1]: behind.part(.second),
        ].merging(combine.map { [$0: before.part(.combine)] } ?? [:]) { first, _ in first }
      } else {
        [:]
      }
  }

  /// The call as one of its products met it: each has a routing of its own.
  private static func layer(
    _ product: Row, beside other: Row, _ route: Route<Count>, _ isDispatched: Bool
  ) -> ExpertLayer<Count>? {
    guard case .groupedGEMM(let own) = product.value, case .groupedGEMM(let second) = other.value,
      let pairs = product.pairs
    else { return nil }
    // The one before the activation has the tokens' width in k, the other one in n.
    let (up, down) = own.k == second.n ? (own, second) : (second, own)
    let (all, held) = (route.experts.value, own.experts.held.value)
    guard up.k == down.n, up.n == down.k || up.n == 2 * down.k, up.formats == down.formats, held > 0,
      all.isMultiple(of: held), all <= ExpertLoad.mostExperts
    else { return nil }
    let ranks = all / held
    let tokens = isDispatched ? route.rows * Count(ranks) : route.rows
    let routed = (tokens * route.chosen).value
    // The rank that has most to do is timed.
    guard own.ownPairs.value <= routed, own.ownPairs.value >= routed / ranks else { return nil }
    return ExpertLayer(
      visible: isDispatched ? up.inputRows : tokens, hidden: up.k, width: down.k, isGated: up.n != down.k,
      experts: ExpertSet(
        held: own.experts.held, all: route.experts, chosen: route.chosen, tokens: tokens,
        touched: .stated(Double(pairs.count)), share: ranks == 1 ? .all : .part(of: Count(ranks))),
      load: load(pairs, held: held, all: all, routed: routed), ranks: ranks, isDispatched: isDispatched,
      formats: own.formats)
  }

  /// What was counted on the rank; the experts of others, whom nobody timed, share what is left.
  private static func load(_ pairs: [UInt64], held: UInt64, all: UInt64, routed: UInt64) -> ExpertLoad {
    let own = pairs.map(Double.init) + [Double](repeating: 0, count: Int(held) - pairs.count)
    let sum = own.reduce(0, +)
    // A shade less than the rank's own: where all have the same, the rank that was counted is the one that is looked at.
    let other = all > held ? min((Double(routed) - sum) / Double(all - held), (1 - 1e-9) * sum / Double(held)) : 0
    return .loads(own + [Double](repeating: other, count: Int(all - held)))
  }
}
