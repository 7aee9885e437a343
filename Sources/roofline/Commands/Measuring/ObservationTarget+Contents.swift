import RooflineComparison
import RooflineCore
import RooflineMeasurement

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ObservationTarget {
  /// What an earlier run left in a file, as it is.
  ///
  /// - Throws: `InputError` where this run's results must not stand beside the file's, or where the file holds what no run
  ///   wrote: it would be written again with the rest.
  static func contents(
    of path: String, _ conditions: [RunCondition]
  ) throws(InputError) -> (
    gpu: String?, device: JSONValue?, observations: [JSONValue], layers: [JSONValue], ceilings: JSONValue?
  ) {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      throw .unreadable(file: path, reason: "it cannot be read")
    }
    let root = try JSONObject(JSONValue.parse(data, file: path), file: path)
    guard try root.positiveInteger("schemaVersion") == 1, let list = root["observations"],
      case .array(let earlier) = list
    else { throw .notMeasurements(file: path, problem: "it is no observation file of version 1") }
    for condition in conditions {
      let before = try condition.before(in: root)
      guard before == condition.now else {
        throw .notMeasurements(
          file: path,
          problem: "its \(condition.what) is \(before), this one's \(condition.now); measure into another file")
      }
    }
    for (index, observation) in earlier.enumerated() {
      guard Key(observation) != nil else {
        throw .notMeasurements(
          file: path, problem: "observations[\(index)] is none that `measure` wrote; measure into another file")
      }
      try requireTimes(of: JSONObject(observation, file: path, path: "observations[\(index)]"))
      try requireNumbers(in: observation, file: path, key: "observations[\(index)]")
    }
    if let ceilings = root["ceilings"] { try requireNumbers(in: ceilings, file: path, key: "ceilings") }
    return (try root.string("gpu"), root["device"], earlier, try layers(of: root), root["ceilings"])
  }

  private static func layers(of root: JSONObject) throws(InputError) -> [JSONValue] {
    guard let value = root["layers"] else { return [] }
    guard case .array(let layers) = value else {
      throw root.wrong("layers", value, "a list; measure into another file")
    }
    _ = try MeasuredLayer.all(in: root)
    for (index, layer) in layers.enumerated() {
      let place = "layers[\(index)]"
      guard LayerKey(layer) != nil else {
        throw .notMeasurements(
          file: root.file, problem: "\(place) is none that `measure` wrote; measure into another file")
      }
      try requireTimes(of: JSONObject(layer, file: root.file, path: place))
      try requireNumbers(in: layer, file: root.file, key: place)
    }
    return layers
  }

  private static func requireTimes(of observation: JSONObject) throws(InputError) {
    func require(_ value: JSONValue, _ key: String) throws(InputError) {
      guard let microseconds = number(value), microseconds > 0, SampleStatistics.plausible.contains(microseconds * 1e-6)
      else {
        throw observation.wrong(key, value, "microseconds above 0; take the observation out of the file")
      }
    }
    try require(observation["time_us"] ?? .null, "time_us")
    // Files of others may have no samples.
    guard let samples = observation["samples_us"] else { return }
    guard case .array(let samples) = samples, !samples.isEmpty else {
      throw observation.wrong("samples_us", samples, "a list of microseconds; take the observation out of the file")
    }
    for (index, sample) in samples.enumerated() { try require(sample, "samples_us[\(index)]") }
  }

  /// NaN and infinity can be read and not be written.
  private static func requireNumbers(in value: JSONValue, file: String, key: String) throws(InputError) {
    switch value {
    case .number(let number):
      guard number.isFinite else {
        throw .wrongValue(file: file, key: key, found: value.summary, expected: "a number; measure into another file")
      }
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        try requireNumbers(in: element, file: file, key: "\(key)[\(index)]")
      }
    case .object(let members):
      for (name, member) in members.sorted(by: { $0.key < $1.key }) {
        try requireNumbers(in: member, file: file, key: "\(key).\(name)")
      }
    case .null, .bool, .integer, .string: break
    }
  }

  private static func number(_ value: JSONValue) -> Double? {
    switch value {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    case .null, .bool, .string, .array, .object: nil
    }
  }
}
