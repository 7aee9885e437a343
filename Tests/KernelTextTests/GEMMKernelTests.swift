import Foundation
import RooflineCore
import XCTest

/// The tensor-core products in their four tiles.
final class GEMMKernelTests: XCTestCase {
  private struct Tile {
    let name: String
    let rows, columns: Int
    static let all = [
      Tile(name: "128x128", rows: 128, columns: 128), Tile(name: "64x64", rows: 64, columns: 64),
      Tile(name: "32x32", rows: 32, columns: 32), Tile(name: "16x32", rows: 16, columns: 32),
    ]
  }

  private struct Shape {
    let m, n, k: Int
    /// Elements between a 256-byte boundary and the first of each tensor.
    var shift = 0
  }

  /// One element, odd sizes whose rows start anywhere, tensors that start anywhere, whole tiles and one more of each.
  private static let ragged = [
    Shape(m: 1, n: 1, k: 1), Shape(m: 3, n: 5, k: 7), Shape(m: 16, n: 32, k: 8), Shape(m: 17, n: 33, k: 40),
    Shape(m: 5, n: 24, k: 33, shift: 1), Shape(m: 9, n: 40, k: 64, shift: 3), Shape(m: 64, n: 64, k: 128),
    Shape(m: 65, n: 72, k: 136, shift: 8),
  ]

  func testRaggedSizes() throws {
    for (shape, tile) in product(Self.ragged, Tile.all) {
      for (index, format) in KernelFormat.tensorCores.enumerated() {
        try gemm(shape, tile, format, hasBias: (shape.m + index) % 2 == 0).check()
      }
    }
  }

  func testMatrixLoadsMeetNoBankConflicts() throws {
    let kernels = try CPUKernels.open()
    for tile in Tile.all {
      kernels.forgetAccesses()
      try gemm(Shape(m: 64, n: 64, k: 128), tile, .f16).check(orders: [.ascending])
      XCTAssertEqual(kernels.bankConflicts(), 0, tile.name)
    }
  }

  func testMoreThanATileInEachDirection() throws {
    for (format, tile) in product(KernelFormat.tensorCores, Tile.all) {
      try gemm(Shape(m: 130, n: 72, k: 50), tile, format).check(orders: [.greedyFirst, .shuffled(seed: 4)])
      try gemm(Shape(m: 40, n: 200, k: 72), tile, format).check(orders: [.greedyLast])
    }
  }

  /// The owner's linear layer with gelu, and the same without: m 128, n 128, k 64.
  func testTheNotesLinearGelu() throws {
    for (format, tile) in product(KernelFormat.tensorCores, Tile.all) {
      for (hasBias, hasGelu) in product([false, true], [false, true]) {
        try gemm(Shape(m: 128, n: 128, k: 64), tile, format, hasBias: hasBias, hasGelu: hasGelu)
          .check(orders: [.greedyLast])
      }
    }
  }

  /// Many more steps than shared memory holds at once, in the kernel's own order and any other.
  func testManyStepsGoThroughSharedMemory() throws {
    for (format, tile) in product(KernelFormat.tensorCores, Tile.all) {
      for k in [520, 517] { try gemm(Shape(m: 20, n: 40, k: k), tile, format, hasGelu: true).check() }
      guard tile.columns == 32 else { continue }
      try gemm(Shape(m: 20, n: 40, k: 1030), tile, format, shares: 2).check()
    }
  }

  /// Shares of k of equal and of different lengths, and more of them than k has steps; ragged columns; with all epilogues.
  func testBlocksShareOutTheDepth() throws {
    for (format, tile) in product(KernelFormat.tensorCores, Tile.all.filter { $0.columns == 32 }) {
      for (m, n, k, shares) in [(20, 40, 1030, 3), (3, 37, 520, 4), (33, 64, 256, 2), (1, 1, 7, 1), (5, 9, 130, 3)] {
        let shape = Shape(m: m, n: n, k: k)
        for (hasBias, hasGelu) in [(false, false), (true, false), (true, true)] {
          try gemm(shape, tile, format, hasBias: hasBias, hasGelu: hasGelu, shares: shares).check()
        }
      }
      try gemm(Shape(m: 9, n: 40, k: 640, shift: 3), tile, format, hasBias: true, shares: 2)
        .check(orders: [.greedyFirst])
    }
  }

