import RooflineCore

/// The facts of a GPU that the time models use. Unlike `DeviceRates`, no efficiency is in them: what a kernel reaches of a rate is
/// a fitted constant.
package struct DeviceFacts: Hashable, Sendable {
  /// bf16 FLOP/s of the tensor cores, dense. Other formats count as multiples of it.
  package var tensor: Double
  /// DRAM, B/s.
  package var bandwidth: Double
  package var streamingMultiprocessors: Double
  /// The clock at which the tensor rate is quoted, Hz.
  package var clock: Double
  /// Bytes.
  package var l2: Double
  /// Link, one direction, B/s; NaN where there is none.
  package var link: Double

  /// fp32 FLOP/s of the CUDA cores; NaN where nobody has written it down.
  package var vector: Double

  package init(
    tensor: Double, bandwidth: Double, streamingMultiprocessors: Double, clock: Double, l2: Double, link: Double = .nan,
    vector: Double = .nan
  ) {
    self.vector = vector
    self.tensor = tensor
    self.bandwidth = bandwidth
    self.streamingMultiprocessors = streamingMultiprocessors
    self.clock = clock
    self.l2 = l2
    self.link = link
  }

  /// The facts of a hardware file.
  ///
  /// - Throws: `InputError.missingFacts` naming every key that is not there.
  package init(_ spec: HardwareSpec) throws(InputError) {
    var missing: [MissingFact] = []
    func require(_ value: Double?, _ name: String, _ key: String, option: String) -> Double {
      if value == nil { missing.append(MissingFact(name: name, key: key, option: option)) }
      return value ?? .nan
    }
    self.init(
      tensor: require(
        spec.compute?.tensor[.bf16] ?? spec.compute?.tensor[.fp16], "bf16 tensor rate",
        "compute.tensorFLOPsPerSecond.bf16", option: "--time ideal"),
      bandwidth: require(
        spec.memory?.bandwidth, "memory bandwidth", "memory.bandwidthBytesPerSecond", option: "--time ideal"),
      streamingMultiprocessors: require(
        (spec.compute?.streamingMultiprocessors).map { Double($0) }, "number of SMs",
        "compute.streamingMultiprocessors", option: "--time ideal"),
      clock: require(spec.compute?.tensorClock, "tensor clock", "compute.tensorClockHz", option: "--time ideal"),
      l2: require((spec.memory?.l2).map { Double($0) }, "L2 size", "memory.l2Bytes", option: "--time ideal"),
      link: spec.link?.bandwidth ?? .nan, vector: spec.compute?.vector ?? .nan)
    guard missing.isEmpty else { throw .missingFacts(hardware: spec.name, path: spec.path, facts: missing) }
  }

  /// DRAM bytes a microsecond.
  var bytesPerMicrosecond: Double { bandwidth * 1e-6 }
  /// bf16 FLOPs a microsecond.
  var flopsPerMicrosecond: Double { tensor * 1e-6 }
  /// Clock cycles a microsecond.
  package var cyclesPerMicrosecond: Double { clock * 1e-6 }
}
