import RooflineAnalysis
import RooflineCore

/// A line below the rows of a pass: what some of them add up to.
struct PhaseSum {
  let name: String
  /// How often it occurs in the pass; nil of whole passes.
  let occurrences: Count?
  let rows: [(row: RowPrediction, times: Count)]

  var total: PhaseAnalysis.Total {
    var total = PhaseAnalysis.Total()
    for (row, times) in rows { total.add(row.prediction, times: times) }
    return total
  }
}

extension PhaseAnalysis {
  /// Lines of one layer: its blocks where all layers are equal, and each group's whole layer.
  var layerSums: [PhaseSum] {
    guard groups.isEmpty else {
      return groups.enumerated().map { index, group in
        let rows = operators.filter { $0.scope == .layer(group: index) }
        return PhaseSum(
          name: "\(group.layers) × layer (\(group.name))", occurrences: Count(group.layers), rows: rows.map { ($0, 1) })
      }
    }
    let layer = operators.filter(\.scope.isLayer)
    // Of a draft module or a vision tower, too, a layer's rows occur as often as there are layers.
    let parts =
      Subtotal.allCases.map { part in (self.name(of: part), layer.filter(part.contains)) } + [("layer", layer)]
    return parts.compactMap { name, rows in
      rows.first.map { PhaseSum(name: name, occurrences: $0.occurrences, rows: rows.map { ($0, 1) }) }
    }
  }

  /// Lines of the whole pass: its blocks over all layers, what goes over the link, and everything.
  var modelSums: [PhaseSum] {
    let parts = Subtotal.allCases.map { part in ("all \(name(of: part))", operators.filter(part.contains)) }
    return parts.filter { !$0.1.isEmpty }.map { name, rows in
      PhaseSum(name: name, occurrences: nil, rows: rows.map { ($0, $0.occurrences) })
    } + [PhaseSum(name: "model", occurrences: nil, rows: operators.map { ($0, $0.occurrences) })]
  }

  private func name(of part: Subtotal) -> String {
    switch part {
    case .mixer: mixes.rawValue
    case .feedForward: "MLP"
    case .communication: "communication"
    }
  }
}
