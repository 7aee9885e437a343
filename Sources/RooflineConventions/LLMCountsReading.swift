import RooflineCore

/// Cells of note 000 that more than one formula gives at the note's own inputs, where h_kv = tp, h·d = H and G = S: its one table
/// cannot say which was meant, and for other models it is a guess.
package struct LLMCountsReading: Sendable {
  /// The cells, in the note's words.
  package let cells: String
  /// What is taken, and what would do as well, in the phase that is shown.
  package let taken, other: Symbol

  /// The readings of a phase.
  package static func all(_ inputs: ConventionInputs, _ phase: Phase) -> [LLMCountsReading] {
    let formulas = LLMCountsFormulas<Symbol>(inputs)
    let (B, S, H) = (formulas.batch, formulas.length, formulas.hidden)
    let rows: Symbol = phase == .prefill ? B * S : B
    let degree = Symbol.input(.noteTensorParallel, inputs.tensorParallel.value)
    func share(_ term: Symbol) -> Symbol { term.divided(roundingDownBy: degree) }
    func taken(_ row: OperatorName, _ column: ConventionCell.Column) -> Symbol {
      share(formulas.terms(phase, row)[column])
    }
    let readings = [
      LLMCountsReading(
        cells: "qk_matmul load_act", taken: taken(.qkMatmul, .loadActivation), other: 2 * rows),
      LLMCountsReading(
        cells: "softmax flops", taken: taken(.softmax, .flops),
        other: share(3 * rows * formulas.heads * formulas.headDim)),
      LLMCountsReading(
        cells: "qk_matmul and sv_matmul flops", taken: taken(.qkMatmul, .flops), other: share(2 * rows * S * H)),
    ]
    guard phase == .decode else { return readings }
    let keys = LLMCountsReading(
      cells: "qk_matmul and sv_matmul load_kv_cache", taken: taken(.qkMatmul, .loadKVCache),
      other: share(2 * S * formulas.headDim * B * formulas.keyValueHeads * 2))
    return readings + [keys]
  }
}
