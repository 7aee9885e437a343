import Foundation
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// What must be true of the times of every entry of the shipped calibrations; where a library switches kernels, that is said and the law
/// stops there.
final class KernelTimeLawTests: XCTestCase {
  private static let rounding = 1 + 1e-12

  /// Every shipped entry with its model on its own GPU.
  private func forEachEntry(_ body: (Calibration.Key, any KernelTimeModel, String) throws -> Void) throws {
    let names = Fixtures.catalog.calibrationNames
    XCTAssertTrue(Set(["a100-sxm4-80gb", "h100-sxm", "l40s"]).isSubset(of: Set(names)))
    for name in names {
      let set = try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware(name))
      for entry in try XCTUnwrap(set.layers.first).entries {
        let model = try XCTUnwrap(entry.constants.model(set.facts, generation: set.generation))
        try body(entry.key, model, "\(name) \(entry.key)")
      }
    }
  }

  private struct Call {
    var batch, query, context, heads, keyValueHeads, headDim, window: UInt64
    var conditions: KernelConditions

    var value: Operator<Count> {
      .attention(
        batch: batch, query: query, context: context, heads: heads, keyValueHeads: keyValueHeads, headDim: headDim,
        window: window)
    }
  }

  private func call(_ key: Calibration.Key, _ generator: inout SeededGenerator, isDecode: Bool) -> Call {
    let keyValueHeads = size(1, 16, &generator)
    let group = [UInt64(1), 2, 4, 7, 8, 16][Int(generator.next() % 6)]
    let query = isDecode ? 1 : size(2, 8192, &generator)
    let isWindowed = key.isWindowed ?? (generator.next() % 2 == 0)
    return Call(
      batch: size(1, 128, &generator), query: query,
      context: query + (isDecode || generator.next() % 2 == 0 ? size(1, 32_768, &generator) : 0),
      heads: keyValueHeads * group, keyValueHeads: keyValueHeads, headDim: UInt64(key.headDim ?? 128),
      window: isWindowed ? size(16, 8192, &generator) : 0,
      conditions: KernelConditions(generator.next() % 2 == 0 ? .warm : .serving))
  }

  /// Except FlashInfer's prefill, which splits the keys of a small batch into partial results and stops doing so at a larger one.
  func testMoreSequencesOfAPromptNeverTakeLessTime() throws {
    var generator = SeededGenerator(seed: 41)
    try forEachEntry { key, model, name in
      guard key.kind == .attention, key.phase == .prefill, key.family.attention != .flashInfer else { return }
      for _ in 0..<100 {
        let call = call(key, &generator, isDecode: false)
        var more = call
        more.batch += generator.next() % 2 == 0 ? 1 : size(1, 128, &generator)
        let (before, after) = (time(model, call), time(model, more))
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
      guard key.kind == .attention, key.phase == .decode else { return }
      for _ in 0..<100 {
        var call = call(key, &generator, isDecode: true)
        call.conditions = KernelConditions(.serving)
        var more = call
        more.batch += generator.next() % 2 == 0 ? 1 : size(1, 128, &generator)
        guard split(model, call) == split(model, more) else { continue }
        compared += 1
        XCTAssertLessThanOrEqual(
          time(model, call), time(model, more) * KernelTimeLawTests.rounding, "\(name): \(call) and \(more.batch)")
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
      for more in [\Call.batch, \.context] {
        var longer = call
        longer[keyPath: more] += size(1, 4096, &generator)
        XCTAssertLessThanOrEqual(
          time(model, call), time(model, longer) * KernelTimeLawTests.rounding, "\(call) \(longer)")
      }
    }
  }

  /// Except a gather of PyTorch, which takes up to 16 rows one after another and more of them side by side.
  func testMoreOrWiderRowsNeverTakeLessTime() throws {
    var generator = SeededGenerator(seed: 44)
    try forEachEntry { key, model, name in
      guard key.kind == .row, let operation = key.operation else { return }
      for _ in 0..<300 {
        let (heads, rows, width) = (size(1, 64, &generator), size(1, 65_536, &generator), size(2, 32_768, &generator))
        func time(rows: UInt64, width: UInt64, heads: UInt64) throws -> Double {
          let value = try row(operation, rows: rows, width: width, heads: heads, headDim: UInt64(key.headDim ?? 128))
          return model.seconds(of: value, KernelConditions())
        }
        let before = try time(rows: rows, width: width, heads: heads)
        let longer = rows + (generator.next() % 2 == 0 ? 1 : size(1, 4096, &generator))
        let wider = width + size(1, 4096, &generator)
        if !(operation == .embedding && rows <= 16 && longer > 16) {
          XCTAssertLessThanOrEqual(
            before, try time(rows: longer, width: width, heads: heads) * KernelTimeLawTests.rounding,
            "\(name): \(rows) to \(longer) rows of \(width)")
        }
        XCTAssertLessThanOrEqual(
          before, try time(rows: rows, width: wider, heads: heads + 1) * KernelTimeLawTests.rounding,
          "\(name): \(rows) rows of \(width) to \(wider)")
      }
    }
  }

  /// - Parameter heads: of rotary, whose width they are; as many of keys.
  private func row(
    _ operation: OperatorKind, rows: UInt64, width: UInt64, heads: UInt64, headDim: UInt64
  ) throws -> Operator<Count> {
    var values = ["rows": "\(rows)", "width": "\(width)"]
    if operation == .rotary { values = ["rows": "\(rows)", "heads": "\(heads)", "head_dim": "\(headDim)"] }
    return try KernelArguments(kind: operation.rawValue, values: values).definition(NumberFormats(.bf16))
  }

  /// Except where an engine's one-shot all-reduce gives way to its two-shot one, at 512 kB with up to four ranks and half of it with more.
  func testMoreBytesNeverTakeLessTimeInACollective() throws {
    var generator = SeededGenerator(seed: 45)
    try forEachEntry { key, model, name in
      guard key.kind == .collective else { return }
      for _ in 0..<500 {
        let pattern =
          CollectivePattern.allCases.first { $0.kind == key.operation }
          ?? CollectivePattern.allCases[Int(generator.next() % 3)]
        let ranks = [UInt64(2), 4, 8, 16][Int(generator.next() % 4)]
        let bytes = size(1, 4e9, &generator)
        let kernels = [bytes, bytes + size(1, 4e8, &generator)].map {
          Operator<Count>.collective(pattern, ranks: ranks, bytes: $0)
        }
        let protocols = kernels.map { model.choices(of: $0, KernelConditions()).first?.value }
        guard protocols != ["one-shot", "two-shot"] else { continue }
        let times = kernels.map { model.seconds(of: $0, KernelConditions()) }
        XCTAssertLessThanOrEqual(
          times[0], times[1] * KernelTimeLawTests.rounding, "\(name): \(kernels), \(protocols)")
      }
    }
  }

  func testPartsAddUpToTheTimeOfEveryEntry() throws {
    var generator = SeededGenerator(seed: 46)
    var kinds: Set<KernelKind> = []
    try forEachEntry { key, model, name in
      kinds.insert(key.kind)
      for _ in 0..<50 {
        let value: Operator<Count>
        var conditions = KernelConditions(.warm)
        switch key.kind {
        case .gemm:
          conditions.copies = 6
          value = .gemm(
            m: size(1, 8192, &generator), n: size(1, 8192, &generator), k: size(1, 8192, &generator), dtype: key.dtype)
        case .attention:
          let call = call(key, &generator, isDecode: key.phase == .decode)
          (value, conditions) = (call.value, call.conditions)
        case .row:
          value = try row(
            key.operation ?? .rmsNorm, rows: size(1, 65_536, &generator), width: size(2, 32_768, &generator),
            heads: size(1, 64, &generator), headDim: 128)
        case .collective:
          value = .collective(
            CollectivePattern.allCases.first { $0.kind == key.operation } ?? .allGather,
            ranks: size(2, 64, &generator), bytes: size(1, 4e9, &generator))
        case .allToAll:
          value = .allToAll(
            AllToAll(
              rows: Count(size(1, 8192, &generator)), width: Count(size(64, 8192, &generator)), ranks: 8,
              remoteRanks: 4.5, format: NumberFormats(.bf16).activationFormat,
              direction: key.variant == .combine ? .combine : .dispatch, remoteChoices: 7))
        case .experts: value = expertLayer(key, &generator)
        case .vectorProduct:
          value = .gemm(
            m: size(1, 8192, &generator), n: size(1, 8192, &generator), k: size(1, 8192, &generator), dtype: .fp32)
        case .lowPrecisionGEMM:
          conditions.copies = 6
          value = .gemm(
            GEMM(
              m: Count(size(1, 8192, &generator)), n: Count(size(1, 8192, &generator)),
              k: Count(size(1, 8192, &generator)), formats: try XCTUnwrap(key.format).formats))
        case .mla, .mlaProduct, .linearAttention, .convolution, .indexer, .topK, .sparseAttention:
          value = try XCTUnwrap(MixerCall.random(&generator).value(key))
        }
        let time = model.seconds(of: value, conditions)
        XCTAssertGreaterThan(time, 0, "\(name): \(value)")
        XCTAssertEqual(
          model.parts(of: value, conditions).map(\.seconds).reduce(0, +), time, accuracy: 1e-12 * time,
          "\(name): \(value)")
        XCTAssertEqual(model.parts(of: value, conditions).first?.name, .roof)
        // What is exposed is part of the time.
        let exposed = try XCTUnwrap(model.timing(of: value, conditions)).exposed
        XCTAssertLessThanOrEqual(exposed, time * KernelTimeLawTests.rounding, "\(name): \(value)")
      }
    }
    XCTAssertEqual(kinds, Set(KernelKind.allCases))
  }

  /// A layer of any size, spread in any way.
  private func expertLayer(_ key: Calibration.Key, _ generator: inout SeededGenerator) -> Operator<Count> {
    let experts = [UInt64(8), 64, 128, 256][Int(generator.next() % 4)]
    let chosen = min(experts, size(1, 12, &generator))
    let loads: [ExpertLoad] = [.uniform, .balanced, .power(1.2), .power(1.01), .distinct(Double(experts) / 2)]
    return .expertLayer(
      ExpertLayer(
        tokens: Count(size(1, 16_384, &generator)), hidden: Count(64 * size(8, 128, &generator)),
        intermediate: Count(64 * size(4, 64, &generator)), experts: experts, chosen: chosen, tensorParallel: 1,
        expertParallel: [UInt64(1), 2, 8][Int(generator.next() % 3)], load: loads[Int(generator.next() % 5)],
        isGated: generator.next() % 2 == 0, isTuned: generator.next() % 2 == 0,
        formats: (key.format ?? .sixteenBits).formats))
  }

  private func split(_ model: any KernelTimeModel, _ call: Call) -> String? {
    model.choices(of: call.value, call.conditions).first { $0.name == "split of the keys" }?.value
  }

  private func time(_ model: any KernelTimeModel, _ call: Call) -> Double {
    model.seconds(of: call.value, call.conditions)
  }

  private func size(_ low: Double, _ high: Double, _ generator: inout SeededGenerator) -> UInt64 {
    UInt64(exp(Double.random(in: log(low)...log(high), using: &generator)).rounded())
  }
}
