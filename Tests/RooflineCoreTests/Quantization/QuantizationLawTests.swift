import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// What holds of every quantised checkpoint, whatever its format.
final class QuantizationLawTests: XCTestCase {
  private static let files = [
    "MiniMaxAI--MiniMax-M2.5", "Qwen--Qwen3-30B-A3B-FP8", "XiaomiMiMo--MiMo-V2-Flash", "deepseek-ai--DeepSeek-V3",
    "deepseek-ai--DeepSeek-V3.2", "moonshotai--Kimi-K2.5", "moonshotai--Kimi-K3", "openai--gpt-oss-20b",
    "zai-org--GLM-5-FP8",
  ]

  private func ignoreKey(_ file: QuantizedFile) -> String {
    file.quantization["quant_method"] == .string("compressed-tensors") ? "ignore" : "modules_to_not_convert"
  }

  private func ignoring(_ names: [String], _ file: QuantizedFile) -> QuantizedFile {
    file.changed { quantization in
      let key = ignoreKey(file)
      var list: [JSONValue] = []
      if case .array(let known)? = quantization[key] { list = known }
      quantization[key] = .array(list + names.map { .string($0) })
    }
  }

  func testIgnoringEveryModuleLeavesTheModelUnquantised() throws {
    for name in Self.files {
      let file = try QuantizedFile(name)
      let unquantised = try file.contents(.all)
      XCTAssertLessThan(try file.contents().bytes, unquantised.bytes, name)
      for all in ["re:.*", "*"] {
        XCTAssertEqual(try ignoring([all], file).contents(), unquantised, "\(name) \(all)")
        XCTAssertEqual(
          try ignoring([all], file).configuration().model, try file.configuration(.all).model, "\(name) \(all)")
      }
    }
  }

  /// One layer's output projection: by its name, by a glob, by a regular expression.
  func testAnIgnoredModuleWeighsWhatItWeighsInBF16() throws {
    let file = try QuantizedFile("Qwen--Qwen3-30B-A3B-FP8")
    let whole = try file.contents().bytes.value
    let (outputs, inputs) = (2048 as UInt64, 32 * 128 as UInt64)
    let matrix = 2 * outputs * inputs - (outputs * inputs + 2 * (outputs / 128) * (inputs / 128))
    for name in [
      "model.layers.5.self_attn.o_proj", "layers.5.self_attn.o_proj", "*.5.self_attn.o_proj",
      "re:.*layers\\.5\\.self_attn\\.o_.*", "re:.*\\.5\\.self_attn\\.(o|x)_proj$",
    ] {
      let ignored = ignoring([name], file)
      XCTAssertEqual(try ignored.contents().bytes.value - whole, matrix, name)
      XCTAssertEqual(try ignored.configuration().model.groups.count, 2, name)
    }
    XCTAssertEqual(try ignoring(["o_proj"], file).contents().bytes.value - whole, 48 * matrix)
    // Experts have a name of their own each; all of a layer's are ignored together.
    let experts = 128 * 3 * (2 * 2048 * 768 - (2048 * 768 + 2 * 16 * 6)) as UInt64
    for name in ["model.layers.7.mlp.experts", "model.layers.7.mlp", "re:model\\.layers\\.7\\.mlp\\..*"] {
      XCTAssertEqual(try ignoring([name], file).contents().bytes.value - whole, experts, name)
    }
  }

  func testBytesAreTheSumOverTheListedTensors() throws {
    for name in ["Qwen--Qwen3-30B-A3B-FP8", "openai--gpt-oss-20b", "nvidia--DeepSeek-V4-Flash-NVFP4"] {
      let configuration = try QuantizedFile(name).configuration()
      let list = try WeightList(configuration.model, name: name, formats: configuration.formats)
      XCTAssertEqual(list.bytes, try CheckpointContents(configuration).textBytes, name)
      XCTAssertEqual(list.parameters, ParameterShape<Count>(configuration.model).count, name)
      XCTAssertEqual(Set(list.entries.map(\.name)).count, list.entries.count, name)
    }
  }

