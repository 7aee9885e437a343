import RooflineCore
import TestSupport
import XCTest

/// Further families of dense decoders and of routed experts, each with what transformers' own class has.
final class FurtherFamilyTests: XCTestCase {
  private func configuration(_ name: String) throws -> ModelConfiguration {
    let model = try XCTUnwrap(FurtherFamilies.models.first { $0.name == name }, name)
    var changes: [String: JSONValue] = [:]
    if let types = model.layers, let layers = try layers(model.json) {
      changes["layer_types"] = Self.types(types, layers)
    }
    return try WrittenModel.configuration(model.json, changes)
  }

  private static func types(_ types: FurtherFamilies.LayerTypes, _ layers: Int64) -> JSONValue {
    .array(
      (1...layers).map { layer in
        .string(types == .full || layer.isMultiple(of: 4) ? "full_attention" : "sliding_attention")
      })
  }

  private func layers(_ json: String) throws -> Int64? {
    guard case .object(let members) = try JSONValue.parse(Data(json.utf8), file: "config.json"),
      case .integer(let layers)? = members["num_hidden_layers"]
    else { return nil }
    return layers
  }

  private func tensors(_ name: String) throws -> Set<String> {
    let configuration = try configuration(name)
    let list = try WeightList(configuration.model, name: name, formats: configuration.formats)
    return Set(list.entries.map(\.name.full))
  }

  func testParametersAreThoseOfTheLibrarysClasses() throws {
    for model in FurtherFamilies.models {
      let shape = ParameterShape<Count>(try configuration(model.name).model)
      XCTAssertEqual(shape.count.value, model.parameters, model.name)
    }
  }

  /// `model_type` alone says which class it is, as transformers has it.
  func testTheClassIsThatOfTheModelType() throws {
    for model in FurtherFamilies.models {
      let stated = try configuration(model.name)
      var changes: [String: JSONValue] = ["architectures": .null]
      if let types = model.layers, let layers = try layers(model.json) {
        changes["layer_types"] = Self.types(types, layers)
      }
      let alone = try WrittenModel.configuration(model.json, changes)
      XCTAssertEqual(alone.model, stated.model, model.name)
    }
  }

  func testCorrectionsOfTheChoiceAreBuffers() throws {
    // 27 and 51 layers of 64 experts, 61 of 128.
    for (name, buffers) in [("ERNIE-4.5-21B-A3B", 1_728), ("ERNIE-4.5-300B-A47B", 3_264), ("dots.llm1", 7_808)]
      as [(String, UInt64)]
    {
      XCTAssertEqual(ParameterShape<Count>(try configuration(name).model).buffers.value, buffers, name)
    }
  }

  /// What tells each class from Llama, under the names of its checkpoints.
  func testTensorsHaveTheCheckpointsNames() throws {
    let layer = "model.layers.1."
    let cases: [(name: String, has: [String], hasNot: [String])] = [
      (
        "Phi-2",
        ["lm_head.bias", layer + "self_attn.dense.bias", layer + "mlp.fc1.weight", "model.final_layernorm.bias"],
        [layer + "post_attention_layernorm.weight"]
      ),
      (
        "OLMo-2-7B", [layer + "post_feedforward_layernorm.weight", layer + "self_attn.q_norm.weight"],
        [layer + "input_layernorm.weight"]
      ),
      (
        "EXAONE-4.0-1.2B", [layer + "post_attention_layernorm.weight"],
        [layer + "input_layernorm.weight", "lm_head.weight"]
      ),
      (
        "GLM-4-9B-0414", [layer + "post_self_attn_layernorm.weight", layer + "mlp.gate_up_proj.weight"],
        [layer + "self_attn.o_proj.bias"]
      ),
      ("GLM-4-9B-chat", [layer + "post_attention_layernorm.weight"], [layer + "post_mlp_layernorm.weight"]),
      (
        "Qwen1.5-MoE-A2.7B",
        [
          layer + "mlp.shared_expert_gate.weight", layer + "mlp.experts.59.down_proj.weight",
          layer + "self_attn.q_proj.bias",
        ],
        [layer + "mlp.experts.60.down_proj.weight"]
      ),
      ("Hunyuan-7B", [layer + "self_attn.query_layernorm.weight"], [layer + "self_attn.q_norm.weight"]),
      ("AFM-4.5B", [layer + "mlp.up_proj.weight"], [layer + "mlp.gate_proj.weight"]),
      ("StarCoder2-3B", [layer + "mlp.c_proj.bias", "model.norm.bias"], ["lm_head.weight"]),
      ("Seed-OSS-36B", [layer + "self_attn.v_proj.bias"], [layer + "self_attn.o_proj.bias"]),
    ]
    for (name, has, hasNot) in cases {
      let tensors = try tensors(name)
      for tensor in has { XCTAssertTrue(tensors.contains(tensor), "\(name) has \(tensor)") }
      for tensor in hasNot { XCTAssertFalse(tensors.contains(tensor), "\(name) has no \(tensor)") }
    }
  }

