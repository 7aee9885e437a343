import RooflineCore

/// A GPU's achieved ceilings as an observation file holds them: what its datasheet's rates are worth.
package struct AchievedCeilings: Sendable {
  package let path: String
  /// The GPU as the file calls it.
  package let gpu: String
  /// The fastest copy that no cache holds, bytes read and written, B/s.
  package var bandwidth: Double?
  /// Reading from L2, B/s.
  package var l2Bandwidth: Double?
  /// FLOP/s of the last window of products, by format.
  package var sustained: [DType: Double] = [:]
  /// FLOP/s of the fastest window.
  package var burst: [DType: Double] = [:]
  /// Exponentials a second.
  package var special: Double?
  /// An empty kernel, by how it is launched.
  package var floors: [Floor] = []

  package struct Floor: Hashable, Sendable {
    package let launch: String
    package let seconds: Double
  }

  /// An empty kernel takes microseconds.
  private static let floorLimits = 0.01...1e5

  /// What was just measured, and goes to the file.
  package init(_ measured: MeasuredCeilings, of device: DeviceProperties, gpu: String, path: String) {
    self.path = path
    self.gpu = gpu
    bandwidth = measured.copies.filter { device.isBeyondL2(copy: $0.bytes) }.map(\.bandwidth).max()
    l2Bandwidth = measured.l2?.bandwidth
    special = measured.special?.rate
    for product in measured.products {
      sustained[product.dtype] = product.windows.last?.rate
      burst[product.dtype] = product.windows.map(\.rate).max()
    }
    floors = measured.floors.map { Floor(launch: $0.launch, seconds: $0.time.median) }
  }

  /// Reads the `ceilings` of an observation file.
  ///
  /// - Throws: `InputError` for a file without them, or of a stand-in.
  package init(file path: String) throws(InputError) {
    let root = try JSONObject(
      JSONValue.parse(JSONValue.contents(of: path, kind: "file of ceilings", limit: 256), file: path), file: path)
    guard try root.positiveInteger("schemaVersion") == 1 else {
      throw root.wrong("schemaVersion", root["schemaVersion"] ?? .null, "1")
    }
    guard try root.bool("isFake") != true else {
      throw .notMeasurements(file: path, problem: "a fake device's file; its times are made up")
    }
    gpu = try root.require(try root.string("gpu"), "gpu", "the GPU's name, a string")
    guard let ceilings = try root.object("ceilings") else {
      throw .missingKey(file: path, key: "ceilings", expected: "what `measure --suite ceilings` writes")
    }
    self.path = path
    for copy in try ceilings.objects("copies") where try copy.bool("isBeyondL2") == true {
      bandwidth = max(bandwidth ?? 0, try copy.required("bytesPerSecond", in: HardwareLimits.bandwidth, "B/s"))
    }
    l2Bandwidth = try ceilings.object("l2").map { l2 throws(InputError) in
      try l2.required("bytesPerSecond", in: HardwareLimits.l2Bandwidth, "B/s")
    }
    special = try ceilings.object("special").map { work throws(InputError) in
      try work.required("operationsPerSecond", in: HardwareLimits.computeRate, "operations/s")
    }
    for product in try ceilings.objects("products") {
      let name = try product.require(try product.string("dtype"), "dtype", "a number format")
      guard let dtype = DType(rawValue: name) else { throw product.wrong("dtype", .string(name), "a number format") }
      for window in try product.objects("windows") {
        let rate = try window.required("flopsPerSecond", in: HardwareLimits.computeRate, "FLOP/s")
        sustained[dtype] = rate
        burst[dtype] = max(burst[dtype] ?? 0, rate)
      }
    }
    for floor in try ceilings.objects("floors") {
      let launch = try floor.require(try floor.string("launch"), "launch", "how the kernel was launched")
      floors.append(
        Floor(launch: launch, seconds: try floor.required("time_us", in: AchievedCeilings.floorLimits, "µs") * 1e-6))
    }
  }
}

extension HardwareSpec {
  /// The GPU with what it achieves in place of what its datasheet says, as far as that was measured.
  package func achieving(_ ceilings: AchievedCeilings) -> HardwareSpec {
    var spec = self
    if let bandwidth = ceilings.bandwidth { spec.memory?.bandwidth = bandwidth }
    for (dtype, rate) in ceilings.sustained where dtype.runsOnTensorCores { spec.compute?.tensor[dtype] = rate }
    if let vector = ceilings.sustained[.fp32] { spec.compute?.vector = vector }
    return spec
  }
}

extension JSONObject {
  /// A list of objects; empty where the key is absent.
  fileprivate func objects(_ key: String) throws(InputError) -> [JSONObject] {
    guard let value = self[key] else { return [] }
    guard case .array(let list) = value else { throw wrong(key, value, "a list") }
    var objects: [JSONObject] = []
    for (index, element) in list.enumerated() {
      objects.append(try JSONObject(element, file: file, path: "\(path.isEmpty ? "" : "\(path).")\(key)[\(index)]"))
    }
    return objects
  }

  fileprivate func required(
    _ key: String, in limits: ClosedRange<Double>, _ unit: String
  ) throws(InputError) -> Double {
    try require(try number(key, in: limits, unit), key, "a number above 0")
  }
}
