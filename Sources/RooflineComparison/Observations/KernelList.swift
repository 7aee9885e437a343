import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Kernels to be run, one a line, by the columns of published measurements.
package struct KernelList: Sendable {
  package let path: String
  package let entries: [Entry]

  package struct Entry: Sendable {
    package let line: Int
    /// Columns that are not empty.
    package let values: [String: String]
  }

  /// Who measured what with which result: nothing that says which kernel it is.
  private static let ignored: Set<String> = [
    "gpu", "family", "source", "timing", "time_us", "floor_us", "gap_us", "copies", "sm_clock_mhz",
  ]

  /// - Throws: `InputError` where it is no such file.
  package static func read(_ path: String) throws(InputError) -> KernelList {
    let bytes = try ObservationFile.bytes(of: path)
    var lines = CSVLines(bytes)
    var fields: [Range<Int>] = []
    guard lines.next(into: &fields) else {
      throw .notMeasurements(file: path, problem: "it is empty; the first line must name the columns, kind among them")
    }
    let header = fields.map { lines.text($0) }
    guard header.contains("kind") else {
      throw .notMeasurements(file: path, problem: "it has no column kind, which says what is to be run")
    }
    for name in Set(header) where header.count(where: { $0 == name }) > 1 {
      throw .notMeasurements(file: path, problem: "column \(name) stands twice in its first line")
    }
    var entries: [Entry] = []
    while lines.next(into: &fields) {
      guard fields.count == header.count else {
        throw .notMeasurements(
          file: path, problem: "line \(lines.line) has \(fields.count) fields, the first line \(header.count)")
      }
      var values: [String: String] = [:]
      for (name, field) in zip(header, fields) where !field.isEmpty && !ignored.contains(name) {
        values[name] = lines.text(field)
      }
      entries.append(Entry(line: lines.line, values: values))
    }
    guard !entries.isEmpty else {
      throw .notMeasurements(file: path, problem: "it has a first line and no kernel")
    }
    return KernelList(path: path, entries: entries)
  }
}
