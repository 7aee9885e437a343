/// The output tiles that a generation of GEMM kernels offers, and how it runs them.
public enum TileList: String, Hashable, Sendable, CaseIterable {
  case ampere, ada, hopper
  /// cuBLAS of CUDA 12.1 on Hopper.
  case hopperClassic = "hopper-classic"
  case blackwell

  /// Elements of K that a kernel takes at a time.
  var depth: Double {
    switch self {
    case .ampere, .ada: 32
    case .hopper, .hopperClassic, .blackwell: 64
    }
  }

  /// Share of the longer side that is fetched from L2 a CTA: half where two CTAs multicast to one another.
  var multicast: Double {
    switch self {
    case .ampere, .ada, .hopperClassic: 1
    case .hopper, .blackwell: 0.5
    }
  }

  /// How much of a full wave a partly filled last wave costs.
  var tail: Double {
    switch self {
    case .ampere, .ada: 1
    case .hopper, .hopperClassic, .blackwell: 0.8
    }
  }

  /// Rows of M by columns of N.
  var tiles: [(m: Int, n: Int)] {
    switch self {
    case .ampere: [(32, 64), (64, 64), (64, 128), (64, 256), (128, 128), (128, 256)]
    case .ada: TileList.ampere.tiles + [(16, 64), (16, 128), (32, 128), (128, 64), (256, 128)]
    case .hopper:
      TileList.pairs(of: [64, 128, 192, 256], with: Array(stride(from: 16, through: 256, by: 16)), upTo: 36864)
    case .hopperClassic: [(64, 64), (64, 128), (128, 64), (128, 128), (64, 256), (128, 256), (256, 128)]
    case .blackwell: TileList.pairs(of: [128, 256], with: [16, 32, 64, 96, 128, 160, 192, 224, 256], upTo: 65536)
    }
  }

  /// Every pair of a side of one list and a side of the other, both ways round, each once.
  private static func pairs(of sides: [Int], with others: [Int], upTo area: Int) -> [(m: Int, n: Int)] {
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
  static let splits: [Double] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32]
  /// The last of them.
  static let mostSplit = 32.0
}
