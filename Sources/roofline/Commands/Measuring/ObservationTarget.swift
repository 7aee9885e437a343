import RooflineCore
import RooflineMeasurement
import RooflineTimeModels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The observation file that a run writes, and what an earlier run left in it.
struct ObservationTarget {
  let path: String
  /// Its observations so far.
  private(set) var earlier: [JSONValue] = []
  /// Its layers as one graph.
  private(set) var layers: [JSONValue] = []
  /// Its ceilings, where it has some.
  private(set) var ceilings: JSONValue?
  /// The GPU as it calls it, and what it says of it, where it is gone on with.
  private(set) var gpu: String?
  private(set) var device: JSONValue?

  /// - Parameters:
  ///   - output: the file that was asked for; nil: one named after GPU and day.
  ///   - isResumed: whether to go on with what is there.
  ///   - gpu: what a file without a name is named after.
  ///   - conditions: what the file's observations must share with this run's.
  /// - Throws: `InputError` where the file cannot be written or gone on with; nothing is measured in vain.
  init(
    _ output: String?, isResumed: Bool, gpu: String, conditions: [RunCondition], day: String, root: String
  ) throws(InputError) {
    let manager = FileManager.default
    if let output {
      path = output
    } else {
      let folder = URL(fileURLWithPath: root.isEmpty ? "." : root).appendingPathComponent("Hardware/Observations")
      let candidates = (1...99).map { number in
        folder.appendingPathComponent(
          "\(ObservationTarget.fileName(gpu))-\(day)\(number == 1 ? "" : "-\(number)").json"
        )
        .path
      }
      let free = candidates.firstIndex { !manager.fileExists(atPath: $0) } ?? candidates.count - 1
      path = candidates[isResumed ? max(0, free - 1) : free]
    }
    let exists = manager.fileExists(atPath: path)
    guard exists == isResumed || !ObservationTarget.isRegular(path) else {
      throw .unreadable(
        file: path,
        reason: exists
          ? "it exists; --resume goes on with it, --output names another"
          : "there is nothing to resume; leave out --resume")
    }
    if ObservationTarget.isRegular(path) || ObservationTarget.isFolder(path) { try requireWritable() }
    if isResumed {
      let contents = try ObservationTarget.contents(of: path, conditions)
      (self.gpu, device) = (contents.gpu, contents.device)
      (earlier, layers, ceilings) = (contents.observations, contents.layers, contents.ceilings)
    }
  }

  func write(_ document: String) throws(InputError) { try FileWriter.write(document, to: path) }

  /// What tells whether an observation is of a task: its operator, formats and mode, and by whose choice of algorithm.
  struct Key: Hashable {
    let `operator`, weight, activation, keyValueCache, residual, mode: String
    let choice: AlgorithmChoice

    init(_ task: MeasurementTask, _ mode: TimingMode, _ choice: AlgorithmChoice) {
      self.choice = choice
      `operator` = task.columns.description
      weight = task.formats.weight.rawValue
      activation = task.formats.activation.rawValue
      keyValueCache = task.formats.keyValueCache.rawValue
      residual = task.formats.residual.rawValue
      self.mode = mode.rawValue
    }

    init?(_ observation: JSONValue) {
      guard case .object(let members) = observation, case .string(let value)? = members["operator"],
        case .string(let mode)? = members["mode"], case .object(let formats)? = members["formats"]
      else { return nil }
      func format(_ name: String) -> String { if case .string(let text)? = formats[name] { text } else { "" } }
      `operator` = value
      weight = format("weight")
      activation = format("activation")
      keyValueCache = format("keyValueCache")
      residual = format("residual")
      self.mode = mode
      var family = ""
      if case .string(let text)? = members["family"] { family = text }
      choice = KernelLibrary(family).isFastestOffered ? .fastest : .own
    }
  }

  /// The same of a layer: its kernels, those that do not run included, and their formats.
  struct LayerKey: Hashable {
    private let operators: [String]
    private let formats: [String]

    init(_ task: LayerTask) {
      operators = task.rows.map(\.task.columns.description).sorted()
      let own = task.rows.first?.task.formats
      formats = [own?.weight, own?.activation, own?.keyValueCache, own?.residual].map { $0?.rawValue ?? "" }
    }

    init?(_ layer: JSONValue) {
      guard case .object(let members) = layer, case .array(let rows)? = members["rows"],
        case .array(let leftOut)? = members["leftOut"], case .object(let first)? = rows.first,
        case .object(let formats)? = first["formats"]
      else { return nil }
      func text(_ value: JSONValue?) -> String? { if case .string(let text)? = value { text } else { nil } }
      let operators = (rows + leftOut).map { row -> String? in
        if case .object(let row) = row { text(row["operator"]) } else { nil }
      }
      guard !operators.contains(nil) else { return nil }
      self.operators = operators.compactMap { $0 }.sorted()
      self.formats = ["weight", "activation", "keyValueCache", "residual"].map { text(formats[$0]) ?? "" }
    }
  }

  var knownLayers: Set<LayerKey> { Set(layers.compactMap { LayerKey($0) }) }

  /// What need not be measured again: nothing that the file holds is ever dropped.
  var known: Set<Key> { Set(earlier.compactMap(Key.init)) }

  /// The folder is made where it is missing.
  private func requireWritable() throws(InputError) {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let trial = URL(fileURLWithPath: folder).appendingPathComponent(".roofline-\(UInt64.random(in: 0...UInt64.max))")
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      // Only writing tells: rights are not all that can be in the way.
      try Data().write(to: trial)
      try FileManager.default.removeItem(at: trial)
      guard !ObservationTarget.isFolder(path) else { throw POSIXError(.EISDIR) }
    } catch {
      throw .unreadable(file: path, reason: FileFault.writing(error))
    }
  }

  /// A name as files have it: `NVIDIA H100 80GB HBM3` is `nvidia-h100-80gb-hbm3`.
  static func fileName(_ name: String) -> String {
    let words = name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
    return words.joined(separator: "-")
  }

  private static func isRegular(_ path: String) -> Bool { (FileStatus(path)?.kind ?? .regular) == .regular }

  private static func isFolder(_ path: String) -> Bool { FileStatus(path)?.kind == .folder }
}
