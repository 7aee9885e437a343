import RooflineCore

/// What `show` prints about a GPU: the file's facts with their sources, and what follows from them.
package struct HardwareReport {
  package let spec: HardwareSpec

  package init(_ spec: HardwareSpec) { self.spec = spec }

  package var report: Report {
    Report(
      title: ["\(spec.name)  (\(spec.path))"],
      sections: [.facts(Facts(facts))] + (units.isEmpty ? [] : [.listing(rates)]) + [.notes(Notes(sources, indent: 2))],
      records: .init(
        key: "hardware",
        [
          Facts(
            facts
              + units.map {
                .init($0.name, "\(Numbers.scaled($0.rate))FLOP/s", key: "\($0.key)_per_second", .rate($0.rate))
              }
          ).records(title: spec.name)
        ]), document: HardwareDocument(self))
  }

  private var facts: [Facts.Entry] {
    let (compute, memory, link) = (spec.compute, spec.memory, spec.link)
    func bytes(_ name: String, _ value: UInt64?, key: String) -> Facts.Entry {
      .init(name, value.map { "\(Numbers.grouped($0)) bytes" }, key: key, .integer(value))
    }
    func rate(_ name: String, _ value: Double?, _ unit: String, key: String) -> Facts.Entry {
      .init(name, value.map { "\(Numbers.scaled($0))\(unit)" }, key: key, .rate(value))
    }
    let sms = compute?.streamingMultiprocessors
    var entries: [Facts.Entry] = [.init("product", spec.product, key: "product")]
    if let parent = spec.parent { entries.append(.init("slice of", parent, key: "slice_of")) }
    if spec.computeCapability == nil, let architecture = spec.architecture {
      entries.append(.init("architecture", architecture, key: "architecture"))
    } else {
      entries.append(.init("compute capability", spec.computeCapability?.description, key: "compute_capability"))
    }
    entries += [
      .init("SMs", sms.map(String.init), key: "sms", .integer(sms)),
      rate("tensor clock", compute?.tensorClock, "Hz", key: "tensor_clock_hz"),
      rate("boost clock", compute?.boostClock, "Hz", key: "boost_clock_hz"),
      bytes("memory", memory?.capacity, key: "memory_bytes"),
      rate("bandwidth", memory?.bandwidth, "B/s", key: "bandwidth_bytes_per_second"),
      bytes("L2", memory?.l2, key: "l2_bytes"),
      rate("link, one direction", link?.bandwidth, "B/s", key: "link_bytes_per_second_per_direction"),
    ]
    if let link {
      entries.append(.init("", link.kind + (link.maximumPeers.map { ", \($0) GPUs" } ?? ""), key: "link_kind"))
    }
    return entries
  }

  /// A unit that computes.
  struct Unit {
    let name, key: String
    let rate: Double
    let ridge: ArithmeticIntensity?
  }

  var units: [Unit] {
    var units = DType.allCases.filter(\.runsOnTensorCores).compactMap { dtype in
      spec.compute?.tensor[dtype].map {
        Unit(
          name: "\(dtype.rawValue) tensor", key: "\(dtype.rawValue)_tensor_flops", rate: $0, ridge: spec.ridge(dtype))
      }
    }
    if let vector = spec.compute?.vector {
      units.append(Unit(name: "fp32 vector", key: "fp32_vector_flops", rate: vector, ridge: spec.ridge(.fp32)))
    }
    if let special = spec.specialRate {
      let ridge = spec.memory?.bandwidth.map { FLOPsPerSecond(special) / BytesPerSecond($0) }
      units.append(Unit(name: "special", key: "special_functions", rate: special, ridge: ridge))
    }
    return units
  }

  private var rates: Listing {
    let rows = units.map { unit in
      [
        unit.name, "\(Numbers.scaled(unit.rate))FLOP/s",
        unit.ridge.map { Numbers.fixed($0.value, decimals: 2) } ?? Numbers.unknown,
      ]
    }
    func line(_ words: [String]) -> String {
      zip(words, [14, 16, 0]).map { word, width in
        word + String(repeating: " ", count: max(width == 0 ? 0 : 1, width - word.count))
      }.joined()
    }
    let head = ["unit", "rate", "ridge, FLOP/B"]
    return Listing(
      ([head] + rows).map(line),
      table: Table(
        title: "", columns: head.map { .init($0, key: $0, isText: $0 == "unit") },
        rows: rows.map { .cells($0.map { .text($0) }) }))
  }

  private var sources: [String] {
    [("compute", spec.compute?.source), ("memory", spec.memory?.source), ("link", spec.link?.source)].compactMap {
      name, source in source.map { "\(name): \($0)" }
    }
  }
}

/// The JSON of `show GPU`, schema version 1: facts under the keys of a hardware file, null where nobody knows them, and what
/// follows from them.
struct HardwareDocument: Encodable {
  let schemaVersion = 1
  let name, path: String
  @Nullable var product: String?
  @Nullable var sliceOf: String?
  @Nullable var architecture: String?
  @Nullable var computeCapability: String?
  @Nullable var compute: Compute?
  @Nullable var memory: Memory?
  @Nullable var link: Link?
  let units: [Unit]

  struct Compute: Encodable {
    @Nullable var streamingMultiprocessors: UInt64?
    @Nullable var tensorClockHz: Double?
    @Nullable var boostClockHz: Double?
    let source: String
  }

  struct Memory: Encodable {
    @Nullable var capacityBytes: UInt64?
    @Nullable var bandwidthBytesPerSecond: Double?
    @Nullable var l2Bytes: UInt64?
    let source: String
  }

  struct Link: Encodable {
    let kind: String
    @Nullable var bytesPerSecondPerDirection: Double?
    @Nullable var maximumPeers: UInt64?
    let source: String
  }

  struct Unit: Encodable {
    let unit: String
    let operationsPerSecond: Double
    /// Where the unit's rate meets the bandwidth.
    @Nullable var flopsPerByte: Double?
  }

  init(_ report: HardwareReport) {
    let spec = report.spec
    name = spec.name
    path = spec.path
    product = spec.product
    sliceOf = spec.parent
    architecture = spec.architecture
    computeCapability = spec.computeCapability?.description
    compute = spec.compute.map {
      Compute(
        streamingMultiprocessors: $0.streamingMultiprocessors, tensorClockHz: $0.tensorClock,
        boostClockHz: $0.boostClock, source: $0.source)
    }
    memory = spec.memory.map {
      Memory(
        capacityBytes: $0.capacity, bandwidthBytesPerSecond: $0.bandwidth, l2Bytes: $0.l2, source: $0.source)
    }
    link = spec.link.map {
      Link(
        kind: $0.kind, bytesPerSecondPerDirection: $0.bandwidth, maximumPeers: $0.maximumPeers, source: $0.source)
    }
    units = report.units.map { Unit($0) }
  }
}

extension HardwareDocument.Unit {
  init(_ unit: HardwareReport.Unit) {
    self.init(unit: unit.name, operationsPerSecond: unit.rate, flopsPerByte: unit.ridge?.value)
  }
}
