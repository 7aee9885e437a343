import RooflineCore
import RooflineMeasurement
import RooflineReport
import XCTest

final class GPUFaultSentenceTests: XCTestCase {
  func testWhatCannotRunSaysWhy() {
    XCTAssertEqual(
      GPUFault.unsupported("fp8 product m 1, n 8, k 16", reason: "fp8 needs compute capability 8.9").sentence,
      "fp8 product m 1, n 8, k 16 cannot run: fp8 needs compute capability 8.9")
  }

  func testCuBLASLtWithoutMemoryAsksForLess() {
    let sentence = GPUFault.call("cublasLtCreate", code: 3, name: "CUBLAS_STATUS_ALLOC_FAILED").sentence
    XCTAssertTrue(sentence.hasPrefix("cublasLtCreate answered CUBLAS_STATUS_ALLOC_FAILED (3); "), sentence)
    XCTAssertTrue(sentence.hasSuffix("or ask for less"), sentence)
  }
}
