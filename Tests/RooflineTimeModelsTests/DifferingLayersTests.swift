import RooflineAnalysis
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// Models whose layers have different attentions: each is timed by the entry that was fitted on its like.
final class DifferingLayersTests: XCTestCase {
  /// On the H100, decode of head dim 64 has an entry with a window and one without.
  func testLayersWithAWindowAndWithoutHaveEntriesOfTheirOwn() throws {
    let model = try WrittenModel.configuration(WrittenModel.gemma3, ["head_dim": .number(64)])
    let hardware = try Fixtures.catalog.hardware("h100-sxm")
    let request = TimeRequest(try Fixtures.catalog.calibrations(for: hardware), options: .init())
    let workload = Workload(
      batch: 4, prompt: 8000, context: 8001, tensorParallel: 1, operatorSet: .fused, formats: NumberFormats(.bf16))
    let time = request.time(of: model.model, formats: workload.formats)
    var rates = DeviceRates()
    rates[tensor: .bf16] = 989.4e12
    (rates.vector, rates.special, rates.bandwidth) = (66.9e12, 4.18e12, 3.35e12)
    let phase = PhaseAnalysis(
      model.model, DecoderStep(.decode, workload), rates: rates, time: IdealTime(overlap: .max), calibrated: time)
    var timed: [String: (isWindowed: Bool?, prediction: OperatorPrediction)] = [:]
    for (row, own) in zip(phase.operators, phase.timedRows(by: time)) where row.kind == .attention {
      timed[phase.label(of: row)] = (own?.found.entry.key.isWindowed, row.prediction)
    }
    XCTAssertEqual(timed.count, 2)
    for (label, entry) in timed {
      XCTAssertEqual(entry.isWindowed, label.contains("sliding"), label)
      // 8 query heads on 4 KV heads of 64, alone: the same kernel, asked for by itself.
      let window = label.contains("sliding") ? ["window": "4096"] : [:]
      let arguments = try KernelArguments(
        kind: "attention",
        values: ["batch": "4", "query": "1", "context": "8001", "heads": "8", "kv_heads": "4", "head_dim": "64"]
          .merging(window) { $1 })
      let alone = try KernelAnalysis(
        arguments, formats: workload.formats, hardware: hardware, options: RateOptions(), time: request)
      XCTAssertEqual(alone.timed?.found.entry.key.isWindowed, entry.isWindowed, label)
      XCTAssertEqual(alone.prediction.seconds, entry.prediction.seconds, label)
    }
  }

  func testHeadDimensionsHaveEntriesOfTheirOwn() throws {
    let set = try Fixtures.catalog.calibrations(for: Fixtures.catalog.hardware("h100-sxm"))
    func attention(_ headDim: UInt64, query: UInt64) -> Operator<Count> {
      .attention(batch: 1, query: query, context: 100, heads: 8, keyValueHeads: 2, headDim: headDim)
    }
    let time = CalibratedTime(
      set, of: [UInt64(64), 128].flatMap { [attention($0, query: 1), attention($0, query: 100)] }, options: .init())
    for headDim in [UInt64(64), 128] {
      for query in [UInt64(1), 100] {
        XCTAssertEqual(time.found(attention(headDim, query: query))?.entry.key.headDim, Int(headDim))
      }
    }
    XCTAssertNil(time.found(attention(96, query: 1)))
  }
}
