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
    /// Rows over the tokens whose logits are wanted.
    case head
    /// The other rows of a prefill, and of a decode step.
    case prompts, sequences
  }

  private typealias Probe = (phase: Phase, batch: UInt64, tokens: UInt64, keys: UInt64)

  private let tokens, head: Set<Identity>
  private let model: DecoderModel
  private let workload: Workload

  /// - Parameter workload: degrees, formats and operators; its numbers of sequences and tokens mean nothing here.
  package init(_ model: DecoderModel, _ workload: Workload) {
    self.model = model
    self.workload = workload
    func rows(_ phase: Phase, _ batch: UInt64, _ tokens: UInt64, _ keys: UInt64) -> [Identity: NamedOperator<Count>] {
      PassRows.identified(PassRows.step(phase, workload, batch: batch, tokens: tokens, keys: keys), model)
    }
    // Two products, so that no rounding of a share makes different rows equal.
    let equalTokens: [[Probe]] = [
      [(.prefill, 12, 70, 70), (.prefill, 35, 24, 24), (.prefill, 60, 14, 555), (.decode, 840, 1, 99)],
      [(.prefill, 91, 11, 11), (.prefill, 7, 143, 143), (.prefill, 13, 77, 4001), (.decode, 1001, 1, 4097)],
    ]
    let equalSequences: [[Probe]] = [
      [(.prefill, 12, 70, 70), (.prefill, 12, 33, 470), (.decode, 12, 1, 99)],
      [(.prefill, 7, 143, 143), (.prefill, 7, 2, 9), (.decode, 7, 1, 4097)],
    ]
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
    tokens = same(equalTokens)
    head = same(equalSequences).subtracting(tokens)
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

  private func part(of identity: Identity, _ phase: Phase) -> Part {
    if tokens.contains(identity) { return .tokens }
    if head.contains(identity) { return .head }
    return phase == .prefill ? .prompts : .sequences
  }

  /// The rows of a part.
  ///
  /// - Parameters:
  ///   - batch: sequences; of `.tokens` new tokens, of `.head` tokens whose logits are wanted.
  ///   - tokens: new ones of each sequence; 1 but in `.prompts`.
  ///   - keys: that a sequence's last new token attends to; means nothing in `.tokens` and `.head`.
  package func rows(_ part: Part, batch: UInt64, tokens: UInt64 = 1, keys: UInt64 = 1) -> [NamedOperator<Count>] {
    let phase: Phase = part == .prompts ? .prefill : .decode
    let step = PassRows.step(phase, workload, batch: batch, tokens: tokens, keys: keys)
    return PassRows.named(step, model).filter { self.part(of: $0.0, phase) == part }.map(\.1)
  }

  /// The names of a part's rows in passes of usual shapes, in their order.
  package func names(_ part: Part) -> [String] {
    rows(part, batch: 2, tokens: part == .prompts ? 3 : 1, keys: 7).map(\.name.rawValue)
  }
}
