/// The output tiles that a generation of GEMM kernels offers, and how it runs them.
package struct TileList: Sendable {
  package let name: String
  /// Elements of K that a kernel takes at a time.
  package let depth: Double
  /// Share of the longer side that is fetched from L2 a CTA: half where two CTAs multicast to one another.
  package let multicast: Double
  /// How much of a full wave a partly filled last wave costs.
  package let tail: Double
  /// Rows of M by columns of N.
  package let tiles: [(m: Int, n: Int)]
  /// Tiles of grouped products, and of products of low precision.
  package let grouped, lowPrecision: [(m: Int, n: Int)]

  /// - Parameter lowPrecision: nil: the same tiles.
  init(
    _ name: String, depth: Double, multicast: Double, tail: Double, tiles: [(m: Int, n: Int)],
    grouped: [(m: Int, n: Int)], lowPrecision: [(m: Int, n: Int)]? = nil
  ) {
    self.name = name
    self.depth = depth
    self.multicast = multicast
    self.tail = tail
    self.tiles = tiles
    self.grouped = grouped
    self.lowPrecision = lowPrecision ?? tiles
  }

  /// Every m with every n, up to an area.
  package static func all(_ sides: [Int], by others: [Int], upTo area: Int = .max) -> [(m: Int, n: Int)] {
    sides.flatMap { m in others.filter { m * $0 <= area }.map { (m: m, n: $0) } }
  }

  /// Every pair of a side of one list and a side of the other, both ways round, each once.
  static func pairs(of sides: [Int], with others: [Int], upTo area: Int) -> [(m: Int, n: Int)] {
    var pairs: [(m: Int, n: Int)] = []
    for side in sides {
      for other in others where side * other <= area {
        for pair in [(m: side, n: other), (m: other, n: side)] where !pairs.contains(where: { $0 == pair }) {
          pairs.append(pair)
        }
      }
    }
    return pairs
  }

  /// Ways to split K over CTAs.
  package static let splits: [Double] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32]
  /// The most of them.
  package static let mostSplit = splits.max() ?? 1
}

extension TileList: Hashable {
  /// Lists of one name are one list.
  package static func == (left: Self, right: Self) -> Bool { left.name == right.name }

  package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
