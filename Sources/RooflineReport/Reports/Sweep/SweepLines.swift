import RooflineDeployment

/// Rows of a sweep for machines: a line each, every column in every line.
package struct SweepLines: Sendable {
  package enum Form: Hashable, Sendable {
    /// With a header (RFC 4180); empty where a value is not known.
    case csv
    /// A JSON object a line; `null` where a value is not known.
    case json
  }

  private let form: Form
  private let columns: [SweepColumn]

  package init(_ form: Form, columns: [SweepColumn] = SweepColumn.allCases) {
    self.form = form
    self.columns = columns
  }

  /// What stands above all lines.
  ///
  /// - Parameter others: columns in front of the row's own.
  package func header(_ others: [String] = []) -> String {
    switch form {
    case .csv: (others + columns.map(\.rawValue)).joined(separator: ",") + "\n"
    case .json: ""
    }
  }

  /// - Parameter others: values of further columns, in front.
  package func append(_ row: SweepRow, _ others: [(name: String, value: SweepColumn.Value)] = [], to text: inout String)
  {
    switch form {
    case .csv:
      var isFirst = true
      for other in others { append(csv: other.value, &isFirst, to: &text) }
      for column in columns { append(csv: column.value(row), &isFirst, to: &text) }
      text += "\n"
    case .json:
      var isFirst = true
      for other in others { append(json: other.name, other.value, &isFirst, to: &text) }
      for column in columns { append(json: column.rawValue, column.value(row), &isFirst, to: &text) }
      text += "}\n"
    }
  }

  private func append(csv value: SweepColumn.Value, _ isFirst: inout Bool, to text: inout String) {
    if !isFirst { text += "," }
    isFirst = false
    switch value {
    case .text(let word): text += CSVFormat.escaped(word)
    case .number(let number): text += "\(number)"
    case .integer(let integer): text += String(integer)
    case .truth(let truth): text += truth ? "true" : "false"
    case .unknown: break
    }
  }

  private func append(json name: String, _ value: SweepColumn.Value, _ isFirst: inout Bool, to text: inout String) {
    text += isFirst ? "{\"" : ",\""
    isFirst = false
    text += name
    text += "\":"
    switch value {
    case .text(let word): text += JSONFormat.quoted(word)
    case .number(let number):
      let digits = "\(number)"
      text += digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits
    case .integer(let integer): text += String(integer)
    case .truth(let truth): text += truth ? "true" : "false"
    case .unknown: text += "null"
    }
  }

  /// An answer without a row: every column is null but those that are known.
  package func append(
    _ known: [SweepColumn: SweepColumn.Value], _ others: [(name: String, value: SweepColumn.Value)],
    to text: inout String
  ) {
    var isFirst = true
    for other in others { append(json: other.name, other.value, &isFirst, to: &text) }
    for column in columns { append(json: column.rawValue, known[column] ?? .unknown, &isFirst, to: &text) }
    text += "}\n"
  }
}
