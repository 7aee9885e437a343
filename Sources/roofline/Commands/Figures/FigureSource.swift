import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineDeployment
import RooflineReport

/// Makes the picture that arguments ask for.
struct FigureSource {
  private let arguments: ParsedArguments
  private let surroundings: Surroundings
  private let catalog: Catalog

  init(_ arguments: ParsedArguments, _ surroundings: Surroundings) {
    self.arguments = arguments
    self.surroundings = surroundings
    catalog = surroundings.catalog()
  }

  static let tool = "roofline \(Tool.version)"

  /// A picture, and what somebody who only looks at it must not miss.
  struct Made {
    let figure: any Figure
    var warnings = ""
    /// Files behind it that no argument names by their path.
    var inputs: [String] = []
  }

  func figure(_ kind: FigureKind) throws(InputError) -> Made {
    try arguments.checkEngine()
    switch kind {
    case .memory: return try memory()
    case .kernels: return try kernels()
    case .accuracy: return try accuracy()
    case .latency: return arguments.isLoad ? try load() : try latency()
    case .pareto: return try pareto()
    case .roofline, .layer, .waterfall: break
    }
    let analysis = try arguments.analysis(catalog, besideMeasured: kind.showsMeasurements)
    let measured = kind.showsMeasurements ? try measured(on: analysis.hardware) : nil
    let engine = try arguments.engine(catalog)
    func caption(_ what: String) -> FigureCaption {
      FigureCaption(what, analysis, engine: engine, tool: Self.tool)
    }
    let figure: any Figure =
      switch kind {
      case .layer: try LayerFigure(analysis, caption: caption("time by operator"))
      case .waterfall:
        try WaterfallFigure(
          analysis, row: arguments.value(of: PlotOptions.row), measured: measured,
          caption: caption("from the roof to the prediction"))
      case .roofline, .memory, .latency, .kernels, .accuracy, .pareto:
        RooflineFigure(
          analysis, achieved: try arguments.ceilings(of: analysis.hardware), measured: measured,
          caption: caption("roofline"))
      }
    return Made(
      figure: figure, warnings: analysis.notices.warnings + analysis.notices.remarks,
      inputs: [analysis.configuration.path, analysis.hardware.path])
  }

  /// What --observations says of a GPU's kernels; nil without it.
  func measured(on hardware: HardwareSpec) throws(InputError) -> MeasuredRows? {
    guard arguments.isGiven(PlotOptions.observations) else { return nil }
    let files = try arguments.observations(and: [])
    _ = try arguments.hardware(of: files, catalog)
    return MeasuredRows(files.flatMap(\.observations))
  }

  private func memory() throws(InputError) -> Made {
    let (footprint, scenario) = try FootprintCommand.footprint(arguments, catalog)
    let caption = FigureCaption(
      footprint, model: scenario.configuration, hardware: scenario.hardware, tool: Self.tool)
    return Made(
      figure: try MemoryFigure(
        footprint, maxPositions: scenario.configuration.maxPositionEmbeddings, caption: caption),
      warnings: FootprintCommand.notices(footprint, scenario).warnings,
      inputs: [scenario.configuration.path, scenario.hardware.path])
  }

  private func kernels() throws(InputError) -> Made {
    let options = try arguments.rateOptions()
    let name = try arguments.required(WorkloadOptions.hardware, "name one; `roofline list hardware` shows them")
    let hardware = try catalog.hardware(name)
    let files = arguments.isGiven(PlotOptions.observations) ? try arguments.observations(and: []) : []
    if !files.isEmpty { _ = try arguments.hardware(of: files, catalog) }
    let figure = try KernelsFigure(
      on: hardware, dtype: arguments.value(of: WorkloadOptions.dtype) ?? .fp16, options: options,
      time: arguments.timeRequest(hardware, options, catalog, besideMeasured: true),
      observations: files.flatMap(\.observations), tool: Self.tool)
    return Made(figure: figure, warnings: files.warningLines, inputs: [hardware.path])
  }

  private func accuracy() throws(InputError) -> Made {
    let made = try CompareCommand.comparison(arguments, catalog)
    let figure = try AccuracyFigure(
      made.comparison, on: made.hardware, notes: made.comparison.notes, tool: Self.tool)
    return Made(figure: figure, warnings: made.files.warningLines, inputs: [made.hardware.path])
  }

  private func latency() throws(InputError) -> Made {
    let axis = try arguments.value(of: PlotOptions.over) ?? .batch
    let analysis = try arguments.analysis(catalog)
    let figure = try LatencyFigure(
      analysis, over: axis, engine: arguments.engine(catalog), tool: Self.tool)
    return Made(
      figure: figure, warnings: analysis.notices.warnings + analysis.notices.remarks,
      inputs: [analysis.configuration.path, analysis.hardware.path])
  }

  private func pareto() throws(InputError) -> Made {
    let pages = try pages(ParetoFigure.requireKinds)
    let condition = pages.condition
    var cloud = ParetoCloud()
    let end = pages.run(
      0..<(pages.grid.count ?? 0), showsProgress: true,
      work: { row, number, cloud in if condition?.holds(row) ?? true { cloud.add(row, number) } }, ParetoCloud(),
      take: { found in
        cloud.add(found)
        return true
      })
    let files = try files(of: pages)
    return made(
      try ParetoFigure(
        cloud, pages.grid, end.tally, condition: condition?.text, files: files.models, hardware: files.hardware,
        tool: Self.tool), pages, files)
  }

  /// Requests over time.
  private func load() throws(InputError) -> Made {
    let pages = try pages(LoadFigure.requireCurves)
    let condition = pages.condition
    var rows: [SweepRow] = []
    let end = pages.run(
      0..<(pages.grid.count ?? 0), showsProgress: true,
      work: { row, _, rows in if condition?.holds(row) ?? true { rows.append(row) } }, [SweepRow](),
      take: { found in
        rows += found
        return true
      })
    let files = try files(of: pages)
    return made(
      try LoadFigure(
        rows, pages.grid, end.tally, condition: condition?.text, files: files.models, hardware: files.hardware,
        tool: Self.tool), pages, files)
  }

  // MARK: sweeps

  /// A sweep that a picture is drawn from.
  ///
  /// - Parameter check: throws where there would be too much in it.
  private func pages(_ check: (SweepGrid) throws(InputError) -> Void) throws(InputError) -> SweepPages {
    let source = SweepSource(catalog)
    let grid = try arguments.sweepGrid(source)
    try check(grid)
    _ = try grid.requireCount(at: SweepCommand.largest)
    return SweepPages(
      grid: grid, source: source, format: .text, condition: try arguments.value(of: SweepOptions.condition),
      surroundings: surroundings)
  }

  /// Paths of models and of engines, and the GPUs.
  private func files(of pages: SweepPages) throws(InputError) -> (models: [String], hardware: [HardwareSpec]) {
    let hardware = try pages.grid.hardware.map { name throws(InputError) in try catalog.hardware(name) }
    let engines = try pages.grid.engines.compactMap { $0 }.map { name throws(InputError) in
      try pages.source.engine(name).path
    }
    return (pages.source.configurations.map(\.path) + engines, hardware)
  }

  private func made(
    _ figure: any Figure, _ pages: SweepPages, _ files: (models: [String], hardware: [HardwareSpec])
  ) -> Made {
    Made(
      figure: figure, warnings: pages.source.configurations.flatMap(\.notices).warnings,
      inputs: files.models + files.hardware.map(\.path))
  }
}
