import RooflineAnalysis
import RooflineCore
import RooflineMeasurement
import RooflineTimeModels

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
    /// The kernel under the conditions of the layer, its time that of the whole layer; or why no model describes it. Of routed experts
    /// the row's share of the call that libraries make of them.
    package let kernel: Result<Observation, Unpredicted>
    /// What the row itself does; nil where that is nothing that is known here.
    package let counted: Operator<Count>?
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
    var read: [(name: String, object: JSONObject, found: Result<Observation, Unpredicted>)] = []
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
      read.append(
        (
          rowName, row,
          kernel.map(Result.success)
            ?? .failure(Unpredicted(reason: reader.skipped.first?.reason ?? "no model of it"))
        ))
    }
    guard !read.isEmpty else { throw entry.wrong("rows", entry["rows"] ?? .null, "a list of at least one kernel") }
    var counted: [MeasuredExperts.Row?] = []
    for row in read { counted.append(try MeasuredLayer.counted(row.object, row.found)) }
    var leftOut: [LeftOut] = []
    var isDispatched = false
    if let list = entry["leftOut"] {
      for row in try MeasuredLayer.objects(list, "leftOut", of: entry) {
        leftOut.append(
          LeftOut(
            name: try row.require(try row.string("name"), "name", "the row's name, a string"),
            reason: try row.string("reason") ?? ""))
        if try row.string("operator")?.prefix(while: { $0 != " " }) ?? "" == OperatorKind.allToAll.rawValue {
          isDispatched = true
        }
      }
    }
    self.leftOut = leftOut
    let experts = MeasuredExperts(counted, isDispatched: isDispatched)
    var rows: [Row] = []
    for (index, row) in read.enumerated() {
      guard let part = experts.parts[index] else {
        rows.append(Row(name: row.name, kernel: row.found, counted: counted[index]?.value))
        continue
      }
      let kernel = Observation(
        .expertLayer(part), dtype: part.formats.residual,
        conditions: KernelConditions(.warm, launch: Launch(timing: row.object["timing"]?.field ?? "")),
        family: KernelLibrary(row.object["family"]?.field ?? ""), source: "", seconds: seconds, line: index)
      rows.append(
        Row(
          name: row.name, kernel: .success(isCold ? kernel.rotated(copies: nil) : kernel),
          counted: counted[index]?.value))
    }
    self.rows = rows
  }

  /// What a row does: as its columns have it, or, where no model is of them, as the row names its operator.
  ///
  /// - Throws: `InputError` naming the key of an operator or a routing that cannot be.
  private static func counted(
    _ row: JSONObject, _ found: Result<Observation, Unpredicted>
  ) throws(InputError) -> MeasuredExperts.Row? {
    if case .success(let kernel) = found { return .init(value: kernel.value, pairs: nil) }
    guard let value = try row.namedOperator() else { return nil }
    guard case .groupedGEMM(let product) = value, let routing = try row.object("routing") else {
      return .init(value: value, pairs: nil)
    }
    return .init(value: value, pairs: try pairs(of: product, routing))
  }

  private static func pairs(
    of product: GroupedGEMM<Count>, _ routing: JSONObject
  ) throws(InputError) -> [UInt64] {
    let (key, found) = ("rowsPerExpert", routing["rowsPerExpert"] ?? .null)
    let wrong = routing.wrong(
      key, found, "the pairs of each touched expert, whole numbers above 0, \(product.ownPairs.value) altogether")
    guard case .array(let list) = found, UInt64(list.count) <= product.experts.held.value else { throw wrong }
    var (pairs, left): ([UInt64], UInt64) = ([], product.ownPairs.value)
    for element in list {
      guard case .integer(let number) = element, number > 0, UInt64(number) <= left else { throw wrong }
      pairs.append(UInt64(number))
      left -= UInt64(number)
    }
    guard left == 0 else { throw wrong }
    return pairs
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
