import RooflineComparison
import RooflineCore
import RooflineReport

/// The options of pictures.
enum PlotOptions {
  static let kind = Option<FigureKind>.choice(
    "kind", "KIND", "\(FigureKind.allCases.map(\.rawValue).joined(separator: ", ")) (roofline)")
  static let output = Option.text("output", "FILE", "the file to write (standard output)", isOutput: true)
  static let observations = Option.text(
    "observations", "FILE",
    "measured kernels beside the predicted ones; --time anchored leans on them, too (may repeat)",
    mayRepeat: true)
  static let over = Option<LatencyFigure.Axis>.choice(
    "over", "WHAT", "of --kind latency: batch or context (batch)")
  static let row = Option.text(
    "operator", "NAME", "of --kind waterfall: a row instead of a whole pass, e.g. q_proj")

  /// How times are made, and what was measured.
  static let times = TimeOptions.tiers + [observations]

  /// The options of `analyze` that a picture, or a page, may show.
  static let run: [any AnyOption] =
    [WorkloadOptions.model, WorkloadOptions.hardware] + WorkloadOptions.workload
    + [
      WorkloadOptions.cachedPrefix, WorkloadOptions.phase, WorkloadOptions.generate, DraftOptions.draft,
      AnalysisOptions.ceilings,
    ] + TrainingOptions.all + WorkloadOptions.formats + WorkloadOptions.rates + times
    + [TimeOptions.engine]
}

extension FigureKind {
  /// Whether measurements stand beside predictions in it, whatever the times are.
  var showsMeasurements: Bool {
    switch self {
    case .roofline, .waterfall, .kernels, .accuracy: true
    case .layer, .memory, .latency, .pareto: false
    }
  }

  /// Whether it is of requests over time where they are asked for.
  fileprivate var takesLoads: Bool {
    switch self {
    case .latency, .pareto: true
    case .roofline, .layer, .memory, .waterfall, .kernels, .accuracy: false
    }
  }

  /// What it is drawn from, beside the model and the GPU; every other option would change nothing in it.
  ///
  /// - Parameter isLoad: whether requests over time are asked for.
  fileprivate func options(isLoad: Bool) -> [any AnyOption] {
    let model: [any AnyOption] = [WorkloadOptions.model, WorkloadOptions.hardware]
    let workload = WorkloadOptions.workload + [WorkloadOptions.cachedPrefix, DraftOptions.draft]
    let passes =
      model + workload + [WorkloadOptions.phase] + TrainingOptions.all + WorkloadOptions.formats
      + WorkloadOptions.rates
    // Intervals are drawn around curves alone.
    let pointTimes = PlotOptions.times.filter { $0.name != TimeOptions.interval.name } + [TimeOptions.engine]
    let sweep = SweepOptions.axes.map(\.single) + SweepOptions.settings + [SweepOptions.condition]
    switch self {
    case .roofline: return passes + pointTimes + [AnalysisOptions.ceilings]
    case .layer: return passes + pointTimes
    case .latency: return isLoad ? sweep : passes + pointTimes + [PlotOptions.over]
    case .waterfall:
      return model + workload + [WorkloadOptions.phase, PlotOptions.row] + WorkloadOptions.formats + pointTimes
    case .memory:
      return model + workload + [
        WorkloadOptions.generate, MemoryOptions.pages, MemoryOptions.reserve, MemoryOptions.memory,
      ] + WorkloadOptions.formats
    case .kernels:
      // None of the kernels talks to another GPU.
      let links = [WorkloadOptions.link.name, WorkloadOptions.linkLatency.name]
      return [WorkloadOptions.hardware, WorkloadOptions.dtype]
        + WorkloadOptions.rates.filter { !links.contains($0.name) } + PlotOptions.times
    case .accuracy:
      return model + WorkloadOptions.workload + [WorkloadOptions.phase] + WorkloadOptions.formats + [
        PlotOptions.observations, ObservationOptions.calibration, ObservationOptions.prior,
      ]
    case .pareto: return sweep
    }
  }
}

extension ParsedArguments {
  /// Throws where an option would change nothing in the picture.
  ///
  /// - Parameter options: all that could be given.
  func requireOptions(of kind: FigureKind, among options: [any AnyOption]) throws(InputError) {
    if kind.takesLoads { try checkLoad() }
    let own = Set(
      (kind.options(isLoad: isLoad) + [PlotOptions.kind, PlotOptions.output, WorkloadOptions.help]).map(\.name))
    for option in options where isGiven(option) && !own.contains(option.name) {
      throw .usage("--\(option.name) changes nothing in a picture of --kind \(kind.rawValue); leave it out")
    }
  }
}
