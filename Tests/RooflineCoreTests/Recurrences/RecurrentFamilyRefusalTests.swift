import Foundation
import RooflineCore
import TestSupport
import XCTest

/// What files of families with recurrent mixers may hold, and what is said where they may not.
final class RecurrentFamilyRefusalTests: XCTestCase {
  func testValuesThatShapeAGraphAndAreNotKnownAreRefused() {
    let cases: [(String, String, JSONValue, String)] = [
      (RecurrentFamilies.nemotron, "hybrid_override_pattern", .string("MEX-M"), "hybrid_override_pattern"),
      (RecurrentFamilies.nemotron, "num_hidden_layers", .integer(6), "num_hidden_layers"),
      (RecurrentFamilies.nemotron, "mlp_hidden_act", .string("gelu"), "mlp_hidden_act"),
      (RecurrentFamilies.nemotron, "n_groups", .integer(3), "n_groups"),
      (RecurrentFamilies.nemotron, "mamba_num_heads", .number(.infinity), "mamba_num_heads"),
      (RecurrentFamilies.nemotron, "layers_block_type", .array([.string("moe"), .string("ffn")]), "layers_block_type"),
      (RecurrentFamilies.mamba2, "num_heads", .integer(64), "num_heads"),
      (RecurrentFamilies.mamba2, "hidden_act", .string("gelu"), "hidden_act"),
      (RecurrentFamilies.qwen3Next, "linear_num_value_heads", .integer(24), "linear_num_value_heads"),
      (RecurrentFamilies.qwen3Next, "layer_types", .array([.string("full_attention")]), "layer_types"),
      (RecurrentFamilies.qwen3Next, "num_experts_per_tok", .integer(513), "num_experts_per_tok"),
      (RecurrentFamilies.jamba, "attn_layer_offset", .integer(8), "attn_layer_offset"),
      (RecurrentFamilies.jamba, "mamba_dt_rank", .string("large"), "mamba_dt_rank"),
      (RecurrentFamilies.kimiLinear, "moe_router_activation_func", .string("tanh"), "moe_router_activation_func"),
      (RecurrentFamilies.kimiLinear, "num_hidden_layers", .integer(28), "linear_attn_config.kda_layers"),
      (RecurrentFamilies.kimiLinear, "linear_attn_config", .null, "linear_attn_config"),
    ]
    for (json, key, value, named) in cases {
      XCTAssertThrowsError(try WrittenModel.configuration(json, [key: value]), key) {
        XCTAssertTrue("\($0)".contains(named), "\($0)")
      }
    }
  }

  /// Python writes `Infinity` where a limit is none; a key that is read needs a number.
  func testInfinityIsReadWhereTheKeyIsHarmless() throws {
    for token in ["Infinity", "-Infinity", "NaN"] {
      let json = RecurrentFamilies.mamba2.replacing("[0.0, Infinity]", with: token)
      XCTAssertTrue(try WrittenModel.configuration(json).keys.ignored.contains("time_step_limit"), token)
      for (key, value) in [("num_heads", "128"), ("chunk_size", "256"), ("vocab_size", "32768")] {
        let read = json.replacing("\"\(key)\": \(value)", with: "\"\(key)\": \(token)")
        XCTAssertThrowsError(try WrittenModel.configuration(read), key) {
          XCTAssertTrue("\($0)".contains(key), "\($0)")
        }
      }
    }
  }

  /// Twenty-two thousand modules of a quantised checkpoint are read in about four times the time of a quarter of them.
  func testAFileOfThreeMegabytesIsReadInLinearTime() throws {
    func seconds(_ modules: Int) throws -> Double {
      let entries = (0..<modules).map {
        "\"model.layers.\($0 / 384).block_sparse_moe.experts.\($0 % 384).w1\": {\"quant_algo\": \"NVFP4\", \"group_size\": 16}"
      }
      let data = Data("{\"quantized_layers\": {\(entries.joined(separator: ", "))}}".utf8)
      var best = Double.infinity
      for _ in 0..<3 {
        let start = DispatchTime.now().uptimeNanoseconds
        _ = try JSONValue.parse(data, file: "config.json")
        best = min(best, Double(DispatchTime.now().uptimeNanoseconds - start))
      }
      return best
    }
    let (quarter, whole) = (try seconds(6000), try seconds(24_000))
    XCTAssertLessThan(whole, 14 * quarter)
  }
}
