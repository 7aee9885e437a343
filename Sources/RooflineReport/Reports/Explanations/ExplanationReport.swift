import RooflineAnalysis
import RooflineCore

/// What `explain` prints: rows with their formulas, in letters and with numbers.
package struct ExplanationReport {
  package let explanations: [OperatorExplanation]
  /// What a reader of any number of the model should know.
  package let notices: [Notice]

  package init(_ explanations: [OperatorExplanation], notices: [Notice]) {
    self.explanations = explanations
    self.notices = notices
  }

  package var report: Report {
    let notes = notices.map { "note     \($0.sentence)" }
    return Report(
      sections: explanations.map { .listing(listing($0)) } + (notes.isEmpty ? [] : [.notes(Notes(notes))]),
      records: .init(key: "number_of", explanations.map(\.table)), document: explanations)
  }

  private func listing(_ explanation: OperatorExplanation) -> Listing {
    var lines = [""]
    let symbolWidth = explanation.letters.map(\.symbol.count).max() ?? 0
    for letter in explanation.letters {
      let padded = letter.symbol + String(repeating: " ", count: symbolWidth - letter.symbol.count)
      // A letter that only renames another has nothing to put in.
      let substituted = letter.substituted == letter.value ? "" : "\(letter.substituted) = "
      let definition = letter.definition.isEmpty ? "" : "\(letter.definition) = \(substituted)"
      lines.append("  \(padded) = \(definition)\(letter.value)   \(letter.meaning)")
    }
    for entry in explanation.entries {
      lines.append("")
      lines.append(entry.quantity)
      lines.append("  = \(entry.symbolic)")
      if entry.substituted != entry.symbolic { lines.append("  = \(entry.substituted)") }
      lines.append("  = \(entry.value)\(entry.unit.isEmpty ? "" : " \(entry.unit)")\(scaled(entry))")
      lines.append("  source: \(entry.source)")
    }
    return Listing(title: heading(explanation), lines, indent: 4, table: explanation.table)
  }

  private func heading(_ explanation: OperatorExplanation) -> String {
    if let convention = explanation.convention {
      return "\(explanation.phase) \(explanation.name), as \(convention) counts it:"
    }
    switch explanation.kind {
    case "footprint": return "footprint of the device that needs most, \(explanation.phase):"
    case "generation": return "generation:"
    case "speculation": return "decode step that verifies drafted tokens:"
    default:
      let times = explanation.occurrences == 1 ? "once" : "\(explanation.occurrences) times"
      return
        "\(explanation.phase) \(explanation.name) (\(explanation.kind)), \(times) in a \(explanation.phase == TrainingPass.backward.rawValue ? "backward" : "forward") pass; one occurrence on one device:"
    }
  }

  /// The short form in brackets, where it says more.
  private func scaled(_ entry: OperatorExplanation.Entry) -> String {
    guard let value = Double(entry.value) else { return "" }
    if entry.unit == "s" { return "  (\(Numbers.time(Seconds(value))))" }
    return value >= 1000 ? "  (\(Numbers.scaled(value)))" : ""
  }
}

extension OperatorExplanation {
  /// The same as a table: a row a number.
  var table: Table {
    Table(
      title: "\(phase) \(name)",
      columns: [
        .init("quantity", key: "quantity", isText: true), .init("formula", key: "symbolic", isText: true),
        .init("with numbers", key: "substituted", isText: true), .init("value", key: "value", isText: true),
        .init("unit", key: "unit", isText: true), .init("source", key: "source", isText: true),
      ],
      rows: entries.map { entry in
        .cells(
          [entry.quantity, entry.symbolic, entry.substituted, entry.value, entry.unit, entry.source].map { .text($0) })
      })
  }
}
