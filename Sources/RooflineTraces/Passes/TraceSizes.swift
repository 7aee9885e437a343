import RooflineCore

/// What a trace says of its workload, in the terms of the options that would say it.
package struct TraceSizes: Hashable, Sendable {
  /// A size, and where it stands.
  package struct Fact: Hashable, Sendable {
    package let value: UInt64
    package let source: String

    package init(_ value: UInt64, _ source: String) {
      self.value = value
      self.source = source
    }
  }

  package var phase: Phase?
  package var batch: Fact?
  /// New tokens of a sequence.
  package var prompt: Fact?
  /// Tokens of a sequence before them.
  package var prefix: Fact?
  package var context: Fact?

  package init() {}

  /// By an engine's marks, else by the sizes that attention was called with.
  package init(_ passes: TracePasses, _ trace: Trace) {
    if let work = passes.work { self.init(work) } else { self.init(attentionOf: passes, trace) }
  }

  init(_ work: StepWork) {
    phase = work.phase
    let source = "the engine's mark"
    if phase == .prefill, let part = work.prefill {
      batch = Fact(part.sequences, source)
      guard let tokens = part.tokens, tokens >= part.sequences else { return }
      let each = Self.share(tokens, part.sequences)
      prompt = Fact(each, tokens.isMultiple(of: part.sequences) ? source : "\(source), mean of \(tokens) tokens")
      if let keys = part.keys, keys > tokens { prefix = Fact(Self.share(keys - tokens, part.sequences), source) }
    } else if phase == .decode, let part = work.decode {
      batch = Fact(part.sequences, source)
      guard let keys = part.keys, keys >= part.sequences else { return }
      context = Fact(
        Self.share(keys, part.sequences),
        keys.isMultiple(of: part.sequences) ? source : "\(source), mean of \(keys) keys")
    }
  }

  /// Of the attention that ran most often; of decode steps over growing contexts, the mean.
  private init(attentionOf passes: TracePasses, _ trace: Trace) {
    let all = passes.passes.flatMap { RecordedAttention.all($0, trace).map(\.sizes) }
    var counts: [[UInt64]: Int] = [:]
    for sizes in all { counts[[sizes.sequences, sizes.tokens], default: 0] += 1 }
    guard let most = counts.max(by: { ($0.value, $1.key[1]) < ($1.value, $0.key[1]) })?.key else { return }
    let chosen = all.filter { $0.sequences == most[0] && $0.tokens == most[1] }
    let mean = chosen.reduce(0.0) { $0 + Double($1.keys) } / Double(chosen.count)
    guard let keys = UInt64(exactly: mean.rounded()) else { return }
    let source = "attention's recorded sizes"
    batch = Fact(most[0], source)
    phase = chosen[0].phase
    if phase == .decode {
      context = Fact(keys, Set(chosen.map(\.keys)).count > 1 ? "\(source), mean" : source)
    } else {
      prompt = Fact(most[1], source)
      if keys > most[1] { prefix = Fact(keys - most[1], source) }
    }
  }

  /// Rounded to the nearest.
  static func share(_ all: UInt64, _ parts: UInt64, least: UInt64 = 1) -> UInt64 {
    let (whole, rest) = all.quotientAndRemainder(dividingBy: max(parts, 1))
    return max(least, rest >= parts - rest ? whole + 1 : whole)
  }
}

extension TracePasses {
  /// The degree of tensor parallelism whose products were recorded most often.
  ///
  /// - Parameter rows: of the pass by degree.
  /// - Returns: nil where no recorded product tells degrees apart.
  package func tensorParallel(_ trace: Trace, _ rows: [(degree: UInt64, rows: [NamedOperator<Count>])]) -> UInt64? {
    var recorded: Set<Int32> = []
    for kernel in passes.joined() where kernel.shapes >= 0 { recorded.insert(kernel.shapes) }
    let shapes = recorded.compactMap { ProductShape(trace.shapes[Int($0)]) }.filter(\.isPlain)
    guard !shapes.isEmpty else { return nil }
    let hits = rows.map { entry in
      let products = entry.rows.compactMap { ProductRows.shape($0.operator) }
      return (entry.degree, shapes.count { shape in products.contains { shape.has($0.n, $0.k) } })
    }
    guard let best = hits.max(by: { $0.1 < $1.1 }), best.1 > 0 else { return nil }
    let degrees = hits.filter { $0.1 == best.1 }
    return degrees.count == 1 ? best.0 : nil
  }
}
