import RooflineCore
import TestSupport
import XCTest

final class AttentionTimeModelTests: XCTestCase {
  func testGoldensOfThePrintedConstants() throws {
    let rows = try SharedTable("reference/attention_golden.csv").rows
    XCTAssertEqual(rows.count, 98)
    for row in rows {
      let gpu = try row.text("gpu")
      let family = try row.text("family")
      let facts = try XCTUnwrap(PrintedAttention.facts[gpu])
      let call = AttentionCall(
        batch: try row.number("batch"), query: try row.number("query"), context: try row.number("context"),
        heads: try row.number("heads"), keyValueHeads: try row.number("kv_heads"), headDim: try row.number("head_dim"),
        window: try row.number("window"))
      let golden = try row.number("time_us")
      if try row.text("phase") == "prefill" {
        let constants = try XCTUnwrap(PrintedAttention.prefill["\(gpu) \(family)"])
        let model = PrefillTimeModel(facts, constants, try XCTUnwrap(PrintedAttention.cut["\(gpu) \(family)"]))
        XCTAssertEqual(model.microseconds(call), golden, accuracy: 1e-6 * golden, "\(row)")
        XCTAssertEqual(model.parts(call).map(\.microseconds).reduce(0, +), golden, accuracy: 1e-6 * golden)
      } else {
        let pair = try XCTUnwrap(PrintedAttention.decode["\(gpu) \(family)"])
        let isSplit = call.group > 1 || family != "vllm-fa2"
        let cut = DecodeCut(rule: isSplit ? .efficient : .none, slotsPerSM: family == "vllm-fa2" ? 2 : 1)
        let model = DecodeTimeModel(facts, call.group > 1 ? pair.grouped : pair.ungrouped, cut)
        XCTAssertEqual(model.microseconds(call), golden, accuracy: 1e-6 * golden, "\(row)")
        XCTAssertEqual(model.choices(call)[1].value, try row.text("split"), "\(row)")
      }
    }
  }
}
