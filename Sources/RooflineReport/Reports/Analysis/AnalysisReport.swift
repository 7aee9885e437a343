import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineMeasurement
import RooflineServing

/// What `analyze` prints.
package struct AnalysisReport {
  package let analysis: Analysis
  package let generation: Generation?
  /// Whether the execution units are shown apart.
  package let showsUnits: Bool

  /// The same at achieved ceilings; nil where none are given.
  package let achieved: Achieved?
  /// Draft passes and what they yield; nil where no tokens are drafted.
  package let speculation: SpeculativeStep?
  /// A pass over images; nil without any.
  package let vision: VisionAnalysis?
  /// Whose time stands beside the kernels'; nil: kernels only.
  package let engine: Engine?

  /// An analysis at the rates that a GPU was measured to achieve.
  package struct Achieved: Sendable {
    package let ceilings: AchievedCeilings
    package let analysis: Analysis

    package init(ceilings: AchievedCeilings, analysis: Analysis) {
      self.ceilings = ceilings
      self.analysis = analysis
    }
  }

  package init(
    _ analysis: Analysis, generation: Generation? = nil, showsUnits: Bool = false, achieved: Achieved? = nil,
    speculation: SpeculativeStep? = nil, vision: VisionAnalysis? = nil, engine: Engine? = nil
  ) {
    self.engine = engine
    self.analysis = analysis
    self.achieved = achieved
    self.speculation = speculation
    self.vision = vision
    self.generation = generation
    self.showsUnits = showsUnits
  }

  package var report: Report {
    Report(
      title: header, sections: tables.map { .table($0) } + [.notes(Notes(footer))],
      records: .init(
        key: "phase",
        analysis.phases.indices.map { index in
          let title = analysis.phases[index].step.name
          return showsUnits ? units(analysis.phases[index], title: title) : table(index, title: title)
        }),
      document: AnalysisDocument(
        analysis, generation: generation, achieved: achieved, speculation: speculation, vision: vision, engine: engine))
  }

  /// The JSON with every decode step of a long generation; nil where there is none, or where the report lists them all anyway.
  package func everyStep() throws -> StepListing? {
    guard let generation, generation.steps.count > DecodeSteps.listed else { return nil }
    return StepListing(
      try JSONFormat().render(report).printableJSON, steps: generation.steps)
  }

  private var tables: [Table] {
    let generated = generation.map { GenerationTable(generation: $0, workload: analysis.workload) }
    return analysis.phases.indices.flatMap { index in
      let phase = analysis.phases[index]
      return [table(index, title: title(phase))]
        + (showsUnits ? [units(phase, title: "\(phase.step.name) by unit")] : [])
    } + [TrainingTable.table(analysis), generated?.summary, generated?.steps].compactMap { $0 }
      + (vision.map { [VisionTable(vision: $0, rates: analysis.rates).table] } ?? [])
      + (speculation.map { SpeculationTable(step: $0).tables } ?? [])
      + (achieved.map { [CeilingsTable($0.ceilings, hardware: analysis.hardware).table] } ?? [])
  }

  private func table(_ index: Int, title: String) -> Table {
    let phase = analysis.phases[index]
    return PhaseTable.table(
      phase, rates: analysis.rates, achieved: achieved?.analysis.phases[index],
      answers: engineLines(index)
        + (answerName(phase.step).map { [line($0, index) { $0.time(of: $1) }] } ?? []), title: title)
  }

  /// A time of a pass at both kinds of rates.
  private func line(
    _ name: String, _ index: Int, _ time: (Analysis, PhaseAnalysis) -> Seconds?
  ) -> PhaseTable.Answer {
    PhaseTable.Answer(
      name: name, time: time(analysis, analysis.phases[index]),
      achieved: achieved.flatMap { time($0.analysis, $0.analysis.phases[index]) })
  }

  /// Kernels and what the engine adds to them, part by part.
  private func engineLines(_ index: Int) -> [PhaseTable.Answer] {
    guard let engine else { return [] }
    let parts = analysis.engineParts(of: analysis.phases[index]).map(\.part)
    return [line("kernels", index) { $0.kernelTime(of: $1) }]
      + parts.map { part in
        line("\(engine.name): \(EngineText.name(part))", index) { analysis, phase in
          analysis.engineParts(of: phase).first { $0.part == part }?.time ?? Seconds(0)
        }
      }
  }

  /// What the time of a pass is to a user; nil where it is the time of no token.
  private func answerName(_ step: DecoderStep) -> String? {
    guard !step.isTraining else { return nil }
    switch step.phase {
    case .prefill: return "TTFT"
    case .decode: return analysis.workload.drafted > 0 ? nil : "TPOT"
    }
  }

  private func title(_ phase: PhaseAnalysis) -> String {
    let step = phase.step
    let tokens = Numbers.counted(step.queryTokens, "token")
    let shape =
      step.isTraining
      ? "\(step.batch) × \(tokens)"
      : step.phase == .prefill
        ? "\(step.batch) × \(tokens)\(analysis.workload.prefixText)"
        : "\(step.batch) × \(tokens), \(Numbers.counted(step.attendedKeys, "key")) attended"
    return "\(step.name): \(shape)\(pipeline(phase))"
  }

  private func units(_ phase: PhaseAnalysis, title: String) -> Table {
    UnitTable.table(phase, rates: analysis.rates, title: title)
  }

  /// What a pipeline makes of the pass, behind the title.
  private func pipeline(_ phase: PhaseAnalysis) -> String {
    guard let schedule = analysis.schedule(of: phase) else { return "" }
    let time = schedule.time.map(Numbers.time) ?? "unknown"
    let stages = "\(schedule.stages) stages"
    let piece = schedule.microBatches == 1 ? "the one micro-batch" : "one of \(schedule.microBatches) micro-batches"
    return ", \(piece); "
      + (schedule.isSuccessive
        ? "all of them every \(time) on \(stages)\(schedule.bubble > 0 ? ", idle \(Numbers.percent(schedule.bubble)) %" : "")"
        : "\(stages) take \(time), bubble \(Numbers.percent(schedule.bubble)) %")
  }

  private var header: [String] {
    var line =
      "\(analysis.configuration.name) on \(analysis.hardware.name), \(analysis.workload.text(of: analysis.configuration.model))"
    line +=
      "; \(analysis.calibrated.map { CalibratedTimeText(time: $0).heading } ?? "ideal time of one device\(achieved == nil ? "" : ", at the datasheet's and at achieved rates")")"
    if let engine {
      line += ", with what \(engine.name) adds to each pass"
    } else if analysis.calibrated != nil {
      line += ", kernels only"
    }
    if !analysis.configuration.overrides.isEmpty {
      let settings = analysis.configuration.overrides.map { "\($0.key)=\($0.value.summary)" }
      return [line, "set: \(settings.joined(separator: ", "))"]
    }
    return [line]
  }

  private var footer: [String] {
    var lines = [RidgeLine.text(analysis.rates, MatrixUnits(analysis.phases), analysis.options)]
    let parameters = analysis.configuration.parameters.total.value
    lines.append("model    \(analysis.configuration.path), \(Numbers.grouped(parameters)) parameters")
    lines.append("hardware \(analysis.hardware.provenance)")
    lines += engine.map { EngineText(engine: $0).lines(analysis, generation) } ?? []
    lines += achieved.map { ["achieved \($0.ceilings.path)"] } ?? []
    lines += analysis.calibrated.map { CalibratedTimeText(time: $0).lines(analysis) } ?? []
    lines += analysis.configuration.defaults.map { "assumed  \($0.key) = \($0.value) (\($0.reason))" }
    lines += analysis.notices.map { "note     \($0.sentence)" }
    return lines
  }
}
