import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineServing

/// What `sensitivity` prints: the base, and each changed input beside it.
package struct SensitivityReport {
  package let sensitivity: Sensitivity
  package let scenario: Scenario

  /// Whose time stands beside the kernels'; nil: kernels only.
  package let engine: Engine?

  package init(_ sensitivity: Sensitivity, scenario: Scenario, engine: Engine? = nil) {
    self.engine = engine
    self.sensitivity = sensitivity
    self.scenario = scenario
  }

  package var report: Report {
    Report(
      sections: [.table(table)] + (sensitivity.ridgeBatches.isEmpty ? [] : [.table(ridges)]) + [.notes(Notes(lines))],
      records: .init(key: "deployment", [table]),
      document: SensitivityDocument(self))
  }

  private var title: String {
    let workload = scenario.workload
    let step =
      scenario.tokens > 1 ? "\(scenario.tokens) tokens generated" : "decode at \(workload.context) keys"
    return
      "\(scenario.configuration.name) on \(scenario.hardware.name), \(workload.text(of: scenario.configuration.model)), prompt \(workload.prompt)\(workload.prefixText), \(step)\(engine.map { ", with what \($0.name) adds to each pass" } ?? "")"
  }

  private var table: Table {
    let base = sensitivity.base
    func row(_ name: String, _ result: Scenario.Result?, _ arguments: String) -> Table.Row {
      .cells([
        .text(name), .time(result?.timeToFirstToken),
        .share(change(result?.timeToFirstToken?.value, base.timeToFirstToken?.value)),
        .time(result?.timePerOutputToken),
        .share(change(result?.timePerOutputToken?.value, base.timePerOutputToken?.value)),
        .ratio(result?.tokensPerSecondPerGPU),
        .share(change(result?.tokensPerSecondPerGPU, base.tokensPerSecondPerGPU)), .text(arguments),
      ])
    }
    return Table(
      title: title,
      columns: [
        .init("changed", key: "changed", isText: true), .init("TTFT", key: "time_to_first_token_seconds"),
        .init("by %", key: "time_to_first_token_change"), .init("TPOT", key: "time_per_output_token_seconds"),
        .init("by %", key: "time_per_output_token_change"), .init("tokens/s/GPU", key: "tokens_per_second_per_gpu"),
        .init("by %", key: "tokens_per_second_per_gpu_change"), .init("as option", key: "arguments", isText: true),
      ],
      rows: [row("nothing", base, "")] + sensitivity.entries.map { row($0.input, $0.result, $0.arguments) })
  }

  private func change(_ value: Double?, _ base: Double?) -> Double? {
    guard let value, let base, base > 0 else { return nil }
    return value / base - 1
  }

  private var ridges: Table {
    Table(
      title: "smallest batch at which a decode GEMM is compute-bound (–: at none)",
      columns: [.init("operator", key: "operator", isText: true), .init("batch", key: "batch")],
      rows: sensitivity.ridgeBatches.map { .cells([.text($0.row), .integer($0.batch)]) })
  }

  private var lines: [String] {
    let batch = scenario.workload.batch
    let context =
      switch sensitivity.attentionContext {
      case .from(let keys):
        "from \(keys) keys on, attention takes as long as the layers' weight matrices (decode, batch \(batch))"
      case .never: "attention never takes as long as the layers' weight matrices"
      case .unknown: "unknown: rates are missing that decode needs"
      }
    var lines = ["context  \(context)"]
    for entry in sensitivity.entries {
      if let reason = reason(entry) { lines.append("note     \(entry.input): \(reason)") }
    }
    if let time = scenario.calibrated {
      lines.append(
        "times    \(CalibratedTimeText(time: time).heading); the batches and the context above are of ideal times")
    }
    lines.append("model    \(scenario.configuration.path)")
    lines.append("hardware \(scenario.hardware.provenance)")
    return lines + (sensitivity.base.notices + scenario.configuration.notices).map { "note     \($0.sentence)" }
  }

  /// Why a change has no result, or what is true of its times and not of the base's; nil where there is nothing to say.
  fileprivate func reason(_ entry: Sensitivity.Entry) -> String? {
    if let failure = entry.failure { return failure.sentence }
    let own = entry.result?.notices.filter { !sensitivity.base.notices.contains($0) } ?? []
    return own.isEmpty ? nil : own.map(\.sentence).joined(separator: "; ")
  }
}

extension Sensitivity.Failure {
  /// One sentence.
  var sentence: String {
    switch self {
    case .impossible(let reason): reason
    case .refused(let error): error.sentence
    }
  }
}

/// The JSON of `sensitivity`, schema version 1.
struct SensitivityDocument: Encodable {
  let schemaVersion = 1
  let model: AnalysisDocument.ModelEntry
  let hardware: [String: String]
  let workload: AnalysisDocument.WorkloadEntry
  /// Only where an engine is given.
  let engine: EngineEntry?
  let sensitivity: SensitivityEntry
  /// What is true of all of it.
  let notices: [String]

  struct SensitivityEntry: Encodable {
    /// Tokens generated for the numbers; 1 where the decode step is the one at the workload's context.
    let generate: UInt64
    let base: ResultEntry
    let entries: [ChangeEntry]
    let ridgeBatches: [RidgeEntry]
    @Nullable var attentionOutweighsWeightsContext: UInt64?
  }

  struct ResultEntry: Encodable {
    @Nullable var timeToFirstTokenSeconds: Double?
    @Nullable var timePerOutputTokenSeconds: Double?
    @Nullable var tokensPerSecondPerGPU: Double?

    init(_ result: Scenario.Result) {
      timeToFirstTokenSeconds = result.timeToFirstToken?.value
      timePerOutputTokenSeconds = result.timePerOutputToken?.value
      tokensPerSecondPerGPU = result.tokensPerSecondPerGPU
    }
  }

  struct ChangeEntry: Encodable {
    let changed: String
    let arguments: String
    @Nullable var result: ResultEntry?
    @Nullable var reason: String?
  }

  struct RidgeEntry: Encodable {
    let name: String
    @Nullable var batch: UInt64?
  }

  init(_ report: SensitivityReport) {
    model = AnalysisDocument.ModelEntry(report.scenario.configuration)
    hardware = ["name": report.scenario.hardware.name, "path": report.scenario.hardware.path]
    workload = AnalysisDocument.WorkloadEntry(
      report.scenario.workload, report.scenario.options, report.scenario.calibrated)
    engine = report.engine.map(EngineEntry.init)
    sensitivity = SensitivityEntry(
      generate: report.scenario.tokens, base: ResultEntry(report.sensitivity.base),
      entries: report.sensitivity.entries.map { entry in
        ChangeEntry(
          changed: entry.input, arguments: entry.arguments, result: entry.result.map(ResultEntry.init),
          reason: report.reason(entry))
      },
      ridgeBatches: report.sensitivity.ridgeBatches.map { RidgeEntry(name: $0.row, batch: $0.batch) },
      attentionOutweighsWeightsContext: report.sensitivity.attentionContext.number)
    notices = report.sensitivity.base.notices.map(\.sentence)
  }
}
