import RooflineCore

/// A place in the table of a convention: phase, row and column.
package struct ConventionCell: Hashable, Sendable, CustomStringConvertible {
  package let phase: Phase
  package let row: OperatorName
  package let column: Column

  package init(phase: Phase, row: OperatorName, column: Column) {
    self.phase = phase
    self.row = row
    self.column = column
  }

  /// The columns, by their names in note 000, in its order.
  package enum Column: String, Hashable, Sendable, CaseIterable {
    case flops
    case memoryAccess = "memory_access"
    case arithmeticIntensity = "arithmetic_intensity"
    case performance
    case bound
    case loadWeight = "load_weight"
    case loadActivation = "load_act"
    case storeActivation = "store_act"
    case loadKVCache = "load_kv_cache"
    case storeKVCache = "store_kv_cache"

    /// Counted on its own; the other columns are computed from these.
    package var isPrimitive: Bool { self == .flops || Column.traffic.contains(self) }

    package static let traffic: [Column] = [
      .loadWeight, .loadActivation, .storeActivation, .loadKVCache, .storeKVCache,
    ]
  }

  /// The rows of note 000 in its order: ours by another name in one case.
  package static let rows: [(name: String, row: OperatorName)] = [
    ("q_proj", .qProj), ("k_proj", .kProj), ("v_proj", .vProj), ("out_proj", .oProj), ("gate_proj", .gateProj),
    ("up_proj", .upProj), ("down_proj", .downProj), ("qk_matmul", .qkMatmul), ("sv_matmul", .svMatmul),
    ("softmax", .softmax), ("attn_norm", .attnNorm), ("mlp_norm", .mlpNorm), ("mlp_silu_dot", .mlpSiluDot),
    ("attn_add", .attnAdd), ("mlp_add", .mlpAdd),
  ]

  /// What the note calls the row.
  package var noteRow: String { ConventionCell.rows.first { $0.row == row }?.name ?? row.rawValue }

  package var description: String { "\(phase.rawValue) \(row.rawValue) \(column.rawValue)" }
}

/// What stands in a cell.
package enum ConventionValue: Hashable, Sendable, CustomStringConvertible {
  /// FLOPs or bytes.
  case count(Count)
  /// FLOP/B or FLOP/s, unrounded; nil where no byte moves.
  case ratio(Double?)
  case bound(Bound)

  /// Counts and bounds agree when equal, ratios when nothing but the order of two roundings differs.
  package func agrees(with other: ConventionValue) -> Bool {
    if case .ratio(let left?) = self, case .ratio(let right?) = other {
      return abs(left - right) <= 1e-12 * abs(right)
    }
    return self == other
  }

  package var description: String {
    switch self {
    case .count(let count): "\(count.value)"
    case .ratio(let ratio): ratio.map { "\($0)" } ?? "–"
    case .bound(let bound): bound.rawValue
    }
  }
}
