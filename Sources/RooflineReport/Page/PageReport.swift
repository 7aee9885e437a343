import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineDeployment

/// What `report` writes: a run as one page.
package struct PageReport {
  private let report: AnalysisReport
  private let footprint: Footprint?
  private let measured: MeasuredRows?
  private let load: LoadReport?
  private let tool: String
  private let arguments: String

  private var analysis: Analysis { report.analysis }

  /// - Parameters:
  ///   - report: the run, and what `analyze` would say of it.
  ///   - footprint: its memory; nil where it is not known, or means nothing.
  ///   - measured: measurements of its rows.
  ///   - load: requests over time that share its passes; the run is of one of them then.
  ///   - tool: the program and its version.
  ///   - arguments: what was typed behind the program's name.
  package init(
    _ report: AnalysisReport, footprint: Footprint?, measured: MeasuredRows?, load: LoadReport? = nil, tool: String,
    arguments: String
  ) {
    self.report = report
    self.footprint = footprint
    self.measured = measured
    self.load = load
    self.tool = tool
    self.arguments = arguments
  }

  package var title: String { "\(analysis.configuration.name) on \(analysis.hardware.name)" }

  /// - Throws: `InputError.notFinite` where JSON has no word for a number.
  package func html() throws -> String { try HTMLFormat().render(title: title, try document()) }

  private func document() throws(InputError) -> PageDocument {
    var tips = TipList()
    let figures = try figures().map { PageDocument.PageFigure($0, &tips) }
    var derivations = Derivations()
    derivations.add(analysis)
    if let engine = report.engine { derivations.add(engine, to: analysis) }
    if let generation = report.generation {
      derivations.add(OperatorExplanation(generation, of: analysis), for: "generation")
    }
    if let footprint { derivations.add(OperatorExplanation(footprint), for: "footprint") }
    if let vision = report.vision {
      for (row, explanation) in OperatorExplanation.rows(of: vision, in: analysis).enumerated() {
        derivations.add(explanation, for: "vision/\(row)")
      }
    }
    let caption = FigureCaption("", analysis, engine: report.engine, tool: tool)
    return PageDocument(
      tool: tool, title: title.printableLine, subtitle: caption.subtitle.printableLine, verdict: verdict,
      analysis: AnalysisDocument(
        analysis, generation: report.generation, achieved: report.achieved, speculation: report.speculation,
        vision: report.vision, engine: report.engine),
      footprint: footprint.map {
        FootprintDocument(FootprintReport($0, configuration: analysis.configuration, hardware: analysis.hardware))
      },
      load: load.map(RequestLoadDocument.init),
      columns: PageColumn.all(isCalibrated: analysis.calibrated != nil), figures: figures,
      tips: tips.tips.map(PageDocument.TipEntry.init), comparison: measured.map(comparison), derivations: derivations,
      inputs: inputs)
  }

  private func figures() throws(InputError) -> [any Figure] {
    func caption(_ what: String) -> FigureCaption {
      FigureCaption(what, analysis, engine: report.engine, tool: tool)
    }
    var figures: [any Figure] = [
      RooflineFigure(
        analysis, achieved: report.achieved?.ceilings, measured: measured, caption: caption("roofline"))
    ]
    guard analysis.phases.contains(where: { $0.time != nil }) else { return figures }
    figures.append(try LayerFigure(analysis, caption: caption("time by operator")))
    if analysis.calibrated != nil {
      figures.append(
        try WaterfallFigure(
          analysis, row: nil, measured: measured, caption: caption("from the roof to the prediction")))
    }
    figures.append(try LatencyFigure(analysis, over: .batch, engine: report.engine, tool: tool))
    if let footprint {
      figures.append(
        try MemoryFigure(
          footprint, maxPositions: analysis.configuration.maxPositionEmbeddings,
          caption: FigureCaption(
            footprint, model: analysis.configuration, hardware: analysis.hardware, tool: tool)))
    }
    return figures
  }

  // MARK: verdict

  private var verdict: [Verdict] {
    let limits = analysis.phases.enumerated().compactMap { Verdict(alone($1.step.name), $1, $0) }
    return (load.map(Verdict.all) ?? []) + limits + times
      + (footprint.map { [Verdict(alone("memory of a GPU"), $0)] } ?? [])
  }

  private var times: [Verdict] {
    let places = Array(analysis.phases.enumerated())
    if let totals = analysis.trainingTotals {
      return [
        Verdict(
          "forward and backward", totals.model.total.time.map(Numbers.time) ?? Numbers.unknown,
          "of one replica; the optimizer is not counted", derivation: nil)
      ]
    }
    var verdicts: [Verdict] = []
    if let (index, prefill) = places.first(where: { $0.element.step.phase == .prefill }) {
      let time = report.generation?.timeToFirstToken ?? analysis.time(of: prefill)
      verdicts.append(
        Verdict(
          alone("TTFT"), time.map(Numbers.time) ?? Numbers.unknown, "time to first token: the prefill pass",
          derivation: derivation(of: index)))
    }
    if let (index, decode) = places.first(where: { $0.element.step.phase == .decode }) {
      verdicts.append(tokenTime(decode, derivation: derivation(of: index)))
    }
    return verdicts
  }

  /// What a time of the run is called: beside a load it is that of one request.
  private func alone(_ name: String) -> String { load == nil ? name : "\(name) of one request alone" }

  /// Where the time of a pass is derived.
  private func derivation(of phase: Int) -> String {
    if report.generation != nil { return "generation" }
    return report.engine == nil ? Derivations.key(.model, phase) : Derivations.engineKey(phase)
  }

  private func tokenTime(_ decode: PhaseAnalysis, derivation: String) -> Verdict {
    let workload = analysis.workload
    if report.generation == nil, let speculation = report.speculation {
      guard let time = speculation.timePerOutputToken else {
        return Verdict(
          alone("step"), speculation.time.map(Numbers.time) ?? Numbers.unknown,
          "drafting and verifying \(workload.drafted + 1) tokens; --accepted makes it a time of a token",
          derivation: derivation)
      }
      return Verdict(alone("TPOT"), Numbers.time(time), rates(time), derivation: derivation)
    }
    guard let time = report.generation?.meanTimePerOutputToken ?? analysis.time(of: decode) else {
      return Verdict(
        alone("TPOT"), Numbers.unknown, "the time of a row is unknown; notes say why", derivation: derivation)
    }
    let what =
      report.generation == nil
      ? "time per output token: a decode step"
      : workload.drafted > 0
        ? "time per output token: all steps over their tokens" : "time per output token: the mean step"
    return Verdict(alone("TPOT"), Numbers.time(time), "\(what); \(rates(time))", derivation: derivation)
  }

  private func rates(_ time: Seconds) -> String {
    let workload = analysis.workload
    let perGPU = Double(workload.batch) / (time.value * Double(workload.devicesPerReplica.value))
    return
      "\(Numbers.fixed(1 / time.value, decimals: 1)) tokens/s a user, \(Numbers.fixed(perGPU, decimals: 1)) tokens/s a GPU"
  }

  // MARK: comparison and inputs

  private func comparison(_ measured: MeasuredRows) -> [PageDocument.MeasuredEntry] {
    analysis.phases.enumerated().flatMap { index, phase in
      phase.operators.enumerated().compactMap { place, row -> PageDocument.MeasuredEntry? in
        guard let times = measured[row.row.kernel], let predicted = row.time?.value else { return nil }
        return PageDocument.MeasuredEntry(
          name: "\(phase.step.name) \(phase.label(of: row))", derivation: RowReference(phase: index, row: place).key,
          predictedSeconds: predicted, measuredSeconds: times.median, leastSeconds: times.least,
          mostSeconds: times.most, error: predicted / times.median - 1, measurements: times.count)
      }
    }
  }

  private var inputs: [[String]] {
    let parameters = analysis.configuration.parameters.total.value
    var inputs = [
      ["command", "roofline \(arguments)"],
      ["model", "\(analysis.configuration.path), \(Numbers.grouped(parameters)) parameters"],
      ["hardware", analysis.hardware.provenance],
    ]
    inputs += (analysis.calibrated.map { CalibratedTimeText(time: $0).lines(analysis) } ?? []).map {
      let words = $0.split(separator: " ", maxSplits: 1).map(String.init)
      return [words[0], words.last.map { String($0.drop { $0 == " " }) } ?? ""]
    }
    inputs += report.engine.map { [["engine", "\($0.path): \($0.fit.data), \($0.fit.rows) rows"]] } ?? []
    inputs += report.achieved.map { [["ceilings", $0.ceilings.path]] } ?? []
    inputs += analysis.configuration.defaults.map { ["assumed", "\($0.key) = \($0.value) (\($0.reason))"] }
    inputs.append(["version", tool])
    return inputs.map { $0.map(\.printableLine) }
  }
}
