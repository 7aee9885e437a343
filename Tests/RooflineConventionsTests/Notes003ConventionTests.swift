import RooflineConventions
import RooflineCore
import TestSupport
import XCTest

final class Notes003ConventionTests: XCTestCase {
  /// H 6, h·d = 4·2, n 2, I 10, v 7; B 3, S 5, tp 2.
  private func inputs(isGated: Bool) throws -> Notes003Inputs {
    var model = DecoderModel(
      hiddenSize: 6, intermediateSize: 10, numHiddenLayers: 1, numAttentionHeads: 4, numKeyValueHeads: 2, headDim: 2,
      vocabSize: 7)
    if !isGated {
      model = PlainLayer(activation: .gelu, positions: .rotary(dim: 2), isParallel: true, checkpoint: .gptNeoX).model(
        hiddenSize: 6, intermediateSize: 10, numHiddenLayers: 1, numAttentionHeads: 4, numKeyValueHeads: 2, headDim: 2,
        vocabSize: 7, hasBiases: false)
    }
    return Notes003Inputs(model: try model.dense, batch: 3, prompt: 5, tensorParallel: 2)
  }

  /// Of the note's alternatives the first is the gated MLP's: 4·3·6·10 and 6·10 in decode, 4·3·5·6·10 in prefill; the
  /// second the plain one's: 2·3·6·10 and 2·6·10.
  func testAlternatives() throws {
    let cases: [(isGated: Bool, phase: Phase, compute: UInt64, memory: UInt64)] = [
      (true, .decode, 720, 60), (false, .decode, 360, 120), (true, .prefill, 3600, 60), (false, .prefill, 1800, 120),
    ]
    for (isGated, phase, compute, memory) in cases {
      let convention = Notes003Convention<Count>(try inputs(isGated: isGated))
      XCTAssertEqual(
        convention.formula(Notes003Cell(phase, .upAndGate, .compute)).value, .count(Count(compute)), "\(isGated)")
      XCTAssertEqual(
        convention.formula(Notes003Cell(phase, .upAndGate, .memory)).value, .count(Count(memory)), "\(isGated)")
    }
  }

  /// H is the note's width of everything, of the heads, too: 2·3·6·6 + 4·3·6·2·2, and 6·6 + 2·6·2·2.
  func testTheNotesWidthOfTheHeadsIsH() throws {
    let convention = Notes003Convention<Count>(try inputs(isGated: true))
    XCTAssertEqual(convention.formula(Notes003Cell(.decode, .queryKeyValue, .compute)).value, .count(504))
    XCTAssertEqual(convention.formula(Notes003Cell(.decode, .queryKeyValue, .memory)).value, .count(84))
  }

  func testQuotients() {
    XCTAssertEqual((Quotient<Count>(10, over: 4) * 6 / 5).value, .count(3))
    XCTAssertEqual(Quotient<Count>(10, over: 4).value, .ratio(2.5))
    XCTAssertEqual((Quotient<Count>(10, over: 4) + 2).value, .ratio(4.5))
    XCTAssertEqual(Quotient<Count>(10, over: 4).roundedUp, 3)
    // In lowest terms before the product: 2⁶²/3 · 9 is 3·2⁶², more than fits; · 3 is 2⁶².
    XCTAssertFalse((Quotient<Count>(Count(1 << 62), over: 3) * 3).isOverflow)
    XCTAssertTrue((Quotient<Count>(Count(1 << 62), over: 3) * 9).isOverflow)
    XCTAssertTrue((Quotient<Count>(Count(UInt64.max)) / 2 * 2).isOverflow)
  }
}
