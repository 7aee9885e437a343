import RooflineAnalysis
import RooflineCore
import RooflineDeployment

/// What `analyze --draft` adds: a table of each draft pass, and what a step takes and yields.
struct SpeculationTable {
  let step: SpeculativeStep

  var tables: [Table] { passes + [summary] }

  private var passes: [Table] {
    step.passes.enumerated().flatMap { index, pass in
      pass.phases.map { phase in
        PhaseTable.table(
          phase, rates: pass.rates,
          title:
            "draft pass \(index + 1) of \(step.passes.count): \(phase.step.batch) × 1 token, \(phase.step.attendedKeys) keys attended"
        )
      }
    }
  }

  private var summary: Table {
    func row(_ name: String, _ value: Table.Cell) -> Table.Row { .cells([.text(name), value]) }
    let drafted = step.passes.count
    let stages = step.verification.workload.parallelism.pipeline
    var rows = [
      row("drafting \(drafted) token\(drafted == 1 ? "" : "s")", .time(step.draftTime)),
      row("verifying \(drafted + 1) tokens", .time(step.verificationTime)),
      row(
        stages == 1
          ? "step" : "step of all micro-batches (\(step.verification.workload.microBatches))",
        .time(step.time)),
    ]
    if let accepted = step.accepted {
      rows += [
        row("tokens kept a step (given)", .ratio(accepted)),
        row("time per output token", .time(step.timePerOutputToken)),
        row("tokens/s per user", .ratio(step.tokensPerSecondPerUser)),
        row("tokens/s per GPU", .ratio(step.tokensPerSecondPerGPU)),
      ]
    }
    return Table(
      title: stages == 1
        ? "speculative step"
        : "speculative step: drafting and verifying of one micro-batch, \(stages) stages, draft layers on the last",
      columns: [.init("", key: "quantity", isText: true), .init("value", key: "value")], rows: rows)
  }
}

extension AnalysisDocument {
  /// Draft passes beside the phases, whose decode step verifies what they guessed.
  struct SpeculationEntry: Encodable {
    let draftTokens: UInt64
    /// Draft modules in the checkpoint, and the parameters of all of them.
    let draftModules, draftParameters: UInt64
    let draftPasses: [PhaseEntry]
    @Nullable var draftSeconds: Double?
    @Nullable var verificationSeconds: Double?
    @Nullable var stepSeconds: Double?
    /// Given; null without it.
    @Nullable var acceptedTokens: Double?
    @Nullable var timePerOutputTokenSeconds: Double?
    @Nullable var tokensPerSecondPerUser: Double?
    @Nullable var tokensPerSecondPerGPU: Double?

    init(_ step: SpeculativeStep) {
      let modules = step.verification.configuration.draft.modules
      draftTokens = step.verification.workload.drafted
      draftModules = modules?.count ?? 0
      draftParameters = modules?.parameters.total.value ?? 0
      draftPasses = step.passes.flatMap { pass in pass.phases.map { PhaseEntry($0, pass) } }
      draftSeconds = step.draftTime?.value
      verificationSeconds = step.verificationTime?.value
      stepSeconds = step.time?.value
      acceptedTokens = step.accepted
      timePerOutputTokenSeconds = step.timePerOutputToken?.value
      tokensPerSecondPerUser = step.tokensPerSecondPerUser
      tokensPerSecondPerGPU = step.tokensPerSecondPerGPU
    }
  }
}
