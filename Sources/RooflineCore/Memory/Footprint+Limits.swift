extension Footprint {
  /// How much of something fits.
  package enum Limit: Hashable, Sendable {
    case none
    case upTo(UInt64)
    /// More of it takes no memory.
    case unlimited

    package var number: UInt64? { if case .upTo(let number) = self { number } else { nil } }
  }

  /// The largest batch that fits with everything else unchanged; nil when not even one sequence does.
  public var largestBatch: UInt64? {
    Self.largest(from: 1) { batch in
      var changed = plan
      changed.workload.batch = batch
      return changed
    } fitting: {
      fits($0)
    }.number
  }

  /// The most keys per sequence that fit with everything else, the prompt included, unchanged; nil when the prompt's own do
  /// not, and where a further one takes no memory.
  public var longestContext: UInt64? { contextLimit.number }

  /// The same, told apart.
  package var contextLimit: Limit {
    Self.largest(from: plan.workload.promptKeys) { context in
      var changed = plan
      changed.finalContext = context
      changed.workload.context = context
      return changed
    } fitting: {
      fits($0)
    }
  }

  private func fits(_ plan: FootprintPlan) -> Bool {
    (try? Footprint(plan, reserve: reserve, capacity: capacity))?.fits ?? false
  }

  /// The largest number whose plan fits. A footprint never shrinks as the number grows, so halving finds it.
  private static func largest(
    from start: UInt64, _ plan: (UInt64) -> FootprintPlan, fitting fits: (FootprintPlan) -> Bool
  ) -> Limit {
    guard fits(plan(start)) else { return .none }
    var low = start
    var step: UInt64 = 1
    while low < Count.limit / 4, step < Count.limit / 4, fits(plan(low + step)) { (low, step) = (low + step, step * 2) }
    guard low < Count.limit / 4, step < Count.limit / 4 else { return .unlimited }
    var high = low + step
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if fits(plan(middle)) { low = middle } else { high = middle }
    }
    return .upTo(low)
  }
}
