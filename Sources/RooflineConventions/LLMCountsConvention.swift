import RooflineCore

/// The table of note 000 (Notes.md, "Note 000"): how its author counted, slips included.
///
/// Kept apart from the engine, which never reads it. Every term of `LLMCountsFormulas` is divided by TP with floor division,
/// replicated ones too.
package struct LLMCountsConvention: Sendable {
  package let inputs: ConventionInputs
  package let phases: [Phase]

  package init(_ inputs: ConventionInputs, phases: [Phase]) {
    self.inputs = inputs
    self.phases = phases
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
    let formulas = LLMCountsFormulas<Count>(inputs)
    for phase in phases {
      for (name, row) in ConventionCell.rows {
        let terms = formulas.terms(phase, row)
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
}
