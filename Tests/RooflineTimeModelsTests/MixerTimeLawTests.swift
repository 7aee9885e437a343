import Foundation
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// What must be true of the times of latent, linear and sparse attention, of every shipped entry.
final class MixerTimeLawTests: XCTestCase {
  private static let rounding = 1 + 1e-12

  private func forEachEntry(_ body: (Calibration.Key, any KernelTimeModel, String) throws -> Void) throws {
    for name in Fixtures.catalog.calibrationNames {
      let set = try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware(name))
      for entry in try XCTUnwrap(set.layers.first).entries where MixerCall.isMixer(entry.key.kind) {
        let model = try XCTUnwrap(entry.constants.model(set.facts, generation: set.generation))
        try body(entry.key, model, "\(name) \(entry.key)")
      }
    }
  }

  /// How a library splits keys over CTAs, which is where it switches kernels; and how many sequences FlashMLA hands a CTA, fewer of
  /// which may be less work than before.
  private func split(_ model: any KernelTimeModel, _ key: Calibration.Key, _ value: Operator<Count>) -> [String] {
    model.choices(of: value, KernelConditions()).filter {
      $0.name.hasPrefix("split") || key.phase == .decode && $0.name.hasPrefix("starts")
    }.map(\.value)
  }

  private func checkGrowth(_ more: WritableKeyPath<MixerCall, UInt64>, where applies: (Calibration.Key) -> Bool) throws
  {
    var generator = SeededGenerator(seed: 91)
    var compared = 0
    try forEachEntry { key, model, name in
      guard applies(key) else { return }
      for _ in 0..<120 {
        let call = MixerCall.random(&generator)
        var larger = call
        larger[keyPath: more] *= 2
        larger.context = max(larger.context, larger.query)
        let values = [try XCTUnwrap(call.value(key)), try XCTUnwrap(larger.value(key))]
        guard split(model, key, values[0]) == split(model, key, values[1]) else { continue }
        let times = values.map { model.seconds(of: $0, call.conditions) }
        compared += 1
        XCTAssertLessThanOrEqual(times[0], times[1] * Self.rounding, "\(name): \(call) and \(larger)")
      }
    }
    XCTAssertGreaterThan(compared, 500)
  }

  func testTwiceTheSequencesNeverTakeLessTimeUnderOneSplit() throws { try checkGrowth(\.batch) { _ in true } }

  func testTwiceTheKeysNeverTakeLessTimeUnderOneSplit() throws {
    try checkGrowth(\.context) { [.mla, .indexer, .topK, .sparseAttention].contains($0.kind) }
  }

  func testTwiceTheNewTokensNeverTakeLessTime() throws {
    // Of the same context, the more tokens are new, the fewer keys each of them sees, scores and chooses from.
    try checkGrowth(\.query) { $0.phase != .decode && ![.mlaProduct, .indexer, .topK].contains($0.kind) }
  }

  func testTwiceTheHeadsNeverTakeLessTimeUnderOneSplit() throws {
    try checkGrowth(\.heads) {
      [.mla, .mlaProduct, .linearAttention, .convolution, .sparseAttention].contains($0.kind)
    }
  }

  /// The plan of FlashMLA against its own scheduler's loop, which hands every CTA as many blocks as its payload holds.
  func testFlashMLASharesBlocksAsItsSchedulerDoes() throws {
    let set = try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware("h100-sxm"))
    let model = try XCTUnwrap(
      LatentDecodeTimeModel(set.facts, .initial, LatentDecodeCut(.flashMLA), generation: set.generation))
    var generator = SeededGenerator(seed: 92)
    for _ in 0..<500 {
      let (batch, heads) = (Int(generator.next() % 200) + 1, [16, 64, 128][Int(generator.next() % 3)])
      let context = Int(generator.next() % 20000) + 2
      let blocks = (context + 63) / 64
      let parts = 132 / ((heads + 63) / 64)
      let payload = (batch * (blocks + 5) + parts - 1) / parts + 5
      // One CTA: whole sequences while they fit, else as many blocks as are left beside the start.
      var (left, starts, walked) = (payload, 0, 0)
      while left >= blocks + 5 {
        left -= blocks + 5
        starts += 1
        walked += blocks
      }
      if starts == 0 { (starts, walked) = (1, payload - 5) }
      let call = MixerCall(batch: UInt64(batch), query: 1, context: UInt64(context), heads: UInt64(heads))
      let key = Calibration.Key(
        kind: .mla, family: "", phase: .decode, dtype: .bf16, keyValueDType: .bf16, form: .absorbed)
      let choices = model.choices(of: try XCTUnwrap(call.value(key)), KernelConditions())
      XCTAssertEqual(choices.last?.value, "\(Double(walked))", "\(call)")
      XCTAssertEqual(choices[1].value, "\(Double(max(1, (blocks + walked - 1) / walked)))", "\(call)")
    }
  }

  /// Blocks of keys over all tiles of a prompt, counted one by one.
  func testTilesOfLatentPromptsSeeTheBlocksThatALoopCounts() throws {
    var generator = SeededGenerator(seed: 93)
    let set = try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware("h100-sxm"))
    for _ in 0..<300 {
      let cut = LatentPrefillCut(
        queryRows: [32, 64, 128][Int(generator.next() % 3)], keys: [32, 64, 128][Int(generator.next() % 3)],
        packsHeads: generator.next() % 2 == 0)
      let model = try XCTUnwrap(LatentPrefillTimeModel(set.facts, .initial, cut, generation: set.generation))
      let query = generator.next() % 3000 + 2
      let call = MixerCall(
        batch: generator.next() % 4 + 1, query: query, context: query + generator.next() % 5000,
        heads: [1, 3, 16, 128][Int(generator.next() % 4)])
      let packed = cut.packsHeads ? Int(call.heads) : 1
      let (rows, keys) = (Int(cut.queryRows), Int(cut.keys) * packed)
      var (blocks, longest, tile) = (0, 0, 0)
      while tile * rows < Int(call.query) * packed {
        let end = packed * Int(call.context - call.query) + min((tile + 1) * rows, Int(call.query) * packed)
        let own = (end + keys - 1) / keys
        (blocks, longest, tile) = (blocks + own, max(longest, own), tile + 1)
      }
      let lists = Int(call.batch * call.heads) / packed
      let key = Calibration.Key(
        kind: .mla, family: "", phase: .prefill, dtype: .bf16, keyValueDType: .bf16, form: .absorbed)
      let choices = model.choices(of: try XCTUnwrap(call.value(key)), KernelConditions())
      XCTAssertEqual(choices.map(\.value)[1], "\(lists * tile)")
      XCTAssertEqual(choices.map(\.value)[2], "\(lists * blocks), \(longest) in the longest tile")
    }
  }

  /// The rule by which FlashAttention splits keys, against a look at every split, with a limit of its own.
  func testALimitedSplitIsTheBestOfAll() {
    var generator = SeededGenerator(seed: 94)
    for _ in 0..<2000 {
      let items = Double(generator.next() % 150 + 1)
      let blocks = Double(generator.next() % 2000 + 1)
      let (slots, most) = (132.0, 66.0)
      func efficiency(_ split: Double) -> Double {
        let waves = items * split / slots
        return waves / waves.rounded(.up)
      }
      let splits = stride(from: 1.0, through: min(128, min(most, blocks)), by: 1).filter { split in
        split == 1 || (blocks / split).rounded(.up) != (blocks / (split - 1)).rounded(.up)
      }
      let best = splits.map(efficiency).max() ?? 0
      let wanted = items >= 0.8 * slots ? 1 : splits.first { efficiency($0) >= 0.85 * best } ?? 1
      XCTAssertEqual(
        SplitRules.efficient(items: items, blocks: blocks, slots: slots, most: most), wanted, "\(items) \(blocks)")
    }
  }
}

extension MixerCall {
  static func isMixer(_ kind: KernelKind) -> Bool {
    switch kind {
    case .gemm, .attention, .row, .collective, .experts, .lowPrecisionGEMM, .vectorProduct, .allToAll: false
    case .mla, .mlaProduct, .linearAttention, .convolution, .indexer, .topK, .sparseAttention: true
    }
  }

  static func random(_ generator: inout SeededGenerator) -> MixerCall {
    func size(_ low: Double, _ high: Double) -> UInt64 {
      UInt64(exp(Double.random(in: log(low)...log(high), using: &generator)).rounded())
    }
    let query = size(2, 8192)
    return MixerCall(
      batch: size(1, 256), query: query, context: query + size(1, 32_768),
      heads: [8, 16, 32, 64, 128][Int(generator.next() % 5)])
  }
}