  func testTensorsHaveTheCheckpointsNames() throws {
    func names(_ name: String, _ template: String) throws -> [String] {
      let configuration = try QuantizedFile(name).configuration()
      let list = try WeightList(configuration.model, name: name, formats: configuration.formats)
      return list.entries.filter { $0.name.full.contains(template) }.map { "\($0.name.full) \($0.dimensions)" }
    }
    XCTAssertEqual(
      try names("Qwen--Qwen3-30B-A3B-FP8", "layers.4.mlp.experts.127.down_proj"),
      [
        "model.layers.4.mlp.experts.127.down_proj.weight [2048, 768]",
        "model.layers.4.mlp.experts.127.down_proj.weight_scale_inv [16, 6]",
      ])
    XCTAssertEqual(
      try names("openai--gpt-oss-20b", "layers.0.mlp.experts.down_proj"),
      [
        "model.layers.0.mlp.experts.down_proj_blocks [32, 2880, 2880]",
        "model.layers.0.mlp.experts.down_proj_scales [32, 2880, 90]",
        "model.layers.0.mlp.experts.down_proj_bias [32, 2880]",
      ])
  }

  /// Weights that a decode step reads, and their scales, differ as much as the checkpoints do.
  func testRowsReadTheBytesOfTheirOwnTensors() throws {
    var file = try QuantizedFile("Qwen--Qwen3-32B")
    file.quantization = [
      "quant_method": .string("fp8"), "weight_block_size": .array([.integer(128), .integer(64)]),
    ]
    func loads(_ configuration: ModelConfiguration, _ operators: OperatorSet) -> UInt64 {
      let workload = Workload(
        batch: 3, prompt: 8, context: 9, tensorParallel: 1, operatorSet: operators, formats: configuration.formats)
      let rows: [NamedOperator<Count>] = DecoderStep(.decode, workload).rows(of: configuration.model)
      return rows.reduce(0) { $0 + $1.operator.cost.traffic.loadWeight.value * $1.occurrences.value }
    }
    let (quantised, stated) = (try file.configuration(), try file.configuration(.all))
    let saved = try file.contents(.all).bytes.value - file.contents().bytes.value
    for operators in OperatorSet.allCases {
      XCTAssertEqual(loads(stated, operators) - loads(quantised, operators), saved, operators.rawValue)
    }
  }

  func testProductsRunOnTheUnitOfTheirFormats() throws {
    func units(_ file: QuantizedFile) throws -> [String: DType?] {
      let configuration = try file.configuration()
      let workload = Workload(
        batch: 1, prompt: 8, context: 9, tensorParallel: 1, operatorSet: .separate, formats: configuration.formats)
      let rows: [NamedOperator<Count>] = DecoderStep(.decode, workload).rows(of: configuration.model)
      return Dictionary(rows.map { ($0.name.rawValue, $0.operator.cost.matrixUnit) }, uniquingKeysWith: { $1 })
    }
    let fp8 = try units(QuantizedFile("deepseek-ai--DeepSeek-V3"))
    for row in ["q_a_proj", "o_proj", "experts_down", "shared_up_proj"] { XCTAssertEqual(fp8[row], .fp8, row) }
    for row in ["router", "lm_head"] { XCTAssertEqual(fp8[row], .bf16, row) }
    // Only weights are quantised: their elements are widened on the way.
    let int4 = try units(QuantizedFile("moonshotai--Kimi-K2.5"))
    XCTAssertEqual(int4["experts_down"], .bf16)
    XCTAssertEqual(try units(QuantizedFile("nvidia--DeepSeek-V4-Flash-NVFP4"))["experts_down"], .fp4)
    XCTAssertEqual(try units(QuantizedFile("deepseek-ai--DeepSeek-V4-Flash"))["experts_down"], .fp8)
  }

  func testActivationsThatTheRunStatesStand() throws {
    let file = try QuantizedFile("deepseek-ai--DeepSeek-V3")
    let configuration = try file.configuration(.activations)
    XCTAssertTrue(configuration.model.tensorFormats.allSatisfy { $0.input == nil })
    XCTAssertEqual(try file.contents(.activations), try file.contents())
  }

  func testAnOverrideIsSaid() throws {
    let file = try QuantizedFile("deepseek-ai--DeepSeek-V3")
    let overridden = Notice.formatsNotRead(keys: ["quantization_config"])
    XCTAssertTrue(try file.configuration(.all).notices.contains(overridden))
    XCTAssertTrue(try file.configuration(.weights).notices.contains(overridden))
    XCTAssertFalse(try file.configuration().notices.contains(overridden))
  }
}
