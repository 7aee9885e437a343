/// A tile of a list, and what its times are made of beside a GPU's facts and constants.
struct TileShape: Sendable {
  /// Rows of M by columns of N.
  let m, n: Double
  /// FLOPs a k, and those in whose time tensor cores lose what such a tile keeps them waiting.
  let flops: Double
  /// Elements that a CTA fetches from L2 a k.
  let fetched: Double

  /// - Parameter multicast: share of the longer side that is fetched a CTA.
  init(m: Double, n: Double, multicast: Double) {
    self.m = m
    self.n = n
    let half = GEMMConstants.halfIntensity
    let loss =
      GEMMTimeModel.loss(m * n / (m + n), half: half)
      / GEMMTimeModel.loss(GEMMConstants.referenceIntensity, half: half)
    flops = 2 * m * n * loss
    fetched = min(m, n) + multicast * max(m, n)
  }

  /// Elements of the result.
  var area: Double { m * n }

  /// Whether a taller tile takes at least as long for every product that has no more rows than this one: either covers them with one row
  /// of tiles, and nothing else of its time is less.
  private func replaces(_ other: TileShape) -> Bool {
    n == other.n && m < other.m && flops <= other.flops && fetched <= other.fetched
  }

  /// The tiles that can be the fastest for products of up to so many rows, by their places.
  struct Choices: Sendable {
    let rows: Double
    let places: [Int]
  }

  /// For few rows first, and all tiles last. Of as many rows as leave hardly fewer tiles than twice as many do, there is no selection.
  ///
  /// A tile gives way only to one that the list names before it, as a search would have it of two that take equally long.
  static func choices(_ shapes: [TileShape]) -> [Choices] {
    /// For each tile, up to how many rows another one replaces it.
    let replaced = shapes.indices.map { place in
      shapes[..<place].reduce(0.0) { $1.replaces(shapes[place]) ? max($0, $1.m) : $0 }
    }
    var choices = [Choices(rows: .infinity, places: Array(shapes.indices))]
    for rows in Set(replaced).sorted(by: >) where rows > 0 {
      let places = shapes.indices.filter { replaced[$0] < rows }
      if let last = choices.last, 3 * places.count <= 2 * last.places.count {
        choices.append(Choices(rows: rows, places: places))
      }
    }
    return choices.reversed()
  }
}

/// Tiles for products of up to so many rows, in the list's order: where they stand, four side by side, among those of all selections.
struct TileSelection: Sendable {
  let rows: Double
  let lanes: Range<Int>
}
