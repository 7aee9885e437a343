import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// Passes of decoders with LayerNorm and a two-matrix MLP: rows in order, figures on paper, and laws.
final class PlainLayerTests: XCTestCase {
  private struct Decoder {
    let name: String
    let model: DecoderModel
    let rows: [OperatorSet: String]
  }

  private static func model(_ layer: PlainLayer, hasBiases: Bool = true) -> DecoderModel {
    layer.model(
      hiddenSize: 40, intermediateSize: 84, numHiddenLayers: 3, numAttentionHeads: 4, numKeyValueHeads: 4, headDim: 10,
      vocabSize: 101, hasBiases: hasBiases)
  }

  private static let opt = PlainLayer(
    activation: .relu, positions: .learned(rows: 66), isParallel: false, checkpoint: .opt)
  private static let parallel = PlainLayer(
    activation: .gelu, positions: .rotary(dim: 4), isParallel: true, checkpoint: .gptNeoX)
  private static let sequential = PlainLayer(
    activation: .gelu, positions: .rotary(dim: 10), isParallel: false, checkpoint: .gptNeoX)

  /// In the order of transformers' modules; a `?` marks what tensor parallelism adds.
  private static let decoders: [Decoder] = [
    Decoder(
      name: "OPT", model: model(opt),
      rows: [
        .separate: """
        embedding ?embedding_all_reduce position_embedding attn_norm q_proj k_proj v_proj qk_matmul softmax sv_matmul o_proj \
        ?attn_all_reduce attn_add mlp_norm up_proj mlp_relu down_proj ?mlp_all_reduce mlp_add final_norm lm_head \
        ?logits_all_gather
        """,
        .fused: """
        embedding ?embedding_all_reduce position_embedding attn_norm qkv_proj kv_cache_write attention o_proj \
        ?attn_all_reduce attn_add_norm up_proj_relu down_proj ?mlp_all_reduce mlp_add_norm lm_head ?logits_all_gather
        """,
      ]),
    Decoder(
      name: "GPT-NeoX", model: model(parallel),
      rows: [
        .separate: """
        embedding ?embedding_all_reduce attn_norm q_proj k_proj v_proj rotary qk_matmul softmax sv_matmul o_proj \
        ?attn_all_reduce mlp_norm up_proj mlp_gelu down_proj ?mlp_all_reduce attn_add mlp_add final_norm lm_head \
        ?logits_all_gather
        """,
        .fused: """
        embedding ?embedding_all_reduce attn_norm qkv_proj rotary attention o_proj ?attn_all_reduce mlp_norm up_proj_gelu \
        down_proj ?mlp_all_reduce attn_add mlp_add_norm lm_head ?logits_all_gather
        """,
      ]),
    Decoder(
      name: "GPT-NeoX one after the other", model: model(sequential),
      rows: [
        .separate: """
        embedding ?embedding_all_reduce attn_norm q_proj k_proj v_proj rotary qk_matmul softmax sv_matmul o_proj \
        ?attn_all_reduce attn_add mlp_norm up_proj mlp_gelu down_proj ?mlp_all_reduce mlp_add final_norm lm_head \
        ?logits_all_gather
        """,
        .fused: """
        embedding ?embedding_all_reduce attn_norm qkv_proj rotary attention o_proj ?attn_all_reduce attn_add_norm \
        up_proj_gelu down_proj ?mlp_all_reduce mlp_add_norm lm_head ?logits_all_gather
        """,
      ]),
  ]

  private func forEachPass(_ body: (Decoder, Phase, OperatorSet, _ degree: UInt64) throws -> Void) rethrows {
    for decoder in Self.decoders {
      for phase in Phase.allCases {
        for operators in OperatorSet.allCases {
          for degree in [1, 2, 4] as [UInt64] { try body(decoder, phase, operators, degree) }
        }
      }
    }
  }

