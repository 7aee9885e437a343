import RooflineCore

/// Which rows of a model's passes run once over all tokens of a mixed pass, and which run for its prompts and its sequences apart.
///
/// Nobody lists them: passes of other shapes are stated, and the operators compared. A row whose operator is the same in prefills
/// with as many tokens altogether, whatever their lengths and keys, and in a decode step of as many sequences, depends on the number
/// of tokens alone: products with weights, norms, experts, collectives. One whose operator is the same in passes of as many sequences,
/// whatever their tokens, is of the tokens that are read at the end: the head. Everything else depends on what is attended to, or
/// carried on: a prompt's part of it has the rows of a prefill, the sequences' the rows of a decode step.
package struct PassRows: Sendable {
  /// A row by what no shape changes.
  package struct Identity: Hashable, Sendable {
    let name: OperatorName
    let scope: RowScope
    /// Among those of its name in its scope.
    let ordinal: Int
  }

  /// A part of a mixed pass.
  package enum Part: Hashable, Sendable, CaseIterable {
    /// Rows over all new tokens, whoever they belong to.
    case tokens
    /// Of those, rows between the exchange that sends tokens to the ranks of their experts and the one that sends them back: they run
    /// over tokens of all ranks. None where ranks have no requests of their own.
    case experts
    /// Rows over the tokens whose logits are wanted.
    case head
    /// The other rows of a prefill, and of a decode step.
    case prompts, sequences
  }

  private typealias Probe = (phase: Phase, batch: UInt64, tokens: UInt64, keys: UInt64)

  private let tokens, experts, head: Set<Identity>
  private let model: DecoderModel
  private let workload: Workload

  /// - Parameter workload: degrees, formats and operators; its numbers of sequences and tokens mean nothing here.
  package init(_ model: DecoderModel, _ workload: Workload) {
    self.model = model
    self.workload = workload
    func rows(_ phase: Phase, _ batch: UInt64, _ tokens: UInt64, _ keys: UInt64) -> [Identity: NamedOperator<Count>] {
      PassRows.identified(PassRows.step(phase, workload, batch: batch, tokens: tokens, keys: keys), model)
    }
    // Tokens of a sequence in a decode step; and ranks with requests of their own, so that the same number is each one's.
    let width = workload.drafted + 1
    let ranks = PassRows.ownRanks(workload)
    // Two products, so that no rounding of a share makes different rows equal.
    let equalTokens: [[Probe]] = [
      [(.prefill, 12, 70, 70), (.prefill, 35, 24, 24), (.prefill, 60, 14, 555), (.decode, 840, 1, 99)],
      [(.prefill, 91, 11, 11), (.prefill, 7, 143, 143), (.prefill, 13, 77, 4001), (.decode, 1001, 1, 4097)],
    ].map { probes in
      probes.map { phase, batch, tokens, keys in (phase, batch * ranks, tokens * width, keys * width) }
    }
    // Where drafts are verified, each of a sequence's tokens has logits.
    let equalSequences: [[Probe]] = [
      [(.prefill, 12, 70, 70), (.prefill, 12, 33, 470), (.decode, 12, 1, 99)],
      [(.prefill, 7, 143, 143), (.prefill, 7, 2, 9), (.decode, 7, 1, 4097)],
    ].map { probes in
      probes.map { phase, batch, tokens, keys in
        phase == .prefill
          ? (phase, batch * ranks * width, tokens, keys) : (phase, batch * ranks, tokens * width, keys * width)
      }
    }
    func same(_ probes: [[Probe]]) -> Set<Identity> {
      var found: Set<Identity>?
      for probes in probes {
        let passes = probes.map { rows($0.phase, $0.batch, $0.tokens, $0.keys) }
        guard let first = passes.first else { continue }
        let same = first.filter { identity, row in
          passes.allSatisfy { $0[identity].map { PassRows.isSame($0, row) } ?? false }
        }
        found = found.map { $0.intersection(same.keys) } ?? Set(same.keys)
      }
      return found ?? []
    }
    let overTokens = same(equalTokens)
    experts = PassRows.dispatched(workload, model).intersection(overTokens)
    tokens = overTokens.subtracting(experts)
    head = same(equalSequences).subtracting(overTokens)
  }

  /// How many ranks have requests of their own: 1 where all share them.
  package static func ownRanks(_ workload: Workload) -> UInt64 {
    workload.parallelism.isAttentionDataParallel ? workload.tensorParallel : 1
  }

  /// Rows behind an exchange that sends tokens away, up to the one that brings them back.
  private static func dispatched(_ workload: Workload, _ model: DecoderModel) -> Set<Identity> {
    var found: Set<Identity> = []
    var areAway = false
    for (identity, row) in named(step(.decode, workload, batch: ownRanks(workload), tokens: 1, keys: 1), model) {
      if case .allToAll(let exchange) = row.operator {
        areAway = exchange.direction == .dispatch
      } else if areAway {
        found.insert(identity)
      }
    }
    return found
  }

  private static func isSame(_ left: NamedOperator<Count>, _ right: NamedOperator<Count>) -> Bool {
    left.operator == right.operator && left.kernel == right.kernel && left.occurrences == right.occurrences
  }

  private static func step(
    _ phase: Phase, _ workload: Workload, batch: UInt64, tokens: UInt64, keys: UInt64
  ) -> DecoderStep {
    var step = DecoderStep(phase, workload)
    (step.batch, step.queryTokens, step.attendedKeys) = (batch, tokens, keys)
    return step
  }

  private static func identified(_ step: DecoderStep, _ model: DecoderModel) -> [Identity: NamedOperator<Count>] {
    var rows: [Identity: NamedOperator<Count>] = [:]
    for (identity, row) in named(step, model) { rows[identity] = row }
    return rows
  }

  private static func named(_ step: DecoderStep, _ model: DecoderModel) -> [(Identity, NamedOperator<Count>)] {
    let rows: [NamedOperator<Count>] = step.rows(of: model)
    return rows.enumerated().map { index, row in
      let ordinal = rows[..<index].count { $0.name == row.name && $0.scope == row.scope }
      return (Identity(name: row.name, scope: row.scope, ordinal: ordinal), row)
    }
  }

  /// Whether tokens travel to experts on other ranks.
  package var hasExperts: Bool { !experts.isEmpty }

  private func part(of identity: Identity, _ phase: Phase) -> Part {
    if tokens.contains(identity) { return .tokens }
    if experts.contains(identity) { return .experts }
    if head.contains(identity) { return .head }
    return phase == .prefill ? .prompts : .sequences
  }

  /// The rows of a part.
  ///
  /// - Parameters:
  ///   - batch: sequences; of `.tokens` and `.experts` new tokens, of `.head` tokens whose logits are wanted. Where ranks have requests
  ///     of their own, of all ranks, which are then taken to be equally full.
  ///   - tokens: new ones of each sequence; 1 but in `.prompts` and, where drafts are verified, in `.sequences`.
  ///   - keys: that a sequence's last new token attends to; means nothing in the other parts.
  package func rows(_ part: Part, batch: UInt64, tokens: UInt64 = 1, keys: UInt64 = 1) -> [NamedOperator<Count>] {
    identified(part, batch: batch, tokens: tokens, keys: keys).map(\.1)
  }

  private func identified(
    _ part: Part, batch: UInt64, tokens: UInt64 = 1, keys: UInt64 = 1
  ) -> [(Identity, NamedOperator<Count>)] {
    let phase: Phase = part == .prompts ? .prefill : .decode
    let step = PassRows.step(phase, workload, batch: batch, tokens: tokens, keys: keys)
    return PassRows.named(step, model).filter { self.part(of: $0.0, phase) == part }
  }

  /// The rows of a mixed pass on ranks that share their requests, in their order, each with its parts: one operator over all tokens, or
  /// one for each kind of pieces of prompts and one for the sequences, which kernels compute together or apart. Positions are turned
  /// by one kernel over all tokens, each at a place of its own.
  package func rows(of pass: MixedPass) -> [[NamedOperator<Count>]] {
    var parts: [Identity: [NamedOperator<Count>]] = [:]
    func add(_ rows: [(Identity, NamedOperator<Count>)]) {
      for (identity, row) in rows { parts[identity, default: []].append(row) }
    }
    add(identified(.tokens, batch: pass.tokens))
    if pass.headTokens > 0 { add(identified(.head, batch: pass.headTokens)) }
    for chunk in pass.chunks {
      add(identified(.prompts, batch: chunk.prompts, tokens: chunk.tokens, keys: chunk.cached + chunk.tokens))
    }
    if pass.sequences > 0 {
      add(identified(.sequences, batch: pass.sequences, tokens: pass.queryTokens, keys: pass.meanKeys))
    }
    let turned = identified(.prompts, batch: 1, tokens: pass.tokens, keys: pass.tokens)
    for (identity, row) in turned where row.operator.kind == .rotary && (parts[identity]?.count ?? 0) > 1 {
      parts[identity] = [row]
    }
    return order(of: pass).compactMap { parts[$0] }
  }

  /// That of a prefill; what only a decode step has stands behind what it follows there.
  private func order(of pass: MixedPass) -> [Identity] {
    var steps = pass.chunks.map { chunk in
      PassRows.step(
        .prefill, workload, batch: chunk.prompts, tokens: chunk.tokens, keys: chunk.cached + chunk.tokens)
    }
    if pass.sequences > 0 {
      steps.append(
        PassRows.step(.decode, workload, batch: pass.sequences, tokens: pass.queryTokens, keys: pass.meanKeys))
    }
    var order: [Identity] = []
    for step in steps {
      var next = 0
      for (identity, _) in PassRows.named(step, model) {
        if let known = order.firstIndex(of: identity) {
          next = known + 1
        } else {
          order.insert(identity, at: next)
          next += 1
        }
      }
    }
    return order
  }

  /// The names of a part's rows in passes of usual shapes, in their order.
  package func names(_ part: Part) -> [String] {
    let tokens = part == .prompts ? 3 : part == .sequences ? workload.drafted + 1 : 1
    return rows(part, batch: 2 * PassRows.ownRanks(workload), tokens: tokens, keys: 7 + tokens).map(\.name.rawValue)
  }
}
