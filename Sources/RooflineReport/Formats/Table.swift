import RooflineCore

/// A table before it is text: one definition for people (scaled numbers) and machines (raw SI).
package struct Table: Sendable {
  /// What a column is called, for people and for machines.
  package struct Column: Hashable, Sendable {
    /// What people read.
    package let title: String
    package let unit: String
    /// What files for machines call it, unit included.
    package let key: String
    package let isText: Bool
    package let place: Place

    /// Where a page that has no room for the whole table shows a column.
    package enum Place: Hashable, Sendable {
      case table
      /// In a table of its own below, under this title.
      case below(title: String)
      /// On a line of its own above the row's other cells.
      case above

      /// Of columns that make up a row's memory.
      static let breakdown = below(title: "memory by class (a row is one occurrence)")
    }

    package init(_ title: String, unit: String = "", key: String, isText: Bool = false, place: Place = .table) {
      self.title = title
      self.unit = unit
      self.key = key
      self.isText = isText
      self.place = place
    }
  }

  /// A value before it is text.
  package enum Cell: Hashable, Sendable {
    case text(String)
    case count(Count)
    /// A number people read digit by digit: a context, a batch.
    case integer(UInt64?)
    case ratio(Double?)
    case rate(Double?)
    case time(Seconds?)
    /// J; people read thousandths, as the unit of their column says.
    case energy(Double?)
    /// A share of a whole, 0 to 1.
    case share(Double?)
    case bound(Bound?)
    case empty
  }

  /// A line of cells, or a rule between lines.
  package enum Row: Hashable, Sendable {
    case cells([Cell])
    case rule
  }

  package let title: String
  package let columns: [Column]
  package let rows: [Row]

  package init(title: String, columns: [Column], rows: [Row]) {
    self.title = title
    self.columns = columns
    self.rows = rows
  }

  /// The same rows with some of the columns; without those that are only named there.
  package func keeping(_ indices: [Int], title: String) -> Table {
    var kept: [Row] = []
    for row in rows {
      guard case .cells(let cells) = row else {
        kept.append(row)
        continue
      }
      let isNamedOnly = indices.allSatisfy { $0 == 0 || cells[$0] == .empty }
      if !isNamedOnly || cells.dropFirst().allSatisfy({ $0 == .empty }) {
        kept.append(.cells(indices.map { cells[$0] }))
      }
    }
    while kept.last == .rule { kept.removeLast() }
    return Table(title: title, columns: indices.map { columns[$0] }, rows: kept)
  }
}

extension Table.Cell {
  /// For people.
  var scaled: String {
    switch self {
    case .text(let text): text.printableLine
    case .count(let count): Numbers.scaled(count)
    case .integer(let integer): integer.map(String.init) ?? Numbers.unknown
    case .ratio(let ratio): ratio.map { Numbers.fixed($0, decimals: 2) } ?? Numbers.unknown
    case .rate(let rate): rate.map(Numbers.scaled) ?? Numbers.unknown
    case .time(let time): time.map(Numbers.time) ?? Numbers.unknown
    case .energy(let joules): joules.map { Numbers.fixed($0 * 1e3, decimals: 3) } ?? Numbers.unknown
    case .share(let share): share.map(Numbers.percent) ?? Numbers.unknown
    case .bound(let bound): bound?.rawValue ?? Numbers.unknown
    case .empty: ""
    }
  }

  /// For machines: SI, unrounded, empty where unknown.
  var raw: String {
    switch self {
    case .text(let text): text
    case .count(let count): String(count.value)
    case .integer(let integer): integer.map(String.init) ?? ""
    case .ratio(let number), .rate(let number), .energy(let number), .share(let number): Self.raw(number)
    case .time(let time): Self.raw(time?.value)
    case .bound(let bound): bound?.rawValue ?? ""
    case .empty: ""
    }
  }

  private static func raw(_ number: Double?) -> String {
    guard let number, number.isFinite else { return "" }
    return "\(number)"
  }
}