  func testRowsStandInTheModelsOrder() {
    forEachPass { decoder, phase, operators, degree in
      let pass = TinyModel.analysis(decoder.model, phase, TinyModel.workload(operators, degree: degree))
      let expected = decoder.rows[operators, default: ""].split(separator: " ").filter { degree > 1 || $0.first != "?" }
      XCTAssertEqual(
        pass.operators.map(\.name.rawValue), expected.map { $0.filter { $0 != "?" } }, "\(decoder.name) \(operators)")
    }
  }

  /// Batch 3, prompt 7: 21 tokens of 40 elements, 84 intermediate; four heads of ten, four elements of each turned.
  func testFiguresOnPaper() throws {
    let opt = TinyModel.rows(Self.model(Self.opt), .prefill, TinyModel.workload(.separate))
    let neoX = TinyModel.rows(Self.model(Self.parallel), .prefill, TinyModel.workload(.separate))
    // 7·40 + 3 a row; weight and bias.
    XCTAssertEqual(opt[.attnNorm]?.cost.flops.vector, 5943)
    XCTAssertEqual(opt[.finalNorm]?.cost.traffic.loadWeight, 160)
    // A bias adds once to each of 21·84 results.
    XCTAssertEqual(opt[.upProj]?.cost.flops.vector, 1764)
    XCTAssertEqual(opt[.upProj]?.cost.flops.tensor, 141_120)
    XCTAssertEqual(opt[.mlpRelu]?.cost.flops.total, 0)
    XCTAssertEqual(opt[.mlpRelu]?.cost.traffic.total, 7056)
    XCTAssertEqual(neoX[.mlpGelu]?.cost.flops.vector, 14112)
    XCTAssertEqual(neoX[.mlpGelu]?.cost.flops.special, 1764)
    // Seven places of 40 elements, whichever sequence; one in decode.
    XCTAssertEqual(opt[.positionEmbedding]?.cost.traffic.loadWeight, 560)
    XCTAssertEqual(opt[.positionEmbedding]?.cost.flops.vector, 840)
    let step = TinyModel.rows(Self.model(Self.opt), .decode, TinyModel.workload(.separate))
    XCTAssertEqual(step[.positionEmbedding]?.cost.traffic.loadWeight, 80)
    // 21·(4 + 4) heads of four turned elements, three operations each; half of them the keys.
    XCTAssertEqual(neoX[.rotary]?.cost.flops.vector, 2016)
    XCTAssertEqual(neoX[.rotary]?.cost.traffic.loadKVCache, 672)
    XCTAssertEqual(neoX[.rotary]?.cost.traffic.storeKVCache, 672)
    // Fused, whole keys and values go to the cache.
    let fused = TinyModel.rows(Self.model(Self.parallel), .prefill, TinyModel.workload(.fused))
    XCTAssertEqual(fused[.rotary]?.cost.flops.vector, 2016)
    XCTAssertEqual(fused[.rotary]?.cost.traffic.storeKVCache, 3360)
    XCTAssertEqual(fused[.rotary]?.cost.traffic.storeActivation, 672)
    // 8·40 + 3 a row.
    XCTAssertEqual(fused[.mlpAddNorm]?.cost.flops.vector, 6783)
  }

  /// A training step has the gradients of every row, and for each product two of its own size.
  func testTheyTrain() {
    for decoder in Self.decoders {
      for operators in OperatorSet.allCases {
        for degree in [1, 2] as [UInt64] {
          let workload = TinyModel.workload(operators, degree: degree)
          let backward = BackwardPass(ForwardPass<Count>(decoder.model, DecoderStep(.backward, workload)))
          XCTAssertEqual(backward.missing, [], decoder.name)
          func products(_ pass: TrainingPass) -> Count {
            DecoderStep(pass, workload).rows(of: decoder.model).reduce(0) {
              (sum: Count, row: NamedOperator<Count>) in sum + row.operator.cost.flops.tensor * row.occurrences
            }
          }
          XCTAssertEqual(products(.backward), 2 * products(.forward), "\(decoder.name) \(operators)")
          // The gradient of gelu needs what went into it: stored beside the result, 21 rows of 84 over the ranks.
          let forward: [NamedOperator<Count>] = DecoderStep(.forward, workload).rows(of: decoder.model)
          for row in forward where row.name == "up_proj_gelu" {
            XCTAssertEqual(row.operator.cost.traffic.storeActivation, Count(2 * 2 * 21 * 84 / degree))
          }
        }
      }
    }
  }

