import RooflineCore

/// What became of the rows of a sweep: none is passed over in silence.
package struct SweepTally: Sendable {
  package private(set) var rows: UInt64 = 0
  /// Possible ones that do not fit, or of which nobody knows.
  package private(set) var misfits: UInt64 = 0
  /// Possible ones that the condition leaves out.
  package private(set) var leftOut: UInt64 = 0
  private var impossible: [SweepRow.Reason: UInt64] = [:]
  private var notices: [Notice] = []
  private var others: UInt64 = 0
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
    if case .notice(let notice) = row.reason, notices.count < SweepTally.named, !notices.contains(notice) {
      notices.append(notice)
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
    for notice in other.notices where notices.count < SweepTally.named && !notices.contains(notice) {
      notices.append(notice)
    }
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
