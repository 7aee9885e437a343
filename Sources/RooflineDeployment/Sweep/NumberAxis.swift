/// The values of a number that a sweep goes through, in order: lists and ranges, none of which is written out.
package struct NumberAxis: Hashable, Sendable {
  /// Neighbouring values with one rule.
  fileprivate enum Run: Hashable, Sendable {
    /// first, first + step, …
    case steps(first: UInt64, step: UInt64, count: UInt64)
    /// Values of a range that multiplies: fewer than 64.
    case list([UInt64])
  }

  private var runs: [Run]

  /// A single value.
  package init(_ value: UInt64) { runs = [.list([value])] }

  /// Values one by one.
  package init(_ values: [UInt64]) { runs = [.list(values)] }

  /// From the first to the last value that is not beyond `last`.
  ///
  /// - Returns: nil for a range without a value, or one that never ends.
  package init?(from first: UInt64, through last: UInt64, adding step: UInt64) {
    guard first <= last, step > 0 else { return nil }
    runs = [.steps(first: first, step: step, count: (last - first) / step + 1)]
  }

  /// The same, each value so many times the one before.
  package init?(from first: UInt64, through last: UInt64, multiplyingBy factor: UInt64) {
    guard first > 0, first <= last, factor > 1 else { return nil }
    var values = [first]
    while true {
      let (next, isOverflow) = values[values.count - 1].multipliedReportingOverflow(by: factor)
      guard !isOverflow, next <= last else { break }
      values.append(next)
    }
    runs = [.list(values)]
  }

  /// One axis behind another.
  package static func + (left: NumberAxis, right: NumberAxis) -> NumberAxis {
    var axis = left
    axis.runs += right.runs
    return axis
  }

  /// How many values there are; saturates.
  package var count: UInt64 {
    runs.reduce(0) { sum, run in
      let (total, isOverflow) = sum.addingReportingOverflow(run.count)
      return isOverflow ? .max : total
    }
  }

  /// The value at a place below `count`; the last one beyond it.
  package subscript(place: UInt64) -> UInt64 {
    var rest = place
    for run in runs {
      if rest < run.count { return run.value(rest) }
      rest -= run.count
    }
    return runs.last.map { $0.value($0.count - 1) } ?? 0
  }

  /// The largest value.
  package var largest: UInt64 { runs.map(\.largest).max() ?? 0 }

  /// The first value that stands twice; nil without one, and in ranges too long to look through.
  package var repeated: UInt64? {
    guard runs.count > 1 || count <= 1024, count <= 1 << 20 else { return nil }
    var seen: Set<UInt64> = []
    return (0..<count).lazy.map { self[$0] }.first { !seen.insert($0).inserted }
  }
}

extension NumberAxis.Run {
  fileprivate var count: UInt64 {
    switch self {
    case .steps(_, _, let count): count
    case .list(let values): UInt64(values.count)
    }
  }

  fileprivate func value(_ place: UInt64) -> UInt64 {
    switch self {
    case .steps(let first, let step, _): first + step * place
    case .list(let values): values[Int(place)]
    }
  }

  fileprivate var largest: UInt64 {
    switch self {
    case .steps(_, _, let count): value(count - 1)
    case .list(let values): values.max() ?? 0
    }
  }
}
