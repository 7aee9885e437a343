import RooflineAnalysis
import RooflineCore
import RooflineDeployment

extension OperatorExplanation {
  /// Explains a decode step that verifies drafted tokens: the passes of the draft modules, the step, and what it yields.
  package init(_ step: SpeculativeStep) {
    let workload = step.verification.workload
    func real(_ name: String, _ value: Double?) -> RealSymbol { RealSymbol(name, value ?? .nan) }
    func count(_ name: String, _ value: UInt64) -> RealSymbol { RealSymbol(name, Double(value), digits: String(value)) }
    func entry(_ quantity: String, _ symbol: RealSymbol, _ unit: String, _ source: String) -> Entry {
      Entry(
        quantity: quantity, symbolic: symbol.symbolic, substituted: symbol.substituted,
        value: Numbers.exact(symbol.value), unit: unit, source: source)
    }
    let (drafting, verifying) = (
      real("draftSeconds", step.draftTime?.value), real("verificationSeconds", step.verificationTime?.value)
    )
    let isStaged = workload.parallelism.pipeline > 1
    let whose = isStaged ? " of one micro-batch" : ""
    let passes = step.passes.map { pass in
      real("pass(\(pass.workload.context))", pass.phases.first?.time?.value)
    }
    var entries = [
      entry(
        "draftSeconds", RealSymbol.sum(passes), "s",
        "pass(c): a draft module's decode pass\(whose) over c keys, each after the one whose token it reads"),
      entry(
        "verificationSeconds", real("model.decode", step.verificationTime?.value), "s",
        "the decode pass\(whose) over \(workload.drafted + 1) tokens of each sequence"),
    ]
    var whole = drafting + verifying
    if isStaged, let schedule = step.schedule {
      whole = PipelineSchedule.time(
        traversal: real("way through all stages", schedule.traversal?.value),
        slowestStage: real("slowest stage", schedule.slowestStage?.value), turns: count("m", schedule.microBatches))
      entries += [
        entry(
          "traversalSeconds", drafting + verifying, "s",
          "draft modules lie on the last stage, behind its layers and head")
      ]
    }
    entries.append(
      entry(
        "stepSeconds", whole, "s",
        isStaged
          ? "steps follow each other: a micro-batch waits for its own last one, and for its turn on the slowest stage"
          : "one after another"))
    if let accepted = step.accepted {
      let token = real("TPOT", step.timePerOutputToken?.value)
      let replica = count("t", workload.tensorParallel) * count("pp", workload.parallelism.pipeline)
      entries += [
        entry(
          "timePerOutputTokenSeconds", real("stepSeconds", step.time?.value) / real("X", accepted), "s",
          "X tokens are kept a step on average, the model's own included (given)"),
        entry("tokensPerSecondPerUser", count("1", 1) / token, "token/s", "one sequence"),
        entry(
          "tokensPerSecondPerGPU", count("B", workload.batch) / (token * replica), "token/s",
          "a replica's sequences over its GPUs"),
      ]
    }
    self.init(name: "speculation", kind: "speculation", phase: "decode", letters: [], entries: entries)
  }
}
