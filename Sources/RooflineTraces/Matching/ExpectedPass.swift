import RooflineCore

/// The rows of a forward pass in the order in which they run, layer by layer: what kernels are laid beside.
struct ExpectedPass {
  /// Rows by number, as they were given.
  let rows: [NamedOperator<Count>]
  let kinds: [OperatorKind]
  /// Which row stands at each place of the pass.
  let places: [Int]

  /// More than any model has: a file of a million layers shall not take all memory.
  private static let mostPlaces = 100_000

  init(_ rows: [NamedOperator<Count>], _ model: DecoderModel) {
    self.rows = rows
    kinds = rows.map(\.operator.kind)
    var before: [Int] = []
    var after: [Int] = []
    var layers = [[Int]](repeating: [], count: model.groups.count)
    for (index, row) in rows.enumerated() {
      switch row.scope {
      case .beforeLayers: before.append(index)
      case .layer(let group): layers[group].append(index)
      case .afterLayers: after.append(index)
      // No other rank's kernels are recorded.
      case .boundary: break
      }
    }
    var places = before
    for run in model.runs {
      for _ in 0..<min(run.layers, 100_000) where places.count < Self.mostPlaces { places += layers[run.group] }
    }
    self.places = places + after
  }
}
