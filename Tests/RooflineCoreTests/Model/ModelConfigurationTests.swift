import Foundation
import RooflineCore
import TestSupport
import XCTest

final class ModelConfigurationTests: XCTestCase {
  private let llama = """
    {"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
     "num_attention_heads": 8, "vocab_size": 100, "torch_dtype": "float16"}
    """

  private func configuration(_ json: String) throws -> ModelConfiguration {
    let value = try JSONValue.parse(Data(json.utf8), file: "config.json")
    return try ModelConfiguration(value, name: "test", file: "config.json")
  }

  private func changed(_ changes: String) -> String { String(llama.dropLast()) + ", \(changes)}" }

  func testDocumentedDefaultsAreUsedAndListed() throws {
    let configuration = try configuration(llama)
    XCTAssertEqual(try configuration.model.dense.numKeyValueHeads, 8)
    XCTAssertEqual(try configuration.model.dense.headDim, 8)
    XCTAssertFalse(configuration.model.tieWordEmbeddings)
    XCTAssertEqual(
      Set(configuration.defaults.map(\.key)),
      ["num_key_value_heads", "head_dim", "tie_word_embeddings", "attention_bias", "mlp_bias", "hidden_act"])
  }

  func testNothingStatedIsListedAsAssumed() throws {
    let stated = changed(
      """
      "num_key_value_heads": 2, "head_dim": 16, "tie_word_embeddings": true, "attention_bias": true, "mlp_bias": true, "hidden_act": "silu"
      """)
    let configuration = try configuration(stated)
    XCTAssertEqual(configuration.defaults, [])
    XCTAssertEqual(try configuration.model.dense.headDim, 16)
    XCTAssertTrue(
      try configuration.model.dense.hasOutputBias && configuration.model.dense.hasQueryKeyValueBias
        && configuration.model.dense.hasMLPBias)
  }

  func testMissingFormatIsBF16AndSaidSo() throws {
    let configuration = try configuration(llama.replacing(", \"torch_dtype\": \"float16\"", with: ""))
    XCTAssertEqual(configuration.dtype, .bf16)
    XCTAssertTrue(configuration.defaults.contains { $0.key == "torch_dtype" })
  }

  func testNewerFilesNameTheFormatDType() throws {
    let newer = llama.replacing("torch_dtype", with: "dtype")
    XCTAssertEqual(try configuration(newer).dtype, .fp16)
    XCTAssertThrowsError(try configuration(changed("\"dtype\": \"bfloat16\"")), "two formats contradict each other")
  }

  func testQwen2HasBiasesOnQueriesKeysAndValuesOnly() throws {
    let model = try Fixtures.catalog.model("qwen2-7b").model.dense
    XCTAssertTrue(model.hasQueryKeyValueBias)
    XCTAssertFalse(model.hasOutputBias)
    XCTAssertFalse(model.hasMLPBias)
  }

  func testLeniencyOfJSON5() throws {
    let lenient = changed("time_step_limit: [0.0, Infinity], // a comment\n 'trailing': [1, 2,],")
    XCTAssertEqual(try configuration(lenient).model.hiddenSize, 64)
  }

  func testIntegersWrittenAsNumbers() throws {
    XCTAssertEqual(try configuration(changed("\"head_dim\": 16.0")).model.dense.headDim, 16)
  }

  func testFeaturesThatAreSwitchedOffDoNotMatter() throws {
    for off in [
      "\"sliding_window\": null", "\"sliding_window\": 4096, \"use_sliding_window\": false", "\"num_experts\": 0",
      "\"quantization_config\": null", "\"layer_types\": [\"full_attention\", \"full_attention\"]",
      "\"partial_rotary_factor\": 1.0", "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8.0}",
      "\"is_encoder_decoder\": false",
    ] {
      XCTAssertNoThrow(try configuration(changed(off)), off)
    }
  }

  func testLayerTypesMustCoverEveryLayer() {
    XCTAssertThrowsError(try configuration(changed("\"layer_types\": [\"full_attention\"]")))
  }

  /// MistralConfig assumes a window of 4096 where the file says nothing.
  func testMistralsWindowIsItsClassesWhereTheFileSaysNothing() throws {
    let mistral = changed("\"num_key_value_heads\": 2").replacing("Llama", with: "Mistral")
    let silent = try configuration(mistral)
    XCTAssertEqual(try silent.model.dense.attention.window, 4096)
    XCTAssertTrue(silent.defaults.contains { $0.key == "sliding_window" && $0.value == "4096" })
    for (stated, window) in [("null", nil), ("512", 512)] as [(String, UInt64?)] {
      let said = try configuration(String(mistral.dropLast()) + ", \"sliding_window\": \(stated)}")
      XCTAssertEqual(try said.model.dense.attention.window, window)
    }
  }

