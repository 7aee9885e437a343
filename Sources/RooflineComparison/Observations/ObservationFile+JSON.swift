import RooflineAnalysis
import RooflineCore
import RooflineMeasurement
import RooflineTimeModels

extension ObservationFile {
  /// What else `measure` says of an observation.
  private static let details: Set<String> = [
    "names", "floor_us", "operator", "formats", "mode", "remark", "routing", "kernels", "statistics", "samples_us",
    "counts",
    "achieved",
    "check", "recheck", "sustained",
    "before", "during", "after", "elapsed", "run", "touched", "busiest", "pairs",
  ]

  /// Reads an observation file: `{"schemaVersion": 1, "gpu": …, "observations": [{…}]}`, each observation with the keys of the CSV's
  /// columns. A `cold` one counts where the file has no other time of its operator; what else is neither rotating, sustained nor of
  /// a recorded pass (`serving`) is passed over: hot times are of other conditions than a model's.
  ///
  /// - Throws: `InputError`; a file of a fake device (`"isFake": true`) is refused, since its numbers are nobody's.
  init(json text: JSONText, path: String) throws(InputError) {
    // Hundreds of thousands of observations are read one by one, and not kept as JSON.
    let (root, deferred) = try text.object(deferring: "observations")
    guard try root.positiveInteger("schemaVersion") == 1 else {
      throw root.wrong("schemaVersion", root["schemaVersion"] ?? .null, "1")
    }
    guard try root.bool("isFake") != true else {
      throw .notMeasurements(file: path, problem: "a fake device's file; its times are made up")
    }
    let gpu = try root.require(try root.string("gpu"), "gpu", "the GPU's name, a string")
    let layers = try MeasuredLayer.all(in: root)
    guard let list = deferred, list.count > 0 else {
      if !layers.isEmpty {
        self.init(
          path: path, isTable: false, gpu: gpu, observations: [], layers: layers, skipped: [], unknownColumns: [],
          repeats: [])
        return
      }
      if root["ceilings"] != nil {
        throw .notMeasurements(
          file: path, problem: "it holds ceilings and no observations; `devices --ceilings` shows them")
      }
      throw .missingKey(file: path, key: "observations", expected: "a list of at least one observation")
    }
    var reader = ObservationReader(path: path)
    var observations: [Observation] = []
    var unmodelled: [Observation] = []
    var unknown: [String] = []
    observations.reserveCapacity(list.count)
    var seen: [Int: (index: Int, place: JSONList.Place)] = [:]
    seen.reserveCapacity(list.count)
    var repeats: [Repeat] = []
    // A single launch behind a sweep is as cold as a model's weights; where calls in a graph were timed, too, those count.
    var single: [Observation] = []
    try list.readElements { element throws(InputError) in
      let (index, value) = (element.index, element.value)
      let place = "observations[\(index)]"
      let object = try JSONObject(value, file: path, path: place)
      if let earlier = seen[value.hashValue] {
        // Equal hashes say little; the earlier observation is read again.
        if try list.value(at: earlier.place) == value {
          repeats.append(Repeat(place: place, earlier: "observations[\(earlier.index)]"))
          return
        }
      } else {
        seen[value.hashValue] = (index, list.place(of: element))
      }
      if let own = try object.string("gpu"), own != gpu {
        throw .notMeasurements(
          file: path,
          problem:
            "it mixes GPUs: \(ObservationFile.shortened(gpu)) and, in \(place), \(ObservationFile.shortened(own)); one file, one GPU"
        )
      }
      for key in object.members.keys.sorted()
      where ObservationReader.Column(rawValue: key) == nil && !ObservationFile.details.contains(key) {
        if !unknown.contains(key) { unknown.append(key) }
      }
      let mode = try object.string("mode")
      // Of another version, or of a way of timing that a model's calls have not.
      let isSingle = mode == TimingMode.cold.rawValue
      // An engine's own pass, recorded.
      let isServing = mode == CacheState.serving.rawValue
      if let mode, !isSingle, !isServing, TimingMode(rawValue: mode)?.isRotating != true {
        reader.skip("timed \(ObservationFile.shortened(mode)), not rotating as a model runs")
        return
      }
      let observation = try reader.observation(line: index, place: place) { column in
        object[column.rawValue]?.field ?? (column == .gpu ? gpu : "")
      }
      guard let observation else {
        if !isSingle, !isServing, let own = ObservationFile.unmodelled(object, line: index) { unmodelled.append(own) }
        return
      }
      if isSingle {
        single.append(observation.rotated(copies: nil))
      } else {
        observations.append(
          isServing
            ? observation.rotated(copies: nil)
            : try isCold(object, root) ? observation.rotated(copies: observation.conditions.copies) : observation)
      }
    }
    if !single.isEmpty {
      let known = Set(observations.map { Timed($0) })
      for observation in single {
        if known.contains(Timed(observation)) {
          reader.skip("timed cold; its rotating time counts")
        } else {
          observations.append(observation)
        }
      }
      observations.sort { $0.line < $1.line }
    }
    self.init(
      path: path, isTable: false, gpu: gpu, observations: observations, layers: layers, unmodelled: unmodelled,
      skipped: reader.skipped, unknownColumns: unknown, repeats: repeats, reroutedLayers: reader.rerouted)
  }

  /// Of a kernel that no model describes its time all the same: a layer stands beside what its rows take by themselves.
  private static func unmodelled(_ object: JSONObject, line: Int) -> Observation? {
    guard let value = try? object.namedOperator(),
      let microseconds = try? object.number("time_us", in: ObservationReader.plausible, "µs"),
      let dtype = object["dtype"].flatMap({ DType(rawValue: $0.field) })
    else { return nil }
    return Observation(
      value, dtype: dtype, family: KernelLibrary(object["family"]?.field ?? ""), source: object["source"]?.field ?? "",
      seconds: microseconds * 1e-6, line: line)
  }
}

/// A library's kernel in its formats.
private struct Timed: Hashable {
  let value: Operator<Count>
  let dtype: DType
  let family: KernelLibrary

  init(_ observation: Observation) {
    (value, dtype, family) = (observation.value, observation.dtype, observation.family)
  }
}

/// Whether a round of rotating calls touched more than the L2 cache holds.
private func isCold(_ observation: JSONObject, _ file: JSONObject) throws(InputError) -> Bool {
  guard let footprint = try observation.object("counts")?.positiveInteger("footprintBytes"),
    let l2 = try file.object("device")?.positiveInteger("l2Bytes")
  else { return false }
  return footprint > l2
}

extension Observation {
  /// The same, its keys and values read from memory.
  ///
  /// - Parameter copies: of a weight; nil: as many as leave nothing of it in the cache, as a sweep does.
  func rotated(copies: Double?) -> Observation {
    var conditions = conditions
    conditions.cache = .serving
    conditions.copies = copies
    return Observation(
      value, dtype: dtype, conditions: conditions, family: family, source: source, seconds: seconds, line: line,
      clock: clock)
  }
}

extension JSONValue {
  /// As it would stand in a CSV field.
  var field: String {
    switch self {
    case .string(let text): text
    case .integer(let number): String(number)
    case .number(let number): "\(number)"
    default: summary
    }
  }
}
