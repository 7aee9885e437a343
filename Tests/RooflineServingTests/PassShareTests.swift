import RooflineServing
import XCTest

/// How the requests of a pass are dealt out, against shares that were dealt by hand.
final class PassShareTests: XCTestCase {
  /// Three shares: of 7 prompts of 100 two each, and the seventh to the first; 90 to the second, 40 to the third; then 30 there, too.
  func testPiecesGoToTheShareWithFewestTokens() {
    let pass = MixedPass(
      chunks: [
        MixedPass.Chunk(tokens: 30, cached: 70), MixedPass.Chunk(prompts: 7, tokens: 100), MixedPass.Chunk(tokens: 90),
        MixedPass.Chunk(tokens: 40),
      ], endingPrompts: 9, sequences: 8, sequenceKeys: 8 * 50)
    let fullest = pass.fullestShare(of: 3)
    XCTAssertEqual(fullest.chunks, [MixedPass.Chunk(prompts: 3, tokens: 100)])
    XCTAssertEqual(fullest.endingPrompts, 3)
    XCTAssertEqual(fullest.sequences, 3)
    XCTAssertEqual(fullest.sequenceKeys, 150)
  }

  func testOneShareIsThePassAndMoreSharesThanRequestsHaveOneEach() {
    let pass = MixedPass(
      chunks: [MixedPass.Chunk(prompts: 2, tokens: 9)], endingPrompts: 1, sequences: 1, sequenceKeys: 7, queryTokens: 3)
    XCTAssertEqual(pass.fullestShare(of: 1), pass)
    let share = pass.fullestShare(of: 8)
    XCTAssertEqual(share.chunks, [MixedPass.Chunk(tokens: 9)])
    XCTAssertEqual([share.endingPrompts, share.sequences, share.sequenceKeys, share.queryTokens], [1, 1, 7, 3])
    XCTAssertEqual(MixedPass().fullestShare(of: 4), MixedPass())
  }

  /// Whatever is dealt out: no share has more requests than ⌈n/count⌉ of equal pieces, and all of them together have them all.
  func testEqualPiecesAreDealtOutEvenly() {
    for prompts in 1...20 as ClosedRange<UInt64> {
      for count in 1...6 as ClosedRange<UInt64> {
        let pass = MixedPass(
          chunks: [MixedPass.Chunk(prompts: prompts, tokens: 5)], endingPrompts: prompts, sequences: prompts,
          sequenceKeys: prompts * 11)
        let own = pass.fullestShare(of: count)
        let each = UInt64((Double(prompts) / Double(count)).rounded(.up))
        XCTAssertEqual(own.promptTokens, 5 * each)
        XCTAssertEqual([own.endingPrompts, own.sequences, own.sequenceKeys], [each, each, each * 11])
      }
    }
  }
}
