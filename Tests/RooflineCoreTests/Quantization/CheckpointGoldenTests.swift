import RooflineCore
import TestSupport
import XCTest

/// Checkpoints as they are published: dtype maps and totals of their files.
final class CheckpointGoldenTests: XCTestCase {
  private let blockFP8: [String: JSONValue] = [
    "quant_method": .string("fp8"), "fmt": .string("e4m3"), "activation_scheme": .string("dynamic"),
    "weight_block_size": .array([.integer(128), .integer(128)]),
  ]

  func testTotalsOfFilesAreThePublishedOnes() throws {
    for (name, bytes) in [
      ("Qwen--Qwen3-30B-A3B-FP8", 31_170_895_872), ("Qwen--Qwen3-30B-A3B", 61_064_245_248),
      ("openai--gpt-oss-20b", 13_761_264_768), ("openai--gpt-oss-120b", 65_248_815_744),
    ] as [(String, UInt64)] {
      XCTAssertEqual(try QuantizedFile(name).contents().bytes.value, bytes, name)
    }
  }

  func testQwen3InFP8HasThePublishedElements() throws {
    let sparse = try QuantizedFile("Qwen--Qwen3-30B-A3B-FP8").contents()
    XCTAssertEqual(sparse["fp8"], 29_896_998_912)
    XCTAssertEqual(sparse["bf16"] + sparse["scale, 16 bits"], 636_948_480)
    var file = try QuantizedFile("Qwen--Qwen3-32B")
    file.quantization = blockFP8
    let dense = try file.contents()
    XCTAssertEqual(dense["fp8"], 31_205_621_760)
    XCTAssertEqual(dense["bf16"] + dense["scale, 16 bits"], 1_558_406_144)
    XCTAssertEqual(dense.bytes, 34_322_434_048)
  }

  /// Text, prediction layer, and its copies of embedding and head.
  func testDeepSeekV3IsThePublishedMap() throws {
    let contents = try QuantizedFile("deepseek-ai--DeepSeek-V3").contents()
    XCTAssertEqual(contents["fp8"], 680_571_043_840)
    XCTAssertEqual(contents["bf16"], 3_918_786_560)
    XCTAssertEqual(contents["scale, 32 bits"] + contents["fp32"], 41_555_600)
    XCTAssertEqual(contents["fp32"], 59 * 256)
    XCTAssertEqual(contents.bytes, 688_574_839_360)
    // The layer's own 11,610,067,968 parameters would be 2 bytes each in bf16.
    XCTAssertEqual(
      try QuantizedFile("deepseek-ai--DeepSeek-V3").contents(.all).draftBytes,
      2 * (11_610_067_968 + 1_853_358_080) + 4 * 256)
  }

  /// What families.md expects of the next downloads, prediction layers included.
  func testElementsInFP8AreThoseOfAllLinearLayers() throws {
    for (name, elements) in [
      ("MiniMaxAI--MiniMax-M2.5", 227_410_968_576), ("XiaomiMiMo--MiMo-V2-Flash", 307_479_183_360),
      ("deepseek-ai--DeepSeek-V3.2", 681_408_069_632), ("zai-org--GLM-5-FP8", 751_749_169_152),
    ] as [(String, UInt64)] {
      XCTAssertEqual(try QuantizedFile(name).contents()["fp8"], elements, name)
    }
    XCTAssertEqual(try QuantizedFile("MiniMaxAI--MiniMax-M2.5").contents()["scale, 32 bits"], 13_880_064)
  }

  func testKimiK2HasThePublishedElements() throws {
    var file = try QuantizedFile("moonshotai--Kimi-K2.5")
    try file.keepText(modelType: "kimi_k2", architecture: "DeepseekV3ForCausalLM")
    file.members["quantization_config"] = .object(blockFP8)
    let contents = try file.contents()
    XCTAssertEqual(contents["fp8"], 1_023_893_241_856)
    XCTAssertEqual(contents["fp32"], 23_040)
    XCTAssertEqual(contents["bf16"], 2_514_967_552)
  }

