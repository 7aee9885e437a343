import Foundation
import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// Formats by their descriptions, on a model of two layers whose bytes are counted by hand.
final class QuantizationReaderTests: XCTestCase {
  /// Linear layers of 2 layers: q and o of 96×96, k and v of 32×96, gate and up of 200×96, down of 96×200; a head of 50×96.
  private static let config = """
    {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 96, "intermediate_size": 200,
     "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2, "vocab_size": 50, "hidden_act": "silu",
     "tie_word_embeddings": false, "torch_dtype": "bfloat16", "max_position_embeddings": 64
    """
  private static let matrices: [(n: Int, k: Int)] =
    [(96, 96), (32, 96), (32, 96), (96, 96), (200, 96), (200, 96), (96, 200)] + [(96, 96), (32, 96), (32, 96)]
    + [(96, 96), (200, 96), (200, 96), (96, 200)]
  private static let head = (n: 50, k: 96)
  private static let others = 2 * (50 * 96 + 5 * 96)

  private func configuration(_ quantization: String, beside: String? = nil) throws -> ModelConfiguration {
    let text = Self.config + (quantization.isEmpty ? "}" : ", \"quantization_config\": \(quantization)}")
    let object = try beside.map {
      try JSONObject(
        JSONValue.parse(Data($0.utf8), file: "hf_quant_config.json"), file: "hf_quant_config.json", path: "quantization"
      )
    }
    return try ModelConfiguration(
      JSONValue.parse(Data(text.utf8), file: "config.json"), name: "tiny", file: "config.json", quantization: object)
  }

  private func bytes(_ configuration: ModelConfiguration) throws -> Int {
    Int(try CheckpointContents(configuration).bytes.value)
  }

  /// Counts elements and blocks one by one.
  private func expected(
    head isQuantized: Bool, bits: Int, rows: Int, columns: Int, scale: Int, zero: Int = 0, tensor: Int = 0
  ) -> Int {
    var sum = Self.others
    for matrix in Self.matrices + (isQuantized ? [Self.head] : []) {
      var blocks: Set<[Int]> = []
      for row in 0..<matrix.n { for column in 0..<matrix.k { blocks.insert([row / rows, column / columns]) } }
      sum += matrix.n * matrix.k * bits / 8 + blocks.count * scale / 8 + (blocks.count * zero + 7) / 8 + tensor
    }
    return isQuantized ? sum : sum + 2 * Self.head.n * Self.head.k
  }

