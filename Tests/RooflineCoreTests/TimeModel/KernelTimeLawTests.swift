import Foundation
import RooflineCore
import TestSupport
import XCTest

/// What must be true of the times of every entry of the shipped calibrations; where a library switches kernels, that is said and the law
/// stops there.
final class KernelTimeLawTests: XCTestCase {
  private static let rounding = 1 + 1e-12

  /// Every shipped entry with its model on its own GPU.
  private func forEachEntry(_ body: (Calibration.Key, KernelModel, String) throws -> Void) throws {
    let names = Fixtures.catalog.calibrationNames
    XCTAssertTrue(Set(["a100-sxm4-80gb", "h100-sxm", "l40s"]).isSubset(of: Set(names)))
    for name in names {
      let set = try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware(name))
      for entry in try XCTUnwrap(set.layers.first).entries {
        let model = try XCTUnwrap(KernelModel(entry.constants, facts: set.facts, generation: set.generation))
        try body(entry.key, model, "\(name) \(entry.key)")
      }
    }
  }

  private func call(
    _ key: Calibration.Key, _ generator: inout SeededGenerator, isDecode: Bool
  ) -> AttentionCall {
    let keyValueHeads = size(1, 16, &generator)
    let group = [1.0, 2, 4, 7, 8, 16][Int(generator.next() % 6)]
    let query = isDecode ? 1 : size(2, 8192, &generator)
    let isWindowed = key.isWindowed ?? (generator.next() % 2 == 0)
    return AttentionCall(
      batch: size(1, 128, &generator), query: query,
      context: query + (isDecode || generator.next() % 2 == 0 ? size(1, 32_768, &generator) : 0),
      heads: keyValueHeads * group, keyValueHeads: keyValueHeads, headDim: Double(key.headDim ?? 128),
      window: isWindowed ? size(16, 8192, &generator) : 0, isWarm: generator.next() % 2 == 0)
  }

  /// Except FlashInfer's prefill, which splits the keys of a small batch into partial results and stops doing so at a larger one.
  func testMoreSequencesOfAPromptNeverTakeLessTime() throws {
    var generator = SeededGenerator(seed: 41)
    try forEachEntry { key, model, name in
      guard key.phase == .prefill, !key.family.contains("flashinfer") else { return }
      for _ in 0..<100 {
        let call = call(key, &generator, isDecode: false)
        var more = call
        more.batch += generator.next() % 2 == 0 ? 1 : size(1, 128, &generator)
        let (before, after) = (time(model, .prefill(call)), time(model, .prefill(more)))
        XCTAssertLessThanOrEqual(before, after * KernelTimeLawTests.rounding, "\(name): \(call) and \(more.batch)")
      }
    }
  }

  /// Libraries split the keys of few sequences into parts, and less so those of more; while the split stays, more sequences take longer.
  ///
  /// Of cold keys, as in serving: some entries say of a warm cache that it is slower than DRAM, so that outgrowing it helps.
  func testMoreSequencesOfADecodeStepNeverTakeLessTimeUnderOneSplit() throws {
    var generator = SeededGenerator(seed: 42)
    var compared = 0
    try forEachEntry { key, model, name in
      guard key.phase == .decode else { return }
      for _ in 0..<100 {
        var call = call(key, &generator, isDecode: true)
        call.isWarm = false
        var more = call
        more.batch += generator.next() % 2 == 0 ? 1 : size(1, 128, &generator)
        let kernels = [call, more].map { TimedKernel(.decode($0), dtype: .bf16) }
        guard split(model, kernels[0]) == split(model, kernels[1]) else { continue }
        compared += 1
        XCTAssertLessThanOrEqual(
          model.microseconds(kernels[0]), model.microseconds(kernels[1]) * KernelTimeLawTests.rounding,
          "\(name): \(call) and \(more.batch)")
      }
    }
    XCTAssertGreaterThan(compared, 2000)
  }

  /// A library that never splits has no switch: more keys and more sequences take longer, always.
  func testDecodeWithoutSplittingGrowsWithKeysAndSequences() {
    var generator = SeededGenerator(seed: 43)
    let model = DecodeTimeModel(PrintedGEMM.l40sFacts, .initial, DecodeCut(rule: .none))
    for _ in 0..<2000 {
      let key = Calibration.Key(kind: .attention, family: "", phase: .decode, dtype: .bf16)
      let call = call(key, &generator, isDecode: true)
      for more in [\AttentionCall.batch, \.context] {
        var longer = call
        longer[keyPath: more] += size(1, 4096, &generator)
        XCTAssertLessThanOrEqual(
          model.microseconds(call), model.microseconds(longer) * KernelTimeLawTests.rounding, "\(call) \(longer)")
      }
    }
  }

  /// Except a gather of PyTorch, which takes up to 16 rows one after another and more of them side by side.
  func testMoreOrWiderRowsNeverTakeLessTime() throws {
    var generator = SeededGenerator(seed: 44)
    try forEachEntry { key, model, name in
      guard key.kind == .row, let operation = key.operation else { return }
      for _ in 0..<300 {
        let heads = size(1, 64, &generator)
        let call = RowCall(
          operation, rows: size(1, 65_536, &generator), width: size(2, 32_768, &generator), heads: heads,
          keyValueHeads: heads, headDim: Double(key.headDim ?? 128))
        var longer = call
        longer.rows += generator.next() % 2 == 0 ? 1 : size(1, 4096, &generator)
        var wider = call
        if operation == .rotary { wider.heads += 1 } else { wider.width += size(1, 4096, &generator) }
        let time = time(model, .row(call))
        if !(operation == .embedding && call.rows <= 16 && longer.rows > 16) {
          XCTAssertLessThanOrEqual(
            time, self.time(model, .row(longer)) * KernelTimeLawTests.rounding, "\(name): \(call), \(longer.rows)")
        }
        XCTAssertLessThanOrEqual(
          time, self.time(model, .row(wider)) * KernelTimeLawTests.rounding, "\(name): \(call), \(wider)")
      }
    }
  }

  /// Except where an engine's one-shot all-reduce gives way to its two-shot one, at 512 kB with up to four ranks and half of it with more.
  func testMoreBytesNeverTakeLessTimeInACollective() throws {
    var generator = SeededGenerator(seed: 45)
    try forEachEntry { key, model, name in
      guard key.kind == .collective else { return }
      for _ in 0..<500 {
        let operation = key.operation ?? [.allReduce, .allGather, .reduceScatter][Int(generator.next() % 3)]
        let ranks = [2.0, 4, 8, 16][Int(generator.next() % 4)]
        let call = CollectiveCall(operation, ranks: ranks, bytes: size(1, 4e9, &generator))
        var more = call
        more.bytes += size(1, 4e8, &generator)
        let kernels = [call, more].map { TimedKernel(.collective($0), dtype: .bf16) }
        let protocols = kernels.map { model.choices($0).first?.value }
        guard protocols != ["one-shot", "two-shot"] else { continue }
        XCTAssertLessThanOrEqual(
          model.microseconds(kernels[0]), model.microseconds(kernels[1]) * KernelTimeLawTests.rounding,
          "\(name): \(call) and \(more.bytes), \(protocols)")
      }
    }
  }

  func testPartsAddUpToTheTimeOfEveryEntry() throws {
    var generator = SeededGenerator(seed: 46)
    var kinds: Set<TimedKernel.Kind> = []
    try forEachEntry { key, model, name in
      kinds.insert(key.kind)
      for _ in 0..<50 {
        let kernel: TimedKernel
        switch (key.kind, key.phase) {
        case (.gemm, _):
          kernel = TimedKernel(
            .gemm(
              .init(
                m: size(1, 8192, &generator), n: size(1, 8192, &generator), k: size(1, 8192, &generator),
                inputBytes: Double(key.dtype.bits) / 8, copies: 6)), dtype: key.dtype)
        case (.attention, .prefill):
          kernel = TimedKernel(.prefill(call(key, &generator, isDecode: false)), dtype: key.dtype)
        case (.attention, _):
          kernel = TimedKernel(.decode(call(key, &generator, isDecode: true)), dtype: key.dtype)
        case (.row, _):
          kernel = TimedKernel(
            .row(
              .init(
                key.operation ?? .rmsNorm, rows: size(1, 65_536, &generator), width: size(2, 32_768, &generator))),
            dtype: key.dtype)
        case (.collective, _):
          kernel = TimedKernel(
            .collective(
              .init(
                key.operation ?? .allGather, ranks: size(2, 64, &generator), bytes: size(1, 4e9, &generator))),
            dtype: .bf16)
        }
        let time = model.microseconds(kernel)
        XCTAssertGreaterThan(time, 0, "\(name): \(kernel)")
        XCTAssertEqual(
          model.parts(kernel).map(\.microseconds).reduce(0, +), time, accuracy: 1e-12 * time, "\(name): \(kernel)")
        XCTAssertEqual(model.parts(kernel).first?.name, .roof)
        // What is exposed is part of the time.
        XCTAssertLessThanOrEqual(model.timing(kernel).exposed, time * KernelTimeLawTests.rounding, "\(name): \(kernel)")
      }
    }
    XCTAssertEqual(kinds, Set(TimedKernel.Kind.allCases))
  }

  private func split(_ model: KernelModel, _ kernel: TimedKernel) -> String? {
    model.choices(kernel).first { $0.name == "split of the keys" }?.value
  }

  private func time(_ model: KernelModel, _ shape: TimedKernel.Shape) -> Double {
    model.microseconds(TimedKernel(shape, dtype: .bf16))
  }

  private func size(_ low: Double, _ high: Double, _ generator: inout SeededGenerator) -> Double {
    exp(Double.random(in: log(low)...log(high), using: &generator)).rounded()
  }
}
