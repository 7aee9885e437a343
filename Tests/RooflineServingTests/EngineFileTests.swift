import RooflineCore
import RooflineServing
import TestSupport
import XCTest

final class EngineFileTests: XCTestCase {
  func testTheTimeOfAPassIsTheSumOfItsTerms() {
    let overhead = PassOverhead(
      perPass: 1e-3, perSequence: 2e-5, perDoubling: 3e-4, perKernel: 1e-6, perSequenceLogits: 2.5e-5)
    let pass = PassOverhead.Pass(sequences: 10, ranks: 4, kernels: 300, vocabulary: 128_000, kernelSeconds: 5e-3)
    // 1 + 0.2 + 0.6 + 0.3 + 0.025 · 10 · 1.28 ms
    XCTAssertEqual(overhead.seconds(pass), 2.42e-3, accuracy: 1e-12)
  }

  func testEagerLaunchesAreAFloorUnderKernelsAndTheRest() {
    var overhead = PassOverhead(perPass: 1e-3, launchFloor: 2e-5)
    var pass = PassOverhead.Pass(sequences: 1, ranks: 1, kernels: 400, vocabulary: 1, kernelSeconds: 5e-3)
    XCTAssertEqual(overhead.seconds(pass) + 5e-3, 8e-3, accuracy: 1e-12)
    pass.kernelSeconds = 9e-3
    XCTAssertEqual(overhead.seconds(pass), 1e-3, accuracy: 1e-12)
    overhead.launchFloor = 0
    XCTAssertEqual(overhead.seconds(pass), 1e-3, accuracy: 1e-12)
  }
}
