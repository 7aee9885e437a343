import RooflineAnalysis
import RooflineCore

extension OperatorExplanation {
  /// Explains the sum over a layer's rows, or over the model's.
  package init(sumOver scope: SumScope, in phase: PhaseAnalysis) {
    switch scope {
    case .layer:
      let rows = phase.operators.filter(\.scope.isLayer).map { (row: $0, times: Count(1)) }
      self.init(PhaseSum(name: scope.rawValue, occurrences: nil, rows: rows), in: phase)
    case .model:
      let rows = phase.operators.map { (row: $0, times: $0.occurrences) }
      self.init(PhaseSum(name: scope.rawValue, occurrences: nil, rows: rows), in: phase)
    }
  }

  /// Explains the sums below a table that have a name, and `all:` a row's: over all its occurrences.
  package static func sums(named name: String, in phase: PhaseAnalysis) -> [OperatorExplanation] {
    let whole = wholePrefix.first { name.hasPrefix($0) }
    let part = String(name.dropFirst(whole?.count ?? 0))
    let sums = whole == nil ? phase.layerSums : phase.modelSums
    if let sum = sums.first(where: { $0.name == (whole == nil ? part : "all \(part)") }) {
      return [OperatorExplanation(sum, in: phase)]
    }
    guard whole != nil else { return [] }
    let rows = phase.operators.filter { $0.name.rawValue == part }.map { (row: $0, times: $0.occurrences) }
    return rows.isEmpty
      ? [] : [OperatorExplanation(PhaseSum(name: "all \(part)", occurrences: nil, rows: rows), in: phase)]
  }

  /// What stands before the name of something over all layers: as it is typed, and as tables print it.
  private static let wholePrefix = ["all:", "all "]

  /// Explains the sum over the rows of a layer of one of a pass's groups.
  init(sumOverLayerOf group: Int, in phase: PhaseAnalysis) {
    let rows = phase.operators.filter { $0.scope.group == group && $0.scope.isLayer }.map { (row: $0, times: Count(1)) }
    self.init(
      PhaseSum(name: "layer (\(phase.groups[group].name))", occurrences: nil, rows: rows), in: phase)
  }

  private init(_ line: PhaseSum, in phase: PhaseAnalysis) {
    name = line.name
    convention = nil
    self.phase = phase.step.name
    kind = "sum"
    occurrences = line.occurrences?.value ?? 1
    letters = []
    let (rows, total) = (line.rows, line.total)
    func sum(_ quantity: String, _ unit: String, _ value: String, _ part: (RowPrediction) -> String?) -> Entry {
      let parts = rows.compactMap { row, times in part(row).map { (row: row, times: times.value, text: $0) } }
      func joined(_ texts: [String]) -> String { texts.isEmpty ? "0" : texts.joined(separator: " + ") }
      return Entry(
        quantity: quantity,
        symbolic: joined(
          parts.map { $0.times == 1 ? phase.label(of: $0.row) : "\($0.times)·\(phase.label(of: $0.row))" }),
        substituted: joined(parts.map { $0.times == 1 ? $0.text : "\($0.times) × \($0.text)" }),
        value: value, unit: unit,
        source: "rows one after another, each times its occurrences; rows with none are left out")
    }
    func counts(_ quantity: String, _ unit: String, _ count: (OperatorCost) -> Count) -> Entry {
      sum(quantity, unit, String(count(total.cost).value)) { row in
        count(row.cost) == 0 ? nil : String(count(row.cost).value)
      }
    }
    entries =
      [
        counts("flops.tensor", "FLOP", \.flops.tensor), counts("flops.vector", "FLOP", \.flops.vector),
        counts("flops.special", "FLOP", \.flops.special),
      ]
      + TrafficClass.allCases.map { traffic in counts("bytes.\(traffic)", "B") { $0.traffic[traffic] } }
      + [
        counts("wireBytes", "B", \.wireBytes),
        sum("timeSeconds", "s", Numbers.exact(total.time?.value)) { row in
          Numbers.exact(row.time?.value)
        },
      ]
  }

  /// What a sum is over.
  package enum SumScope: String, Sendable, CaseIterable { case layer, model }
}
