import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// How a prompt falls into tiles and blocks of keys, against loops in whole numbers.
final class PrefillGridTests: XCTestCase {
  private static let facts = PrintedGEMM.h100Facts
  private static let constants = PrefillConstants.initial

  /// A loop over the tiles of one list as time-model.md has it: ceil(min((i+1)·Bm/g, s)/Bn) − floor(max(0, i·Bm/g − window)/Bn), with
  /// keys from before the prompt added to both ends. Fractions of a query are avoided by counting g-ths.
  private func loop(
    rows: Int, keys: Int, packed: Int, query: Int, context: Int, window: Int
  ) -> (tiles: Int, blocks: Int, longest: Int) {
    let earlier = (context - query) * packed
    let tiles = (query * packed + rows - 1) / rows
    var (sum, longest) = (0, 0)
    for tile in 0..<tiles {
      let end = earlier + min((tile + 1) * rows, query * packed)
      let start = window == 0 ? 0 : max(0, earlier + tile * rows - window * packed)
      let blocks = (end + keys * packed - 1) / (keys * packed) - start / (keys * packed)
      sum += blocks
      longest = max(longest, blocks)
    }
    return (tiles, sum, longest)
  }

  func testBlocksOfShortAndLongPromptsEqualALoop() {
    var generator = SeededGenerator(seed: 31)
    let tiles = [(128, 128), (192, 128), (128, 80), (64, 64), (128, 64), (128, 32), (64, 32), (128, 176), (128, 112)]
    var long = 0
    for _ in 0..<600 {
      let (rows, keys) = tiles[Int(generator.next() % UInt64(tiles.count))]
      let group = [1, 2, 3, 4, 5, 7, 8, 16, 71][Int(generator.next() % 9)]
      let isPacked = generator.next() % 2 == 0
      let query = Int.random(in: 2...[300, 20_000, 600_000][Int(generator.next() % 3)], using: &generator)
      let context = query + (generator.next() % 2 == 0 ? 0 : Int.random(in: 0...50_000, using: &generator))
      let window = [0, 1, 100, 128, 4096, 40_000, 1 << 20][Int(generator.next() % 7)]
      let keyValueHeads = Int.random(in: 1...9, using: &generator)
      let batch = Int.random(in: 1...9, using: &generator)
      let packed = isPacked ? group : 1
      let expected = loop(rows: rows, keys: keys, packed: packed, query: query, context: context, window: window)
      if expected.tiles > 4096 { long += 1 }

      let model = PrefillTimeModel(
        PrefillGridTests.facts, PrefillGridTests.constants,
        PrefillCut(queryRows: Double(rows), keys: Double(keys), packsGroup: isPacked), generation: .hopper)
      let grid = model.grid(
        attention(
          batch: batch, query: query, context: context, heads: keyValueHeads * group, keyValueHeads: keyValueHeads,
          window: window))
      let lists = batch * keyValueHeads * (isPacked ? 1 : group)
      let what = "tile \(rows)x\(keys), g \(group) packed \(isPacked), \(query) of \(context), window \(window)"
      XCTAssertEqual(grid.tilesPerList, Double(expected.tiles), what)
      XCTAssertEqual(grid.tiles, Double(lists * expected.tiles), what)
      XCTAssertEqual(grid.blocks, Double(lists * expected.blocks), what)
      XCTAssertEqual(grid.longest, Double(expected.longest), what)
    }
    XCTAssertGreaterThan(long, 100, "too few prompts are long enough for the closed form")
  }

  /// 4 blocks of 128 keys seen by 1, 2, 3 and 4 tiles of 128 queries: 1 + 2 + 3 + 4; with a window of 128, a tile sees its own block and
  /// the one before: 1 + 2 + 2 + 2.
  func testBlocksOfFourTilesByHand() {
    let model = PrefillTimeModel(
      PrefillGridTests.facts, PrefillGridTests.constants, PrefillCut(queryRows: 128, keys: 128, packsGroup: false),
      generation: .hopper)
    func blocks(window: Int) -> Double {
      model.grid(attention(batch: 1, query: 512, context: 512, heads: 1, keyValueHeads: 1, window: window)).blocks
    }
    XCTAssertEqual(blocks(window: 0), 10)
    XCTAssertEqual(blocks(window: 128), 7)
  }

  /// An SM of H100 computes 16 exponentials in a clock, one of B300 twice as many (NVIDIA Blackwell Ultra datasheet): a fifth of
  /// those of a block of 128 × 128 pairs, 3276.8, are 204.8 clocks there and 102.4 here.
  func testExponentialsTakeTheGenerationsClocks() throws {
    for (generation, clocks) in [(GPUGeneration.hopper, 204.8), (.blackwell, 204.8), (.blackwellUltra, 102.4)] {
      let model = PrefillTimeModel(
        PrefillGridTests.facts, PrefillGridTests.constants, PrefillCut(queryRows: 128, keys: 128, packsGroup: false),
        generation: generation)
      let value = Operator<Count>.attention(
        batch: 1, query: 512, context: 512, heads: 8, keyValueHeads: 8, headDim: 128)
      let attention = try XCTUnwrap(PrefillTimeModel.work(value))
      let microseconds = clocks / PrefillGridTests.facts.cyclesPerMicrosecond
      XCTAssertEqual(
        model.terms(attention).exponentials, microseconds, accuracy: 1e-12 * microseconds, "\(generation.name)")
    }
  }

