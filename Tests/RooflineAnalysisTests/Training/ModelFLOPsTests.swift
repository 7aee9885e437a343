import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

final class ModelFLOPsTests: XCTestCase {
  private func flops(_ model: String, sequence: UInt64, batch: UInt64 = 1, isCausal: Bool = false) throws -> ModelFLOPs
  {
    try ModelFLOPs(Fixtures.catalog.model(model).model, batch: batch, sequence: sequence, isCausal: isCausal)
  }

  /// The contract's ratios to 6ND for Llama-2-7B: GEMMs alone 0.9805; with full attention 1.0602 at 2048 and 1.1399 at 4096.
  func testRatiosToSixND() throws {
    for (sequence, ratio) in [(2048, 1.0602), (4096, 1.1399)] as [(UInt64, Double)] {
      let step = try flops("llama-2-7b", sequence: sequence)
      let sixND = 6 * 6_738_415_616 * Double(sequence)
      XCTAssertEqual(Double(step.perStep.value) / sixND, ratio, accuracy: 0.00005)
      XCTAssertEqual(Double(step.perStep.value - 3 * step.forwardAttention.value) / sixND, 0.9805, accuracy: 0.00005)
    }
  }

  /// 6N + 12·L·h·d·S for Llama-2-7B at 4096 tokens: 6·6,738,415,616 + 12·32·32·128·4096.
  func testPaLMsFigure() throws {
    XCTAssertEqual(try flops("llama-2-7b", sequence: 4096).palmPerToken, 40_430_493_696 + 6_442_450_944)
  }

  /// Of a rectangle of S·S pairs the mask leaves S(S+1)/2; GEMMs do not change.
  func testCausalFLOPsCountThePairs() throws {
    let full = try flops("llama-3.1-8b", sequence: 1023)
    let causal = try flops("llama-3.1-8b", sequence: 1023, isCausal: true)
    XCTAssertEqual(full.forwardAttention.value * 1024, causal.forwardAttention.value * 2 * 1023)
    XCTAssertEqual(
      full.forward.value - full.forwardAttention.value, causal.forward.value - causal.forwardAttention.value)
  }

  /// Recomputation repeats forward work: all layers', without the head's 2·4096·32000 a token, or the attention products.
  func testRecomputation() throws {
    let step = try flops("llama-2-7b", sequence: 512, batch: 4)
    XCTAssertEqual(step.hardware(.none), step.perStep)
    XCTAssertEqual(
      step.hardware(.full).value - step.perStep.value, step.forward.value - 4 * 512 * 2 * 4096 * 32_000)
    XCTAssertEqual(step.hardware(.selective).value - step.perStep.value, step.forwardAttention.value)
  }

  /// The head runs on all tokens, so twice the sequences are twice the work.
  func testBatchScalesTheStep() throws {
    XCTAssertEqual(
      try flops("qwen2-7b", sequence: 128, batch: 6).forward.value,
      2 * (try flops("qwen2-7b", sequence: 128, batch: 3).forward.value))
  }
}
