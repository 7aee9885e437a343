import RooflineCore

/// A table in the columns of note 000: a value for each cell, in order.
package struct ConventionTable: Sendable {
  package private(set) var values: [ConventionCell: ConventionValue] = [:]
  /// In the order in which they were first set.
  package private(set) var cells: [ConventionCell] = []
  /// FLOP/s and B/s that performance and bound are derived with.
  package let peak, bandwidth: Double

  package init(peak: Double, bandwidth: Double) {
    self.peak = peak
    self.bandwidth = bandwidth
  }

  package subscript(cell: ConventionCell) -> ConventionValue? {
    get { values[cell] }
    set {
      if values[cell] == nil, newValue != nil { cells.append(cell) }
      values[cell] = newValue
    }
  }

  /// The count in a primitive column; 0 for a cell that is not in the table.
  package func count(_ phase: Phase, _ row: OperatorName, _ column: ConventionCell.Column) -> Count {
    guard case .count(let count)? = values[ConventionCell(phase: phase, row: row, column: column)] else { return 0 }
    return count
  }

  /// What note 000 computes for a column from the primitive columns of its row; a primitive column is itself.
  ///
  /// Memory access is the sum of the five classes, intensity a quotient, performance is intensity × bandwidth below the
  /// ridge and the peak above it.
  package func derived(_ cell: ConventionCell) -> ConventionValue? {
    guard !cell.column.isPrimitive else { return values[cell] }
    let bytes = ConventionCell.Column.traffic.map { count(cell.phase, cell.row, $0) }.reduce(0, +)
    if cell.column == .memoryAccess { return .count(bytes) }
    let intensity = Double(count(cell.phase, cell.row, .flops).value) / Double(bytes.value)
    let isBelowRidge = bytes > 0 && intensity < peak / bandwidth
    switch cell.column {
    case .bound: return .bound(bytes == 0 || isBelowRidge ? .memory : .compute)
    case .performance: return .ratio(bytes == 0 ? nil : isBelowRidge ? intensity * bandwidth : peak)
    default: return .ratio(bytes == 0 ? nil : intensity)
    }
  }

  /// The table with each count changed; ratios and bounds are left.
  package func mapCounts(_ change: (Count) -> ConventionValue) -> ConventionTable {
    var table = self
    for cell in cells {
      if case .count(let count)? = values[cell] { table[cell] = change(count) }
    }
    return table
  }

  /// Every count times the degree. Rules work on this: a share that floor division has cut is whole again.
  package func scaled(by degree: Count) -> ConventionTable { mapCounts { .count($0 * degree) } }

  /// One device's part of a scaled table. A count that is no multiple of the degree is no count of one device, and
  /// agrees with none.
  package func unscaled(by degree: Count) -> ConventionTable {
    mapCounts { count in
      let share = count.divided(exactlyBy: degree)
      return share * degree == count ? .count(share) : .ratio(Double(count.value) / Double(degree.value))
    }
  }
}