  /// 2d FLOPs for a score and 2d for a value, a visible pair and head, at the tensor cores' rate: windows that a kernel does not know
  /// count as if they were not there.
  func testTheIdealProductsAreThoseOfTheVisiblePairs() {
    var generator = SeededGenerator(seed: 32)
    for ignoresWindow in [false, true] {
      let model = PrefillTimeModel(
        PrefillGridTests.facts, PrefillGridTests.constants,
        PrefillCut(queryRows: 128, keys: 128, packsGroup: false, ignoresWindow: ignoresWindow), generation: .hopper)
      for _ in 0..<300 {
        let query = Int.random(in: 2...200, using: &generator)
        let context = query + Int.random(in: 0...200, using: &generator)
        let window = [0, 1, 5, 64, 1000][Int(generator.next() % 5)]
        var pairs = 0
        for position in (context - query)..<context {
          pairs += window == 0 || ignoresWindow ? position + 1 : min(position + 1, window)
        }
        let value = Operator<Count>.attention(
          batch: 3, query: UInt64(query), context: UInt64(context), heads: 5, keyValueHeads: 1, headDim: 64,
          window: UInt64(window))
        guard let attention = PrefillTimeModel.work(value) else { return XCTFail("\(value)") }
        let microseconds = Double(4 * 64 * 3 * 5 * pairs) / 989e6
        XCTAssertEqual(
          model.terms(attention).idealTensor, microseconds, accuracy: 1e-12 * microseconds,
          "\(query) of \(context), window \(window)")
      }
    }
  }

  private func attention(
    batch: Int, query: Int, context: Int, heads: Int, keyValueHeads: Int, window: Int
  ) -> AttentionSizes {
    let shape = AttentionShape<Count>(
      batch: Count(UInt64(batch)), queryTokens: Count(UInt64(query)), attendedKeys: Count(UInt64(context)),
      heads: Count(UInt64(heads)), keyValueHeads: Count(UInt64(keyValueHeads)), headDim: 128)
    return AttentionSizes(
      Attention(
        shape, mask: window == 0 ? .causal : .slidingWindow(Count(UInt64(window))), formats: NumberFormats(.bf16)))
  }

  func testFloorSumEqualsALoop() {
    var generator = SeededGenerator(seed: 33)
    for _ in 0..<500 {
      let n = Int.random(in: 0...300, using: &generator)
      let m = Int.random(in: 1...1000, using: &generator)
      let a = Int.random(in: 0...3000, using: &generator)
      let b = Int.random(in: 0...5000, using: &generator)
      var sum = 0
      for index in 0..<n { sum += (a * index + b) / m }
      XCTAssertEqual(FloorSum.sum(n, m, a, b), Double(sum), "\(n) \(m) \(a) \(b)")
    }
    XCTAssertTrue(FloorSum.sum(Int.max, 7, 6, 0).isNaN, "an overflow is said, not wrapped")
  }

  func testTheSmallestChunkEqualsALoop() {
    for high in 1...60 {
      for least in 1...70 {
        var expected = high
        for chunk in stride(from: high, through: 1, by: -1) where chunk >= least { expected = chunk }
        XCTAssertEqual(
          SplitRules.smallestChunk(from: 1, to: Double(high)) { $0 >= Double(least) }, Double(expected))
      }
    }
  }

  /// Above 2⁵³ not every whole number is a Double, and halving has nothing left to halve.
  func testTheSmallestChunkEndsBeyondWholeNumbers() {
    for high in [0x1p53, 0x1p60, 0x1p62 + 1024, 1e300] {
      for least in [0x1p53 - 1, 0x1p53 + 2, 0x1p59 + 128, .infinity] {
        let chunk = SplitRules.smallestChunk(from: 1, to: high) { $0 >= least }
        XCTAssertTrue((1...high).contains(chunk), "\(chunk) of \(high)")
      }
    }
  }

  /// FlashAttention's rule by its source: the fewest splits whose waves are at least 85 % as full as those of the fullest, among splits
  /// that make the longest part shorter. 8 items on 132 slots and 32 blocks: 16 splits fill 128/132 = 97 % in parts of 2 blocks, 11 to 15
  /// have parts of 3 and only 11 counts among them, at 67 %; so 16.
  func testSplitsByHand() {
    XCTAssertEqual(SplitRules.efficient(items: 8, blocks: 32, slots: 132), 16)
    XCTAssertEqual(SplitRules.efficient(items: 106, blocks: 32, slots: 132), 1, "80 % of the slots are taken already")
    XCTAssertEqual(SplitRules.efficient(items: 1, blocks: 1, slots: 132), 1, "one block cannot be split")
  }

  /// The same rule as a loop over all splits, for every number of items and of blocks that matters, and for longer prompts.
  func testSplitsEqualALoopOverAllOfThem() {
    var generator = SeededGenerator(seed: 34)
    for slots in [8.0, 66, 108, 132, 142, 216, 264] {
      for items in 1...Int(slots) {
        for blocks in Array(1...20) + (0..<20).map({ _ in Int.random(in: 21...20_000, using: &generator) }) {
          let split = SplitRules.efficient(items: Double(items), blocks: Double(blocks), slots: slots)
          XCTAssertEqual(split, Double(splitByLoop(items, blocks, slots)), "\(items) items, \(blocks) blocks, \(slots)")
        }
      }
    }
  }

  private func splitByLoop(_ items: Int, _ blocks: Int, _ slots: Double) -> Int {
    if Double(items) >= 0.8 * slots { return 1 }
    func part(_ split: Int) -> Int { (blocks + split - 1) / split }
    let shorter = (1...min(128, blocks, Int(slots))).filter { $0 == 1 || part($0) < part($0 - 1) }
    func fullness(_ split: Int) -> Double {
      let waves = Double(items * split) / slots
      return waves / waves.rounded(.up)
    }
    let best = shorter.map(fullness).max() ?? 0
    return shorter.first { fullness($0) >= 0.85 * best } ?? 1
  }
}