  func testEachFormatWeighsItsElementsAndItsScales() throws {
    let all = 1 << 30
    func group(_ weights: String, _ format: String, inputs: String = "null", ignore: String = "[\"lm_head\"]") -> String
    {
      "{\"quant_method\": \"compressed-tensors\", \"format\": \"\(format)\", \"ignore\": \(ignore), \"config_groups\": {\"g\": {\"targets\": [\"Linear\"], \"weights\": \(weights), \"input_activations\": \(inputs)}}}"
    }
    let cases: [(String, Int)] = [
      (
        "{\"quant_method\": \"fp8\", \"weight_block_size\": [128, 128]}",
        expected(head: false, bits: 8, rows: 128, columns: 128, scale: 32)
      ),
      (
        "{\"quant_method\": \"fp8\", \"weight_block_size\": [32, 64], \"scale_fmt\": \"ue8m0\"}",
        expected(head: false, bits: 8, rows: 32, columns: 64, scale: 32)
      ),
      (
        "{\"quant_method\": \"fp8\", \"activation_scheme\": \"static\"}",
        expected(head: false, bits: 8, rows: all, columns: all, scale: 32, tensor: 4)
      ),
      ("{\"quant_method\": \"fp8\"}", expected(head: false, bits: 8, rows: all, columns: all, scale: 32)),
      (
        "{\"quant_algo\": \"FP8\", \"ignore\": [\"lm_head\"]}",
        expected(head: false, bits: 8, rows: all, columns: all, scale: 32, tensor: 4)
      ),
      (
        "{\"quant_method\": \"modelopt\", \"quant_algo\": \"NVFP4\"}",
        expected(head: true, bits: 4, rows: 1, columns: 16, scale: 8, tensor: 8)
      ),
      (
        "{\"quant_method\": \"modelopt\", \"quant_algo\": \"NVFP4\", \"group_size\": 32, \"exclude_modules\": [\"lm_head\"]}",
        expected(head: false, bits: 4, rows: 1, columns: 32, scale: 8, tensor: 8)
      ),
      (
        "{\"quant_method\": \"modelopt\", \"quant_algo\": \"MXFP8\"}",
        expected(head: true, bits: 8, rows: 1, columns: 32, scale: 8)
      ),
      (
        "{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 64}",
        expected(head: false, bits: 4, rows: 1, columns: 64, scale: 16, zero: 4)
      ),
      (
        "{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 64, \"zero_point\": false}",
        expected(head: false, bits: 4, rows: 1, columns: 64, scale: 16)
      ),
      (
        "{\"quant_method\": \"gptq\", \"bits\": 8, \"group_size\": -1, \"lm_head\": true}",
        expected(head: true, bits: 8, rows: 1, columns: all, scale: 16, zero: 8)
      ),
      (
        group(
          "{\"num_bits\": 4, \"type\": \"int\", \"strategy\": \"group\", \"group_size\": 32, \"symmetric\": true}",
          "pack-quantized"), expected(head: false, bits: 4, rows: 1, columns: 32, scale: 16)
      ),
      (
        group(
          "{\"num_bits\": 4, \"type\": \"int\", \"strategy\": \"group\", \"group_size\": 32, \"symmetric\": false}",
          "pack-quantized"), expected(head: false, bits: 4, rows: 1, columns: 32, scale: 16, zero: 4)
      ),
      (
        group(
          "{\"num_bits\": 8, \"type\": \"float\", \"strategy\": \"channel\"}", "float-quantized",
          inputs: "{\"num_bits\": 8, \"type\": \"float\", \"strategy\": \"token\", \"dynamic\": true}"),
        expected(head: false, bits: 8, rows: 1, columns: all, scale: 16)
      ),
      (
        group(
          "{\"num_bits\": 8, \"type\": \"float\", \"strategy\": \"tensor\"}", "float-quantized",
          inputs: "{\"num_bits\": 8, \"type\": \"float\", \"strategy\": \"tensor\", \"dynamic\": false}"),
        expected(head: false, bits: 8, rows: all, columns: all, scale: 16, tensor: 2)
      ),
      (
        group(
          "{\"num_bits\": 8, \"type\": \"float\", \"strategy\": \"block\", \"block_structure\": [128, 64]}",
          "float-quantized", ignore: "[]"), expected(head: true, bits: 8, rows: 128, columns: 64, scale: 16)
      ),
      (
        group(
          "{\"num_bits\": 4, \"type\": \"float\", \"strategy\": \"group\", \"group_size\": 32, \"scale_dtype\": \"torch.uint8\"}",
          "mxfp4-pack-quantized"), expected(head: false, bits: 4, rows: 1, columns: 32, scale: 8)
      ),
      (
        group(
          "{\"num_bits\": 4, \"type\": \"float\", \"strategy\": \"tensor_group\", \"group_size\": 16}",
          "nvfp4-pack-quantized",
          inputs:
            "{\"num_bits\": 4, \"type\": \"float\", \"strategy\": \"tensor_group\", \"group_size\": 16, \"dynamic\": \"local\"}"
        ), expected(head: false, bits: 4, rows: 1, columns: 16, scale: 8, tensor: 8)
      ),
      (
        group("{\"num_bits\": 8, \"type\": \"int\", \"strategy\": \"channel\"}", "int-quantized"),
        expected(head: false, bits: 8, rows: 1, columns: all, scale: 16)
      ),
    ]
    for (quantization, expected) in cases {
      XCTAssertEqual(try bytes(configuration(quantization)), expected, quantization)
    }
  }

  /// A table stands before the list of what is ignored, and before the format of the others.
  func testATableOfModulesStandsFirst() throws {
    let table = """
      {"quant_algo": "MIXED_PRECISION", "exclude_modules": ["model.layers.0*"], "quantized_layers": {
        "model.layers.0.self_attn.q_proj": {"quant_algo": "FP8"}, "model.layers.1.mlp": {"quant_algo": "NVFP4", "group_size": 16}}}
      """
    let configuration = try configuration("", beside: table)
    let q = 96 * 96
    let mlp = [(200, 96), (200, 96), (96, 200)]
    let all = Self.matrices.reduce(0) { $0 + $1.n * $1.k } + 50 * 96
    let saved = q - 8 + mlp.reduce(0) { $0 + 2 * $1.0 * $1.1 - ($1.0 * $1.1 / 2 + $1.0 * (($1.1 + 15) / 16) + 8) }
    XCTAssertEqual(try bytes(configuration), Self.others + 2 * all - saved)
    XCTAssertEqual(configuration.model.groups.count, 2)
    XCTAssertEqual(configuration.model.runs.map(\.group), [0, 1])
  }

  func testCachesFormatsAreRead() throws {
    for (quantization, dtype) in [
      ("{\"quant_algo\": \"FP8\", \"kv_cache_quant_algo\": \"FP8\"}", .fp8), ("{\"quant_algo\": \"FP8\"}", nil),
      ("{\"quant_algo\": \"FP8\", \"kv_cache_scheme\": {\"num_bits\": 8, \"type\": \"int\"}}", .int8),
      (
        "{\"quant_method\": \"fp8\", \"kv_cache_scheme\": {\"num_bits\": 8, \"type\": \"float\", \"dynamic\": false}}",
        .fp8
      ),
    ] as [(String, DType?)] {
      let configuration = try configuration(quantization)
      XCTAssertEqual(configuration.cacheDType, dtype, quantization)
      XCTAssertEqual(configuration.formats.keyValueCache, dtype ?? .bf16, quantization)
    }
    XCTAssertEqual(
      try configuration("", beside: "{\"quant_algo\": \"FP8\", \"kv_cache_quant_algo\": \"FP8\"}").cacheDType, .fp8)
  }

