import RooflineAnalysis
import RooflineCore

/// A training step by operator: the work of each execution unit forward and backward, and both passes' memory and time.
enum TrainingTable {
  private static let columns: [Table.Column] = [
    .init("operator", key: "operator", isText: true), .init("×", key: "occurrences"),
    .init("tensor", unit: "forward", key: "forward_tensor_flops"),
    .init("tensor", unit: "backward", key: "backward_tensor_flops"),
    .init("vector", unit: "forward", key: "forward_vector_flops"),
    .init("vector", unit: "backward", key: "backward_vector_flops"),
    .init("special", unit: "forward", key: "forward_special_flops"),
    .init("special", unit: "backward", key: "backward_special_flops"), .init("memory", unit: "B", key: "memory_bytes"),
    .init("time", key: "time_seconds"), .init("share", unit: "%", key: "share_of_model_time"),
  ]

  /// - Returns: nil of what is no training step.
  static func table(_ analysis: Analysis) -> Table? {
    guard let totals = analysis.trainingTotals else { return nil }
    let whole = totals.model.total.time
    let groups = analysis.phases.first?.groups ?? []
    func label(_ entry: TrainingTotals.Entry) -> String {
      guard !groups.isEmpty, let group = entry.scope.group else { return entry.name.rawValue }
      return "\(entry.name.rawValue) (\(groups[group].name))"
    }
    func share(_ time: Seconds?, _ times: Count) -> Double? {
      guard let time, let whole, whole.value > 0 else { return nil }
      return time.value * Double(times.value) / whole.value
    }
    var rows = totals.operators.map { entry in
      Table.Row.cells(
        [.text(label(entry)), .count(entry.occurrences)]
          + numbers(entry.passes, share: .share(share(entry.passes.total.time, entry.occurrences))))
    }
    for sums in [\PhaseAnalysis.layerSums, \.modelSums] {
      rows.append(.rule)
      rows += joined(sums, of: analysis.phases).map { name, occurrences, passes in
        .cells(
          [.text(name), occurrences.map { .count($0) } ?? .empty]
            + numbers(passes, share: .share(share(passes.total.time, occurrences ?? 1))))
      }
    }
    return Table(title: "forward and backward", columns: columns, rows: rows)
  }

  /// The lines below both passes, by name; what only one of them has, the other does nothing of.
  private static func joined(
    _ sums: KeyPath<PhaseAnalysis, [PhaseSum]>, of passes: [PhaseAnalysis]
  ) -> [(name: String, occurrences: Count?, passes: TrainingTotals.Passes)] {
    func lines(_ pass: TrainingPass) -> [PhaseSum] {
      passes.first { $0.step.trainingPass == pass }?[keyPath: sums] ?? []
    }
    let (forward, backward) = (lines(.forward), lines(.backward))
    let others = backward.filter { line in !forward.contains { $0.name == line.name } }
    return (forward + others).map { line in
      func total(_ lines: [PhaseSum]) -> PhaseAnalysis.Total {
        lines.first { $0.name == line.name }?.total ?? PhaseAnalysis.Total()
      }
      return (line.name, line.occurrences, TrainingTotals.Passes(forward: total(forward), backward: total(backward)))
    }
  }

  private static func numbers(_ passes: TrainingTotals.Passes, share: Table.Cell) -> [Table.Cell] {
    let (forward, backward) = (passes.forward.cost.flops, passes.backward.cost.flops)
    return [
      .count(forward.tensor), .count(backward.tensor), .count(forward.vector), .count(backward.vector),
      .count(forward.special), .count(backward.special), .count(passes.total.cost.traffic.total),
      .time(passes.total.time), share,
    ]
  }
}
