import RooflineCore
import XCTest

final class SymbolTests: XCTestCase {
  private let m = Symbol.input(.gemmM, 3)
  private let n = Symbol.input(.gemmN, 5)
  private let k = Symbol.input(.gemmK, 7)

  private func assertPrints(
    _ symbol: Symbol, _ letters: String, _ numbers: String, _ value: UInt64, line: UInt = #line
  ) {
    XCTAssertEqual(symbol.expression.symbolic, letters, line: line)
    XCTAssertEqual(symbol.expression.substituted, numbers, line: line)
    XCTAssertEqual(symbol.value, Count(value), line: line)
  }

  func testBracketsStandWhereTheyAreNeeded() {
    assertPrints(2 * m * n, "2·m·n", "2 × 3 × 5", 30)
    assertPrints(m * (4 * n + 2), "m·(4·n + 2)", "3 × (4 × 5 + 2)", 66)
    assertPrints((m + n) * k, "(m + n)·k", "(3 + 5) × 7", 56)
    assertPrints(m + n * k, "m + n·k", "3 + 5 × 7", 38)
    assertPrints((m * (m + 1)).divided(exactlyBy: 2), "m·(m + 1) / 2", "3 × (3 + 1) / 2", 6)
    assertPrints(k.divided(roundingUpBy: m) * n, "⌈k / m⌉·n", "⌈7 / 3⌉ × 5", 15)
    assertPrints(n.excess(over: m + 1), "max(0, n − (m + 1))", "max(0, 5 − (3 + 1))", 1)
    assertPrints(n.minimum(k), "min(n, k)", "min(5, 7)", 5)
  }

  func testNothingIsLeftOutButNeutralElements() {
    assertPrints(1 * m, "m", "3", 3)
    assertPrints(m + 0, "m", "3", 3)
    assertPrints(0 * m, "0·m", "0 × 3", 0)
  }

  func testWidths() {
    assertPrints(m.bytes(ElementFormat(.weightBytes, .fp16)), "m·e_w", "3 × 2", 6)
    assertPrints(m.bytes(ElementFormat(.weightBytes, .int4)), "⌈m·e_w⌉", "⌈3 × 4 / 8⌉", 2)
    assertPrints((m + n).bytes(ElementFormat(.weightBytes, .fp8)), "(m + n)·e_w", "(3 + 5) × 1", 8)
    let sixBits = ElementFormat(.weightBytes, .fp8, in: StorageFormat(bits: 6))
    assertPrints(m.bytes(sixBits), "⌈m·e_w⌉", "⌈3 × 6 / 8⌉", 3)
    let twelveBits = ElementFormat(.weightBytes, .fp16, in: StorageFormat(bits: 12))
    assertPrints((m + n).bytes(twelveBits), "⌈(m + n)·e_w⌉", "⌈(3 + 5) × 12 / 8⌉", 12)
  }

  func testDefinitionsComeBeforeTheLettersTheyDefine() {
    let heads = Symbol.input(.heads, 8).divided(exactlyBy: .input(.tensorParallel, 2)).named(.shardHeads)
    let formula = heads * .input(.headDim, 4)
    XCTAssertEqual(formula.expression.symbolic, "h′·d")
    XCTAssertEqual(formula.expression.substituted, "4 × 4")
    XCTAssertEqual(formula.expression.letters.map(\.symbolic), ["h", "t", "h′", "d"])
  }

  func testLettersAreDistinct() {
    // A GEMM's n and an elementwise n never meet; all other letters of one formula must differ.
    let symbols = Letter.allCases.filter { $0 != .elements && !$0.isANotes }.map(\.symbol)
    XCTAssertEqual(Set(symbols).count, symbols.count)
  }
}
