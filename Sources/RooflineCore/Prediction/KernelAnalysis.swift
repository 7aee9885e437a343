/// One operator on its own on a GPU.
package struct KernelAnalysis: Sendable {
  package let hardware: HardwareSpec
  package let formats: NumberFormats
  package let options: RateOptions
  package let rates: DeviceRates
  package let ranks: UInt64
  package let prediction: OperatorPrediction
  /// Where its time is from, and the entry that times it; nil: ideal, or no time model describes it.
  package let calibrated: CalibratedTime?
  package let timed: TimedRow?
  /// The blocked view of a GEMM, and what its padding to whole blocks costs in time.
  package let blocked: Blocked?

  package struct Blocked: Sendable {
    package let gemm: BlockedGEMM<Count>
    /// More FLOPs, the same bytes.
    package let padded: OperatorPrediction
    /// The traffic without reuse between blocks: x and the result at their widths, W at its own.
    package let trafficBytes: Count
  }

  /// - Throws: `InputError.usage` for wrong arguments, `.overflow`, `.missingFacts`.
  package init(
    _ arguments: KernelArguments, formats: NumberFormats, hardware: HardwareSpec, options: RateOptions,
    time request: TimeRequest? = nil
  ) throws(InputError) {
    self.hardware = hardware
    self.formats = formats
    self.options = options
    ranks = try arguments.ranks()
    rates = DeviceRates(hardware, options, ranks: ranks)
    let time = IdealTime(overlap: options.overlap)
    let value: Operator<Count> = try arguments.definition(formats)
    let ideal = OperatorPrediction(arguments.kind, value.cost, rates: rates, time: time)
    if var request {
      request.options.conditions.copies = try arguments.copies()
      let calibrated = request.time(of: value)
      prediction = calibrated.timed(value, ideal: ideal)
      self.calibrated = calibrated
      timed = TimedRow(value, by: calibrated)
    } else {
      prediction = ideal
      calibrated = nil
      timed = nil
    }
    if let gemm: BlockedGEMM<Count> = try arguments.blocked(formats) {
      var cost = prediction.cost
      cost.flops = gemm.paddedWork
      blocked = Blocked(
        gemm: gemm, padded: OperatorPrediction(arguments.kind, cost, rates: rates, time: time),
        trafficBytes: gemm.trafficBytes)
    } else {
      blocked = nil
    }
    for (cost, what) in [(prediction.cost, arguments.kind.rawValue), (blocked?.padded.cost, "the padded gemm")] {
      if cost?.isOverflow == true { throw .overflow(what: what) }
    }
    if let blocked, blocked.trafficBytes.isOverflow || blocked.gemm.trafficWords.isOverflow {
      throw .overflow(what: "the blocked traffic")
    }
    for one in [prediction, blocked?.padded] where one?.seconds.isInfinite == true {
      throw .infiniteTime(what: arguments.kind.rawValue, hardware: hardware.name)
    }
    let missing = hardware.missingFacts(for: prediction.cost, rates: rates, ranks: ranks)
    guard missing.isEmpty else {
      throw .missingFacts(hardware: hardware.name, path: hardware.path, facts: missing)
    }
  }

  /// What a reader of the times should know: that of calibrated ones, and what the bytes leave out.
  package var notices: [Notice] {
    let times = calibrated.map { Notice.calibration($0, [(prediction.kind.rawValue, prediction, timed)]) } ?? []
    return times + [Notice.scales(of: formats)].compactMap { $0 }
  }
}
