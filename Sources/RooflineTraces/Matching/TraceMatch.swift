import RooflineCore

/// Which kernel of a trace is which row.
package struct TraceMatch: Sendable {
  /// What became of a kernel.
  package enum Verdict: Hashable, Sendable {
    /// It is the row, or the first of several that are.
    case row(Int)
    /// It is a part of the row beside another kernel: it prepares or finishes it.
    case part(Int)
    /// It is the row once more, beside the kernel before it: each of them does some of the row's work.
    case again(Int)
    /// It is one of PyTorch's operations, the first of which is the row, that do the row's work together.
    case operation(Int)
    /// It is known, and no row's.
    case known(KernelGroup)
    case unknown
  }

  /// Kernels with a name and a verdict.
  package struct Entry: Hashable, Sendable {
    package let name: String
    package let verdict: Verdict
    package let activity: TraceKernel.Activity
    package var launches: UInt64
    package var seconds: Double
  }

  /// What was seen of a row.
  package struct Observed: Hashable, Sendable {
    /// How often it ran.
    package var calls: UInt64 = 0
    /// Of all its kernels, s.
    package var seconds = 0.0
    /// How many kernels there were.
    package var kernels: UInt64 = 0
    package var names: [String] = []
    /// Of those that do the row's work, without what prepares or finishes it.
    package var ownNames: [String] = []
    /// How many did some of its work beside the first.
    package var repeats: UInt64 = 0
    /// How many more there were of single operations that do its work together.
    package var operations: UInt64 = 0
  }

  /// By row, in the order in which rows were given; empty without a model.
  package let observed: [Observed]
  /// Longest time first.
  package let entries: [Entry]

  package func seconds(_ isIncluded: (Entry) -> Bool) -> Double {
    entries.reduce(0) { isIncluded($1) ? $0 + $1.seconds : $0 }
  }

  /// Kernels without the copy engine's work, s.
  package var kernelSeconds: Double { seconds { $0.activity == .kernel } }
  package var matchedSeconds: Double { seconds { $0.activity == .kernel && $0.verdict.row != nil } }
  package var knownSeconds: Double {
    seconds { if case .known = $0.verdict { $0.activity == .kernel } else { false } }
  }
  package var unknownSeconds: Double { seconds { $0.verdict == .unknown } }
  /// Of backward passes and optimizers, as far as names tell them, s.
  package var trainingSeconds: Double { seconds { $0.verdict == .known(.training) } }
  /// Copies and fills of the copy engine, s.
  package var copySeconds: Double { seconds { $0.activity != .kernel } }

  init(rows: Int, _ trace: Trace, _ kernels: [TraceKernel], _ verdicts: [Verdict]) {
    struct Key: Hashable {
      let name: Int32
      let verdict: Verdict
      let activity: TraceKernel.Activity
    }
    var observed = [Observed](repeating: Observed(), count: rows)
    var places: [Key: Int] = [:]
    var entries: [Entry] = []
    for (kernel, verdict) in zip(kernels, verdicts) {
      let key = Key(name: kernel.name, verdict: verdict, activity: kernel.activity)
      let place: Int
      if let known = places[key] {
        place = known
      } else {
        place = entries.count
        places[key] = place
        entries.append(
          Entry(
            name: trace.name(of: kernel), verdict: verdict, activity: kernel.activity, launches: 0, seconds: 0))
        if let row = verdict.row { observed[row].names.append(trace.name(of: kernel)) }
        if case .row(let row) = verdict { observed[row].ownNames.append(trace.name(of: kernel)) }
      }
      let launches = UInt64(clamping: kernel.launches)
      entries[place].launches += launches
      entries[place].seconds += kernel.seconds
      guard let row = verdict.row else { continue }
      observed[row].seconds += kernel.seconds
      observed[row].kernels += launches
      if case .row = verdict { observed[row].calls += launches }
      if case .again = verdict { observed[row].repeats += launches }
      if case .operation = verdict { observed[row].operations += launches }
    }
    self.observed = observed
    self.entries = entries.sorted { ($1.seconds, $0.name) < ($0.seconds, $1.name) }
  }
}

extension TraceMatch.Verdict {
  /// The row that it belongs to; nil of all others.
  package var row: Int? {
    switch self {
    case .row(let row), .part(let row), .again(let row), .operation(let row): row
    case .known, .unknown: nil
    }
  }
}