  /// More rows of tiles than a strip has, and a last strip that is lower than the others.
  func testStripsOfTiles() throws {
    for tile in Tile.all {
      let shape = Shape(m: 18 * tile.rows + 1, n: 2 * tile.columns + 1, k: 8)
      try gemm(shape, tile, .bf16, hasBias: true).check(orders: [.ascending])
    }
  }

  /// Sums that two bytes cannot hold become infinite; ties go to the even neighbour.
  func testRounding() throws {
    for tile in Tile.all {
      // 2048 + 1 lies between 2048 and 2050; 2048 + 3 between 2050 and 2052.
      for (right, expected) in [([2048.0, 1], 2048.0), ([2048, 3], 2052), ([65504, 65504], .infinity)] {
        try KernelCase(
          kernel: "gemm_f16_\(tile.name)", block: 128, sharedBytes: 49152,
          arguments: [
            .tensor(.input(.input, .f16, [1, 1])), .tensor(.input(.weight, .f16, right)), .uint64(0),
            .tensor(.output(.output, .f16, [expected], relativeError: 0)), .uint64(0), .int32(1), .int32(1), .int32(2),
            .int32(0),
          ],
          operands: GEMM(m: 1, n: 1, k: 2, formats: NumberFormats(.fp16)).operands
        ).check()
      }
    }
  }

  private func gemm(
    _ shape: Shape, _ tile: Tile, _ format: KernelFormat, hasBias: Bool = false, hasGelu: Bool = false,
    shares: Int = 1
  ) -> KernelCase {
    let (m, n, k) = (shape.m, shape.n, shape.k)
    var random = RandomElements(seed: UInt64(m * 10_000 + n * 100 + k))
    let input = random.next(m * k, format)
    let weight = random.next(n * k, format)
    let bias = random.next(n, format)
    var output = [Double](repeating: 0, count: m * n)
    input.withUnsafeBufferPointer { input in
      weight.withUnsafeBufferPointer { weight in
        for row in 0..<m {
          for column in 0..<n {
            var sum = hasBias ? bias[column] : 0
            for inner in 0..<k { sum += input[row * k + inner] * weight[column * k + inner] }
            output[row * n + column] = sum
          }
        }
      }
    }
    if hasGelu {
      output = output.map { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }
    }
    let definition = GEMM<Count>(
      m: Count(m), n: Count(n), k: Count(k), formats: NumberFormats(format.dtype), hasBias: hasBias)
    // k products of at most 4, and sums that grow to 4k at most, each rounded to a float.
    let error = Double(k + 1) * 4 * Double(k + 1).squareRoot() * 0x1p-24
    let partials = KernelTensor.workspace("partials", .f32, count: shares > 1 ? shares * m * n : 0)
    let ownBias: KernelCase.Argument =
      hasBias ? .tensor(.input(.bias, format, bias, shift: shape.shift)) : .uint64(0)
    let result = KernelTensor.output(
      .output, format, output, relativeError: hasGelu ? 8e-6 : 0, absoluteError: error, shift: shape.shift)
    let epilogue = KernelCase.Argument.int32((hasBias ? 1 : 0) + (hasGelu ? 2 : 0))
    var launch = KernelCase(
      kernel: "gemm_\(format)_\(tile.name)",
      grid: ((m + tile.rows - 1) / tile.rows * ((n + tile.columns - 1) / tile.columns), shares), block: 128,
      sharedBytes: 49152,
      arguments: [
        .tensor(.input(.input, format, input, shift: shape.shift)),
        .tensor(.input(.weight, format, weight, shift: shape.shift)),
        ownBias, .tensor(result), .tensor(partials), .int32(m), .int32(n), .int32(k), epilogue,
      ],
      operands: hasGelu ? LinearGelu(definition).operands : definition.operands)
    if shares > 1 {
      launch.following = KernelCase.Launch(
        kernel: "gemm_combine_\(format)", grid: ((m * ((n + 7) / 8) + 63) / 64, 1), block: 64,
        arguments: [
          .tensor(partials), ownBias, .tensor(result), .int32(m), .int32(n), .int32(shares), epilogue,
        ])
    }
    return launch
  }
}
