/// Configurations that no other beats: none is as good at both of two numbers, and better at one.
package struct ParetoFront: Sendable {
  /// Both numbers, of which larger ones are better.
  package struct Goals: Sendable {
    let values: @Sendable (SweepRow) -> (Double, Double)?

    /// - Parameter values: nil of a configuration that cannot stand on the front.
    package init(_ values: @escaping @Sendable (SweepRow) -> (Double, Double)?) { self.values = values }

    /// What a user gets against what a GPU yields, of configurations that fit.
    package static let userAndGPU = Goals { row in
      guard row.fits, let user = row.tokensPerSecondPerUser, let gpu = row.tokensPerSecondPerGPU else { return nil }
      return (user, gpu)
    }
  }

  private let goals: Goals
  /// By the first number, downwards; the second one grows.
  private var entries: [(values: (Double, Double), row: SweepRow)] = []

  package init(_ goals: Goals = .userAndGPU) { self.goals = goals }

  /// By the first number, downwards.
  package var rows: [SweepRow] { entries.map(\.row) }

  /// Of two configurations alike in both numbers the first that is added stays.
  package mutating func add(_ row: SweepRow) {
    guard let values = goals.values(row), !values.0.isNaN, !values.1.isNaN else { return }
    // The first entry whose first number is smaller.
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].values.0 >= values.0 { low = middle + 1 } else { high = middle }
    }
    if low > 0, entries[low - 1].values.1 >= values.1 { return }
    var start = low
    // An entry as good at the first number alone is beaten, too.
    if start > 0, entries[start - 1].values.0 == values.0 { start -= 1 }
    var end = low
    while end < entries.count, entries[end].values.1 <= values.1 { end += 1 }
    entries.replaceSubrange(start..<end, with: [(values, row)])
  }

  package mutating func add(_ other: ParetoFront) {
    for entry in other.entries { add(entry.row) }
  }
}
