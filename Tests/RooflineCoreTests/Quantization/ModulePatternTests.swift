import RooflineCore
import XCTest

final class ModulePatternTests: XCTestCase {
  private let names = [
    "lm_head", "model.layers.0.self_attn.q_proj", "model.layers.10.self_attn.o_proj", "model.layers.3.mlp.gate_proj",
    "model.layers.3.mlp.gate_up_proj", "model.layers.3.mlp.experts.0.down_proj",
    "model.layers.12.mlp.shared_experts.up_proj",
    "language_model.model.layers.1.block_sparse_moe.gate", "backbone.layers.7.mixer.in_proj",
    "visual.blocks.3.attn.qkv", "",
  ]

  /// Swift's own engine reads the same language.
  func testRegularExpressionsMatchWhatAnotherEngineMatches() throws {
    let patterns = [
      ".*self_attn.*", ".*shared_experts.*", ".*mlp\\.(gate|up|gate_up|down)_proj.*", ".*lm_head.*", "lm_head",
      "model\\.layers\\.\\d+\\.self_attn", ".*layers\\.[0-3]\\..*", ".*layers\\.([0-9]|1[0-2])\\.mlp.*",
      "^model.*proj$",
      "model.layers.[^1].*", ".*\\.(?:gate|qkv)$", "(model|backbone)\\.layers\\.\\d{1,2}\\.m.*", ".*_proj", ".*o?_proj",
      "a*b*", "(a|b)+x?", "model\\.layers\\.\\w+\\.", "", "model|backbone", ".*(q|o)_(proj|x)$",
      ".*experts\\.0\\..*?proj",
    ]
    for pattern in patterns {
      let own = try XCTUnwrap(ModulePattern(regularExpression: pattern), pattern)
      let other = try Regex(pattern)
      for name in names {
        XCTAssertEqual(own.matches(name), name.prefixMatch(of: other) != nil, "\(pattern) on \(name)")
      }
    }
  }

  /// An engine that tries one way after the other would not come back from this one.
  func testNestedRepetitionsTakeNoLongerThanOthers() throws {
    let pattern = try XCTUnwrap(ModulePattern(regularExpression: "((.*)*)*(a|aa)*x"))
    XCTAssertFalse(pattern.matches(String(repeating: "a", count: 2000)))
    XCTAssertTrue(pattern.matches(String(repeating: "a", count: 2000) + "x"))
  }

  func testWhatIsNotUnderstoodIsNoPattern() {
    for pattern in [
      "(", ")", "a)", "[", "[a", "*", "+a", "a{", "a{2", "a{3,2}", "a{1,999}", "(?=a)", "(?P<n>a)", "\\", "\\bq", "\\1",
      "a**",
      String(repeating: "(", count: 5000), "((((((a{60}){60}){60}){60}){60}){60})",
    ] {
      XCTAssertNil(ModulePattern(regularExpression: pattern), String(pattern.prefix(40)))
    }
  }

  /// By definition: a glob that is tried on the name and on each module that it lies in.
  func testAGlobStandsForAllModulesInsideWhatItNames() {
    func matches(_ glob: [Character], _ name: [Character]) -> Bool {
      guard let first = glob.first else { return name.isEmpty }
      switch first {
      case "*": return (0...name.count).contains { matches(Array(glob.dropFirst()), Array(name.dropFirst($0))) }
      case "?": return !name.isEmpty && matches(Array(glob.dropFirst()), Array(name.dropFirst()))
      default: return name.first == first && matches(Array(glob.dropFirst()), Array(name.dropFirst()))
      }
    }
    for glob in [
      "*", "*.self_attn", "*.self_attn.*", "model.layers.*.mlp", "lm_head*", "*gate", "*.?.mlp*", "visual.*.attn",
    ] {
      for name in names {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let modules = parts.indices.map { parts[...$0].joined(separator: ".") }
        XCTAssertEqual(
          ModulePattern(glob: glob).matches(name), modules.contains { matches(Array(glob), Array($0)) },
          "\(glob) on \(name)")
      }
    }
  }

  func testNamesOfTheSameModuleAreOne() {
    for (left, right) in [
      ("model.layers.3.mlp.gate", "language_model.model.layers.3.block_sparse_moe.gate"),
      ("layers.3.ffn.experts.7.w1", "model.layers.3.mlp.experts.0.gate_proj"),
      ("layers.3.attn", "backbone.layers.3.self_attn"), ("head", "lm_head"),
      ("model.layers.3.mlp.shared_experts.w2", "model.layers.3.mlp.shared_experts.down_proj"),
    ] {
      XCTAssertEqual(ModulePath(left).text, ModulePath(right).text)
    }
    for (left, right) in [
      ("mtp.layers.3.mlp", "model.layers.3.mlp"), ("model.visual.layers.3.mlp", "model.layers.3.mlp"),
      ("layers.3.mlp.w1", "layers.3.mlp.w3"),
    ] {
      XCTAssertNotEqual(ModulePath(left).text, ModulePath(right).text)
    }
  }
}
