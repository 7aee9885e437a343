import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

final class LowPrecisionTimeModelTests: XCTestCase {
  /// Every term of 180 products, with the constants that stand beside them.
  func testGoldensOfEveryLibrary() throws {
    let rows = try SharedTable("reference/gemm_lowp_golden.csv").rows
    XCTAssertEqual(rows.count, 180)
    for row in rows {
      let gpu = try XCTUnwrap(ReferenceGPU.all[try row.text("gpu")])
      let format = try XCTUnwrap(ProductFormat(rawValue: try row.text("dtype")))
      let key = Calibration.Key(
        kind: .lowPrecisionGEMM, family: KernelLibrary(try row.text("family")), dtype: format.dtype, format: format)
      var constants = LowPrecisionConstants()
      constants.residency = gpu.residency
      for (column, set) in Self.columns {
        if let value = try row.given(column) { constants[keyPath: set] = value }
      }
      let model = try XCTUnwrap(
        LowPrecisionTimeModel(gpu.facts, constants, .standard(key), generation: gpu.generation))
      let gemm = GEMM<Count>(
        m: Count(UInt64(try row.number("m"))), n: Count(UInt64(try row.number("n"))),
        k: Count(UInt64(try row.number("k"))), formats: format.formats)
      let work = try XCTUnwrap(LowPrecisionTimeModel.work(.gemm(gemm)))
      XCTAssertEqual(work.format, format)
      let conditions = KernelConditions(.warm, copies: try row.number("copies"))
      let choice = try XCTUnwrap(model.choice(work, conditions))
      var terms = [
        ("time_us", choice.time), ("split", choice.split), ("waves", choice.waves), ("quant", choice.quantization),
        ("tensor", choice.tensor), ("l2", choice.l2), ("dram", choice.dram), ("k_steps", choice.steps),
        ("fill", choice.fill),
      ]
      // A tile and its mirror image tie where all of L2's traffic is equal.
      let (m, n) = (try row.number("tile_m"), try row.number("tile_n"))
      if choice.tileM != n || choice.tileN != m { terms += [("tile_m", choice.tileM), ("tile_n", choice.tileN)] }
      for (column, value) in terms {
        let golden = try row.number(column)
        XCTAssertEqual(value, golden, accuracy: max(1e-6 * abs(golden), 1e-9), "\(column) of \(row)")
      }
    }
  }

  private static var columns: [(String, WritableKeyPath<LowPrecisionConstants, Double>)] {
    [
      ("c_t0", \.launch), ("c_tw", \.waveFill), ("c_ep", \.epilogue), ("c_h", \.halfIntensity), ("c_eF", \.burst),
      ("c_eFs", \.sustained), ("c_eB", \.bandwidth), ("c_bL2", \.l2), ("c_eq", \.quantizationBandwidth),
      ("c_lat", \.step), ("c_tc", \.clockHalfTime), ("c_sk", \.splitK), ("c_dq", \.widening),
    ]
  }

  func testFormatsAreKnownByWhatTheyHold() {
    for format in ProductFormat.allCases { XCTAssertEqual(ProductFormat(format.formats), format) }
    XCTAssertEqual(ProductFormat(NumberFormats(.fp16)), .sixteenBits)
    XCTAssertNil(ProductFormat(NumberFormats(.fp32)))
    // Widening fp8 weights was timed by nobody.
    XCTAssertNil(ProductFormat(NumberFormats(weight: .fp8, activation: .bf16, keyValueCache: .bf16, model: .bf16)))
  }
}
