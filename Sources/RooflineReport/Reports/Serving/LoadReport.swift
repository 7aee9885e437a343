import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineServing

/// What `analyze` prints of requests over time.
package struct LoadReport {
  package let run: LoadRun
  package let rules: Rules
  package let figures: LoadFigures
  /// nil: kernels only.
  package let engine: Engine?

  /// How requests share passes, and who says so.
  package struct Rules: Sendable {
    package let scheduler: EngineScheduler
    /// Of the tokens of a pass, its sequences, and the rest: `of vllm-0.11`, `given`, `assumed`.
    package let tokenSource, sequenceSource, restSource: String

    package init(scheduler: EngineScheduler, tokenSource: String, sequenceSource: String, restSource: String) {
      self.scheduler = scheduler
      self.tokenSource = tokenSource
      self.sequenceSource = sequenceSource
      self.restSource = restSource
    }
  }

  package init(_ run: LoadRun, rules: Rules, figures: LoadFigures, engine: Engine?) {
    self.run = run
    self.rules = rules
    self.figures = figures
    self.engine = engine
  }

  package var report: Report {
    Report(
      title: title, sections: [.table(waits), .table(parts), .table(work), .notes(Notes(notes))],
      records: .init(key: "table", [records]), document: RequestLoadDocument(self))
  }

  /// For standard error; nothing where the load is a steady one.
  package var warning: String { figures.isQueueGrowing ? "roofline: warning: \(growth)\n" : "" }

  private var growth: String {
    "more requests come than end: \(figures.presentInTheMiddle) were there when half of the counted ones had come, \(figures.waitingInTheMiddle) of them waiting, \(figures.presentAtTheEnd) and \(figures.waitingAtTheEnd) at the last one; times grow with --requests, until as many end as come"
  }

  // MARK: lines

  private var title: [String] {
    let (analysis, load) = (run.analysis, run.load)
    let workload = analysis.workload
    var place = "\(analysis.configuration.name) on \(analysis.hardware.name), tp \(workload.tensorParallel)"
    if workload.parallelism.isSequenceParallel { place += ", sequence parallel" }
    if workload.parallelism.expert > 1 { place += ", ep \(workload.parallelism.expert)" }
    if workload.parallelism.isAttentionDataParallel { place += ", attention data parallel" }
    if workload.parallelism.pipeline > 1 { place += ", pp \(workload.parallelism.pipeline)" }
    if workload.parallelism.data > 1 { place += ", dp \(workload.parallelism.data)" }
    place += ", \(workload.operatorSet.rawValue) operators; \(analysis.timesText(engine))"
    return [
      place,
      "\(LoadText.arrivals(load.arrivals)); prompts of \(load.prompt) tokens\(workload.prefixText), \(load.generated) generated",
    ]
  }

  private var notes: [String] {
    let scheduler = run.scheduler
    let analysis = run.analysis
    var lines = [
      "passes   at most \(scheduler.maxBatchedTokens) new tokens (\(rules.tokenSource)) and \(scheduler.maxSequences) sequences (\(rules.sequenceSource)); \(LoadText.policy(scheduler.prompts)) (\(rules.restSource))",
      "memory   \(Numbers.percent(scheduler.memoryShare)) % of the GPU's (\(rules.restSource)), less weights and activations, is for caches; \(LoadText.cache(scheduler.cache)) (\(rules.restSource))",
    ]
    lines += LoadText.division(analysis.workload) + (run.speculation?.yield.map { [LoadText.drafts($0)] } ?? [])
    lines += [
      "counted  \(LoadText.counted(run.load))",
      "model    \(analysis.configuration.path)", "hardware \(analysis.hardware.provenance)",
    ]
    lines += engine.map { ["engine   \($0.path): \($0.fit.data), \($0.fit.rows) rows"] } ?? []
    lines += analysis.calibrated.map { CalibratedTimeText(time: $0).sources(analysis) } ?? []
    lines += analysis.configuration.defaults.map { "assumed  \($0.key) = \($0.value) (\($0.reason))" }
    lines += figures.isQueueGrowing ? ["note     \(growth)"] : []
    lines += run.notices.map { "note     \($0.sentence)" }
    return lines
  }

  // MARK: tables

  /// Times that users see, by name.
  var distributions: [(name: String, key: String, times: Distribution)] {
    let all: [(name: String, key: String, times: Distribution?)] = [
      ("time to first token", "ttft", figures.timeToFirstToken), ("waiting to begin", "queueing", figures.queueing),
      ("time per output token", "tpot", figures.timePerOutputToken),
      ("between two tokens", "itl", figures.betweenTokens), ("whole request", "e2e", figures.endToEnd),
    ]
    return all.compactMap { name, key, times in times.map { (name, key, $0) } }
  }

  private var waits: Table {
    Table(
      title: "what users wait for: \(run.load.counted) requests",
      columns: [.init("", key: "quantity", isText: true), .init("mean", key: "mean_seconds")]
        + Distribution.Percentile.allCases.map { .init("p\($0.rawValue)", key: "p\($0.rawValue)_seconds") },
      rows: distributions.map { name, _, times in
        .cells(
          [.text(name), .time(Seconds(times.mean))]
            + Distribution.Percentile.allCases.map { .time(Seconds(times[$0])) })
      })
  }

  /// What means are made of.
  private var parts: Table {
    func row(_ name: String, _ time: Double?) -> Table.Row? {
      time.map { .cells([.text(name), .time(Seconds($0))]) }
    }
    let first = [
      row("waiting to begin", figures.queueing.mean), row("its own prompt, alone", figures.ownPrompt),
      row("others in its passes", figures.othersInFirstToken), .rule,
      row("time to first token", figures.timeToFirstToken.mean),
    ]
    let further = [
      .rule, row("a decode step", figures.betweenTokensAlone), row("others' prompts", figures.othersPrompts),
      figures.putOffs > 0 ? row("put off, computed again", figures.interruptions) : nil, .rule,
      row("between two tokens", figures.betweenTokens?.mean),
    ]
    return Table(
      title: "what the means are made of",
      columns: [.init("", key: "part", isText: true), .init("mean", key: "mean_seconds")],
      rows: (first + (figures.betweenTokens == nil ? [] : further)).compactMap { $0 })
  }

  /// What the engine does, by name.
  private var workFacts: [(name: String, key: String, value: Table.Cell)] {
    let workload = run.analysis.workload
    let yield = run.yield(figures)
    let window = figures.window > 0 ? figures.window : .nan
    let all = workload.devices.value
    return [
      (
        workload.parallelism.data > 1 ? "requests/s in total" : "requests/s", "requests_per_second",
        .ratio(yield.requestsPerSecond)
      ),
      ("tokens/s per GPU", "tokens_per_second_per_gpu", .ratio(yield.tokensPerSecondPerGPU)),
      (
        "tokens/s in total, \(all) GPU\(all == 1 ? "" : "s")", "tokens_per_second",
        .ratio(yield.tokensPerSecond)
      ),
      ("the same with prompts' tokens", "all_tokens_per_second", .ratio(yield.allTokensPerSecond)),
      ("sequences of a pass, mean", "mean_sequences", .ratio(figures.meanSequences)),
      ("passes", "passes", .integer(figures.passes)),
      ("requests put off", "put_offs", .integer(figures.putOffs)),
      ("tokens computed again", "again_tokens", .integer(figures.againTokens)),
      ("time in passes with prompts, %", "share_with_prompts", .share(figures.withPrompts / max(figures.busy, 1e-300))),
      ("time without a pass, %", "share_idle", .share(max(0, 1 - figures.busy / window))),
      (
        "caches reserved at most, %", "share_of_cache",
        .share(Double(figures.peakReserved) / Double(figures.cacheCapacity))
      ),
      (
        workload.parallelism.isAttentionDataParallel ? "room for caches of a rank, B" : "room for caches, B",
        "cache_bytes", .rate(Double(figures.cacheCapacity))
      ),
    ]
  }

  private var work: Table {
    Table(
      title: "what \(run.analysis.workload.parallelism.data > 1 ? "a replica" : "the engine") does meanwhile",
      columns: [.init("", key: "quantity", isText: true), .init("value", key: "value")],
      rows: workFacts.map { .cells([.text($0.name), $0.value]) })
  }

  /// All of it, a number a line.
  private var records: Table {
    func row(_ key: String, _ value: Table.Cell) -> Table.Row { .cells([.text(key), value]) }
    var rows = distributions.flatMap { _, key, times in
      [row("\(key)_mean_seconds", .time(Seconds(times.mean)))]
        + Distribution.Percentile.allCases.map { row("\(key)_p\($0.rawValue)_seconds", .time(Seconds(times[$0]))) }
    }
    let parts: [(String, Double?)] = [
      ("own_prompt_seconds", figures.ownPrompt), ("others_in_ttft_seconds", figures.othersInFirstToken),
      ("decode_step_seconds", figures.betweenTokensAlone), ("others_prompts_seconds", figures.othersPrompts),
      ("interruptions_seconds", figures.interruptions),
    ]
    rows += parts.compactMap { key, time in time.map { row(key, .time(Seconds($0))) } }
    rows += workFacts.map { row($0.key, $0.value) }
    return Table(
      title: "load", columns: [.init("", key: "quantity", isText: true), .init("value", key: "value")], rows: rows)
  }
}