  private func rows(_ model: DecoderModel, _ operators: OperatorSet, isSequenceParallel: Bool = false)
    -> [NamedOperator<Count>]
  {
    var workload = TinyModel.workload(operators, degree: isSequenceParallel ? 2 : 1)
    workload.parallelism.isSequenceParallel = isSequenceParallel
    return DecoderStep(.prefill, workload).rows(of: model)
  }

  /// In the order of transformers' modules.
  func testWhereNormsStand() throws {
    let olmo = try configuration("OLMo-2-7B").model
    let phi = try configuration("Phi-2").model
    let cases: [(model: DecoderModel, operators: OperatorSet, rows: String)] = [
      (
        olmo, .separate,
        """
        embedding q_proj k_proj v_proj q_norm k_norm rotary qk_matmul softmax sv_matmul o_proj attn_post_norm attn_add gate_proj \
        up_proj mlp_silu_dot down_proj mlp_post_norm mlp_add final_norm lm_head
        """
      ),
      (
        olmo, .fused,
        """
        embedding qkv_proj q_norm k_norm rotary attention o_proj attn_post_norm attn_add gate_up_proj mlp_silu_dot down_proj \
        mlp_post_norm mlp_add final_norm lm_head
        """
      ),
      (
        phi, .separate,
        """
        embedding attn_norm q_proj k_proj v_proj rotary qk_matmul softmax sv_matmul o_proj up_proj mlp_gelu down_proj attn_add \
        mlp_add final_norm lm_head
        """
      ),
      (
        phi, .fused,
        """
        embedding attn_norm qkv_proj rotary attention o_proj up_proj_gelu down_proj attn_add mlp_add_norm lm_head
        """
      ),
    ]
    for (model, operators, expected) in cases {
      XCTAssertEqual(
        rows(model, operators).map(\.name.rawValue), expected.split(separator: " ").map(String.init), "\(operators)")
    }
  }

  /// Without a norm in front, a branch reads the stream; divided among ranks, the stream's shards are gathered.
  func testBranchesWithoutANormReadTheStream() throws {
    let olmo = try configuration("OLMo-2-7B").model
    let whole = Dictionary(rows(olmo, .separate).map { ($0.name, $0.statement) }) { first, _ in first }
    XCTAssertEqual(whole["q_proj"].map { Array($0.reads) }, [.residual])
    XCTAssertEqual(whole["up_proj"].map { Array($0.reads) }, [.residualAfterAttention])
    XCTAssertEqual(whole["attn_add"].map { Array($0.reads) }, [.normalizedSum, .residual])
    let shards = Dictionary(rows(olmo, .separate, isSequenceParallel: true).map { ($0.name, $0.statement) }) {
      first, _ in first
    }
    XCTAssertEqual(shards["attn_all_gather"].map { Array($0.reads) }, [.residual])
    XCTAssertEqual(shards["mlp_all_gather"].map { Array($0.reads) }, [.residualAfterAttention])
    XCTAssertEqual(shards["q_proj"].map { Array($0.reads) }, [.normalized])
    // One gather serves both branches behind one norm.
    let phi = try configuration("Phi-2").model
    let gathers = rows(phi, .separate, isSequenceParallel: true).filter { $0.name.rawValue.hasSuffix("all_gather") }
    XCTAssertEqual(gathers.map(\.name.rawValue), ["attn_all_gather", "final_all_gather", "logits_all_gather"])
  }

