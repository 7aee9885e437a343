import RooflineAnalysis
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
    func line(
      _ name: String, _ occurrences: Count?, _ flops: FLOPCounts<Count>, _ times: Roofs<Double>, binds: String
    ) -> Table.Row {
      func time(_ seconds: Double) -> Table.Cell {
        seconds == 0 ? .empty : .time(seconds.isNaN ? nil : Seconds(seconds))
      }
      return .cells([
        .text(name), occurrences.map { .count($0) } ?? .empty, .count(flops.tensor), .count(flops.vector),
        .count(flops.special), time(times.tensor), time(times.vector), time(times.special), time(times.memory),
        .text(binds),
      ])
    }
    func lines(_ sums: [PhaseSum]) -> [Table.Row] {
      // A unit that an operator does not use takes no time of it, whether or not its rate is known.
      sums.map { sum in
        var times = Roofs(tensor: 0.0, vector: 0.0, special: 0.0, memory: 0.0)
        for (row, count) in sum.rows {
          let own = OperatorPrediction.roofTimes(of: row.cost, rates: rates)
          times = Roofs { times[$0] + own[$0] * Double(count.value) }
        }
        return line(sum.name, sum.occurrences, sum.total.cost.flops, times, binds: "")
      }
    }
    let rows = phase.operators.map { row in
      line(
        phase.label(of: row), row.occurrences, row.cost.flops, OperatorPrediction.roofTimes(of: row.cost, rates: rates),
        binds: row.bound == nil ? Numbers.unknown : bindingUnit(of: row, rates: rates))
    }
    return Table(
      title: title, columns: columns,
      rows: Array([rows, lines(phase.layerSums), lines(phase.modelSums)].joined(separator: [.rule])))
  }

  /// The roof that decides, or the network.
  static func bindingUnit(of row: RowPrediction, rates: DeviceRates) -> String {
    guard row.cost.wireSteps == 0 else { return Bound.network.rawValue }
    return OperatorPrediction.roofTimes(of: row.cost, rates: rates).binding.rawValue
  }
}