  // MARK: laws

  func testShardsAddUpToTheWhole() throws {
    let sharded: [OperatorSet: [OperatorName]] = [
      .separate: [
        .qProj, .kProj, .vProj, .rotary, .qkMatmul, .softmax, .svMatmul, .oProj, .upProj, .mlpGelu, .mlpRelu, .downProj,
      ],
      .fused: [.qkvProj, .rotary, .keyValueCacheWrite, .attention, .oProj, .upProjGelu, .upProjRelu, .downProj],
    ]
    try forEachPass { decoder, phase, operators, degree in
      var model = decoder.model
      (model.hasOutputBias, model.hasMLPBias) = (false, false)
      let whole = TinyModel.rows(model, phase, TinyModel.workload(operators))
      let shard = TinyModel.rows(model, phase, TinyModel.workload(operators, degree: degree))
      for name in sharded[operators, default: []] where whole[name] != nil {
        let (one, all) = try (XCTUnwrap(shard[name]).cost, XCTUnwrap(whole[name]).cost)
        let what = "\(decoder.name) TP \(degree) \(name.rawValue)"
        XCTAssertEqual(one.flops * Count(degree), all.flops, what)
        XCTAssertEqual(one.traffic.loadWeight.times(degree), all.traffic.loadWeight, what)
        XCTAssertEqual(one.traffic.storeKVCache.times(degree), all.traffic.storeKVCache, what)
      }
      let replicated: [OperatorKind] = [.layerNorm, .addLayerNorm, .residualAdd, .positionEmbedding]
      for (name, row) in shard where replicated.contains(row.kind) {
        XCTAssertEqual(row.cost, whole[name]?.cost, "\(decoder.name) \(name.rawValue)")
      }
    }
  }

  func testFusedKernelsDoTheWorkOfSeparateOnes() throws {
    forEachPass { decoder, phase, _, degree in
      let separate = TinyModel.analysis(decoder.model, phase, TinyModel.workload(.separate, degree: degree)).model.cost
      let fused = TinyModel.analysis(decoder.model, phase, TinyModel.workload(.fused, degree: degree)).model.cost
      // In decode nothing is masked, so that fusing changes no operation.
      if phase == .decode { XCTAssertEqual(separate.flops, fused.flops, decoder.name) }
      XCTAssertEqual(separate.traffic.storeKVCache, fused.traffic.storeKVCache + turnedTwice(decoder, phase, degree))
      XCTAssertEqual(separate.wireBytes, fused.wireBytes, decoder.name)
    }
  }

  /// Separate kernels write the turned part of the keys a second time.
  private func turnedTwice(_ decoder: Decoder, _ phase: Phase, _ degree: UInt64) -> Count {
    let rows = TinyModel.rows(decoder.model, phase, TinyModel.workload(.separate, degree: degree))
    return (rows[.rotary]?.cost.traffic.storeKVCache ?? 0).times(decoder.model.numHiddenLayers)
  }

  func testADecodeStepIsTheLastTokenOfACausalPrefill() {
    for decoder in Self.decoders {
      for tokens in UInt64(2)...6 {
        let step = TinyModel.workload(.fused, prompt: tokens, context: tokens)
        let before = TinyModel.workload(.fused, prompt: tokens - 1)
        XCTAssertEqual(
          TinyModel.analysis(decoder.model, .prefill, before).layer.cost.flops
            + TinyModel.analysis(decoder.model, .decode, step).layer.cost.flops,
          TinyModel.analysis(decoder.model, .prefill, step).layer.cost.flops, decoder.name)
      }
    }
  }

