import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension StepFile {
  /// Results of engines' own benchmarks: one object, a list of them, or one a line.
  ///
  /// - Parameter given: columns that such files do not state, by their names.
  /// - Throws: `InputError` where a result is of no tool that is read, lacks a column, or states one that is given otherwise.
  init(json bytes: [UInt8], path: String, given: [(column: String, value: String)]) throws(InputError) {
    var facts: [StepRow.Column: String] = [:]
    for (name, value) in given {
      guard let column = StepRow.Column(rawValue: name), column != .metric, column != .value, column != .id else {
        let known = StepRow.Column.allCases.map(\.rawValue).filter { !["metric", "value", "id"].contains($0) }
        throw .usage("--given \(name)=\(value): \(name) is none of \(known.joined(separator: ", "))")
      }
      facts[column] = value
    }
    var measurements: [StepMeasurement] = []
    for (number, object) in try StepFile.objects(bytes, path).enumerated() {
      let record = try BenchmarkRecord(object)
      var columns = record.columns
      for (column, value) in facts {
        // What a run is called, or how its notes go on, is the user's to say.
        if let stated = columns[column], column != .notes, column != .model, stated != value {
          throw .notMeasurements(
            file: path, problem: "it says \(column.rawValue) \(stated), not \(value) as --given does")
        }
        columns[column] = value
      }
      for (metric, value) in record.values {
        var own = columns
        (own[.metric], own[.value]) = (metric.rawValue, "\(value)")
        own[.id] = "\(path) \(number + 1) \(metric.rawValue)"
        own[.source] = own[.source] ?? path
        if metric == .tokensPerSecond { own[.notes] = (own[.notes] ?? "") + ";tok=out" }
        let missing = StepRow.Column.needed.filter { own[$0] == nil }.map(\.rawValue)
        guard missing.isEmpty else {
          throw .notMeasurements(
            file: path,
            problem:
              "a result of \(record.tool.rawValue) does not state \(missing.joined(separator: ", ")); say --given \(missing[0])=…"
          )
        }
        measurements.append(
          try StepRow(path: path, place: "result \(number + 1)") { own[$0] ?? "" }.measurement())
      }
    }
    guard !measurements.isEmpty else { throw .notMeasurements(file: path, problem: "it holds no result") }
    self.init(path: path, measurements: measurements)
  }

  private static func objects(_ bytes: [UInt8], _ path: String) throws(InputError) -> [JSONObject] {
    let values: [JSONValue]
    do {
      let whole = try JSONValue.parse(Data(bytes), file: path)
      if case .array(let list) = whole { values = list } else { values = [whole] }
    } catch {
      // One object a line.
      let lines = bytes.split(separator: 0x0A).filter { line in line.contains { $0 > 0x20 } }
      guard lines.count > 1 else { throw error }
      var found: [JSONValue] = []
      for line in lines { found.append(try JSONValue.parse(Data(line), file: path)) }
      values = found
    }
    var objects: [JSONObject] = []
    for value in values { objects.append(try JSONObject(value, file: path)) }
    return objects
  }
}
