import Foundation
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

final class GEMMTimeModelTests: XCTestCase {
  func testGoldensOfThePrintedConstants() throws {
    let rows = try SharedTable("reference/gemm_golden.csv").rows
    XCTAssertEqual(rows.count, 252)
    for row in rows {
      let model = try XCTUnwrap(PrintedGEMM.models[try row.text("gpu")])
      let gemm = GEMM<Count>(
        m: Count(UInt64(try row.number("m"))), n: Count(UInt64(try row.number("n"))),
        k: Count(UInt64(try row.number("k"))), formats: NumberFormats(.bf16))
      let conditions = KernelConditions(.warm, copies: try row.number("copies"))
      let choice = model.fastest(.init(gemm, conditions))
      XCTAssertEqual(model.timing(gemm, conditions).seconds, choice.time * 1e-6)
      for (column, value) in [
        ("time_us", choice.time), ("tile_m", choice.tileM), ("tile_n", choice.tileN), ("split", choice.split),
        ("waves", choice.waves), ("tensor_us", choice.tensor), ("l2_us", choice.l2), ("dram_us", choice.dram),
        ("splitk_us", choice.splitK),
      ] {
        let golden = try row.number(column)
        XCTAssertEqual(value, golden, accuracy: max(1e-6 * abs(golden), 1e-12), "\(column) of \(row)")
      }
    }
  }
}