  func testWhatIsNotUnderstoodIsRefusedByKeyAndValue() {
    for (quantization, key, value) in [
      (
        "{\"quant_method\": \"bitsandbytes\", \"load_in_4bit\": true}", "quantization_config.quant_method",
        "bitsandbytes"
      ),
      ("{\"load_in_4bit\": true}", "quantization_config.load_in_4bit", "true"), ("{\"bits\": 4}", "quant_method", ""),
      ("{\"quant_method\": \"fp8\", \"fmt\": \"e5m2\"}", "quantization_config.fmt", "e5m2"),
      ("{\"quant_method\": \"fp8\", \"weight_block_size\": [128]}", "weight_block_size", "[128]"),
      ("{\"quant_method\": \"fp8\", \"weight_block_size\": [0, 128]}", "weight_block_size", "[0, 128]"),
      ("{\"quant_method\": \"fp8\", \"activation_scheme\": \"none\"}", "activation_scheme", "none"),
      ("{\"quant_method\": \"fp8\", \"modules_to_not_convert\": [\"re:(\"]}", "modules_to_not_convert", "re:("),
      ("{\"quant_method\": \"fp8\", \"modules_to_not_convertt\": [\"lm_head\"]}", "modules_to_not_convertt", ""),
      ("{\"quant_algo\": \"NVFP5\"}", "quantization_config.quant_algo", "NVFP5"),
      ("{\"quant_algo\": \"MIXED_PRECISION\"}", "quantized_layers", ""),
      ("{\"quant_algo\": \"FP8\", \"kv_cache_quant_algo\": \"FP3\"}", "kv_cache_quant_algo", "FP3"),
      (
        "{\"quant_algo\": \"MIXED_PRECISION\", \"quantized_layers\": {\"model.layers.1.other\": {\"quant_algo\": \"FP8\"}}}",
        "quantized_layers", "model.layers.1.other"
      ),
      ("{\"quant_method\": \"awq\", \"bits\": 3, \"group_size\": 128}", "quantization_config.bits", "3"),
      ("{\"quant_method\": \"awq\", \"bits\": 4}", "group_size", ""),
      ("{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128, \"dynamic\": {\"+:x\": {}}}", "dynamic", ""),
      ("{\"quant_method\": \"compressed-tensors\", \"format\": \"pack-quantized\"}", "config_groups", ""),
      (
        "{\"quant_method\": \"compressed-tensors\", \"config_groups\": {\"g\": {\"targets\": [\"Embedding\"], \"weights\": {\"num_bits\": 8}}}}",
        "targets", "Embedding"
      ),
      (
        "{\"quant_method\": \"compressed-tensors\", \"config_groups\": {\"g\": {\"targets\": [\"Linear\"], \"weights\": {\"num_bits\": 6}}}}",
        "num_bits", "6"
      ),
      (
        "{\"quant_method\": \"compressed-tensors\", \"format\": \"marlin-24\", \"config_groups\": {\"g\": {\"targets\": [\"Linear\"], \"weights\": {\"num_bits\": 4}}}}",
        "format", "marlin-24"
      ),
      ("\"fp8\"", "quantization_config", "fp8"),
    ] {
      do {
        _ = try configuration(quantization)
        XCTFail("\(quantization) is read")
      } catch {
        XCTAssertTrue(
          "\(error)".contains(key) && (value.isEmpty || "\(error)".contains(value)), "\(quantization): \(error)")
      }
    }
  }

  func testAnUnknownKeyIsSaid() throws {
    let configuration = try configuration("{\"quant_method\": \"fp8\", \"novelty\": 7, \"nothing\": null}")
    XCTAssertEqual(configuration.keys.unknown, ["quantization_config.novelty"])
  }

  func testANameThatSaysAFormatThatNoFileSaysIsSaid() throws {
    func notices(_ name: String, _ quantization: String) throws -> [Notice] {
      let text = Self.config + quantization + "}"
      return try ModelConfiguration(
        JSONValue.parse(Data(text.utf8), file: "config.json"), name: name, file: "config.json"
      ).notices
    }
    let fp8 = ", \"quantization_config\": {\"quant_method\": \"fp8\"}"
    XCTAssertEqual(try notices("Tiny-NVFP4", ""), [.nameSaysFormat(name: "Tiny-NVFP4", format: "NVFP4")])
    XCTAssertEqual(try notices("Tiny-NVFP4", fp8), [.nameSaysFormat(name: "Tiny-NVFP4", format: "NVFP4")])
    XCTAssertEqual(try notices("org--tiny-fp8-v2", fp8), [])
    XCTAssertEqual(try notices("org--tiny-fp8-v2", ""), [.nameSaysFormat(name: "org--tiny-fp8-v2", format: "FP8")])
    XCTAssertEqual(try notices("Tiny-BF16", ""), [])
  }
}
