import RooflineCore
import RooflineDeployment

/// What requests over time wait for against what a GPU yields: a curve for each deployment, a mark for each load.
package struct LoadFigure: Figure {
  package let kind = FigureKind.latency
  package let caption: FigureCaption
  package let series: [Series]
  package let waits: [Wait]
  package let notes: [String]

  /// A time that users know, with the columns of its mean and percentiles.
  package enum Wait: Hashable, Sendable, CaseIterable {
    case firstToken, perToken

    var title: String { self == .firstToken ? SweepTime.ttft.title : SweepTime.tpot.title }

    fileprivate var times: (mean: SweepTime, median: SweepTime, p99: SweepTime) {
      switch self {
      case .firstToken: (.ttft, .ttftMedian, .ttftP99)
      case .perToken: (.tpot, .tpotMedian, .tpotP99)
      }
    }
  }

  package struct Series: Hashable, Sendable {
    package let name: String
    /// In the grid's order.
    package let spots: [Spot]
  }

  package struct Spot: Hashable, Sendable {
    /// How much is asked for.
    package let load: SweepLoad
    /// Tokens/s of a GPU.
    package let device: Double
    package let times: [Wait: Times]
    package let isQueueGrowing: Bool
    let tip: Drawing.Tip
  }

  /// Seconds.
  package struct Times: Hashable, Sendable { package let mean, median, p99: Double }

  static let hues = ParetoFigure.hues
  /// Loads of one curve.
  private static let mostLoads: UInt64 = 100

  /// Everything but the load: what a curve is of.
  private struct Key: Hashable {
    let deployment: SweepDeployment
    let prompt, generate: UInt64
  }

  /// Throws before a sweep is gone through whose curves nobody could tell apart.
  package static func requireCurves(of grid: SweepGrid) throws(InputError) {
    let curves = curveAxes.reduce(Count(1)) { $0 * Count(grid.size($1)) }
    guard curves <= Count(UInt64(hues.count)), grid.load.count <= mostLoads else {
      throw .usage(
        "--kind latency draws at most \(hues.count) curves of \(mostLoads) loads each, not \(curves.value) of \(grid.load.count); ask for fewer"
      )
    }
  }

  private static let curveAxes = SweepGrid.Axis.allCases.filter { $0 != .load }

  /// - Parameters:
  ///   - rows: of the grid, in its order, as far as they are to be drawn.
  ///   - files: of the models and of the engines.
  ///   - hardware: the grid's GPUs.
  package init(
    _ rows: [SweepRow], _ grid: SweepGrid, _ tally: SweepTally, condition: String?, files: [String],
    hardware: [HardwareSpec], tool: String
  ) throws(InputError) {
    var keys: [Key] = []
    var spots: [Key: [Spot]] = [:]
    for row in rows {
      guard let spot = Spot(row) else { continue }
      let key = Key(deployment: row.deployment, prompt: row.point.prompt, generate: row.point.generate)
      if spots[key] == nil { keys.append(key) }
      spots[key, default: []].append(spot)
    }
    series = keys.map { key in
      let name = grid.name(
        key.deployment, SweepPoint(batch: 1, prompt: key.prompt, generate: key.generate), on: Self.curveAxes)
      return Series(name: name.isEmpty ? key.deployment.hardware : name, spots: spots[key] ?? [])
    }
    let drawn = series.flatMap(\.spots)
    waits = Wait.allCases.filter { wait in drawn.contains { $0.times[wait] != nil } }
    guard let first = drawn.first else {
      let reason = tally.remarks.first.map { ": \($0)" } ?? ""
      throw .usage("--kind latency: no load is served\(condition == nil ? "" : " as --where asks")\(reason)")
    }
    notes =
      (drawn.contains(where: \.isQueueGrowing)
        ? ["hollow: more requests come than end, and times grow with --requests"] : []) + tally.remarks
    func common(_ names: [String], _ several: String) -> String {
      names.count == 1 ? names[0] : "\(names.count) \(several)"
    }
    caption = FigureCaption(
      title:
        "\(common(grid.models, "models")) on \(common(grid.hardware, "kinds of GPU")): what users wait for over tokens/s of a GPU",
      subtitle:
        "\(grid.sharedText); numbers are \(first.load.what); lines are means over requests, bands reach from p50 to p99\(condition.map { "; where \($0)" } ?? "")",
      source: FigureCaption.source(files + hardware.map(\.provenance), tool: tool))
  }

  package var description: String {
    let curves = series.map { series in
      let spots = series.spots.map { spot in
        let times = waits.compactMap { wait in
          spot.times[wait].map { "\(wait.title) \(Numbers.time(Seconds($0.mean)))" }
        }
        return "\(spot.load.number): \(TickText.number(spot.device)), \(times.joined(separator: ", "))"
      }
      return "\(series.name): \(spots.joined(separator: "; "))"
    }
    return "Times of requests over tokens per second of a GPU. \(caption.subtitle). \(curves.joined(separator: ". "))."
  }
}

extension LoadFigure.Spot {
  fileprivate init?(_ row: SweepRow) {
    guard let figures = row.figures, let load = row.point.load, let device = row.tokensPerSecondPerGPU, device > 0
    else { return nil }
    var times: [LoadFigure.Wait: LoadFigure.Times] = [:]
    var facts: [Drawing.Tip.Fact] = [.init("tokens/s of a GPU", TickText.number(device))]
    for wait in LoadFigure.Wait.allCases {
      let columns = wait.times
      guard let mean = figures[columns.mean], let median = figures[columns.median], let p99 = figures[columns.p99]
      else { continue }
      // What takes no time has no place on a scale of decades.
      guard [mean, median, p99].allSatisfy({ $0.value > 0 }) else { continue }
      times[wait] = LoadFigure.Times(mean: mean.value, median: median.value, p99: p99.value)
      for (name, time) in [("mean", mean), ("p50", median), ("p99", p99)] {
        facts.append(.init("\(wait.title), \(name)", Numbers.time(time)))
      }
    }
    if let rate = figures.load?.requestsPerSecond { facts.append(.init("requests/s that end", TickText.number(rate))) }
    self.load = load
    self.device = device
    self.times = times
    isQueueGrowing = figures.load?.isQueueGrowing == true
    tip = Drawing.Tip(
      heading:
        "\(row.deployment.model) on \(row.deployment.hardware), tp \(row.deployment.tensorParallel), \(load.name) \(load.number)",
      facts: facts)
  }
}

extension SweepLoad {
  /// What a number at a mark is.
  fileprivate var what: String {
    switch self {
    case .together: "requests that come at once"
    case .closed: "requests in flight"
    case .open: "requests that come in a second"
    }
  }
}
