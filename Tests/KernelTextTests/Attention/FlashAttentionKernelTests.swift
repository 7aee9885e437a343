import XCTest

final class FlashAttentionKernelTests: XCTestCase {
  private static let headDims = [32, 64, 80, 96, 128, 256]

  func testMatrixLoadsMeetNoBankConflicts() throws {
    let kernels = try CPUKernels.open()
    for headDim in Self.headDims {
      kernels.forgetAccesses()
      try FlashAttentionCase(queries: 16, keys: 64, headDim: headDim).launch(.f16).check(orders: [.ascending])
      XCTAssertEqual(kernels.bankConflicts(), 0, "headDim \(headDim)")
    }
  }

  /// `[d-s-B-h]` of the owner's tests, not causal. One at its own batch and heads; more of them repeat the same work, and the emulator
  /// takes an eighth of a second for a head of 128 tokens and 32 columns: all sixteen cases have 2208 heads each of four sizes.
  func testTheNotesCases() throws {
    for (headDim, tokens) in product([32, 64], [128, 256]) {
      let shape = FlashAttentionCase(
        batch: 2, queries: tokens, keys: tokens, heads: 2, keyHeads: 2, headDim: headDim, isCausal: false)
      try shape.launch(.f16).check(orders: [.ascending])
    }
    try FlashAttentionCase(
      batch: 4, queries: 128, keys: 128, heads: 8, keyHeads: 8, headDim: 32, isCausal: false
    ).launch(.f16).check(orders: [.ascending])
  }

  /// The last 70 of 150 tokens: tiles of queries and of keys that are not full, and keys before the first query.
  func testEveryHeadDimension() throws {
    for (headDim, format) in product(Self.headDims, KernelFormat.tensorCores) {
      let shape = FlashAttentionCase(queries: 70, keys: 150, headDim: headDim)
      try shape.launch(format).check(orders: [.shuffled(seed: 4)])
    }
    for format in KernelFormat.tensorCores {
      let low = FlashAttentionCase(queries: 70, keys: 150, headDim: 128, isLow: true)
      try low.launch(format).check(orders: [.shuffled(seed: 4)])
    }
  }

  /// Several tiles in each direction, a window that spans tiles, probabilities so steep that every row's maximum matters.
  func testEveryOrderOfThreads() throws {
    let shape = FlashAttentionCase(
      queries: 140, keys: 200, heads: 2, keyHeads: 1, headDim: 32, window: 90, steepness: 4)
    try shape.launch(.f16).check()
    try shape.launch(.bf16).check()
  }

  func testHeadsThatShareKeys() throws {
    for (heads, keyHeads) in [(8, 8), (8, 2), (8, 1), (6, 2)] {
      let shape = FlashAttentionCase(batch: 2, queries: 17, keys: 33, heads: heads, keyHeads: keyHeads, headDim: 64)
      try shape.launch(.f16).check(orders: [.descending])
    }
  }

  /// A window of the token itself, less than a tile, a tile, several, and one that holds everything.
  func testWindows() throws {
    for window in [1, 16, 64, 129, 1000] {
      let shape = FlashAttentionCase(queries: 140, keys: 300, headDim: 32, window: window)
      try shape.launch(.f16).check(orders: [.greedyFirst])
      let wide = FlashAttentionCase(queries: 67, keys: 140, headDim: 256, window: window)
      try wide.launch(.f16).check(orders: [.greedyLast])
    }
  }

  func testOneTokenFullTilesAndRaggedOnes() throws {
    for (queries, keys) in [(1, 1), (1, 300), (128, 128), (129, 129), (65, 192), (16, 64)] {
      for isCausal in [true, false] {
        let shape = FlashAttentionCase(queries: queries, keys: keys, headDim: 64, isCausal: isCausal)
        try shape.launch(.bf16).check(orders: [.ascending])
      }
    }
  }

  /// Queries in the rows of a fused projection, keys in a cache with room for more, a chunk of several sequences.
  func testStrides() throws {
    let shape = FlashAttentionCase(
      batch: 3, queries: 5, keys: 21, heads: 4, keyHeads: 2, headDim: 80, spare: 11, gap: 2 * 2 * 80)
    let launch = shape.launch(.f16)
    try launch.check(orders: [.shuffled(seed: 5)])
  }
}
