import Foundation
import RooflineCore
import TestSupport
import XCTest

/// What a file leaves out its class has by itself, and each class something else.
final class AbsentKeyTests: XCTestCase {
  /// Parameters are those of transformers 5.23's classes, made without memory of the configuration without the key.
  private struct Absence {
    let file: String
    let key: String
    /// As the report of keys names it.
    let assumed: String
    let parameters: UInt64
  }

  private static let further = [
    Absence(file: "ERNIE-4.5-0.3B", key: "head_dim", assumed: "128", parameters: 360_748_032),
    Absence(file: "GLM-4-9B-0414", key: "attention_bias", assumed: "true", parameters: 9_400_279_040),
    Absence(file: "GLM-4-32B-0414", key: "attention_bias", assumed: "true", parameters: 32_566_487_552),
    Absence(file: "GLM-4-9B-chat", key: "attention_bias", assumed: "true", parameters: 9_399_951_360),
    Absence(file: "ERNIE-4.5-21B-A3B", key: "moe_num_shared_experts", assumed: "2", parameters: 21_825_436_160),
    Absence(file: "ERNIE-4.5-300B-A47B", key: "moe_num_shared_experts", assumed: "2", parameters: 308_468_359_168),
    Absence(file: "ERNIE-4.5-21B-A3B", key: "moe_layer_start_index", assumed: "1", parameters: 21_825_436_160),
    Absence(file: "dots.llm1", key: "norm_topk_prob", assumed: "false", parameters: 142_774_373_888),
  ]

  private static let shared = [
    Absence(file: "Qwen--Qwen3-30B-A3B", key: "head_dim", assumed: "64", parameters: 30_079_131_648),
    Absence(file: "Qwen--Qwen3-30B-A3B", key: "norm_topk_prob", assumed: "false", parameters: 30_532_122_624),
    Absence(file: "deepseek-ai--DeepSeek-V3", key: "n_shared_experts", assumed: "1", parameters: 671_026_404_352),
    Absence(file: "deepseek-ai--DeepSeek-V3", key: "q_lora_rank", assumed: "1536", parameters: 671_026_404_352),
    Absence(
      file: "deepseek-ai--DeepSeek-V3", key: "routed_scaling_factor", assumed: "2.5", parameters: 671_026_404_352),
    Absence(file: "deepseek-ai--DeepSeek-V3.2", key: "n_shared_experts", assumed: "1", parameters: 671_877_929_216),
    Absence(file: "deepseek-ai--DeepSeek-V4-Flash", key: "n_shared_experts", assumed: "1", parameters: 284_332_230_231),
    Absence(file: "sim--deepseek-v2-lite", key: "n_shared_experts", assumed: "2", parameters: 15_706_484_224),
    Absence(file: "sim--deepseek-v2-lite", key: "q_lora_rank", assumed: "1536", parameters: 15_748_993_024),
    Absence(file: "zai-org--GLM-5", key: "n_shared_experts", assumed: "1", parameters: 743_911_199_232),
    Absence(
      file: "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", key: "moe_shared_expert_intermediate_size", assumed: "7688",
      parameters: 32_069_561_792),
  ]

  private func check(_ absence: Absence, _ members: [String: JSONValue]) throws {
    var members = members
    XCTAssertNotNil(members.removeValue(forKey: absence.key), "\(absence.file) has \(absence.key)")
    let configuration = try ModelConfiguration(.object(members), name: absence.file, file: "config.json")
    let what = "\(absence.file) without \(absence.key)"
    XCTAssertEqual(ParameterShape<Count>(configuration.model).count.value, absence.parameters, what)
    XCTAssertEqual(configuration.defaults.first { $0.key == absence.key }?.value, absence.assumed, what)
  }

  private func members(_ json: Data) throws -> [String: JSONValue] {
    guard case .object(let members) = try JSONValue.parse(json, file: "config.json") else {
      XCTFail("no object")
      return [:]
    }
    return members
  }

  func testWhatIsAbsentIsTheClassesOwn() throws {
    for absence in Self.further {
      let model = try XCTUnwrap(FurtherFamilies.models.first { $0.name == absence.file }, absence.file)
      try check(absence, members(Data(model.json.utf8)))
    }
  }

  func testWhatIsAbsentInPublishedFilesIsTheClassesOwn() throws {
    for absence in Self.shared {
      var members = try members(Data(contentsOf: SharedTable.url("configs/\(absence.file).json")))
      members["quantization_config"] = nil
      try check(absence, members)
    }
  }

  /// Mistral's class has a window where the file is silent, Ministral-3's none and heads of a width of their own.
  func testMinistralIsNotMistral() throws {
    func model(_ type: String) throws -> ModelConfiguration {
      try WrittenModel.configuration(
        """
        {"model_type": "\(type)", "hidden_size": 2560, "intermediate_size": 9216, "num_hidden_layers": 2,
         "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 131072, "hidden_act": "silu"}
        """)
    }
    let mistral = try model("mistral")
    let ministral = try model("ministral3")
    guard case .groupedQuery(let old) = mistral.model.groups[0].mixer,
      case .groupedQuery(let new) = ministral.model.groups[0].mixer
    else { return XCTFail("grouped-query attention") }
    XCTAssertEqual([old.window, old.headDim], [4096, 80])
    XCTAssertEqual([new.window, new.headDim], [nil, 128])
  }

  /// Published classes of MiMo-V2 do not agree where the file is silent.
  func testWhatClassesDisagreeAboutIsRequired() throws {
    let members = try members(Data(contentsOf: SharedTable.url("configs/XiaomiMiMo--MiMo-V2-Flash.json")))
    for key in [
      "add_swa_attention_sink_bias", "swa_num_key_value_heads", "swa_head_dim", "swa_v_head_dim", "v_head_dim",
    ] {
      var silent = members
      silent[key] = nil
      XCTAssertThrowsError(try ModelConfiguration(.object(silent), name: "test", file: "config.json")) {
        XCTAssertTrue("\($0)".contains(key), "\($0)")
      }
    }
  }
}
