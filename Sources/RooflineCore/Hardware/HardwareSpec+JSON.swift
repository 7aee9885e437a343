extension HardwareSpec {
  /// Reads a hardware file; strict: a key that the schema does not have, or a block without a source, is refused.
  ///
  /// - Parameter parent: finds the whole GPU that a slice is cut from; it must refuse slices, or a slice of itself never ends.
  package static func decode(
    _ value: JSONValue, file: String, parent: (String) throws(InputError) -> HardwareSpec
  ) throws(InputError) -> HardwareSpec {
    let root = try JSONObject(value, file: file)
    try root.requireOnly([
      "name", "aliases", "product", "architecture", "computeCapability", "compute", "memory", "link", "slice",
    ])
    let name = try root.require(try root.string("name"), "name", "the spec's name, a string")
    _ = try root.strings("aliases")
    let architecture = try root.string("architecture")
    if let slice = try root.object("slice") {
      for key in ["compute", "memory", "link", "computeCapability"] where root[key] != nil {
        throw .wrongValue(
          file: file, key: key, found: "the slice's own",
          expected: "no such key beside `slice`: it comes from the parent")
      }
      var spec = try HardwareSlice(slice).cut(from: parent)
      spec.name = name
      spec.path = file
      spec.product = try root.string("product")
      spec.architecture = architecture ?? spec.architecture
      try spec.requirePlausibleMemory()
      return spec
    }
    var spec = HardwareSpec(name: name, path: file)
    spec.product = try root.string("product")
    spec.architecture = architecture
    spec.computeCapability = try root.computeCapability("computeCapability")
    if let block = try root.object("compute") { spec.compute = try Compute(block) }
    if let block = try root.object("memory") { spec.memory = try Memory(block) }
    if let block = try root.object("link") { spec.link = try Link(block) }
    try spec.requirePlausibleRates()
    try spec.requirePlausibleMemory()
    return spec
  }
}

extension JSONObject {
  /// Every block of facts names where they are from.
  func source() throws(InputError) -> String {
    let source = try require(try string("source"), "source", "where the block's facts are from, a string")
    guard source.contains(where: { !$0.isWhitespace }) else {
      throw wrong("source", .string(source), "where the block's facts are from")
    }
    return source
  }
}

extension HardwareSpec.Compute {
  init(_ block: JSONObject) throws(InputError) {
    try block.requireOnly([
      "streamingMultiprocessors", "tensorClockHz", "boostClockHz", "tensorFLOPsPerSecond", "vectorFLOPsPerSecond",
      "source",
    ])
    streamingMultiprocessors = try block.integer(
      "streamingMultiprocessors", in: HardwareLimits.streamingMultiprocessors, "SMs")
    tensorClock = try block.number("tensorClockHz", in: HardwareLimits.clock, "Hz")
    boostClock = try block.number("boostClockHz", in: HardwareLimits.clock, "Hz")
    vector = try block.number("vectorFLOPsPerSecond", in: HardwareLimits.computeRate, "FLOP/s")
    source = try block.source()
    tensor = [:]
    if let rates = try block.object("tensorFLOPsPerSecond") {
      let units = DType.allCases.filter(\.runsOnTensorCores)
      try rates.requireOnly(units.map(\.rawValue))
      for unit in units {
        tensor[unit] = try rates.number(unit.rawValue, in: HardwareLimits.computeRate, "FLOP/s")
      }
    }
  }
}

extension HardwareSpec.Memory {
  init(_ block: JSONObject) throws(InputError) {
    try block.requireOnly(["capacityBytes", "bandwidthBytesPerSecond", "l2Bytes", "source"])
    capacity = try block.integer("capacityBytes", in: HardwareLimits.capacity, "bytes")
    bandwidth = try block.number("bandwidthBytesPerSecond", in: HardwareLimits.bandwidth, "B/s")
    l2 = try block.integer("l2Bytes", in: HardwareLimits.l2, "bytes")
    source = try block.source()
  }
}

extension HardwareSpec.Link {
  init(_ block: JSONObject) throws(InputError) {
    try block.requireOnly(["kind", "bytesPerSecondPerDirection", "maximumPeers", "source"])
    kind = try block.require(try block.string("kind"), "kind", "what joins the GPUs, a string")
    bandwidth = try block.number("bytesPerSecondPerDirection", in: HardwareLimits.link, "B/s")
    maximumPeers = try block.integer("maximumPeers", in: HardwareLimits.peers, "GPUs")
    source = try block.source()
  }
}
