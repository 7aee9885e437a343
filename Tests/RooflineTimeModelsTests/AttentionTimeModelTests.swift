import RooflineCore
import RooflineTimeModels
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
      func size(_ column: String) throws -> UInt64 { UInt64(try row.number(column)) }
      let heads = try size("heads")
      let keyValueHeads = try size("kv_heads")
      let value = Operator<Count>.attention(
        batch: try size("batch"), query: try size("query"), context: try size("context"), heads: heads,
        keyValueHeads: keyValueHeads, headDim: try size("head_dim"), window: try size("window"))
      let warm = KernelConditions(.warm)
      let golden = try row.number("time_us") * 1e-6
      if try row.text("phase") == "prefill" {
        let constants = try XCTUnwrap(PrintedAttention.prefill["\(gpu) \(family)"])
        let model = PrefillTimeModel(
          facts, constants, try XCTUnwrap(PrintedAttention.cut["\(gpu) \(family)"]),
          generation: try XCTUnwrap(PrintedAttention.generation[gpu]))
        XCTAssertEqual(model.seconds(of: value, warm), golden, accuracy: 1e-6 * golden, "\(row)")
        XCTAssertEqual(model.parts(of: value, warm).map(\.seconds).reduce(0, +), golden, accuracy: 1e-6 * golden)
      } else {
        let pair = try XCTUnwrap(PrintedAttention.decode["\(gpu) \(family)"])
        let isSplit = heads > keyValueHeads || family != "vllm-fa2"
        let cut = DecodeCut(rule: isSplit ? .efficient : .none, slotsPerSM: family == "vllm-fa2" ? 2 : 1)
        let model = DecodeTimeModel(facts, heads > keyValueHeads ? pair.grouped : pair.ungrouped, cut)
        XCTAssertEqual(model.seconds(of: value, warm), golden, accuracy: 1e-6 * golden, "\(row)")
        XCTAssertEqual(model.choices(of: value, warm)[1].value, try row.text("split"), "\(row)")
      }
    }
  }
}