  /// Every product has two gradients of its own size, and what joins the stream at one place adds its gradients there.
  func testTheBackwardPassOfBranchesWithoutANorm() throws {
    let olmo = try configuration("OLMo-2-7B").model
    // q, k and v read the stream beside the addition: three more gradients; gate and up beside theirs: two. Fused, one each.
    let additions: [OperatorSet: [String]] = [
      .separate: ["mlp_add_backward", "up_proj_dx_add", "attn_add_backward", "v_proj_dx_add", "k_proj_dx_add"],
      .fused: ["mlp_add_backward", "attn_add_backward"],
    ]
    for operators in OperatorSet.allCases {
      let workload = TinyModel.workload(operators, degree: 2)
      func products(_ pass: TrainingPass) -> Count {
        DecoderStep(pass, workload).rows(of: olmo).reduce(0) { (sum: Count, row: NamedOperator<Count>) in
          guard case .attention = row.operator else {
            guard case .attentionGradient = row.operator else {
              return sum + row.operator.cost.flops.tensor * row.occurrences
            }
            return sum
          }
          return sum
        }
      }
      XCTAssertEqual(products(.backward), 2 * products(.forward), "\(operators)")
      let backward: [NamedOperator<Count>] = DecoderStep(.backward, workload).rows(of: olmo)
      let names = backward.compactMap { row -> String? in
        guard case .residualAdd = row.operator, row.scope.isLayer else { return nil }
        return row.name.rawValue
      }
      XCTAssertEqual(Set(names), Set(additions[operators, default: []]), "\(operators)")
      XCTAssertEqual(names.count, Set(names).count)
    }
  }

  func testWhatTheClassesDoAndNobodyCountsIsRefused() throws {
    for (name, key, value) in [
      ("SmolLM3-3B", "use_sliding_window", .bool(true)), ("StableLM-2-1.6B", "qk_layernorm", .bool(true)),
      ("Phi-2", "qk_layernorm", .bool(true)), ("GLM-4-9B-0414", "hidden_act", .string("gelu")),
    ] as [(String, String, JSONValue)] {
      let model = try XCTUnwrap(FurtherFamilies.models.first { $0.name == name })
      XCTAssertThrowsError(try WrittenModel.configuration(model.json, [key: value]), name) { error in
        XCTAssertTrue("\(error)".contains(key), "\(error)")
      }
    }
    // Which layers slide stands in no other key.
    let exaone = try XCTUnwrap(FurtherFamilies.models.first { $0.name == "EXAONE-4.0-32B" })
    XCTAssertThrowsError(try WrittenModel.configuration(exaone.json)) { XCTAssertTrue("\($0)".contains("layer_types")) }
  }

  func testTextPartsOfModelsThatSeeAreRead() throws {
    // Flat, as Qwen2.5-VL's files are.
    let seeing = """
      {"architectures": ["Qwen2_5_VLForConditionalGeneration"], "model_type": "qwen2_5_vl", "hidden_size": 3584,
       "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4,
       "vocab_size": 152064, "hidden_act": "silu", "tie_word_embeddings": false, "use_sliding_window": false,
       "rope_scaling": {"type": "mrope", "mrope_section": [16, 24, 24]}, "torch_dtype": "bfloat16",
       "vision_config": {"depth": 32, "hidden_size": 1280, "num_heads": 16}}
      """
    // Qwen2.5-7B's, of its model card.
    XCTAssertEqual(ParameterShape<Count>(try WrittenModel.configuration(seeing).model).count.value, 7_615_616_512)
    let mistral = """
      {"architectures": ["Mistral3ForConditionalGeneration"], "model_type": "mistral3", "torch_dtype": "bfloat16",
       "vision_config": {"hidden_size": 1024, "model_type": "pixtral"}, "spatial_merge_size": 2, "image_token_index": 10,
       "text_config": {"model_type": "mistral", "hidden_size": 5120, "intermediate_size": 32768, "num_hidden_layers": 40,
         "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 131072, "hidden_act": "silu",
         "sliding_window": null}}
      """
    // Mistral-Small-24B's, of its model card.
    XCTAssertEqual(ParameterShape<Count>(try WrittenModel.configuration(mistral).model).count.value, 23_572_403_200)
  }
}
