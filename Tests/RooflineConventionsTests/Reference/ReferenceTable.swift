import Foundation
import RooflineConventions
import RooflineCore

/// The owner's table, cell by cell: the value behind each cell and its printed text.
struct ReferenceTable: Sendable {
  /// The cells are in the order of the file.
  private(set) var table = ConventionTable(peak: ReferenceWorkload.peak, bandwidth: ReferenceWorkload.bandwidth)
  private(set) var printed: [ConventionCell: String] = [:]

  var cells: [ConventionCell] { table.cells }

  /// Ours by another name in one case.
  static let rows: [String: OperatorName] = [
    "q_proj": .qProj, "k_proj": .kProj, "v_proj": .vProj, "out_proj": .oProj, "gate_proj": .gateProj,
    "up_proj": .upProj, "down_proj": .downProj, "qk_matmul": .qkMatmul, "sv_matmul": .svMatmul, "softmax": .softmax,
    "attn_norm": .attnNorm, "mlp_norm": .mlpNorm, "mlp_silu_dot": .mlpSiluDot, "attn_add": .attnAdd,
    "mlp_add": .mlpAdd,
  ]

  static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("llama2_70b_a100_tp8.tsv").path

  struct Malformed: Error {
    let line: Substring
  }

  /// Reads phase, operator, column, printed text and raw value, separated by tabs.
  ///
  /// The file gives no raw performance or bound. The bound is its text; the performance is what the reference derives from its
  /// own raw cells (that this is what it printed is a test).
  init(text: String) throws {
    for line in text.split(separator: "\n").dropFirst() {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard fields.count == 5, let phase = Phase(rawValue: fields[0]), let row = ReferenceTable.rows[fields[1]],
        let column = ConventionCell.Column(rawValue: fields[2])
      else { throw Malformed(line: line) }
      let cell = ConventionCell(phase: phase, row: row, column: column)
      guard printed[cell] == nil else { throw Malformed(line: line) }
      printed[cell] = fields[3]
      switch column {
      case .performance: table[cell] = .ratio(nil)
      case .bound:
        guard let bound = Bound(rawValue: fields[3]) else { throw Malformed(line: line) }
        table[cell] = .bound(bound)
      case .arithmeticIntensity:
        guard let ratio = Double(fields[4]) else { throw Malformed(line: line) }
        table[cell] = .ratio(ratio)
      default:
        guard let raw = Double(fields[4]), let count = UInt64(exactly: raw) else { throw Malformed(line: line) }
        table[cell] = .count(Count(count))
      }
    }
    for cell in cells where cell.column == .performance { table[cell] = table.derived(cell) }
  }
}

extension ReferenceTable {
  /// A cell's text by the reference's rules: an intensity loses its fraction, everything else is scaled.
  static func text(_ value: ConventionValue, in column: ConventionCell.Column) -> String {
    switch value {
    case .bound(let bound): bound.rawValue
    case .count(let count): scaled(Double(count.value))
    case .ratio(nil): "–"
    case .ratio(let ratio?): column == .arithmeticIntensity ? "\(Int(ratio))" : scaled(ratio)
    }
  }

  /// The largest p with n // 10^p > 0 picks T, G, M or K; two decimals, half to even; trailing zeros dropped.
  private static func scaled(_ number: Double) -> String {
    let units = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " K")]
    let (scale, unit) = units.first { (number / $0.0).rounded(.down) > 0 } ?? (1, "")
    let hundredths = Int((number / scale * 100).rounded(.toNearestOrEven))
    let (whole, tenth, hundredth) = (hundredths / 100, hundredths / 10 % 10, hundredths % 10)
    let decimals = hundredth != 0 ? ".\(tenth)\(hundredth)" : tenth != 0 ? ".\(tenth)" : ""
    return "\(whole)\(decimals)\(unit)"
  }
}
