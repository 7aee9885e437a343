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

  static func table(_ totals: TrainingTotals) -> Table {
    let whole = totals.model.total.time
    func share(_ time: Seconds?, _ times: Count) -> Double? {
      guard let time, let whole, whole.value > 0 else { return nil }
      return time.value * Double(times.value) / whole.value
    }
    var rows = totals.operators.map { entry in
      Table.Row.cells(
        [.text(entry.name.rawValue), .count(entry.occurrences)]
          + numbers(entry.passes, share: .share(share(entry.passes.total.time, entry.occurrences))))
    }
    rows.append(.rule)
    rows.append(.cells([.text("layer"), .empty] + numbers(totals.layer, share: .empty)))
    rows.append(.cells([.text("model"), .empty] + numbers(totals.model, share: .share(whole.map { _ in 1 }))))
    return Table(title: "forward and backward", columns: columns, rows: rows)
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