  /// Text parts without the routers' biases, which the published figures leave out.
  func testKimisExpertsAreInFourBits() throws {
    for (name, bytes) in [
      ("moonshotai--Kimi-K2.5", 594_205_259_776), ("moonshotai--Kimi-K3", 1_559_943_192_768),
    ] as [(String, UInt64)] {
      let contents = try QuantizedFile(name).contents()
      XCTAssertEqual(contents.textBytes.value - contents.bufferBytes.value, bytes, name)
    }
  }

  /// 13,369,344 bytes an expert in the original's MXFP4, and in NVFP4 a scale for 16 elements and two numbers of 4 bytes a matrix.
  func testDeepSeekV4sExpertsAreInFourBits() throws {
    let elements: UInt64 = 43 * 256 * 3 * 4096 * 2048
    let original = try QuantizedFile("deepseek-ai--DeepSeek-V4-Flash")
    let nvfp4 = try QuantizedFile("nvidia--DeepSeek-V4-Flash-NVFP4")
    // The prediction layer's experts keep the original's format in either file.
    for file in [original, nvfp4] { XCTAssertEqual(try file.contents()["fp4"], elements / 43 * 44) }
    let wide = original.changed { $0["quant_method"] = .string("fp8") }
    var inFP8 = wide
    inFP8.members["expert_dtype"] = .string("fp8")
    // Blocks of 128×128 with a byte each in place of MXFP4.
    let blocks: UInt64 = 43 * 256 * 3 * 32 * 16
    XCTAssertEqual(
      try inFP8.contents().textBytes.value - original.contents().textBytes.value,
      elements + blocks - 43 * 256 * 13_369_344)
    XCTAssertEqual(
      try nvfp4.contents().bytes.value - original.contents().bytes.value,
      elements / 16 - elements / 32 + 43 * 256 * 3 * 8)
  }

  /// What mixes the streams is no linear layer: [(2+N)·N, N·H] twice a layer and [N, N·H] of the head are in fp32 whatever is
  /// quantised beside them, and have no scales.
  func testHyperConnectionsStayInFP32() throws {
    guard let shared = Fixtures.shared else { throw XCTSkip("no shared data beside the package") }
    for name in ["deepseek-ai--DeepSeek-V4-Flash", "nvidia--DeepSeek-V4-Flash-NVFP4"] {
      let configuration = try Fixtures.catalog.model("\(shared)/configs/\(name).json")
      let entries = try WeightList(configuration.model, name: name, formats: configuration.formats).entries
      let mixing = entries.filter { $0.name.full.contains("hc") && $0.name.full.hasSuffix("fn") }
      XCTAssertEqual(mixing.count, 2 * 43 + 1, name)
      XCTAssertEqual(
        mixing.reduce(0) { $0 + $1.bytes.value }, 4 * (2 * 43 * 24 * 16_384 + 4 * 16_384), name)
      XCTAssertFalse(entries.contains { $0.name.full.contains("hc_") && $0.name.full.contains("scale_inv") }, name)
      XCTAssertFalse(entries.contains { $0.name.full.contains("_hc.fn_") }, name)
    }
  }

  func testOneFileOfFormatsLiesBesideTheModel() throws {
    guard let shared = Fixtures.shared else { throw XCTSkip("no shared data beside the package") }
    let name = "nvidia--Llama-3.1-70B-Instruct-FP8"
    let configuration = try Fixtures.catalog.model("\(shared)/configs/\(name).json")
    XCTAssertEqual(configuration.cacheDType, .fp8)
    let contents = try CheckpointContents(configuration)
    let linears: UInt64 = 80 * 8192 * (8192 + 1024 + 1024 + 8192 + 3 * 28672)
    XCTAssertEqual(contents["fp8"], linears)
    XCTAssertEqual(contents["scale, 32 bits"], 80 * 7 * 2)
    XCTAssertEqual(contents.bytes.value, 2 * (70_553_706_496 - linears) + linears + 80 * 7 * 8)
  }
}
