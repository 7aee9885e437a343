import XCTest

final class FlashDecodeKernelTests: XCTestCase {
  private static let headDims = [32, 64, 80, 96, 128, 256]

  func testMatrixLoadsMeetNoBankConflicts() throws {
    let kernels = try CPUKernels.open()
    for headDim in Self.headDims {
      kernels.forgetAccesses()
      try FlashDecodeCase(lengths: [64], headDim: headDim).launch(.f16).check(orders: [.ascending])
      XCTAssertEqual(kernels.bankConflicts(), 0, "headDim \(headDim)")
    }
  }

  /// Full and ragged tiles, a single key, fewer tiles than warps, several tiles a warp.
  func testEveryHeadDimension() throws {
    for (headDim, format) in product(Self.headDims, KernelFormat.tensorCores) {
      let shape = FlashDecodeCase(
        lengths: [70, 1, 130], heads: 4, keyHeads: 2, headDim: headDim, splits: format == .f16 ? 1 : 2)
      try shape.launch(format).check(orders: [.shuffled(seed: 6)])
    }
  }

  /// Probabilities so steep that every maximum matters: of lanes, warps, splits.
  func testEveryOrderOfThreads() throws {
    for splits in [1, 3] {
      let shape = FlashDecodeCase(
        lengths: [210, 75], heads: 6, keyHeads: 2, headDim: 32, window: 150, splits: splits, pageTokens: 32,
        steepness: 4)
      try shape.launch(.f16).check()
      try shape.launch(.bf16).check()
    }
  }

  /// One head a group to more than a tile of 16.
  func testHeadsThatShareKeys() throws {
    for (heads, keyHeads) in [(2, 2), (8, 2), (8, 1), (16, 1), (20, 1), (71, 1)] {
      let shape = FlashDecodeCase(lengths: [40, 100], heads: heads, keyHeads: keyHeads, headDim: 64, splits: 2)
      try shape.launch(.f16).check(orders: [.descending])
    }
  }

  /// More splits than tiles: some have no keys.
  func testSplitsWithoutKeys() throws {
    for (splits, pageTokens) in [(4, nil), (7, 16), (9, nil)] as [(Int, Int?)] {
      let shape = FlashDecodeCase(
        lengths: [17, 100], heads: 2, headDim: 128, splits: splits, pageTokens: pageTokens)
      try shape.launch(.bf16).check(orders: [.greedyFirst])
    }
  }

  func testPages() throws {
    for (pageTokens, splits) in product([16, 32, 48, 256], [1, 3]) {
      let shape = FlashDecodeCase(
        lengths: [1, 16, 129, 64], heads: 4, keyHeads: 2, headDim: 64, splits: splits, pageTokens: pageTokens)
      try shape.launch(.f16).check(orders: [.greedyLast])
    }
  }

  func testWindows() throws {
    for (window, pageTokens) in product([1, 15, 16, 40, 1000], [nil, 16] as [Int?]) {
      let shape = FlashDecodeCase(
        lengths: [150, 33, 5], heads: 2, headDim: 32, window: window, splits: 2, pageTokens: pageTokens)
      try shape.launch(.f16).check(orders: [.ascending])
    }
  }

  /// Queries in the rows of a fused projection, a cache with room for more that no tile divides.
  func testStrides() throws {
    let shape = FlashDecodeCase(lengths: [30, 77, 50], heads: 4, keyHeads: 4, headDim: 80, spare: 6, gap: 8 * 80)
    try shape.launch(.f16).check(orders: [.ascending])
  }
}
