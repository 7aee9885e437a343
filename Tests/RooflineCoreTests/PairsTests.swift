import RooflineCore
import TestSupport
import XCTest

final class PairsTests: XCTestCase {
  private let longest = 14

  /// Every mask that can differ on `longest` keys.
  private var masks: [(loop: BruteForceAttention.Mask, described: Attention<Count>.Mask)] {
    var masks: [(loop: BruteForceAttention.Mask, described: Attention<Count>.Mask)] = [(.full, .full)]
    masks.append((.causal, .causal))
    for window in 1...longest + 3 { masks.append((.slidingWindow(window), .slidingWindow(Count(window)))) }
    for chunk in 1...longest + 3 { masks.append((.chunked(chunk), .chunked(Count(chunk)))) }
    return masks
  }

  private func forEachLength(_ body: (_ queries: Int, _ keys: Int) -> Void) {
    for keys in 1...longest {
      for queries in 1...keys { body(queries, keys) }
    }
  }

  private func attention(
    _ queries: Int, _ keys: Int, _ mask: Attention<Count>.Mask, keyValueHeads: Int = 1, _ dtype: DType = .bf16
  ) -> Attention<Count> {
    let shape = AttentionShape<Count>(
      batch: 1, queryTokens: Count(queries), attendedKeys: Count(keys), heads: 3,
      keyValueHeads: Count(keyValueHeads), headDim: 1)
    return Attention(shape, mask: mask, formats: NumberFormats(dtype))
  }

  func testPairsAreTheQueriesAndKeysThatSeeEachOther() {
    for mask in masks {
      forEachLength { queries, keys in
        var pairs = Set<[Int]>()
        for query in 0..<queries {
          for key in 0..<keys where BruteForceAttention.sees(query, of: queries, key, of: keys, mask.loop) {
            pairs.insert([query, key])
          }
        }
        XCTAssertEqual(
          attention(queries, keys, mask.described).pairs, Count(pairs.count), "\(queries), \(keys), \(mask.loop)")
      }
    }
  }

  /// With heads of one element, one byte wide, the cache's bytes are the keys that are seen, once as K and once as V.
  func testKeysThatNoQuerySeesAreNotRead() {
    for mask in masks {
      forEachLength { queries, keys in
        var seen = 0
        for key in 0..<keys
        where (0..<queries).contains(where: {
          BruteForceAttention.sees($0, of: queries, key, of: keys, mask.loop)
        }) {
          seen += 1
        }
        let traffic = attention(queries, keys, mask.described, .fp8).traffic
        XCTAssertEqual(traffic.loadKVCache, Count(seen + seen), "\(queries), \(keys), \(mask.loop)")
      }
    }
  }

  func testAWindowOfAllKeysIsTheCausalMask() {
    forEachLength { queries, keys in
      for window in [keys, keys + 1, 1000] {
        XCTAssertEqual(
          attention(queries, keys, .slidingWindow(Count(window))).asOperator.cost,
          attention(queries, keys, .causal).asOperator.cost)
      }
    }
  }

  // MARK: decode with C = c is the last row of a causal prefill of c tokens

  func testADecodeStepComputesTheLastRowOfAPrefill() {
    for mask in masks where mask.loop != .full {
      for keys in 2...longest {
        let shorter = attention(keys - 1, keys - 1, mask.described).flops
        let whole = attention(keys, keys, mask.described).flops
        XCTAssertEqual(shorter + attention(1, keys, mask.described).flops, whole, "\(keys), \(mask.loop)")
      }
    }
  }

  func testACausalDecodeStepReadsTheCacheOfAWholePrefill() {
    for keys in 1...longest {
      for keyValueHeads in [1, 3] {
        XCTAssertEqual(
          attention(1, keys, .causal, keyValueHeads: keyValueHeads, .int4).traffic.loadKVCache,
          attention(keys, keys, .causal, keyValueHeads: keyValueHeads, .int4).traffic.loadKVCache)
      }
    }
  }

  func testTheLoopsOfDecodeAndPrefillGiveTheSameLastRow() {
    let formats = BruteForceFormats.all[0]
    let prefill = BruteForceAttention(
      batch: 1, queries: 7, keys: 7, heads: 4, keyValueHeads: 2, headDim: 3, formats: formats)
    let decode = BruteForceAttention(
      batch: 1, queries: 1, keys: 7, heads: 4, keyValueHeads: 2, headDim: 3, formats: formats)
    for mask in masks.map(\.loop) {
      let lastQuery = decode.query
      for head in 0..<4 {
        for column in 0..<3 { lastQuery[[0, 0, head, column]] = prefill.query[0, 6, head, column] }
      }
      let (all, last) = (prefill.output, decode.output)
      prefill.attend(CountingMachine(), prefill.query, prefill.key, prefill.value, mask, into: all)
      decode.attend(CountingMachine(), lastQuery, prefill.key, prefill.value, mask, into: last)
      XCTAssertEqual(Array(all.flattened.suffix(last.flattened.count)), last.flattened, "\(mask)")
    }
  }
}
