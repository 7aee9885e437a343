import RooflineCore

/// The rows of a pass by execution unit: what each does, how long it would take alone, and which one binds.
enum UnitTable {
  private static let columns: [Table.Column] = [
    .init("operator", key: "operator", isText: true), .init("×", key: "occurrences"),
    .init("tensor", unit: "FLOP", key: "tensor_flops"), .init("vector", unit: "FLOP", key: "vector_flops"),
    .init("special", unit: "FLOP", key: "special_flops"), .init("tensor", key: "tensor_seconds"),
    .init("vector", key: "vector_seconds"), .init("special", key: "special_seconds"),
    .init("memory", key: "memory_seconds"), .init("binds", key: "binding_unit", isText: true),
  ]

  static func table(_ phase: PhaseAnalysis, rates: DeviceRates, title: String) -> Table {
    Table(
      title: title, columns: columns,
      rows: phase.operators.map { row in
        let times = OperatorPrediction.roofTimes(of: row.cost, rates: rates)
        func time(_ seconds: Double) -> Table.Cell {
          seconds == 0 ? .empty : .time(seconds.isNaN ? nil : Seconds(seconds))
        }
        return .cells([
          .text(phase.label(of: row)), .count(row.occurrences), .count(row.cost.flops.tensor),
          .count(row.cost.flops.vector),
          .count(row.cost.flops.special), time(times.tensor), time(times.vector), time(times.special),
          time(times.memory),
          .text(bindingUnit(of: row, rates: rates)),
        ])
      })
  }

  /// The roof that decides, or the network.
  static func bindingUnit(of row: RowPrediction, rates: DeviceRates) -> String {
    guard row.cost.wireSteps == 0 else { return Bound.network.rawValue }
    return OperatorPrediction.roofTimes(of: row.cost, rates: rates).binding.rawValue
  }
}
