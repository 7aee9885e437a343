import RooflineCore
import XCTest

final class CacheShapeTests: XCTestCase {
  func testAWindowHoldsItsLastTokensAndACompressedCacheWholeEntries() {
    let content = TokenCache.Content.shared(512)
    for context in [0, 1, 3, 4, 127, 128, 129, 1000] as [UInt64] {
      // Entries by walking over the tokens.
      var (plain, window, fours) = (0, [UInt64](), 0)
      for token in 0..<context {
        plain += 1
        window.append(token)
        if window.count > 128 { window.removeFirst() }
        if token % 4 == 3 { fours += 1 }
      }
      XCTAssertEqual(TokenCache(content).entries(of: context), UInt64(plain))
      XCTAssertEqual(TokenCache(content, span: .window(128)).entries(of: context), UInt64(window.count))
      XCTAssertEqual(TokenCache(content, tokensPerEntry: 4).entries(of: context), UInt64(fours))
      XCTAssertEqual(TokenCache(content, span: .window(128)).grows(beyond: context), context < 128)
      XCTAssertEqual(TokenCache(content, span: .chunk(100)).grows(beyond: context), context < 100)
    }
  }

  /// Index keys in bf16 are 2·128 bytes; fp8 engines keep 128 and a 4-byte scale.
  func testIndexKeysOfEightBitsCarryAScale() {
    let keys = IndexKeyCache(width: 128)
    XCTAssertEqual(keys.rowBytes(NumberFormats(.bf16)) as Count, 256)
    XCTAssertEqual(
      keys.rowBytes(NumberFormats(weight: .bf16, activation: .bf16, keyValueCache: .fp8, model: .bf16)) as Count, 132)
  }

  /// 64 heads and 8 groups: 16 ranks have 4 heads and a copied group each; together the heads once, the groups twice.
  func testRanksShareAStatesHeadsAndCopyItsGroups() {
    let state = SequenceState(
      [.init(units: 64, elementsPerUnit: 3 * 64), .init(units: 8, elementsPerUnit: 2 * 3 * 128)], dtype: .fp32)
    let formats = NumberFormats(.bf16)
    let whole = state.bytes(ranks: 1, formats) as Count
    XCTAssertEqual(whole, 4 * (64 * 3 * 64 + 8 * 2 * 3 * 128))
    for ranks in [2, 4, 8] as [UInt64] {
      XCTAssertEqual(Count(ranks) * state.bytes(ranks: ranks, formats), whole)
    }
    XCTAssertEqual(16 * (state.bytes(ranks: 16, formats) as Count), whole + 4 * 8 * 2 * 3 * 128)
  }
}
