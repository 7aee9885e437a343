import RooflineCore
import RooflineTimeModels

/// One operator on its own on a GPU.
package struct KernelAnalysis: Sendable {
  package let hardware: HardwareSpec
  package let formats: NumberFormats
  package let options: RateOptions
  package let rates: DeviceRates
  package let ranks: UInt64
  private let value: Operator<Count>
  package let prediction: OperatorPrediction
  /// Where its time is from, and the entry that times it; nil: ideal, or no time model describes it.
  package let calibrated: CalibratedTime?
  package let timed: TimedRow?
  /// Rates whose absence leaves the time unknown.
  package let missing: [MissingFact]
  /// The blocked view of a GEMM, and what its padding to whole blocks costs in time.
  package let blocked: Blocked?

  package struct Blocked: Sendable {
    package let gemm: BlockedGEMM<Count>
    /// More FLOPs, the same bytes.
    package let padded: OperatorPrediction
    /// The same FLOPs as the GEMM's, and the traffic without reuse between blocks.
    package let withoutReuse: OperatorPrediction
    /// Its work on the matrix units and its traffic, one after another: f·t_f + m·t_m; nil where a rate is missing.
    package let sum: Seconds?

    /// 2MNK over the words moved: 2/(2/K + 1/BN + 1/BM) where the blocks divide the matrices.
    package var flopsPerWord: Double {
      Double(withoutReuse.cost.productFLOPs.value) / Double(gemm.trafficWords.value)
    }

    package var trafficBytes: Count { withoutReuse.cost.traffic.total }
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
    self.value = value
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
      var moving = prediction.cost
      moving.traffic = gemm.traffic
      let parts = OperatorPrediction.roofTimes(of: moving, rates: rates)
      let sum = max(parts.tensor, parts.vector) + parts.memory
      blocked = Blocked(
        gemm: gemm, padded: OperatorPrediction(arguments.kind, cost, rates: rates, time: time),
        withoutReuse: OperatorPrediction(arguments.kind, moving, rates: rates, time: time),
        sum: sum.isNaN ? nil : Seconds(sum))
    } else {
      blocked = nil
    }
    for (cost, what) in [
      (prediction.cost, arguments.kind.rawValue), (blocked?.padded.cost, "the padded gemm"),
      (blocked?.withoutReuse.cost, "the blocked traffic"),
    ] {
      if cost?.isOverflow == true { throw .overflow(what: what) }
    }
    if let blocked, blocked.gemm.trafficWords.isOverflow {
      throw .overflow(what: "the blocked traffic")
    }
    for one in [prediction, blocked?.padded, blocked?.withoutReuse] where one?.seconds.isInfinite == true {
      throw .infiniteTime(what: arguments.kind.rawValue, hardware: hardware.name)
    }
    missing = hardware.missingFacts(for: prediction.cost, rates: rates, ranks: ranks, board: options.board)
    // Of what goes over a link there is nothing to know but its time.
    guard !missing.contains(where: \.isImpossible), missing.isEmpty || prediction.cost.wireSteps == 0 else {
      throw .missingFacts(hardware: hardware.name, path: hardware.path, facts: missing)
    }
  }

  /// What a reader of the times should know: that of calibrated ones, and what the bytes leave out.
  package var notices: [Notice] {
    let unknown =
      missing.isEmpty ? [] : [Notice.missingFacts(hardware: hardware.name, path: hardware.path, facts: missing)]
    let times = calibrated.map { Notice.calibration($0, [(prediction.kind.rawValue, prediction, timed, value)]) } ?? []
    let board = prediction.cost.wireSteps == 0 ? [] : Notice.beyondBoard(ranks, hardware, options)
    return unknown + times + board + [Notice.scales(of: formats)].compactMap { $0 }
  }
}
