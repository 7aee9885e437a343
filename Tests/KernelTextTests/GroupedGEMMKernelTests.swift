import RooflineCore
import XCTest

/// Products of experts in their three tiles, each row by its own expert's matrix.
final class GroupedGEMMKernelTests: XCTestCase {
  private struct Tile {
    let name: String
    let rows, columns: Int
    static let all = [
      Tile(name: "128x128", rows: 128, columns: 128), Tile(name: "64x64", rows: 64, columns: 64),
      Tile(name: "16x32", rows: 16, columns: 32),
    ]
  }

  private struct Shape {
    /// Pairs of each expert, in the order of the matrices.
    let experts: [Int]
    let n, k: Int
    /// Rows that pairs read; nil: each has one of its own.
    var inputRows: Int?
    /// Elements between a 256-byte boundary and the first of each tensor.
    var shift = 0
  }

  /// One element; experts of one row beside experts of more than a tile; odd sizes whose rows start anywhere; tensors that start
  /// anywhere; whole tiles.
  private static let ragged = [
    Shape(experts: [1], n: 1, k: 1), Shape(experts: [1, 1], n: 5, k: 7, inputRows: 1),
    Shape(experts: [3, 17, 1], n: 33, k: 40, inputRows: 18), Shape(experts: [2, 0, 3], n: 24, k: 33, shift: 1),
    Shape(experts: [5, 4], n: 40, k: 64, inputRows: 7, shift: 3), Shape(experts: [64, 16], n: 64, k: 128),
    Shape(experts: [16, 65], n: 72, k: 136, inputRows: 70, shift: 8),
  ]

  func testRaggedSizes() throws {
    for (shape, tile) in product(Self.ragged, Tile.all) {
      for (index, format) in KernelFormat.tensorCores.enumerated() {
        try grouped(shape, tile, format, hasBias: (shape.n + index) % 2 == 0).check()
      }
    }
  }

  /// Many more steps than shared memory holds at once, and more rows than a tile of the largest.
  func testManyStepsGoThroughSharedMemory() throws {
    for (format, tile) in product(KernelFormat.tensorCores, Tile.all) {
      for (k, inputRows) in [(520, 23), (517, nil)] {
        try grouped(Shape(experts: [20, 7], n: 40, k: k, inputRows: inputRows), tile, format).check()
      }
    }
  }

  /// More tiles down than a strip has, experts of several tiles, and a last strip that is lower than the others.
  func testStripsOfTiles() throws {
    for tile in Tile.all {
      let experts = (0..<6).map { 1 + $0 * tile.rows / 2 }
      let shape = Shape(experts: experts, n: 2 * tile.columns + 1, k: 8, inputRows: experts.reduce(0, +) / 2)
      try grouped(shape, tile, .bf16, hasBias: true).check(orders: [.ascending])
    }
  }

  func testMatrixLoadsMeetNoBankConflicts() throws {
    let kernels = try CPUKernels.open()
    for tile in Tile.all {
      kernels.forgetAccesses()
      try grouped(Shape(experts: [40, 24], n: 64, k: 128, inputRows: 50), tile, .f16).check(orders: [.ascending])
      XCTAssertEqual(kernels.bankConflicts(), 0, tile.name)
    }
  }

  /// The expected products are a loop over pairs; the bytes, those of the operator with as many experts as have a pair.
  private func grouped(_ shape: Shape, _ tile: Tile, _ format: KernelFormat, hasBias: Bool = false) -> KernelCase {
    let (n, k) = (shape.n, shape.k)
    // Only matrices of experts with a pair lie in memory.
    let counts = shape.experts.filter { $0 > 0 }
    let pairs = counts.reduce(0, +)
    let owners = counts.enumerated().flatMap { [Int](repeating: $0, count: $1) }
    // Rows in falling order, around all of them.
    let inputRows = shape.inputRows ?? pairs
    let rows = (0..<pairs).map { shape.inputRows == nil ? $0 : inputRows - 1 - $0 % inputRows }
    var random = RandomElements(seed: UInt64(pairs * 10_000 + n * 100 + k))
    let input = random.next(inputRows * k, format)
    let weight = random.next(counts.count * n * k, format)
    let bias = random.next(counts.count * n, format)
    var output: [Double] = []
    for pair in 0..<pairs {
      let left = input[rows[pair] * k..<(rows[pair] + 1) * k]
      for column in 0..<n {
        let place = owners[pair] * n + column
        var sum = hasBias ? bias[place] : 0
        for (a, b) in zip(left, weight[place * k..<(place + 1) * k]) { sum += a * b }
        output.append(sum)
      }
    }
    var tiles: [Int] = []
    var first = 0
    for (expert, count) in counts.enumerated() {
      for start in stride(from: 0, to: count, by: tile.rows) {
        tiles += [expert, first + start, min(tile.rows, count - start)]
      }
      first += count
    }
    let definition = GroupedGEMM<Count>(
      m: Count(pairs), n: Count(n), k: Count(k), inputRows: Count(inputRows),
      experts: ExpertSet(held: Count(counts.count), chosen: 1, expected: Double(counts.count)), hasBias: hasBias,
      formats: NumberFormats(format.dtype))
    // k products of at most 4, and sums that grow to 4k at most, each rounded to a float.
    let error = Double(k + 1) * 4 * Double(k + 1).squareRoot() * 0x1p-24
    return KernelCase(
      kernel: "grouped_gemm_\(format)_\(tile.name)",
      grid: (tiles.count / 3 * ((n + tile.columns - 1) / tile.columns), 1), block: 128, sharedBytes: 49152,
      arguments: [
        .tensor(.input(.input, format, input, shift: shape.shift)),
        shape.inputRows == nil ? .uint64(0) : .tensor(.index("rows", rows, used: pairs)),
        .tensor(.index("tiles", tiles, used: tiles.count)),
        .tensor(.input(.weight, format, weight, shift: shape.shift)),
        hasBias ? .tensor(.input(.bias, format, bias, shift: shape.shift)) : .uint64(0),
        .tensor(
          .output(.output, format, output, relativeError: 0, absoluteError: error, shift: shape.shift)),
        .int32(tiles.count / 3), .int32(n), .int32(k),
      ],
      operands: definition.operands)
  }
}
