import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

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
      rows.append((name: "blocks of \(block)", prediction: blocked.withoutReuse))
    }
    return PhaseTable.table(rows, rates: analysis.rates, title: analysis.hardware.name)
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
        "interval \(Numbers.time(own * factors.lowerBound)) to \(Numbers.time(own * factors.upperBound)) for \(share) % of measurements\(timed.found.borrowedFrom.map { ", if errors here are those on \($0)" } ?? "")"
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
      let time = Bytes(Double(blocked.trafficBytes.value)) / BytesPerSecond(analysis.rates.bandwidth)
      lines.append(
        "blocked  traffic without reuse between blocks: \(Numbers.scaled(blocked.gemm.trafficWords)) words, \(Numbers.scaled(blocked.trafficBytes))B, \(Numbers.time(time)) at the bandwidth; \(Numbers.fixed(blocked.flopsPerWord, decimals: 2)) FLOP/word; FLOPs and then bytes take \(blocked.sum.map(Numbers.time) ?? Numbers.unknown)"
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
  /// The ridge of the unit that does most of the operator's work; nil where it computes nothing, or a rate is unknown.
  var ridge: (unit: String, rate: Double, intensity: ArithmeticIntensity)? {
    guard let main = prediction.cost.mainUnit(rates), !main.rate.isNaN, !rates.bandwidth.isNaN else { return nil }
    let unit =
      switch main.roof {
      case .tensor: "\(prediction.cost.matrixUnit?.rawValue ?? "") tensor"
      case .vector: "fp32 vector"
      case .special, .memory: main.roof.rawValue
      }
    return (unit, main.rate, FLOPsPerSecond(main.rate) / BytesPerSecond(rates.bandwidth))
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
    let flopsPerWord: Double
    /// FLOPs and then bytes, without overlap.
    @Nullable var sumSeconds: Double?
    /// The same operator with the traffic of blocks that share nothing.
    let withoutReuse: OperatorEntry
    /// The same operator with its product padded to whole blocks.
    let padded: OperatorEntry
  }

  init(_ analysis: KernelAnalysis) {
    let name = analysis.prediction.kind.rawValue
    hardware = HardwareEntry(analysis.hardware, analysis.rates, analysis.formats)
    `operator` = OperatorEntry(
      analysis.prediction, name: name, occurrences: 1, missing: analysis.missing,
      rates: analysis.rates,
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
        flopsPerWord: blocked.flopsPerWord, sumSeconds: blocked.sum?.value,
        withoutReuse: OperatorEntry(
          blocked.withoutReuse, name: "\(name)_blocked", occurrences: 1, missing: analysis.missing,
          rates: analysis.rates),
        padded: OperatorEntry(
          blocked.padded, name: "\(name)_padded", occurrences: 1, missing: analysis.missing,
          rates: analysis.rates))
    }
  }
}
