import RooflineAnalysis
import RooflineComparison
import RooflineCore
import XCTest

/// Layers of experts whose benchmark routed tokens in a way that its rows do not say.
final class BenchmarkRoutingTests: XCTestCase {
  private static let columns =
    "kind,gpu,family,source,dtype,gated,tuned,tokens,hidden,intermediate,experts,top_k,tp,ep,distribution"

  private func layer(
    _ fields: String, family: String = "sglang-triton", source: String = "sglang-0.5.14", format: String = "fp8_block",
    more: (columns: String, fields: String) = ("", "")
  ) throws -> ExpertLayer<Count> {
    let text = """
      \(Self.columns)\(more.columns),time_us
      moe,h100_sxm,\(family),\(source),\(format),1,1,\(fields)\(more.fields),9

      """
    let file = try ObservationFile(csv: Array(text.utf8), path: "test.csv")
    guard case .expertLayer(let layer)? = file.observations.first?.value else {
      throw XCTSkip("no layer")
    }
    return layer
  }

  private func pairs(_ layer: ExpertLayer<Count>) -> [Double] {
    if case .pairs(let pairs) = layer.load { pairs } else { [] }
  }

  /// Eight groups of 32 with one balanced choice each: the first four are kept, and the four choices that are dropped fall to the first
  /// experts that a token did not choose.
  func testDeepSeeksGroupsKeepTheFirstHalfOfItsExperts() throws {
    // Of 32 tokens each expert of a group is chosen once: token t chooses t + 32 j. Token 0 chose expert 0, and takes 1 to 4 beside it;
    // tokens 1 to 3 chose one of the first four experts, and take the other three of them and expert 4; all others take 0 to 3.
    let whole = try layer("32,7168,2048,256,8,1,1,balanced")
    XCTAssertEqual(
      whole.load, .pairs([32, 32, 32, 32, 5] + [Double](repeating: 1, count: 123) + [Double](repeating: 0, count: 128)))
    // A rank of two experts has what those have; a row of 4096 tokens is 128 times as long.
    XCTAssertEqual(pairs(try layer("4096,7168,2048,256,8,1,128,balanced")), [4096, 4096])
    XCTAssertEqual(pairs(try layer("4096,7168,2048,256,8,1,8,balanced")).reduce(0, +), 4096 * 5)
    XCTAssertEqual(pairs(try layer("4096,7168,2048,256,8,1,2,balanced")).reduce(0, +), 4096 * 8)
    // One token spreads its choices as far as they go.
    XCTAssertEqual(
      pairs(try layer("1,7168,2048,256,8,1,1,balanced")).enumerated().filter { $1 > 0 }.map(\.offset),
      [0, 1, 2, 3, 4, 32, 64, 96])
  }

  func testOtherBenchmarksRowsAreWhatTheySay() throws {
    let row = "32,7168,2048,256,8,1,1,balanced"
    for (family, source) in [
      ("sglang-triton", "sglang-0.5.10"), ("sglang-triton", "vllm-0.24.0"), ("sglang-triton", "sglang-main"),
      ("vllm-triton", "sglang-0.5.14"), ("sglang-triton", ""),
    ] {
      XCTAssertEqual(try layer(row, family: family, source: source).load, .balanced, "\(family) \(source)")
    }
    XCTAssertEqual(pairs(try layer(row, source: "sglang-0.6")).count, 256)
    XCTAssertEqual(try layer("32,7168,2048,384,8,1,1,balanced").load, .balanced)
    XCTAssertEqual(try layer("32,7168,2048,256,8,1,1,power1.2").load, .power(1.2))
    XCTAssertEqual(try layer("32,4096,14336,8,2,1,1,balanced").load, .balanced)
  }

