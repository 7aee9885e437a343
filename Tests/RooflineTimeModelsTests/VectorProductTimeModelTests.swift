import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

final class VectorProductTimeModelTests: XCTestCase {
  private func model(vector: Double = 20e12) throws -> VectorProductTimeModel? {
    var constants = VectorProductConstants()
    (constants.fixed, constants.rate, constants.bandwidth) = (3, 0.5, 0.8)
    return VectorProductTimeModel(
      DeviceFacts(
        tensor: 300e12, bandwidth: 2e12, streamingMultiprocessors: 100, clock: 1.4e9, l2: 40e6, vector: vector),
      constants, WholeKernel(), generation: try XCTUnwrap(Fixtures.catalog.hardware("a100-sxm4-80gb").generation))
  }

  /// 2 · 1024 · 2048 · 512 FLOPs at half of 20 TFLOP/s: 214.7 µs; y = xWᵀ of one row moves 4 (512 + 2048 · 512 + 2048) bytes at 80 % of
  /// 2 TB/s: 2.628 µs.
  func testAProductTakesItsFLOPsAtAShareOfThePeakOrItsBytes() throws {
    let model = try XCTUnwrap(self.model())
    let large = Operator<Count>.gemm(m: 1024, n: 2048, k: 512, dtype: .fp32)
    XCTAssertEqual(model.seconds(of: large, KernelConditions()), 3e-6 + 214.7483648e-6, accuracy: 1e-12)
    let row = Operator<Count>.gemm(m: 1, n: 2048, k: 512, dtype: .fp32)
    XCTAssertEqual(model.seconds(of: row, KernelConditions()), 3e-6 + 4_204_544 / 1.6e12, accuracy: 1e-12)
  }

  func testProductsOfNarrowerNumbersAndGPUsWithoutARateHaveNoneOfIt() throws {
    let model = try XCTUnwrap(self.model())
    for dtype in [DType.bf16, .fp16, .fp8, .tf32] {
      let value = Operator<Count>.gemm(m: 64, n: 64, k: 64, dtype: dtype)
      XCTAssertNil(VectorProductTimeModel.work(value))
      XCTAssertTrue(model.seconds(of: value, KernelConditions()).isNaN)
    }
    XCTAssertNil(try self.model(vector: .nan))
  }
}
