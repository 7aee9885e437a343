import RooflineCore

/// Which row a pass's kernels are of.
struct Seating {
  private let pass: ExpectedPass
  private let rules: [KernelRule?]
  private let prices: KernelAlignment.Prices
  private let unfused: UnfusedRows
  /// By kind of kernel, the rows of whose product it computes a part.
  private let parts: [[Int]]

  /// So many kernels are laid beside a pass at once: the longer the pass, the fewer, since each way is kept for each place.
  private var stretch: Int { min(4096, max(32, 8_000_000 / max(pass.places.count, 1))) }
  /// So far a part may stand from the kernel that it belongs to.
  private static let reach = 6

  init(_ pass: ExpectedPass, _ products: ProductRows?, _ kinds: [KernelMatcher.Kind]) {
    self.pass = pass
    rules = kinds.map(\.rule)
    let weights = pass.kinds.map(Self.weight)
    unfused = UnfusedRows(pass, certain: weights.map { $0 == 1 }, kinds)
    var match: [[Float]] = []
    var again: [[Float]] = []
    var leave: [Float] = []
    var parts: [[Int]] = []
    for kind in kinds {
      let (rule, shape) = (kind.rule, kind.shape)
      var (own, repeated) = (weights.map { _ in Float.infinity }, weights.map { _ in Float.infinity })
      parts.append([])
      guard let rule, rule.role == .kernel, !rule.operators.isEmpty else {
        match.append(own)
        again.append(repeated)
        leave.append(0)
        continue
      }
      for (index, kind) in pass.kinds.enumerated() {
        guard let preference = rule.operators.firstIndex(of: kind) else { continue }
        own[index] = Float(preference) * 0.01
        repeated[index] = 0.1 + weights[index] / 2
        guard let shape, let fit = products?.fit(shape, row: index) else { continue }
        switch fit {
        case .whole: repeated[index] = 0.1 + weights[index]
        // Parts of one product stand side by side.
        case .part:
          repeated[index] = 0
          parts[parts.count - 1].append(index)
        case .foreign where shape.isPlain: (own[index], repeated[index]) = (.infinity, .infinity)
        case .foreign: own[index] += 0.5
        }
      }
      // A row that comes once may be anything in between: only what is next is surely it.
      let isOnce = [.embedding, .indexing, .elementwise, .sampling].contains(rule.group)
      leave.append(isOnce ? 0.1 : own.contains { $0 < .infinity } ? 0.6 + (weights.max() ?? 0) / 2 : 0)
      match.append(own)
      again.append(repeated)
    }
    prices = .init(skip: weights.map { $0 / 2 }, match: match, again: again, leave: leave)
    self.parts = parts
  }

  /// How sure it is that a row has a kernel of its own: engines fuse what is small.
  private static func weight(_ kind: OperatorKind) -> Float {
    switch kind {
    case .gemm, .linearGelu, .linearRelu, .groupedGEMM, .attention, .deltaRule, .stateSpaceScan, .selectiveScan,
      .lightningAttention, .qkMatmul, .svMatmul:
      1
    case .allReduce, .allGather, .reduceScatter, .allToAll, .addRMSNorm, .addLayerNorm, .causalConvolution: 0.6
    default: 0.2
    }
  }

  func seat(_ kinds: [Int], into verdicts: inout [TraceMatch.Verdict]) {
    let alignment = KernelAlignment(places: pass.places, prices: prices)
    // Kernels that cannot be a row change nothing.
    let able = kinds.indices.filter { index in prices.match[kinds[index]].contains { $0 < .infinity } }
    var start: Int?
    var places = [Int?](repeating: nil, count: kinds.count)
    for first in stride(from: 0, to: able.count, by: stretch) {
      let part = able[first..<min(first + stretch, able.count)]
      let seats = alignment.seats(of: part.map { kinds[$0] }, from: start)
      for (index, seat) in zip(part, seats) {
        switch seat {
        case .none: break
        case .first(let place):
          verdicts[index] = .row(pass.places[place])
          start = place
          places[index] = place
        case .again(let place):
          verdicts[index] = .again(pass.places[place])
          places[index] = place
        }
      }
    }
    seatParts(kinds, into: &verdicts)
    seatProducts(kinds, into: &verdicts)
    unfused.seat(kinds, places, into: &verdicts)
  }

  /// A part of a product that stands apart from the others, as where the activation of a gate comes before `up_proj`, is the nearest
  /// row's whose product it is a part of.
  private func seatProducts(_ kinds: [Int], into verdicts: inout [TraceMatch.Verdict]) {
    let seated = verdicts
    for index in kinds.indices where seated[index].row == nil && !parts[kinds[index]].isEmpty {
      let rows = parts[kinds[index]]
      let around = (1...Self.reach).lazy.flatMap { [index - $0, index + $0] }
      guard
        let near = around.first(where: { place in
          seated.indices.contains(place) && seated[place].row.map(rows.contains) == true
        }), let row = seated[near].row
      else { continue }
      verdicts[index] = .again(row)
    }
  }

  /// Parts of a row's work go to the nearest kernel that does it: before them or behind, as their rule says.
  private func seatParts(_ kinds: [Int], into verdicts: inout [TraceMatch.Verdict]) {
    let seated = verdicts
    for index in kinds.indices {
      guard let rule = rules[kinds[index]], rule.role != .kernel else { continue }
      let behind = (index + 1)..<min(index + 1 + Self.reach, kinds.count)
      let ahead = max(index - Self.reach, 0)..<index
      func row(_ place: Int) -> Int? {
        guard let row = seated[place].row, rule.operators.contains(pass.kinds[row]) else { return nil }
        return row
      }
      let (next, last) = (behind.lazy.compactMap(row).first, ahead.reversed().lazy.compactMap(row).first)
      if let found = rule.role == .before ? next ?? last : last ?? next { verdicts[index] = .part(found) }
    }
  }

  /// Without an order, a kernel is a row only where no other row could be it.
  func seatUnordered(_ kinds: [Int], into verdicts: inout [TraceMatch.Verdict]) {
    for (index, kind) in kinds.enumerated() {
      let able = prices.match[kind].indices.filter { prices.match[kind][$0] < .infinity }
      guard let first = able.first, able.count == 1 else { continue }
      verdicts[index] = .row(first)
    }
  }
}