  /// Side by side or one after the other, a layer does the same work; only the order changes.
  func testAParallelResidualChangesNoCount() {
    for operators in OperatorSet.allCases {
      var beside = Self.sequential
      beside.isParallel = true
      for phase in Phase.allCases {
        let workload = TinyModel.workload(operators, degree: 2)
        let (one, other) = (
          TinyModel.analysis(Self.model(Self.sequential), phase, workload).model.cost,
          TinyModel.analysis(Self.model(beside), phase, workload).model.cost
        )
        XCTAssertEqual(one.flops, other.flops)
        XCTAssertEqual(one.wireBytes, other.wireBytes)
        if operators == .separate { XCTAssertEqual(one.traffic, other.traffic) }
      }
    }
  }

  func testSequenceParallelismSplitsTheAllReduces() throws {
    for decoder in Self.decoders {
      for operators in OperatorSet.allCases {
        var workload = TinyModel.workload(operators, batch: 4, prompt: 6, degree: 2)
        let plain = TinyModel.analysis(decoder.model, .prefill, workload)
        workload.parallelism.isSequenceParallel = true
        let sharded = TinyModel.analysis(decoder.model, .prefill, workload)
        XCTAssertEqual(sharded.layer.cost.wireBytes, plain.layer.cost.wireBytes, decoder.name)
        for row in sharded.operators where [.layerNorm, .addLayerNorm, .residualAdd].contains(row.kind) {
          let whole = try XCTUnwrap(plain.operators.first { $0.name == row.name })
          XCTAssertEqual(row.cost.flops * 2, whole.cost.flops, "\(decoder.name) \(row.name.rawValue)")
        }
      }
    }
  }

  // MARK: memory

  /// Every weight is read once in a step that looks one token up, but for the vocabulary's and positions' other rows.
  func testAStepReadsEveryWeightOnce() throws {
    for decoder in Self.decoders {
      let step = TinyModel.analysis(decoder.model, .decode, TinyModel.workload(.separate, batch: 1)).model.cost
      var expected = ParameterShape<Count>(decoder.model).count.value
      // 101 rows of 40 in the embedding, of which one is read; tied, the head reads them all.
      expected -= decoder.model.tieWordEmbeddings ? 0 : 101 * 40
      expected += 40
      // 66 learned positions, of which one is read.
      if decoder.name == "OPT" { expected -= 65 * 40 }
      XCTAssertEqual(step.traffic.loadWeight.value, 2 * expected, decoder.name)
    }
  }

  /// Prompt 64, batch 1, 16-bit: the tensors alive where the MLP is widest, on paper.
  func testActivationsAlive() throws {
    func peak(_ layer: PlainLayer, _ operators: OperatorSet) -> ActivationPeak<Count> {
      var model = Self.model(layer)
      model.intermediateSize = 4000
      let workload = TinyModel.workload(operators, batch: 1, prompt: 64)
      return ActivationPeak<Count>(model, DecoderStep(.prefill, workload))
    }
    // At the activation: its operand and result, 64·4000 each, and the stream, 64·40; with attention and MLP side by side
    // also the attention's output.
    let gelu = peak(Self.parallel, .separate)
    XCTAssertEqual(gelu.row, .mlpGelu)
    XCTAssertEqual(gelu.bytes, Count(2 * (2 * 64 * 4000 + 2 * 64 * 40)))
    let relu = peak(Self.opt, .separate)
    XCTAssertEqual(relu.row, .mlpRelu)
    XCTAssertEqual(relu.bytes, Count(2 * (2 * 64 * 4000 + 64 * 40)))
    // In one kernel with its matrix only the result is there, and the matrix's input; at the next matrix, its output.
    XCTAssertEqual(peak(Self.parallel, .fused).bytes, Count(2 * (64 * 4000 + 3 * 64 * 40)))
    XCTAssertEqual(peak(Self.opt, .fused).bytes, Count(2 * (64 * 4000 + 2 * 64 * 40)))
  }
}
