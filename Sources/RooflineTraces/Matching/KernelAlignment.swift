/// Lays kernels beside the places of a pass: of all ways that keep the order, one that costs least.
///
/// A kernel takes the next place that it may be (places between are passed over, at a price), stays at the place of the kernel before
/// it (a product in two kernels), or is left without a place. The pass begins anew behind its end. Linear in kernels times places: what
/// is passed over is carried along from place to place.
package struct KernelAlignment {
  /// What each choice costs. Only the order of sums matters.
  package struct Prices {
    /// Of passing over the row of a place.
    let skip: [Float]
    /// Of a kernel, by its kind of name and shape, on the row of a place; infinite where it cannot be that row.
    let match: [[Float]]
    /// Of staying on the row of the kernel before it.
    let again: [[Float]]
    /// Of leaving the kernel without a place.
    let leave: [Float]

    package init(skip: [Float], match: [[Float]], again: [[Float]], leave: [Float]) {
      self.skip = skip
      self.match = match
      self.again = again
      self.leave = leave
    }
  }

  /// Of going on anywhere: what was recorded began or ended in the middle of a pass.
  static let jump: Float = 6

  let places: [Int]
  let prices: Prices

  package init(places: [Int], prices: Prices) {
    self.places = places
    self.prices = prices
  }

  /// Where a kernel stands.
  package enum Seat: Hashable {
    case none
    /// It is the first of its row there.
    case first(place: Int)
    case again(place: Int)
  }

  /// - Parameter kinds: each kernel's number in `Prices`.
  /// - Parameter start: the place of the last kernel before; nil: none.
  package func seats(of kinds: [Int], from start: Int? = nil) -> [Seat] {
    let count = places.count
    guard count > 0 else { return kinds.map { _ in .none } }
    // At the beginning, the first place is next, and any other may be.
    var cost = [Float](repeating: 1, count: count)
    cost[start ?? count - 1] = 0
    var enter = [Float](repeating: 0, count: count)
    var origin = [Int32](repeating: 0, count: count)
    var new = cost
    /// By kernel and place: where it came from; −1 stays without a seat, −2 stays with one.
    var back = [Int32](repeating: -1, count: kinds.count * count)
    for (index, kind) in kinds.enumerated() {
      carry(cost, into: &enter, &origin)
      let (match, again, leave) = (prices.match[kind], prices.again[kind], prices.leave[kind])
      for place in 0..<count {
        let row = places[place]
        var best = cost[place] + leave
        var from: Int32 = -1
        if match[row] < .infinity {
          let entering = enter[place] + match[row]
          if entering < best { (best, from) = (entering, origin[place]) }
          let staying = cost[place] + again[row]
          if staying < best { (best, from) = (staying, -2) }
        }
        new[place] = best
        back[index * count + place] = from
      }
      swap(&cost, &new)
    }
    var seats = [Seat](repeating: .none, count: kinds.count)
    var place = cost.indices.min { cost[$0] < cost[$1] } ?? 0
    for index in kinds.indices.reversed() {
      switch back[index * count + place] {
      case -1: break
      case -2: seats[index] = .again(place: place)
      case let from:
        seats[index] = .first(place: place)
        place = Int(from)
      }
    }
    return seats
  }

  /// The cheapest way to come to each place from one before it, and from which.
  private func carry(_ cost: [Float], into enter: inout [Float], _ origin: inout [Int32]) {
    let count = cost.count
    let cheapest = cost.indices.min { cost[$0] < cost[$1] } ?? 0
    var (carried, from) = (cost[cheapest] + Self.jump, Int32(cheapest))
    for round in 0..<2 {
      for place in 0..<count {
        if round == 0 || carried < enter[place] { (enter[place], origin[place]) = (carried, from) }
        carried += prices.skip[places[place]]
        if cost[place] < carried { (carried, from) = (cost[place], Int32(place)) }
      }
    }
  }
}
