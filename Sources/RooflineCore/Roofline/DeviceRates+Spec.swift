extension DeviceRates {
  /// The rates of a GPU as a run uses them.
  ///
  /// - Parameter ranks: how many GPUs talk to one another; a bridge or a board that joins fewer has no rate for them.
  package init(_ spec: HardwareSpec, _ options: RateOptions, ranks: UInt64) {
    self.init()
    for dtype in DType.allCases where dtype.runsOnTensorCores {
      self[tensor: dtype] =
        (options.tensorPeak ?? spec.compute?.tensor[dtype] ?? .nan) * options.computeEfficiency
    }
    vector = (options.vectorPeak ?? spec.compute?.vector ?? .nan) * options.computeEfficiency
    special = (options.specialPeak ?? spec.specialRate ?? .nan) * options.computeEfficiency
    bandwidth = (options.bandwidth ?? spec.memory?.bandwidth ?? .nan) * options.memoryEfficiency
    linkLatency = options.linkLatency
    link = options.link ?? (spec.joins(ranks, board: options.board) ? spec.link?.bandwidth : nil) ?? .nan
  }
}

extension HardwareSpec {
  /// - Parameter board: how many GPUs the link joins, where a run says so.
  package func joins(_ ranks: UInt64, board: UInt64?) -> Bool {
    link.map { ranks <= board ?? $0.maximumPeers ?? .max } ?? false
  }

  /// The facts whose absence leaves a cost without a time.
  package func missingFacts(for cost: OperatorCost, rates: DeviceRates, ranks: UInt64, board: UInt64? = nil)
    -> [MissingFact]
  {
    var facts: [MissingFact] = []
    if cost.flops.tensor > 0, let unit = cost.matrixUnit, rates[tensor: unit].isNaN {
      let offered = DType.allCases.filter { compute?.tensor[$0] != nil }.map(\.rawValue)
      facts.append(
        MissingFact(
          name: "\(unit.rawValue) tensor rate",
          // Where the architecture has no such unit, no file can state its rate.
          key: hasTensorCores(unit) ? "compute.tensorFLOPsPerSecond.\(unit.rawValue)" : nil, option: "--peak",
          reason: offered.isEmpty
            ? nil
            : "its matrix units run \(offered.joined(separator: ", ")); --dtype chooses, and --set torch_dtype=… what attention runs in"
        ))
    }
    if cost.flops.vector > 0, rates.vector.isNaN {
      facts.append(MissingFact(name: "vector rate", key: "compute.vectorFLOPsPerSecond", option: "--vector-peak"))
    }
    if cost.flops.special > 0, rates.special.isNaN { facts.append(missingSpecialRate) }
    if cost.traffic.total > 0, rates.bandwidth.isNaN {
      facts.append(
        MissingFact(name: "memory bandwidth", key: "memory.bandwidthBytesPerSecond", option: "--bandwidth"))
    }
    if cost.wireBytes > 0, rates.link.isNaN { facts.append(missingLink(ranks: ranks, board: board)) }
    return facts
  }

  private func hasTensorCores(_ dtype: DType) -> Bool {
    guard let generation else { return true }
    return generation.tensor[dtype] != nil
  }

  private var missingSpecialRate: MissingFact {
    let clocks = "compute.streamingMultiprocessors and compute.boostClockHz"
    guard generation != nil || computeCapability != nil else {
      return MissingFact(
        name: "special function rate", key: "computeCapability, \(clocks)", option: "--special-peak")
    }
    // Of a generation that nobody here knows, no key of the file says what its units do in a clock.
    return MissingFact(
      name: "special function rate", key: generation == nil ? nil : clocks, option: "--special-peak",
      reason: generation == nil ? computeCapability.map { "nothing is known of compute capability \($0)" } : nil)
  }

  private func missingLink(ranks: UInt64, board: UInt64?) -> MissingFact {
    let reason =
      joins(ranks, board: board)
      // A mesh has a rate for each number of ranks.
      ? link?.kind : (board ?? link?.maximumPeers).map { "its \(link?.kind ?? "link") joins \($0) GPUs, not \(ranks)" }
    return MissingFact(
      name: "link rate", key: "link.bytesPerSecondPerDirection", option: "--link", reason: reason)
  }
}
