import RooflineCore

extension Table {
  /// The cells for people. Columns that hold nothing but times have one unit, which their heads name: so magnitudes compare down the
  /// page, and across it. Where one row has times, each has its unit beside it.
  struct Printed {
    /// Below each column's title.
    let units: [String]
    /// Of each row; nil of a rule.
    let rows: [[String]?]
  }

  var printed: Printed {
    let areTimes = columns.indices.map { column in rows.allSatisfy { $0.isTimeOrEmpty(in: column) } }
    let unit = timeUnit(of: columns.indices.filter { areTimes[$0] })
    return Printed(
      units: zip(columns, areTimes).enumerated().map { index, head in
        let hasTimes = head.1 && rows.contains { $0.time(in: index) != nil }
        return [head.0.unit, hasTimes ? unit?.name ?? "" : ""].filter { !$0.isEmpty }.joined(separator: ", ")
      },
      rows: rows.map { row in
        guard case .cells(let cells) = row else { return nil }
        return cells.indices.map { column in
          guard let unit, areTimes[column], let time = row.time(in: column) else { return cells[column].scaled }
          return Numbers.time(time, in: unit)
        }
      })
  }

  /// The largest unit in which three quarters of the times are at least 1, and none has more than six digits before its point; nil
  /// where fewer than two rows have any.
  private func timeUnit(of columns: [Int]) -> Numbers.TimeUnit? {
    let byRow = rows.map { row in columns.compactMap { row.time(in: $0)?.value }.filter { $0 > 0 } }.filter {
      !$0.isEmpty
    }
    guard byRow.count > 1 else { return nil }
    let times = byRow.joined().sorted()
    let (quarter, most) = (times[times.count / 4], times[times.count - 1])
    // As rounded: 999.999 µs are 1.00 ms.
    let fitting = Numbers.TimeUnit.allCases.last { quarter / $0.factor >= 0.999_995 } ?? .nanoseconds
    let short = Numbers.TimeUnit.allCases.first { most / $0.factor < 999_999.995 } ?? .seconds
    return fitting.factor < short.factor ? short : fitting
  }
}

extension Table.Row {
  fileprivate func isTimeOrEmpty(in column: Int) -> Bool {
    guard case .cells(let cells) = self else { return true }
    return switch cells[column] {
    case .time, .empty: true
    case .text, .count, .integer, .ratio, .rate, .energy, .share, .bound: false
    }
  }

  /// nil of other cells, and of times that are not known.
  fileprivate func time(in column: Int) -> Seconds? {
    guard case .cells(let cells) = self, case .time(let time?) = cells[column], time.value.isFinite else { return nil }
    return time
  }
}
