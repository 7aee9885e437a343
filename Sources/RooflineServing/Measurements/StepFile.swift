import RooflineComparison
import RooflineCore

/// Published steps and requests, as a file lists them.
package struct StepFile: Sendable {
  package let path: String
  package let measurements: [StepMeasurement]
  /// What a user should know of the file, whatever is done with it; a sentence each.
  package let notes: [String]

  package init(path: String, measurements: [StepMeasurement], notes: [String] = []) {
    self.path = path
    self.measurements = measurements
    self.notes = notes
  }

  /// Reads a CSV file, whose columns are found by name, or the JSON of an engine's own benchmark.
  ///
  /// - Parameter given: columns that the JSON does not state, by their names; a CSV file has its own.
  /// - Throws: `InputError` naming file, line and column of the first thing that is wrong.
  package static func read(_ path: String, given: [(column: String, value: String)] = []) throws(InputError) -> StepFile
  {
    let bytes = try ObservationFile.bytes(of: path)
    let first = bytes.first { $0 > 0x20 }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      return try StepFile(json: bytes, path: path, given: given)
    }
    guard given.isEmpty else {
      throw .usage("--given is of JSON files of benchmarks; \(path) has columns of its own")
    }
    return try StepFile(csv: bytes, path: path)
  }

  init(csv bytes: [UInt8], path: String) throws(InputError) {
    var lines = CSVLines(bytes)
    var fields: [Range<Int>] = []
    guard lines.next(into: &fields) else {
      throw .notMeasurements(file: path, problem: "it is empty; the first line must name the columns, engine to value")
    }
    let header = fields.map { lines.text($0) }
    var columns: [String: Int] = [:]
    for (index, name) in header.enumerated() {
      guard columns.updateValue(index, forKey: name) == nil else {
        throw .notMeasurements(
          file: path, problem: "column \(ObservationFile.shortened(name)) stands twice in its first line")
      }
    }
    for column in StepRow.Column.needed where columns[column.rawValue] == nil {
      throw .notMeasurements(
        file: path,
        problem:
          "it has no column \(column.rawValue); its first line is \"\(ObservationFile.shortened(header.joined(separator: ","), to: 200))\""
      )
    }
    var measurements: [StepMeasurement] = []
    var seen: [UInt64: Int] = [:]
    var names: [String: Int] = [:]
    var copies: [Int] = []
    while lines.next(into: &fields) {
      guard fields.count == header.count else {
        throw .notMeasurements(
          file: path, problem: "line \(lines.line) has \(fields.count) fields, the first line \(header.count)")
      }
      if seen.updateValue(lines.line, forKey: ObservationFile.digest(fields, bytes)) != nil {
        copies.append(lines.line)
        continue
      }
      let row = StepRow(path: path, place: "line \(lines.line)") { column in
        columns[column.rawValue].map { lines.text(fields[$0]) } ?? ""
      }
      let measurement = try row.measurement()
      if let earlier = names.updateValue(lines.line, forKey: measurement.id) {
        throw row.complaint("its id is that of line \(earlier)")
      }
      measurements.append(measurement)
    }
    guard !measurements.isEmpty else {
      throw .notMeasurements(file: path, problem: "it has a first line and no measurement")
    }
    let known = Set(StepRow.Column.allCases.map(\.rawValue))
    let unknown = header.filter { !known.contains($0) }
    self.init(
      path: path, measurements: measurements,
      notes: (unknown.isEmpty ? [] : ["\(path): ignored columns \(unknown.joined(separator: ", "))"])
        + (copies.first.map {
          copies.count == 1
            ? ["\(path): line \($0) is a copy of an earlier one; it counts once"]
            : ["\(path): \(copies.count) rows are copies of earlier ones and count once, the first in line \($0)"]
        } ?? []))
  }
}
