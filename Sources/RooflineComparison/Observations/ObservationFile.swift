import RooflineAnalysis
import RooflineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Measured kernels of one GPU, as a file lists them.
package struct ObservationFile: Sendable {
  package let path: String
  /// Whether its rows are lines of a table.
  package let isTable: Bool
  /// The GPU as the file calls it.
  package let gpu: String
  package let observations: [Observation]
  /// Whole layers, each timed as one graph.
  package let layers: [MeasuredLayer]
  /// Kernels that were timed as a model runs them, and that no model describes by themselves; `skipped` counts them.
  package let unmodelled: [Observation]
  /// Rows that nothing here has a model of, by reason.
  package let skipped: [Skipped]
  /// Columns that mean nothing here.
  package let unknownColumns: [String]
  /// Rows that say again what an earlier one says, time and all; each is counted once.
  package let repeats: [Repeat]
  /// Layers of experts that are taken as their benchmark ran them, where their columns do not say it.
  package let reroutedLayers: Int

  package struct Repeat: Hashable, Sendable {
    /// Where it stands, and where the first of its kind does: `line 4`, `observations[2]`.
    package let place, earlier: String
  }

  package init(
    path: String, isTable: Bool, gpu: String, observations: [Observation], layers: [MeasuredLayer] = [],
    unmodelled: [Observation] = [], skipped: [Skipped], unknownColumns: [String], repeats: [Repeat],
    reroutedLayers: Int = 0
  ) {
    self.path = path
    self.isTable = isTable
    self.gpu = gpu
    self.observations = observations
    self.layers = layers
    self.unmodelled = unmodelled
    self.skipped = skipped
    self.unknownColumns = unknownColumns
    self.repeats = repeats
    self.reroutedLayers = reroutedLayers
  }

  /// What is passed over where kernels alone are looked at.
  package var skippedBesideKernels: [Skipped] {
    skipped + (layers.isEmpty ? [] : [Skipped(reason: "whole layers, which compare shows", n: layers.count)])
  }

  package struct Skipped: Hashable, Sendable, Encodable {
    package let reason: String
    package var n: Int

    package init(reason: String, n: Int) {
      self.reason = reason
      self.n = n
    }
  }

  /// Where an observation stands, in words: `line 4` of a table, `observations[3]` of a document.
  package func place(of observation: Observation) -> String {
    isTable ? "line \(observation.line)" : "observations[\(observation.line)]"
  }

  /// What a user should know of the file, whatever is done with it; a sentence each.
  package var warnings: [String] {
    let most = 3
    guard let first = repeats.first else { return [] }
    if repeats.count == 1 {
      return ["\(path): \(first.place) is a copy of \(first.earlier), time and all; it counts once"]
    }
    let places = repeats.prefix(most).map(\.place).joined(separator: ", ")
    return [
      "\(path): \(repeats.count) rows are copies of earlier ones, time and all, and count once: \(places)\(repeats.count > most ? ", …" : "")"
    ]
  }

  /// Reads a CSV file with the columns of published kernel measurements (found by name), or a JSON file of `measure`.
  ///
  /// - Throws: `InputError` naming file, line and column of the first thing that is wrong.
  package static func read(_ path: String) throws(InputError) -> ObservationFile {
    let data = try contents(of: path)
    let first = data.first { !($0 == 0x20 || (0x09...0x0D).contains($0)) }
    if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
      return try ObservationFile(json: JSONText(data, file: path), path: path)
    }
    return try ObservationFile(csv: text(data, path), path: path)
  }

  /// Reads a document of `measure` that is not in a file yet.
  package static func read(text: String, path: String) throws(InputError) -> ObservationFile {
    try ObservationFile(json: JSONText(Data(text.utf8), file: path), path: path)
  }

  /// A text file's bytes.
  package static func bytes(of path: String) throws(InputError) -> [UInt8] { try text(contents(of: path), path) }

  private static func text(_ data: Data, _ path: String) throws(InputError) -> [UInt8] {
    if let place = data.firstIndex(of: 0) {
      let line = data[..<place].count { $0 == 0x0A } + 1
      throw .notMeasurements(file: path, problem: "it is not text: line \(line) holds a zero byte")
    }
    return [UInt8](data)
  }

  private static func contents(of path: String) throws(InputError) -> Data {
    let status = FileStatus(path)
    // What has no end, or far too much before it, is refused before it is read.
    if status?.kind == .device {
      throw .unreadable(file: path, reason: "it is a device, not a file of measurements")
    }
    if let status, status.size > sizeLimit {
      throw .unreadable(file: path, reason: "it is larger than \(sizeLimit >> 20) MiB")
    }
    let data: Data
    do { data = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw .unreadable(file: path, reason: FileFault.reading(path))
    }
    guard data.count <= sizeLimit else {
      throw .unreadable(file: path, reason: "it is larger than \(sizeLimit >> 20) MiB")
    }
    return data
  }

  static let sizeLimit = 256 << 20
}
