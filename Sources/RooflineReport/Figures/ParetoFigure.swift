import RooflineCore
import RooflineDeployment

/// What a user gets against what a GPU yields, of the configurations of a sweep that fit.
package struct ParetoFigure: Figure {
  package let kind = FigureKind.pareto
  package let caption: FigureCaption
  package let series: [Series]
  /// Tokens/s: decades.
  package let users, devices: ClosedRange<Double>
  package let notes: [String]

  /// One model on one GPU, in one format and by one kind of times.
  package struct Series: Hashable, Sendable {
    package let name: String
    /// What no other of the series beats, the most tokens/s a user first.
    package let front: [Spot]
    /// Some of the others.
    package let others: [Spot]
  }

  package struct Spot: Hashable, Sendable {
    /// What tells it from others: `tp 8, batch 64`.
    package let name: String
    /// Tokens/s of a user, and of a GPU.
    package let user, device: Double
    /// Whether no configuration of any series beats it.
    package let isBest: Bool
    let tip: Drawing.Tip
  }

  static let hues: [Hue] = [.blue, .vermillion, .green, .purple, .orange, .sky]
  /// Spots that carry their names.
  static let named = 12

  /// Throws before a sweep is gone through whose kinds nobody could tell apart.
  package static func requireKinds(of grid: SweepGrid) throws(InputError) {
    let count = kindAxes.reduce(Count(1)) { $0 * Count(grid.size($1)) }
    guard count <= Count(UInt64(hues.count)) else {
      throw .usage(
        "--kind pareto draws at most \(hues.count) combinations of --model, --hardware, --dtype, --time and --engine, not \(count.value); ask for fewer"
      )
    }
  }

  private static let kindAxes: [SweepGrid.Axis] = [.model, .hardware, .dtype, .time, .engine]
  fileprivate static let numberAxes = SweepGrid.Axis.allCases.filter { !kindAxes.contains($0) }

  /// - Parameters:
  ///   - cloud: of all rows of the grid.
  ///   - files: of the models and of the engines.
  ///   - hardware: the grid's GPUs.
  package init(
    _ cloud: ParetoCloud, _ grid: SweepGrid, _ tally: SweepTally, condition: String?, files: [String],
    hardware: [HardwareSpec], tool: String
  ) throws(InputError) {
    let kinds = Self.kinds(of: grid).map(ParetoCloud.Kind.init)
    var best = ParetoFront()
    for row in kinds.flatMap(cloud.front) { best.add(row) }
    guard let last = best.rows.last else {
      let reason = tally.remarks.first.map { ": \($0)" } ?? ""
      throw .usage("--kind pareto: no configuration fits\(condition == nil ? "" : " and is as --where asks")\(reason)")
    }
    let winners = Set(best.rows.map { Key($0) })
    series = kinds.compactMap { kind in
      let front = cloud.front(kind)
      guard !front.isEmpty else { return nil }
      let own = Set(front.map { Key($0) })
      func spot(_ row: SweepRow) -> Spot { Spot(row, grid, isBest: winners.contains(Key(row))) }
      return Series(
        name: Self.name(kind, in: grid), front: front.map(spot),
        others: cloud.rows(kind).filter { !own.contains(Key($0)) }.map(spot))
    }
    let spots = series.flatMap { $0.front + $0.others }
    func range(_ values: [Double]) -> ClosedRange<Double> {
      AxisScale.snapped((values.min() ?? 1)...(values.max() ?? 1))
    }
    (users, devices) = (range(spots.map(\.user)), range(spots.map(\.device)))
    let empty = kinds.filter { cloud.front($0).isEmpty }.map { Self.name($0, in: grid) }
    notes =
      (empty.isEmpty ? [] : ["nothing that could be drawn of \(empty.joined(separator: ", "))"])
      + [
        grid.load == .none
          ? "tokens/s are those of decode steps; the time of the prompts is not in them"
          : "tokens/s of a GPU are those that requests got while they were watched; TPOT is the mean over requests"
      ] + tally.remarks
    func end(_ row: SweepRow) -> String {
      let name = Spot(row, grid, isBest: true).name
      return kinds.count == 1 ? name : "\(name) (\(Self.name(ParetoCloud.Kind(row.deployment), in: grid)))"
    }
    let ends =
      best.rows.count == 1 ? "best in both: \(end(last))" : "in all from \(end(best.rows[0])) to \(end(last))"
    caption = FigureCaption(
      title:
        "\(Self.common(grid.models) ?? "\(grid.models.count) models") on \(Self.common(grid.hardware) ?? "\(grid.hardware.count) kinds of GPU"): tokens/s of a user and of a GPU",
      subtitle:
        "\(grid.sharedText); \(Numbers.grouped(cloud.count)) of \(Numbers.grouped(tally.rows)) configurations fit\(condition.map { " where \($0)" } ?? ""); lines join what no other of them beats, \(ends)",
      source: FigureCaption.source(files + hardware.map(\.provenance), tool: tool))
  }

  /// A configuration, whatever its numbers.
  private struct Key: Hashable {
    let deployment: SweepDeployment
    let point: SweepPoint

    init(_ row: SweepRow) { (deployment, point) = (row.deployment, row.point) }
  }

  // MARK: names

  /// A deployment of each kind, in the grid's order.
  private static func kinds(of grid: SweepGrid) -> [SweepDeployment] {
    var places = [[UInt64](repeating: 0, count: SweepGrid.Axis.allCases.count)]
    for axis in kindAxes {
      places = places.flatMap { known in
        (0..<grid.size(axis)).map { place in
          var own = known
          own[axis.rawValue] = place
          return own
        }
      }
    }
    return places.map(grid.deployment)
  }

  private static func common(_ names: [String]) -> String? { names.count == 1 ? names[0] : nil }

  /// What tells a kind from the others; the GPU where there are none.
  private static func name(_ kind: ParetoCloud.Kind, in grid: SweepGrid) -> String {
    let parts = kindAxes.filter { grid.size($0) > 1 }.compactMap(kind.word)
    return parts.isEmpty ? kind.hardware : parts.joined(separator: ", ")
  }

  package var description: String {
    let fronts = series.map { series in
      "\(series.name): \(series.front.map { "\($0.name) \(TickText.number($0.user)) a user and \(TickText.number($0.device)) a GPU" }.joined(separator: "; "))"
    }
    return
      "Tokens per second of a GPU over tokens per second of a user, both axes logarithmic. \(caption.subtitle). \(fronts.joined(separator: ". "))."
  }
}

extension ParetoFigure.Spot {
  fileprivate init(_ row: SweepRow, _ grid: SweepGrid, isBest: Bool) {
    let name = grid.name(row.deployment, row.point, on: ParetoFigure.numberAxes)
    self.name = name.isEmpty ? row.deployment.hardware : name
    user = row.tokensPerSecondPerUser ?? 0
    device = row.tokensPerSecondPerGPU ?? 0
    self.isBest = isBest
    let figures = row.figures
    var facts: [Drawing.Tip.Fact] = [
      .init("tokens/s of a user", TickText.number(user)), .init("tokens/s of a GPU", TickText.number(device)),
      .init("GPUs", String(row.deployment.devices)),
    ]
    if let time = figures?.timeToFirstToken { facts.append(.init("TTFT", Numbers.time(time))) }
    if let time = figures?.timePerOutputToken { facts.append(.init("TPOT", Numbers.time(time))) }
    if let bound = figures?.decodeBound { facts.append(.init("decode bound by", bound.rawValue)) }
    tip = Drawing.Tip(heading: "\(row.deployment.model) on \(row.deployment.hardware), \(self.name)", facts: facts)
  }
}
