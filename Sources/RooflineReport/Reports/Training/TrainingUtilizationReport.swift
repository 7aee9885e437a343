import RooflineAnalysis
import RooflineCore

/// What `mfu` prints: the FLOPs of a step by each definition, and the share of the peak that they are.
package struct TrainingUtilizationReport {
  package let utilization: TrainingUtilization
  package let recomputation: ModelFLOPs.Recomputation
  package let configuration: ModelConfiguration
  package let hardware: HardwareSpec
  package let globalBatch: UInt64
  package let sequence: UInt64
  package let unit: DType

  package init(
    _ utilization: TrainingUtilization, recomputation: ModelFLOPs.Recomputation, configuration: ModelConfiguration,
    hardware: HardwareSpec, globalBatch: UInt64, sequence: UInt64, unit: DType
  ) {
    self.utilization = utilization
    self.recomputation = recomputation
    self.configuration = configuration
    self.hardware = hardware
    self.globalBatch = globalBatch
    self.sequence = sequence
    self.unit = unit
  }

  package var report: Report { Report(table, key: "run", notes: lines, document: TrainingUtilizationDocument(self)) }

  private var table: Table {
    let flops = utilization.flops
    func row(_ name: String, _ work: Count, _ share: Double) -> Table.Row {
      .cells([
        .text(name), .count(work),
        .count(Count(flops.tokens.value == 0 ? 0 : work.value / flops.tokens.value)), .share(share),
      ])
    }
    var rows = [
      row("model FLOPs", flops.perStep, utilization.modelFLOPsUtilization),
      row("PaLM's 6N + 12·L·h·d·S", flops.palmPerToken * flops.tokens, utilization.palmUtilization),
    ]
    if let (name, work) = utilization.convention, let share = utilization.conventionUtilization {
      rows.append(row("as \(name.rawValue) counts", work, share))
    }
    if recomputation != .none {
      rows.append(
        row(
          "hardware FLOPs, \(recomputation.rawValue) recomputation", flops.hardware(recomputation),
          utilization.hardwareFLOPsUtilization(recomputation)))
    }
    return Table(
      title:
        "\(configuration.name) on \(utilization.devices) × \(hardware.name): \(globalBatch) × \(sequence) tokens in \(Numbers.time(utilization.stepTime))",
      columns: [
        .init("a step", key: "definition", isText: true), .init("FLOPs", key: "flops"),
        .init("a token", key: "flops_per_token"), .init("utilization", unit: "%", key: "utilization"),
      ], rows: rows)
  }

  private var lines: [String] {
    let flops = utilization.flops
    let sixND = 6 * Double(flops.parameters.value) * Double(flops.tokens.value)
    var lines = [
      "formula  MFU = model FLOPs / (step time × devices × peak) = \(flops.perStep.value) / (\(utilization.stepTime.value) × \(utilization.devices) × \(utilization.peak.value))",
      "model    FLOPs are 3 × \(flops.forward.value) of a forward pass (GEMMs and attention products, head on all tokens), \(Numbers.fixed(Double(flops.perStep.value) / sixND, decimals: 3)) × 6ND",
    ]
    if let convention = utilization.convention?.name {
      lines.append("formula  \(convention.rawValue), a token: \(convention.formula)")
    }
    lines += [
      "peak     \(Numbers.scaled(utilization.peak.value))FLOP/s a device, \(unit.rawValue)",
      "model    \(configuration.path), \(Numbers.grouped(flops.parameters.value)) parameters",
      "hardware \(hardware.provenance)",
    ]
    return lines + configuration.notices.map { "note     \($0.sentence)" }
  }
}

/// The JSON of `mfu`, schema version 1.
struct TrainingUtilizationDocument: Encodable {
  let schemaVersion = 1
  let model: AnalysisDocument.ModelEntry
  let hardware: [String: String]
  let stepTimeSeconds, peakFLOPsPerSecond: Double
  let devices, globalBatch, sequence: UInt64
  let modelFLOPs, palmFLOPs, hardwareFLOPs, forwardFLOPs: UInt64
  let recomputation: String
  let mfu, palmMFU, hfu: Double
  /// Absent without --convention.
  let convention: ConventionEntry?

  struct ConventionEntry: Encodable {
    let name, formula: String
    let flopsPerToken, flops: UInt64
    let mfu: Double
  }

  init(_ report: TrainingUtilizationReport) {
    let utilization = report.utilization
    let flops = utilization.flops
    model = AnalysisDocument.ModelEntry(report.configuration)
    hardware = ["name": report.hardware.name, "path": report.hardware.path]
    stepTimeSeconds = utilization.stepTime.value
    peakFLOPsPerSecond = utilization.peak.value
    devices = utilization.devices
    globalBatch = report.globalBatch
    sequence = report.sequence
    modelFLOPs = flops.perStep.value
    palmFLOPs = (flops.palmPerToken * flops.tokens).value
    hardwareFLOPs = flops.hardware(report.recomputation).value
    forwardFLOPs = flops.forward.value
    recomputation = report.recomputation.rawValue
    mfu = utilization.modelFLOPsUtilization
    palmMFU = utilization.palmUtilization
    convention = utilization.convention.map { name, work in
      ConventionEntry(
        name: name.rawValue, formula: name.formula, flopsPerToken: work.value / max(flops.tokens.value, 1),
        flops: work.value, mfu: utilization.conventionUtilization ?? 0)
    }
    hfu = utilization.hardwareFLOPsUtilization(report.recomputation)
  }
}
