import RooflineCore

/// A place in the table of note 003: phase, row and column.
package struct Notes003Cell: Hashable, Sendable, CustomStringConvertible {
  package let phase: Phase
  package let row: Row
  package let column: Column

  package init(_ phase: Phase, _ row: Row, _ column: Column) {
    self.phase = phase
    self.row = row
    self.column = column
  }

  /// The rows in the note's order. Its names repeat; these say which is which.
  package enum Row: String, Hashable, Sendable, CaseIterable {
    case embedding
    case attentionNorm = "attn_norm"
    case queryKeyValue = "qkv"
    case attention
    case keyValueCache = "kv_cache"
    case attentionAllGather = "attn_all_gather"
    case outputProjection = "o_proj"
    case attentionAllReduce = "attn_all_reduce"
    case mlpNorm = "mlp_norm"
    case upAndGate = "up_gate"
    case gateTimesUp = "gate_times_up"
    case activation
    case down
    case mlpAllGather = "mlp_all_gather"
    case head = "lm_head"

    /// The row's number in the note.
    package var number: Int { (Row.allCases.firstIndex(of: self) ?? 0) + 1 }

    /// Once a pass; the others are there in every layer.
    package var isOnce: Bool { self == .embedding || self == .head }
  }

  /// The columns in the note's order.
  package enum Column: String, Hashable, Sendable, CaseIterable {
    case compute, memory, communication

    /// What the note counts there.
    package var unit: String { self == .compute ? "FLOP" : "elements" }
  }

  package var description: String { "\(phase.rawValue) \(row.rawValue) \(column.rawValue)" }
}
