import RooflineCore
import RooflineMeasurement

/// A decoder layer that was timed as one CUDA graph, as an observation file holds it.
package struct MeasuredLayer: Sendable {
  /// `decode layer`, or several of the same kernels.
  package let name: String
  /// How many layers of the model are like it.
  package let layers: UInt64
  /// Of a layer, s.
  package let seconds: Double
  /// What ran, in order.
  package let rows: [Row]
  /// What did not, and is in no time.
  package let leftOut: [LeftOut]
  /// In a document, e.g. `layers[0]`.
  package let place: String

  package struct Row: Sendable {
    package let name: String
    /// The kernel under the conditions of the layer, its time that of the whole layer; or why no model describes it.
    package let kernel: Result<Observation, Unpredicted>
  }

  package struct LeftOut: Hashable, Sendable {
    package let name, reason: String
  }

  package struct Unpredicted: Error, Hashable, Sendable {
    /// A clause.
    package let reason: String
  }

  /// The `layers` of an observation file; none where it has none.
  ///
  /// - Throws: `InputError` naming file and key of the first thing that is wrong.
  package static func all(in root: JSONObject) throws(InputError) -> [MeasuredLayer] {
    guard let list = root["layers"] else { return [] }
    let l2 = try root.object("device")?.positiveInteger("l2Bytes")
    let gpu = try root.require(try root.string("gpu"), "gpu", "the GPU's name, a string")
    var layers: [MeasuredLayer] = []
    for (index, entry) in try objects(list, "layers", of: root).enumerated() {
      layers.append(try MeasuredLayer(entry, place: "layers[\(index)]", gpu: gpu, l2: l2))
    }
    return layers
  }

  private init(_ entry: JSONObject, place: String, gpu: String, l2: UInt64?) throws(InputError) {
    self.place = place
    name = try entry.require(try entry.string("name"), "name", "what layer it is, a string")
    layers = try entry.require(try entry.positiveInteger("layers"), "layers", "how many layers are like it")
    let microseconds = try entry.require(
      try entry.number("time_us", in: ObservationReader.plausible, "µs"), "time_us", "microseconds of a layer")
    seconds = microseconds * 1e-6
    let footprint = try entry.object("counts")?.positiveInteger("footprintBytes")
    // A round over the sets leaves nothing of a weight in the cache, or it all stays there.
    let isCold = footprint.flatMap { footprint in l2.map { footprint > $0 } } ?? true
    var rows: [Row] = []
    for (index, row) in try MeasuredLayer.objects(entry["rows"] ?? .null, "rows", of: entry).enumerated() {
      let rowName = try row.require(try row.string("name"), "name", "the row's name, a string")
      var reader = ObservationReader(path: entry.file)
      let found = try reader.observation(line: index, place: "\(place).rows[\(index)]") { column in
        switch column {
        case .time: "\(microseconds)"
        case .gpu: gpu
        case _: row[column.rawValue]?.field ?? ""
        }
      }
      let kernel = found.map { isCold ? $0.rotated(copies: nil) : $0 }
      rows.append(
        Row(
          name: rowName,
          kernel: kernel.map(Result.success)
            ?? .failure(Unpredicted(reason: reader.skipped.first?.reason ?? "no model of it"))))
    }
    guard !rows.isEmpty else { throw entry.wrong("rows", entry["rows"] ?? .null, "a list of at least one kernel") }
    self.rows = rows
    var leftOut: [LeftOut] = []
    if let list = entry["leftOut"] {
      for row in try MeasuredLayer.objects(list, "leftOut", of: entry) {
        leftOut.append(
          LeftOut(
            name: try row.require(try row.string("name"), "name", "the row's name, a string"),
            reason: try row.string("reason") ?? ""))
      }
    }
    self.leftOut = leftOut
  }

  private static func objects(
    _ value: JSONValue, _ key: String, of object: JSONObject
  ) throws(InputError) -> [JSONObject] {
    guard case .array(let list) = value else { throw object.wrong(key, value, "a list") }
    var objects: [JSONObject] = []
    for (index, element) in list.enumerated() {
      let place = object.path.isEmpty ? key : "\(object.path).\(key)"
      objects.append(try JSONObject(element, file: object.file, path: "\(place)[\(index)]"))
    }
    return objects
  }
}
