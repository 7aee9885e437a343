import Foundation
import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// Keys that would have been passed over in silence, a default counted in their place.
final class MisreadKeysTests: XCTestCase {
  private func configuration(
    _ model: String, _ changes: [String: JSONValue], without: String? = nil
  ) throws -> ModelConfiguration {
    let file = "\(Fixtures.catalog.root)/Models/\(model).json"
    guard case .object(var members) = try JSONValue.read(file: file) else { throw XCTSkip("no object in \(file)") }
    if let without { members[without] = nil }
    for (key, value) in changes { members[key] = value }
    return try ModelConfiguration(.object(members), name: model, file: "config.json")
  }

  private func assertRefused(
    _ model: String, _ changes: [String: JSONValue], without: String? = nil, naming words: String..., line: UInt = #line
  ) {
    XCTAssertThrowsError(try configuration(model, changes, without: without), "\(changes)", line: line) { error in
      for word in words { XCTAssertTrue("\(error)".contains(word), "\(error) lacks \(word)", line: line) }
    }
  }

  func testAModelTypeThatContradictsTheArchitectureIsRefused() throws {
    for other in ["mixtral", "qwen2_moe", "gemma2", "mamba", "LLAMA", "llama2"] {
      assertRefused("llama-2-7b", ["model_type": .string(other)], naming: "model_type", "llama")
    }
    assertRefused("llama-2-7b", ["model_type": .integer(5)], naming: "model_type")
    assertRefused("pythia-6.9b", ["model_type": .string("llama")], naming: "model_type", "gpt_neox")
    XCTAssertNoThrow(try configuration("llama-2-7b", ["model_type": .null]))
  }

  func testMisspeltOptionalKeysAreRefusedWithTheRightName() {
    let cases: [(String, String, String, JSONValue)] = [
      ("llama-2-70b", "num_key_value_head", "num_key_value_heads", .integer(8)),
      ("llama-2-70b", "num_key_values_heads", "num_key_value_heads", .integer(8)),
      ("llama-3.2-1b", "tie_word_embedding", "tie_word_embeddings", .bool(true)),
      ("llama-2-7b", "atention_bias", "attention_bias", .bool(true)),
      ("llama-2-7b", "mlp_bais", "mlp_bias", .bool(true)),
      ("llama-2-7b", "headdim", "head_dim", .integer(64)), ("llama-2-7b", "Head_Dim", "head_dim", .integer(64)),
      ("pythia-6.9b", "rotary_pc", "rotary_pct", .number(0.5)),
      ("opt-6.7b", "enable_biases", "enable_bias", .bool(false)),
    ]
    for (model, key, meant, value) in cases {
      assertRefused(model, [key: value], without: meant, naming: key, meant)
    }
  }

  func testOtherLibrariesNamesOfTheKeyValueHeadsAreRefused() {
    for key in ["n_kv_heads", "num_kv_heads", "multi_query_group_num", "n_head_kv"] {
      assertRefused(
        "llama-2-70b", [key: .integer(8)], without: "num_key_value_heads", naming: key, "num_key_value_heads")
    }
  }

  /// A fact that the file states may stand beside a key that looks like it.
  func testAKeyNearOneThatIsStatedIsPassedOver() throws {
    let stated = try configuration("llama-2-70b", ["num_key_value_head": .integer(64), "n_kv_heads": .integer(64)])
    XCTAssertEqual(try stated.model.dense.numKeyValueHeads, 8)
  }

  func testEveryModelOfTheCatalogKeepsItsKeys() throws {
    for name in Fixtures.catalog.modelNames { XCTAssertNoThrow(try Fixtures.catalog.model(name), name) }
  }

  func testHeadsOfAnOddWidthAreNotTurned() {
    for (model, width) in [("llama-2-7b", 3), ("mistral-7b", 1), ("qwen2-7b", 63)] as [(String, Int64)] {
      assertRefused(model, ["head_dim": .integer(width)], naming: "head_dim", "even")
    }
  }

  func testWhatQuantisesOrPrunesIsRefusedByName() {
    for (key, value) in [
      ("pruned_heads", JSONValue.object(["0": .array([.integer(1)])])), ("w_bit", .integer(4)), ("bits", .integer(4)),
      ("kv_cache_dtype", .string("fp8")),
    ] { assertRefused("llama-2-7b", [key: value], naming: key) }
    XCTAssertNoThrow(try configuration("llama-2-7b", ["pruned_heads": .object([:])]))
  }

  func testCodeOfACheckpointsOwnIsNoted() throws {
    let changed = try configuration("llama-2-7b", ["auto_map": .object(["AutoConfig": .string("configuration.C")])])
    XCTAssertTrue(changed.hasOwnCode)
    let analysis = try Analysis(
      configuration: changed, hardware: Fixtures.catalog.hardware("h100-sxm"),
      workload: Workload(
        batch: 1, prompt: 8, context: 9, tensorParallel: 1, operatorSet: .separate, formats: NumberFormats(.fp16)),
      phases: [.prefill], options: RateOptions())
    XCTAssertTrue(analysis.notices.contains(.ownCode))
    XCTAssertFalse(try configuration("llama-2-7b", [:]).hasOwnCode)
  }
}
