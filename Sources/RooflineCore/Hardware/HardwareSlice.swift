/// A part of a GPU that behaves as a GPU (MIG): some of its SMs, memory, bandwidth and L2, and no link.
struct HardwareSlice {
  let block: JSONObject
  let parent: String
  let streamingMultiprocessors: UInt64
  let capacity: UInt64
  let bandwidthFraction: Double
  let l2Fraction: Double
  let source: String

  init(_ block: JSONObject) throws(InputError) {
    try block.requireOnly([
      "of", "streamingMultiprocessors", "capacityBytes", "bandwidthFraction", "l2Fraction", "source",
    ])
    self.block = block
    parent = try block.require(try block.string("of"), "of", "the parent's name, a string")
    streamingMultiprocessors = try block.require(
      try block.integer("streamingMultiprocessors", in: HardwareLimits.streamingMultiprocessors, "SMs"),
      "streamingMultiprocessors", "the slice's SMs")
    capacity = try block.require(
      try block.integer("capacityBytes", in: HardwareLimits.capacity, "bytes"), "capacityBytes", "the slice's memory")
    bandwidthFraction = try HardwareSlice.fraction("bandwidthFraction", block)
    l2Fraction = try HardwareSlice.fraction("l2Fraction", block)
    source = try block.source()
  }

  private static func fraction(_ key: String, _ block: JSONObject) throws(InputError) -> Double {
    try block.require(
      try block.number(key, in: HardwareLimits.share, "of the parent"), key, "a share of the parent, 0.01 to 1")
  }

  func cut(from find: (String) throws(InputError) -> HardwareSpec) throws(InputError) -> HardwareSpec {
    var spec: HardwareSpec
    do {
      spec = try find(parent)
    } catch .unknownName(_, let name, let nearest, _) {
      throw block.wrong(
        "of", .string(name),
        "a GPU of the catalog\(nearest.isEmpty ? "" : ", such as \(nearest.joined(separator: ", "))")")
    }
    guard var compute = spec.compute, let all = compute.streamingMultiprocessors, all >= streamingMultiprocessors else {
      throw block.wrong(
        "streamingMultiprocessors", .integer(Int64(streamingMultiprocessors)),
        "at most the SMs of the parent, which must state them")
    }
    // Rates go with the SMs; clocks do not change.
    let share = Double(streamingMultiprocessors) / Double(all)
    let whole = "\(streamingMultiprocessors)/\(all) SMs of \(spec.name)"
    compute.streamingMultiprocessors = streamingMultiprocessors
    compute.tensor = compute.tensor.mapValues { $0 * share }
    compute.vector = compute.vector.map { $0 * share }
    compute.source = "\(whole) (\(source)); \(compute.source)"
    spec.compute = compute
    if let whole = spec.memory?.capacity, capacity > whole {
      throw block.wrong("capacityBytes", .integer(Int64(capacity)), "at most the parent's \(whole)")
    }
    spec.parentPath = spec.path
    if var memory = spec.memory {
      memory.capacity = capacity
      memory.bandwidth = memory.bandwidth.map { $0 * bandwidthFraction }
      memory.l2 = memory.l2.map { UInt64((Double($0) * l2Fraction).rounded(.down)) }
      memory.source = "\(bandwidthFraction) of the bandwidth of \(spec.name) (\(source)); \(memory.source)"
      spec.memory = memory
    }
    spec.link = nil
    spec.parent = spec.name
    return spec
  }
}
