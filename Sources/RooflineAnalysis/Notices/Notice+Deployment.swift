import RooflineCore

extension Notice {
  /// GPUs that a server's switch joins, where a hardware file does not say (HGX and DGX boards).
  private static let usualBoard: UInt64 = 8

  /// What is odd about a workload on a GPU, however exact its numbers are.
  static func deployment(
    _ model: DecoderModel, _ workload: Workload, _ hardware: HardwareSpec, _ options: RateOptions,
    isTraining: Bool
  ) -> [Notice] {
    var notices: [Notice] = []
    if !isTraining, let plan = try? FootprintPlan(model, workload, generated: 1, context: workload.context),
      let capacity = hardware.memory?.capacity, let footprint = try? Footprint(plan, reserve: 0, capacity: capacity),
      !footprint.fits
    {
      notices.append(.doesNotFit(bytes: footprint.required.value, capacity: capacity))
    }
    if isTraining, let capacity = hardware.memory?.capacity {
      let parameters = ParameterShape<Count>(
        model, tensorParallel: workload.tensorParallel, parallelism: workload.parallelism)
      let bytes = parameters.tensors.reduce(Count(0)) { $0 + $1.bytes(workload.formats) }
      if !bytes.isOverflow, bytes.value > capacity {
        notices.append(.weightsDoNotFit(bytes: bytes.value, capacity: capacity))
      }
    }
    let devices = workload.devicesPerReplica.value
    notices += beyondBoard(devices, hardware, options)
    if let peak = options.tensorPeak {
      let units = MatrixUnits(model, workload, DeviceRates(hardware, options, ranks: devices)).formats
      notices += beyondDensePeak(peak, hardware, units)
      if units.count > 1 { notices.append(.oneRateForAll(formats: units)) }
    }
    return notices
  }

  /// The notice about GPUs that no board joins, as far as the file says.
  static func beyondBoard(_ devices: UInt64, _ hardware: HardwareSpec, _ options: RateOptions) -> [Notice] {
    guard let link = hardware.link, link.bandwidth != nil, link.maximumPeers == nil, options.link == nil,
      options.board == nil, devices > usualBoard
    else { return [] }
    return [.beyondBoard(devices: devices, link: link.kind)]
  }

  /// The notice about a tensor rate that is above what every one of some units can do.
  package static func beyondDensePeak(_ rate: Double, _ hardware: HardwareSpec, _ units: [DType]) -> [Notice] {
    let peaks = units.map(hardware.densePeak)
    // A unit of which nothing is known may have any rate.
    guard !peaks.contains(where: { $0 == nil }),
      let highest = peaks.compactMap({ $0 }).max(by: { $0.rate < $1.rate }),
      rate > highest.rate * HardwareLimits.shareOfDerivedRate.upperBound
    else { return [] }
    return [.beyondDensePeak(rate: rate, ceiling: highest.rate, derivation: highest.derivation)]
  }
}

extension HardwareSpec {
  /// What the matrix units can do at their clock, FLOP/s, and from what that follows; nil where a fact is missing.
  func densePeak(_ dtype: DType) -> (rate: Double, derivation: String)? {
    guard let perClock = generation?.tensor[dtype], let multiprocessors = compute?.streamingMultiprocessors,
      let clock = compute?.tensorClock
    else { return nil }
    return (
      Double(multiprocessors) * clock * perClock,
      "\(multiprocessors) SMs × \(clock / 1e9) GHz × \(Int(perClock)) FLOPs per clock"
    )
  }
}