  func testOverridesReplaceTheFilesValues() throws {
    let configuration = try Fixtures.catalog.model(
      "llama-2-70b", overrides: [ConfigurationOverride(key: "intermediate_size", value: .integer(32768))])
    XCTAssertEqual(try configuration.model.dense.intermediateSize, 32768)
    XCTAssertEqual(configuration.overrides.map(\.key), ["intermediate_size"])
  }

  /// t | h, t | I and (t | h_kv or h_kv | t), by trying every degree.
  func testLegalDegrees() {
    func model(_ heads: UInt64, _ keyValueHeads: UInt64, _ intermediate: UInt64) -> DecoderModel {
      DecoderModel(
        hiddenSize: 64, intermediateSize: intermediate, numHiddenLayers: 1, numAttentionHeads: heads,
        numKeyValueHeads: keyValueHeads, headDim: 8, vocabSize: 10)
    }
    // 28 heads, 4 KV heads, I = 18944 = 2⁹·37: 7 and 14 do not divide I.
    XCTAssertEqual(model(28, 4, 18944).legalTensorParallelDegrees, [1, 2, 4])
    // 24 heads in groups of 4: 4 neither divides 6 KV heads nor is divided by them.
    XCTAssertEqual(model(24, 6, 240).legalTensorParallelDegrees, [1, 2, 3, 6, 12, 24])
    XCTAssertEqual(model(64, 8, 28672).legalTensorParallelDegrees, [1, 2, 4, 8, 16, 32, 64])
    XCTAssertFalse(model(64, 8, 28672).isLegal(tensorParallel: 0))
  }

  func testEveryModelOfTheCatalogReads() throws {
    for name in Fixtures.catalog.modelNames { XCTAssertEqual(try Fixtures.catalog.model(name).name, name) }
  }

  /// Real files that are read; one that comes later is read, or refused by a sentence.
  private static let readFiles: Set<String> = [
    "MiniMaxAI--MiniMax-M2.5", "MiniMaxAI--MiniMax-M3", "Qwen--Qwen3-0.6B", "Qwen--Qwen3-30B-A3B",
    "Qwen--Qwen3-30B-A3B-FP8",
    "Qwen--Qwen3-32B", "Qwen--Qwen3-VL-8B-Instruct", "Qwen--Qwen3.5-27B", "Qwen--Qwen3.5-35B-A3B",
    "XiaomiMiMo--MiMo-7B-Base", "XiaomiMiMo--MiMo-V2-Flash", "codellama-34b-instruct-hf", "deepseek-ai--DeepSeek-V3",
    "deepseek-ai--DeepSeek-V3.2", "deepseek-ai--DeepSeek-V4-Flash", "google--gemma-4-26B-A4B", "llama-2-7b-hf",
    "meta-llama--Llama-4-Scout-17B-16E-Instruct", "meta-llama--Meta-Llama-3.1-405B", "meta-llama--Meta-Llama-3.1-8B",
    "mistral-nemo-instruct-2407", "mistralai--Mixtral-8x7B-v0.1", "moonshotai--Kimi-K2.5", "moonshotai--Kimi-K3",
    "nvidia--DeepSeek-V4-Flash-NVFP4", "nvidia--Llama-3.1-70B-Instruct-FP8",
    "nvidia--Llama-3_3-Nemotron-Super-49B-v1", "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16",
    "nvidia--Nemotron-H-56B-Base-8K", "openai--gpt-oss-120b", "openai--gpt-oss-20b", "qwen2.5-7b-instruct",
    "sim--deepseek-v2-lite", "stepfun-ai--Step-3.7-Flash", "zai-org--GLM-5", "zai-org--GLM-5-FP8",
    "zai-org--GLM-5.2",
  ]

  func testRealFilesAreReadOrRefusedByName() throws {
    guard let shared = Fixtures.shared else {
      XCTAssertFalse(Fixtures.isCI)
      throw XCTSkip("no shared data beside the package")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(shared)/configs")
    XCTAssertTrue(Self.readFiles.isSubset(of: names.map { $0.replacing(".json", with: "") }))
    for name in names.sorted() where name.hasSuffix(".json") {
      do {
        let configuration = try Fixtures.catalog.model("\(shared)/configs/\(name)", isFormatGiven: true)
        XCTAssertTrue(ArchitectureFamilies.architectures.contains(configuration.architecture))
      } catch {
        XCTAssertFalse(Self.readFiles.contains(name.replacing(".json", with: "")), "\(name): \(error)")
        if case .unsupportedArchitecture(_, let found, let supported) = error {
          XCTAssertFalse(supported.contains(found), name)
        }
      }
    }
  }
}
