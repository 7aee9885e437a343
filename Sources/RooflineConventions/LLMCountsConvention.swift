import RooflineCore

/// The table of note 000 (Notes.md, "Note 000"): how its author counted, slips included.
///
/// Kept apart from the engine, which never reads it. In a formula, the last 2 of a byte count is the size of an
/// element; every term is divided by TP with floor division, replicated ones too. The attention, norm, activation and
/// addition rows of a decode step are there ⌊prefill / prompt⌋ term by term; ⌊⌊aS/t⌋/S⌋ = ⌊a/t⌋, so that here T = 1
/// stands for it. Where the note has H for the width of all heads and a model's h·d is not H, h·d is taken.
package struct LLMCountsConvention: Sendable {
  package let inputs: ConventionInputs
  package let phases: [Phase]

  package init(_ inputs: ConventionInputs, phases: [Phase]) {
    self.inputs = inputs
    self.phases = phases
  }

  /// One row's primitive columns before they are divided.
  private struct Terms {
    var flops: Count = 0
    var loadWeight: Count = 0
    var loadActivation: Count = 0
    var storeActivation: Count = 0
    var loadKVCache: Count = 0
    var storeKVCache: Count = 0

    subscript(column: ConventionCell.Column) -> Count {
      switch column {
      case .loadWeight: loadWeight
      case .loadActivation: loadActivation
      case .storeActivation: storeActivation
      case .loadKVCache: loadKVCache
      case .storeKVCache: storeKVCache
      default: flops
      }
    }
  }

  /// The table, every term divided by TP.
  ///
  /// - Throws: `InputError.overflow`.
  package func table() throws(InputError) -> ConventionTable { try table(dividedBy: inputs.tensorParallel) }

  /// The table before its terms are divided by TP.
  ///
  /// - Throws: `InputError.overflow`.
  package func undividedTable() throws(InputError) -> ConventionTable { try table(dividedBy: 1) }

  private func table(dividedBy degree: Count) throws(InputError) -> ConventionTable {
    var table = ConventionTable(peak: inputs.peak, bandwidth: inputs.bandwidth)
    for phase in phases {
      for (name, row) in ConventionCell.rows {
        let terms = terms(phase, row)
        for column in ConventionCell.Column.allCases {
          let cell = ConventionCell(phase: phase, row: row, column: column)
          table[cell] = .count(terms[column].divided(exactlyBy: degree))
        }
        for column in ConventionCell.Column.allCases where !column.isPrimitive {
          let cell = ConventionCell(phase: phase, row: row, column: column)
          table[cell] = table.derived(cell)
        }
        for column in [ConventionCell.Column.flops, .memoryAccess] {
          guard case .count(let count)? = table[ConventionCell(phase: phase, row: row, column: column)],
            !count.isOverflow
          else { throw .overflow(what: "\(name) (\(phase.rawValue), llm-counts)") }
        }
      }
    }
    return table
  }

  private func terms(_ phase: Phase, _ row: OperatorName) -> Terms {
    let (B, T, S) = (inputs.batch, inputs.queryTokens(phase), inputs.prompt)
    let (H, I) = (inputs.hidden, inputs.intermediate)
    let (h, k, d) = (inputs.heads, inputs.keyValueHeads, inputs.headDim)
    let scores = B * h * T * S * 2
    let cached = phase == .decode ? (S + inputs.generated) * d * B * k * 2 : 0
    switch row {
    case .qProj: return linear(B * T, from: H, to: h * d)
    case .kProj, .vProj:
      var terms = linear(B * T, from: H, to: k * d)
      (terms.storeKVCache, terms.storeActivation) = (terms.storeActivation, 0)
      return terms
    case .oProj: return linear(B * T, from: h * d, to: H)
    case .gateProj, .upProj: return linear(B * T, from: H, to: I)
    case .downProj: return linear(B * T, from: I, to: H)
    case .qkMatmul:
      return Terms(
        flops: 2 * B * T * S * h * d, loadActivation: 2 * B * T * k, storeActivation: scores, loadKVCache: cached)
    case .svMatmul:
      return Terms(
        flops: 2 * B * T * S * h * d, loadActivation: scores, storeActivation: B * T * h * d * 2, loadKVCache: cached)
    case .softmax: return Terms(flops: 3 * B * T * H, loadActivation: scores, storeActivation: scores)
    case .attnNorm, .mlpNorm:
      let stream = B * T * H * 2
      return Terms(flops: 4 * B * T * H, loadWeight: H * 2, loadActivation: stream, storeActivation: stream)
    case .mlpSiluDot:
      let two = 2 * B * T * I * 2
      return Terms(flops: 4 * B * T * I, loadActivation: two, storeActivation: two)
    default:
      let stream = B * T * H * 2
      return Terms(flops: B * T * H, loadActivation: stream, storeActivation: stream)
    }
  }

  /// A matrix product of `rows` by `from` with `from` by `to`.
  private func linear(_ rows: Count, from: Count, to: Count) -> Terms {
    Terms(
      flops: 2 * rows * from * to, loadWeight: from * to * 2, loadActivation: rows * from * 2,
      storeActivation: rows * to * 2)
  }
}