  /// Four experts a rank of eight: token t chooses t and t + 4, so that every token has one choice on the first rank, and the other one
  /// is computed there, too.
  func testARankThatIsMeasuredAloneComputesEveryChoiceOfTheTokensThatItSees() throws {
    let half = try layer("16,4096,14336,8,2,1,2,balanced")
    XCTAssertEqual(half.load, .pairs([4 + 16, 4, 4, 4]))
    XCTAssertEqual([half.visible, half.experts.tokens, half.experts.all, half.experts.held], [16, 16, 4, 4])
    XCTAssertEqual(half.ranks, 1)
    // Of eight ranks the first sees tokens that chose expert 0, a quarter of all.
    let eighth = try layer("16,4096,14336,8,2,1,8,balanced")
    XCTAssertEqual(eighth.load, .pairs([4 + 4]))
    XCTAssertEqual([eighth.visible, eighth.experts.held], [4, 1])
    // 22 choices stand 24 experts apart, 512 of them: experts 0 and 1 are chosen by 44 of 512 tokens, each by one.
    let nemotron = try layer("1024,1024,2688,512,22,1,256,balanced", format: "bf16")
    XCTAssertEqual(nemotron.visible, 88)
    XCTAssertEqual(pairs(nemotron), [44 + 88 * 22 - 88, 44])
    // By a power law, the experts' tokens are independent of each other.
    let drawn = try layer("4096,2816,704,128,8,1,8,power0.1")
    let own = pairs(drawn)
    XCTAssertEqual(own.count, 16)
    XCTAssertEqual(own.reduce(0, +), 8 * Double(drawn.visible.value), accuracy: 1e-9)
    XCTAssertLessThan(drawn.visible, 4096)
  }

  func testNemotronsLayersOfEightBitsHaveGates() throws {
    let text = """
      \(Self.columns),time_us
      moe,h100_sxm,sglang-triton,sglang-0.5.14,fp8_block,0,1,64,1024,2688,512,22,1,1,balanced,9
      moe,h100_sxm,sglang-triton,sglang-0.5.14,bf16,0,1,64,1024,2688,512,22,1,1,balanced,9

      """
    let file = try ObservationFile(csv: Array(text.utf8), path: "test.csv")
    let rows = file.observations
    XCTAssertEqual(file.reroutedLayers, 1)
    let gates = rows.map { row -> Bool? in if case .expertLayer(let layer) = row.value { layer.isGated } else { nil } }
    XCTAssertEqual(gates, [true, false])
  }

  func testAFileSaysItsGroupsItself() throws {
    // Two groups of two, of which one is kept: token t chooses t and t + 2, one of each group; the first is kept whole.
    let own = try layer(
      "4,64,64,4,2,1,1,balanced", family: "x", source: "", more: (",groups,kept_groups", ",2,1"))
    XCTAssertEqual(own.load, .pairs([4, 4, 0, 0]))
    // All groups: as if there were none, whatever is known of the benchmark.
    XCTAssertEqual(
      try layer("32,7168,2048,256,8,1,1,balanced", more: (",groups,kept_groups", ",8,8")).load, .balanced)
    XCTAssertEqual(
      try layer("16,4096,14336,8,2,1,2,balanced", more: (",groups,kept_groups", ",1,1")).experts.all, 8)
    // As many groups as experts: the first of those that nobody chose are kept beside the two that a token chose.
    let fine = try layer("4,64,64,8,2,1,1,balanced", family: "x", source: "", more: (",groups,kept_groups", ",8,4"))
    XCTAssertEqual(fine.load, .pairs([1, 1, 1, 1, 1, 1, 1, 1]))
    XCTAssertThrowsError(
      try layer("9,64,64,65536,64,1,1,balanced", more: (",groups,kept_groups", ",65536,4096")))
    for (fields, problem) in [
      (",3,1", "groups does not divide experts"), (",4,5", "kept_groups is more than groups"),
      (",64,1", "top_k is more than the experts of kept_groups groups"), (",8,", "kept_groups is missing"),
      (",,4", "groups is missing"), (",0,0", "line 2: groups is"),
    ] {
      XCTAssertThrowsError(
        try layer("32,7168,2048,256,8,1,1,balanced", more: (",groups,kept_groups", fields)), fields
      ) { XCTAssertTrue("\($0)".contains(problem), "\($0)") }
    }
  }
}
