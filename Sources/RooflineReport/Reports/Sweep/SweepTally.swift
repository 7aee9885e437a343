import RooflineAnalysis
import RooflineCore
import RooflineDeployment

/// What became of the rows of a sweep: none is passed over in silence.
package struct SweepTally: Sendable {
  package private(set) var rows: UInt64 = 0
  /// Possible ones that do not fit, or of which nobody knows.
  package private(set) var misfits: UInt64 = 0
  /// Possible ones that the condition leaves out.
  package private(set) var leftOut: UInt64 = 0
  private var impossible: [SweepRow.Reason: UInt64] = [:]
  private var notices: [Remark] = []
  private var others: UInt64 = 0
  /// What is true of the numbers of a deployment.
  private struct Remark: Hashable {
    let hardware: String
    let dtype: DType?
    let notice: Notice

    /// One sentence, with the GPU's name where it does not say it.
    var sentence: String {
      let own = notice.sentence
      return own.contains(hardware) ? own : "\(hardware)\(dtype.map { " in \($0.rawValue)" } ?? ""): \(own)"
    }
  }

  /// Reasons that are named; more are counted together.
  private static let named = 12

  package init() {}

  /// - Parameter isKept: whether the condition holds.
  package mutating func add(_ row: SweepRow, isKept: Bool) {
    rows += 1
    guard row.figures != nil else {
      count(row.reason ?? .refused(.overflow(what: "the configuration")), 1)
      return
    }
    if case .notices(let found) = row.reason {
      for notice in found {
        note(Remark(hardware: row.deployment.hardware, dtype: row.deployment.dtype, notice: notice))
      }
    }
    if !isKept { leftOut += 1 } else if !row.fits { misfits += 1 }
  }

  private mutating func count(_ reason: SweepRow.Reason, _ number: UInt64) {
    if impossible[reason] == nil, impossible.count >= SweepTally.named {
      others += number
    } else {
      impossible[reason, default: 0] += number
    }
  }

  package mutating func add(_ other: SweepTally) {
    rows += other.rows
    misfits += other.misfits
    leftOut += other.leftOut
    others += other.others
    for (reason, number) in other.impossible { count(reason, number) }
    for notice in other.notices { note(notice) }
  }

  private mutating func note(_ remark: Remark) {
    if notices.count < SweepTally.named, !notices.contains(remark) { notices.append(remark) }
  }

  /// Of configurations that are not possible.
  package var impossibleCount: UInt64 { impossible.values.reduce(others, +) }

  /// A sentence each.
  package var remarks: [String] {
    var lines: [String] = []
    let sorted = impossible.map { (count: $0.value, sentence: $0.key.sentence) }
      .sorted { ($1.count, $0.sentence) < ($0.count, $1.sentence) }
    for entry in sorted {
      lines.append("\(Numbers.grouped(entry.count)) not possible: \(entry.sentence)")
    }
    if others > 0 {
      lines.append("\(Numbers.grouped(others)) not possible for other reasons, which CSV and JSON Lines name")
    }
    return lines + notices.map(\.sentence)
  }
}
