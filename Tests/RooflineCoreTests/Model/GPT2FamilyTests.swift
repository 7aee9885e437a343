import Foundation
import RooflineCore
import TestSupport
import XCTest

/// GPT-2's config.json: published counts, names of weights, and what is refused.
final class GPT2FamilyTests: XCTestCase {
  private func configuration(_ changes: String = "") throws -> ModelConfiguration {
    let text = """
      {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12,
       "n_positions": 1024, "n_ctx": 1024, "vocab_size": 50257, "activation_function": "gelu_new",
       "summary_type": "cls_index", "scale_attn_weights": true\(changes.isEmpty ? "" : ", " + changes)}
      """
    return try ModelConfiguration(
      JSONValue.parse(Data(text.utf8), file: "config.json"), name: "test", file: "config.json")
  }

  /// The model cards of gpt2, gpt2-large and gpt2-xl: 124M, 774M and 1558M, to the last parameter.
  func testPublishedParameterCounts() throws {
    func parameters(_ changes: String) throws -> UInt64 {
      ParameterShape<Count>(try configuration(changes).model).count.value
    }
    XCTAssertEqual(try parameters(""), 124_439_808)
    XCTAssertEqual(ParameterShape<Count>(try Fixtures.catalog.model("gpt2-large").model).count.value, 774_030_080)
    let xl = try WrittenModel.configuration(
      """
      {"model_type": "gpt2", "n_embd": 1600, "n_layer": 48, "n_head": 25, "n_positions": 1024, "vocab_size": 50257}
      """)
    XCTAssertEqual(ParameterShape<Count>(xl.model).count.value, 1_557_611_200)
  }

  func testWeightsHaveTheCheckpointsNames() throws {
    let list = try WeightList(
      configuration().model, name: "test", tensorParallel: 1, formats: NumberFormats(.fp16))
    let shapes = Dictionary(uniqueKeysWithValues: list.entries.map { ($0.name.full, $0.dimensions) })
    // Twelve tensors a layer, two tables, and the last norm's two.
    XCTAssertEqual(shapes.count, 12 * 12 + 4)
    XCTAssertEqual(shapes["transformer.wpe.weight"], [1024, 768])
    XCTAssertEqual(shapes["transformer.h.11.attn.c_attn.weight"], [2304, 768])
    XCTAssertEqual(shapes["transformer.h.0.mlp.c_fc.bias"], [3072])
    XCTAssertEqual(shapes["transformer.h.0.ln_2.weight"], [768])
    XCTAssertNil(shapes["lm_head.weight"])
  }

  func testItsOwnKeysAreRead() throws {
    XCTAssertEqual(try configuration().maxPositionEmbeddings, 1024)
    XCTAssertEqual(try configuration().keys.unknown, [])
    XCTAssertEqual(try configuration("\"n_inner\": 1000").model.groups[0].feedForward?.twoMatrixWidth, 1000)
    for wrong in ["\"n_head\": 7", "\"add_cross_attention\": true", "\"activation_function\": \"silu\""] {
      XCTAssertThrowsError(try WrittenModel.configuration(Self.bare, members(wrong)), wrong)
    }
  }

  private static let bare = """
    {"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50257}
    """

  private func members(_ text: String) throws -> [String: JSONValue] {
    guard case .object(let members) = try JSONValue.parse(Data("{\(text)}".utf8), file: "x") else { return [:] }
    return members
  }
}

extension FeedForward {
  fileprivate var twoMatrixWidth: UInt64? {
    guard case .twoMatrix(let mlp) = self else { return nil }
    return mlp.intermediateSize
  }
}
