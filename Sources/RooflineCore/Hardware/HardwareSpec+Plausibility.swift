extension HardwareSpec {
  /// Refuses a rate that the SMs cannot reach at their clock: the usual slip is the figure with sparsity, twice the dense one.
  func requirePlausibleRates() throws(InputError) {
    guard let compute, !compute.tensor.isEmpty || compute.vector != nil else { return }
    guard let computeCapability else {
      throw .missingKey(
        file: path, key: "computeCapability", expected: "e.g. \"8.0\", which the rates are checked against")
    }
    guard let generation else {
      throw .wrongValue(
        file: path, key: "computeCapability", found: "\"\(computeCapability)\"",
        expected: "one of \(GPUGeneration.all.map(\.capability.description).joined(separator: ", "))")
    }
    guard let sms = compute.streamingMultiprocessors else {
      throw .missingKey(
        file: path, key: "compute.streamingMultiprocessors",
        expected: "the number of SMs, which the rates are checked against")
    }
    func check(_ key: String, _ rate: Double, _ perClock: Double, _ clock: Double?, _ clockKey: String)
      throws(InputError)
    {
      guard let clock else {
        throw .missingKey(file: path, key: "compute.\(clockKey)", expected: "the clock at which the rate is quoted, Hz")
      }
      let ceiling = Double(sms) * clock * perClock
      // Datasheets round; what lies further above is another figure (usually the one with sparsity).
      guard HardwareLimits.shareOfDerivedRate.contains(rate / ceiling) else {
        throw .implausibleRate(
          file: path, key: "compute.\(key)", rate: rate, ceiling: ceiling,
          derivation: "\(sms) SMs × \(clock / 1e9) GHz × \(Int(perClock)) FLOPs per clock")
      }
    }
    for dtype in DType.allCases {
      guard let rate = compute.tensor[dtype] else { continue }
      guard let perClock = generation.tensor[dtype] else {
        throw .wrongValue(
          file: path, key: "compute.tensorFLOPsPerSecond.\(dtype.rawValue)", found: "a rate",
          expected: "none: compute capability \(computeCapability) has no \(dtype.rawValue) tensor cores")
      }
      try check("tensorFLOPsPerSecond.\(dtype.rawValue)", rate, perClock, compute.tensorClock, "tensorClockHz")
    }
    if let vector = compute.vector {
      try check("vectorFLOPsPerSecond", vector, generation.vector, compute.boostClock, "boostClockHz")
    }
  }

  /// Refuses memory and links that contradict each other: a slip of units that no limit of its own finds.
  func requirePlausibleMemory() throws(InputError) {
    guard let memory else { return }
    let block = parent == nil ? "memory." : "slice."
    if let bandwidth = memory.bandwidth, !HardwareLimits.bandwidth.contains(bandwidth) {
      throw .wrongValue(
        file: path, key: "slice.bandwidthFraction", found: "a share that leaves \(bandwidth) B/s",
        expected: "one that leaves at least \(HardwareLimits.bandwidth.lowerBound) B/s")
    }
    if let l2 = memory.l2, !HardwareLimits.l2.contains(l2) {
      throw .wrongValue(
        file: path, key: "slice.l2Fraction", found: "a share that leaves \(l2) bytes of L2",
        expected: "one that leaves at least \(HardwareLimits.l2.lowerBound) bytes")
    }
    if let l2 = memory.l2, let capacity = memory.capacity, l2 >= capacity {
      throw .wrongValue(
        file: path, key: "\(block)capacityBytes", found: "\(capacity)", expected: "more than the \(l2) bytes of L2")
    }
    if let link = link?.bandwidth, let bandwidth = memory.bandwidth, link > bandwidth {
      throw .wrongValue(
        file: path, key: "link.bytesPerSecondPerDirection", found: "\(link)",
        expected: "at most the memory's \(bandwidth) B/s, which a link cannot outrun")
    }
  }
}
