import RooflineCore

/// What `kernel` prints: one row, its ridge, and for a GEMM its blocked view.
package struct KernelReport {
  package let analysis: KernelAnalysis

  package init(_ analysis: KernelAnalysis) { self.analysis = analysis }

  package var report: Report { Report(table, key: "hardware", notes: lines, document: KernelDocument(analysis)) }

  private var table: Table {
    var rows = [(name: analysis.prediction.kind.rawValue, prediction: analysis.prediction)]
    if let blocked = analysis.blocked {
      let block = "\(blocked.gemm.blockM.value)x\(blocked.gemm.blockN.value)"
      rows.append((name: "padded to \(block)", prediction: blocked.padded))
    }
    return PhaseTable.table(rows, title: analysis.hardware.name)
  }

  /// Why the time is what it is, and what range it lies in.
  private static func calibrated(_ analysis: KernelAnalysis, _ time: CalibratedTime) -> [String] {
    // Without constants the notices say so.
    guard let timed = analysis.timed, let own = analysis.prediction.time else { return [] }
    guard analysis.prediction.basis != .uncalibrated else {
      return ["note     too large for what the time model describes"]
    }
    let parts = TimePart.list(analysis.prediction, timed: timed)
    var lines = [
      "parts    "
        + parts.map { "\($0.name.rawValue) \(Numbers.fixed($0.seconds * 1e6, decimals: 2))" }.joined(separator: ", ")
        + " µs"
    ]
    let choices = timed.choices.map { "\($0.name) \($0.value)" }
    if !choices.isEmpty { lines.append("chosen   \(choices.joined(separator: ", "))") }
    if let factors = timed.interval(analysis.prediction, by: time) {
      let share = Numbers.fixed(time.options.interval * 100, decimals: 0)
      lines.append(
        "interval \(Numbers.time(own * factors.lowerBound)) to \(Numbers.time(own * factors.upperBound)) for \(share) % of measurements"
      )
    }
    lines.append("times    \(CalibratedTimeText.source(timed.found, time))")
    return lines
  }

  private var lines: [String] {
    var lines: [String] = []
    if let ridge = analysis.ridge {
      let rate = Numbers.scaled(ridge.rate)
      lines.append(
        "ridge    \(Numbers.fixed(ridge.intensity.value, decimals: 2)) FLOP/B: \(ridge.unit) at \(rate)FLOP/s, memory at \(Numbers.scaled(analysis.rates.bandwidth))B/s"
      )
    }
    if let blocked = analysis.blocked {
      let bytes = Double(blocked.trafficBytes.value)
      let time = Bytes(bytes) / BytesPerSecond(analysis.rates.bandwidth)
      lines.append(
        "blocked  traffic without reuse between blocks: \(Numbers.scaled(blocked.gemm.trafficWords)) words, \(Numbers.scaled(blocked.trafficBytes))B, \(Numbers.time(time)) at the bandwidth"
      )
    }
    if let time = analysis.calibrated {
      lines.append(
        "ideal    \(Numbers.time(analysis.prediction.ideal(analysis.rates, analysis.options).time ?? Seconds(.nan)))")
      lines += KernelReport.calibrated(analysis, time)
    }
    lines.append("hardware \(analysis.hardware.provenance)")
    return lines + analysis.notices.map { "note     \($0.sentence)" }
  }
}

extension KernelAnalysis {
  /// The ridge of the unit that does most of the operator's work; nil where it computes nothing.
  var ridge: (unit: String, rate: Double, intensity: ArithmeticIntensity)? {
    let flops = prediction.cost.flops
    let candidates: [(unit: String, work: Count, rate: Double)] = [
      (
        "\(prediction.cost.matrixUnit?.rawValue ?? "") tensor", flops.tensor,
        prediction.cost.matrixUnit.map { rates[tensor: $0] } ?? .nan
      ),
      ("fp32 vector", flops.vector, rates.vector), ("special", flops.special, rates.special),
    ]
    guard let most = candidates.max(by: { $0.work < $1.work }), most.work > 0 else { return nil }
    return (most.unit, most.rate, FLOPsPerSecond(most.rate) / BytesPerSecond(rates.bandwidth))
  }
}

/// The JSON of `kernel`, schema version 1.
struct KernelDocument: Encodable {
  let schemaVersion = 1
  let hardware: HardwareEntry
  let `operator`: OperatorEntry
  /// The formats that the counts are for.
  let dtypes: [String: String]
  let notices: [String]
  @Nullable var ridge: RidgeEntry?
  @Nullable var blocked: BlockedEntry?

  struct RidgeEntry: Encodable {
    let unit: String
    let flopsPerByte: Double
  }

  struct BlockedEntry: Encodable {
    let blockM: UInt64
    let blockN: UInt64
    let trafficWords: UInt64
    let trafficBytes: UInt64
    /// The same operator with its product padded to whole blocks.
    let padded: OperatorEntry
  }

  init(_ analysis: KernelAnalysis) {
    let name = analysis.prediction.kind.rawValue
    hardware = HardwareEntry(analysis.hardware, analysis.rates, analysis.formats)
    `operator` = OperatorEntry(
      analysis.prediction, name: name, occurrences: 1, missing: [],
      calibrated: CalibratedTimeEntry(
        analysis.prediction, ideal: analysis.prediction.ideal(analysis.rates, analysis.options),
        timed: analysis.timed,
        time: analysis.calibrated))
    let formats = analysis.formats
    dtypes = [
      "weight": formats.weight.rawValue, "activation": formats.activation.rawValue,
      "kv": formats.keyValueCache.rawValue,
      "residual": formats.residual.rawValue,
    ]
    notices = analysis.notices.map(\.sentence)
    ridge = analysis.ridge.map { RidgeEntry(unit: $0.unit, flopsPerByte: $0.intensity.value) }
    blocked = analysis.blocked.map { blocked in
      BlockedEntry(
        blockM: blocked.gemm.blockM.value, blockN: blocked.gemm.blockN.value,
        trafficWords: blocked.gemm.trafficWords.value, trafficBytes: blocked.trafficBytes.value,
        padded: OperatorEntry(blocked.padded, name: "\(name)_padded", occurrences: 1, missing: []))
    }
  }
}
