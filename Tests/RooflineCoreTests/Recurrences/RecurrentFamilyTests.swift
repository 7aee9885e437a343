import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Families with recurrent mixers: published sizes, FLOPs, caches and states.
final class RecurrentFamilyTests: XCTestCase {
  func testLibraryDefaultsHaveTheLibrarysParameterCounts() throws {
    for (json, count) in [
      (RecurrentFamilies.qwen3Next, 79_674_391_296), (RecurrentFamilies.mamba2, 7_285_403_648),
      (RecurrentFamilies.jamba, 51_570_323_328), (RecurrentFamilies.miniMax, 47_373_946_880),
      (RecurrentFamilies.kimiLinear, 49_133_074_464),
    ] as [(String, UInt64)] {
      XCTAssertEqual(ParameterShape<Count>(try WrittenModel.configuration(json).model).count.value, count, json)
    }
    // Router biases are buffers: 26 layers of 256.
    let kimi = try WrittenModel.configuration(RecurrentFamilies.kimiLinear).model
    XCTAssertEqual(ParameterShape<Count>(kimi).buffers.value, 6656)
  }

  /// MiniMax-Text-01 itself: 70 layers of lightning attention and 10 others.
  func testMiniMaxText01HasItsPublishedParameters() throws {
    let types: [JSONValue] = (1...80).map { .string($0 % 8 == 0 ? "full_attention" : "linear_attention") }
    let model = try WrittenModel.configuration(
      RecurrentFamilies.miniMax,
      [
        "vocab_size": .integer(200_064), "hidden_size": .integer(6144), "intermediate_size": .integer(9216),
        "num_hidden_layers": .integer(80), "num_attention_heads": .integer(64), "head_dim": .integer(128),
        "num_local_experts": .integer(32), "layer_types": .array(types),
      ]
    ).model
    XCTAssertEqual(ParameterShape<Count>(model).count.value, 456_089_655_296)
    XCTAssertEqual(ParameterShape<Count>(model).active.value, 48_403_306_496)
  }

  private struct Published {
    let name: String
    let parameters, active, withoutEmbedding: UInt64
    let gemm, attention4096, attention131072: UInt64
    let cache, state, convolution: UInt64
  }

  /// Model cards, and transformers on the meta device.
  private let published = [
    Published(
      name: "Qwen--Qwen3.5-27B", parameters: 26_895_998_464, active: 26_895_998_464, withoutEmbedding: 25_624_600_064,
      gemm: 51_243_909_120, attention4096: 1_610_612_736, attention131072: 51_539_607_552, cache: 65_536,
      state: 150_994_944, convolution: 2_949_120),
    Published(
      name: "Qwen--Qwen3.5-35B-A3B", parameters: 34_660_610_688, active: 3_454_988_928,
      withoutEmbedding: 2_946_429_568, gemm: 5_890_539_520, attention4096: 671_088_640,
      attention131072: 21_474_836_480, cache: 20_480, state: 62_914_560, convolution: 1_474_560),
    Published(
      name: "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", parameters: 31_577_937_344, active: 3_580_073_408,
      withoutEmbedding: 3_227_751_872, gemm: 6_453_608_448, attention4096: 402_653_184,
      attention131072: 12_884_901_888, cache: 6144, state: 48_234_496, convolution: 847_872),
    Published(
      name: "nvidia--Nemotron-H-56B-Base-8K", parameters: 56_324_350_464, active: 56_324_350_464,
      withoutEmbedding: 55_250_608_640, gemm: 110_486_355_968, attention4096: 1_342_177_280,
      attention131072: 42_949_672_960, cache: 40_960, state: 905_969_664, convolution: 6_635_520),
    Published(
      name: "moonshotai--Kimi-K3", parameters: 2_779_484_393_568, active: 105_363_935_328,
      withoutEmbedding: 104_189_530_208, gemm: 208_350_865_408, attention4096: 20_535_312_384,
      attention131072: 657_129_996_288, cache: 27_648, state: 434_110_464, convolution: 15_261_696),
  ]

  func testRealFilesHaveTheirPublishedSizesAndFLOPs() throws {
    guard let shared = Fixtures.shared else {
      XCTAssertFalse(Fixtures.isCI)
      throw XCTSkip("no shared data beside the package")
    }
    for figures in published {
      let model = try Self.original("\(shared)/configs/\(figures.name).json").model
      let shape = ParameterShape<Count>(model)
      XCTAssertEqual(shape.count.value, figures.parameters, figures.name)
      XCTAssertEqual(shape.active.value, figures.active, figures.name)
      XCTAssertEqual(shape.activeWithoutGatheredTables.value, figures.withoutEmbedding, figures.name)
      let growth = CacheGrowth(model, NumberFormats(.bf16))
      XCTAssertEqual(growth.bytesPerToken.value, figures.cache, figures.name)
      XCTAssertEqual(growth.stateBytesPerSequence.value, figures.state, figures.name)
      XCTAssertEqual(growth.convolutionBytesPerSequence.value, figures.convolution, figures.name)
      for operators in OperatorSet.allCases {
        for (context, attention) in [(4096, figures.attention4096), (131_072, figures.attention131072)] {
          let flops = Self.flops(model, operators, context: UInt64(context))
          XCTAssertEqual(flops.products.value, figures.gemm, "\(figures.name) \(operators) \(context)")
          XCTAssertEqual(flops.attention.value, attention, "\(figures.name) \(operators) \(context)")
        }
      }
    }
  }

  /// One of 8 ranks: heads, experts and vocabulary divided, latents, routers and norms not.
  func testARankOfKimiK3HoldsItsShare() throws {
    guard let shared = Fixtures.shared else {
      XCTAssertFalse(Fixtures.isCI)
      throw XCTSkip("no shared data beside the package")
    }
    let model = try Self.original("\(shared)/configs/moonshotai--Kimi-K3.json").model
    let rank = ParameterShape<Count>(model, tensorParallel: 8)
    XCTAssertEqual(rank.count.value, 352_465_838_012)
    XCTAssertEqual(rank.routed.value, 340_342_603_776)
    XCTAssertEqual(ParameterShape<Count>(model).buffers.value, 82_432)
  }

  /// The model before its weights were quantised.
  private static func original(_ file: String) throws -> ModelConfiguration {
    guard case .object(var members) = try JSONValue.read(file: file) else { throw XCTSkip("no object") }
    if case .object(var text)? = members["text_config"] {
      text["quantization_config"] = nil
      members["text_config"] = .object(text)
    }
    return try ModelConfiguration(.object(members), name: "test", file: file)
  }

  private static func flops(
    _ model: DecoderModel, _ operators: OperatorSet, context: UInt64
  ) -> (products: Count, attention: Count) {
    let workload = Workload(
      batch: 1, prompt: context - 1, context: context, tensorParallel: 1, operatorSet: operators,
      formats: NumberFormats(.bf16))
    var sums: (products: Count, attention: Count) = (0, 0)
    for row in ForwardPass<Count>(model, DecoderStep(.decode, workload)).rows {
      let tensor = row.operator.cost.flops.tensor * row.occurrences
      switch row.operator {
      case .gemm, .groupedGEMM, .batchedGEMM: sums.products = sums.products + tensor
      default: sums.attention = sums.attention + tensor
      }
    }
    return sums
  }

  /// Whatever the context, a decode step reads and writes each state once; a prompt without a past writes it only.
  func testAStateIsReadAndWrittenOnceACall() throws {
    for (name, json) in RecurrentFamilies.all {
      let model = try WrittenModel.configuration(json).model
      let growth = CacheGrowth(model, NumberFormats(.bf16))
      let kept = growth.stateBytesPerSequence.value + growth.convolutionBytesPerSequence.value
      XCTAssertGreaterThan(kept, 0, name)
      for operators in OperatorSet.allCases {
        for context: UInt64 in [9, 5000] {
          let workload = Workload(
            batch: 3, prompt: context - 1, context: context, tensorParallel: 1, operatorSet: operators,
            formats: NumberFormats(.bf16))
          let decode = Self.recurrentTraffic(model, DecoderStep(.decode, workload))
          XCTAssertEqual(decode.loadKVCache.value, 3 * kept, name)
          XCTAssertEqual(decode.storeKVCache.value, 3 * kept, name)
          let prefill = Self.recurrentTraffic(model, DecoderStep(.prefill, workload))
          XCTAssertEqual(prefill.loadKVCache.value, 0, name)
          XCTAssertEqual(prefill.storeKVCache.value, 3 * kept, name)
        }
      }
    }
  }

  private static func recurrentTraffic(_ model: DecoderModel, _ step: DecoderStep) -> Traffic<Count> {
    var traffic = Traffic<Count>()
    for row in ForwardPass<Count>(model, step).rows {
      switch row.operator {
      case .causalConvolution, .deltaRule, .stateSpaceScan, .selectiveScan, .lightningAttention:
        traffic = traffic + row.operator.cost.traffic * row.occurrences
      default: break
      }
    }
    return traffic
  }

  /// Both sets of operators compute the same recurrences: norms and gates stand in rows of their own, or in the kernel.
  func testFusedKernelsDoTheWorkOfTheRowsTheyJoin() throws {
    let kinds: Set<OperatorKind> = [.deltaRule, .deltaGates, .l2Norm, .stateSpaceScan, .softplus, .causalConvolution]
    for (name, json) in RecurrentFamilies.all {
      let model = try WrittenModel.configuration(json).model
      for phase in Phase.allCases {
        let sums = OperatorSet.allCases.map { operators -> FLOPCounts<Count> in
          let workload = TinyModel.workload(operators, prompt: 70, context: 71)
          return ForwardPass<Count>(model, DecoderStep(phase, workload)).rows
            .filter { kinds.contains($0.operator.accept(KindOf())) }
            .reduce(FLOPCounts()) { $0 + $1.operator.cost.flops * $1.occurrences }
        }
        XCTAssertEqual(sums[0], sums[1], "\(name) \(phase)")
      }
    }
  }

  /// A snapshot every four layers, from the first on: six layers' mixers see 0 1 1 1 1 2, their feed-forwards 1 1 1 1 2 2, the
  /// head 2.
  func testMixesSeeTheSnapshotsThatWereTaken() throws {
    let model = try WrittenModel.configuration(RecurrentFamilies.kimiK3).model
    for operators in OperatorSet.allCases {
      let workload = TinyModel.workload(operators)
      let rows = ForwardPass<Count>(model, DecoderStep(.prefill, workload)).rows
      func snapshots(_ name: OperatorName) -> UInt64 {
        rows.reduce(0) { $1.name == name ? $0 + $1.occurrences.value : $0 }
      }
      XCTAssertEqual(snapshots("attn_res_snapshots"), 6)
      XCTAssertEqual(snapshots("mlp_res_snapshots"), 8)
      XCTAssertEqual(snapshots("output_res_snapshots"), 2)
      XCTAssertEqual(snapshots("attn_res_mix"), 6)
      XCTAssertEqual(snapshots("attn_norm"), 6)
      XCTAssertEqual(snapshots("final_norm"), 1)
    }
  }

  /// Two snapshots of 7 tokens for 3 sequences, 48 wide in bf16, are alive wherever the peak is.
  func testSnapshotsStayInMemory() throws {
    let model = try WrittenModel.configuration(RecurrentFamilies.kimiK3).model
    var plain = model
    plain.head.snapshots = nil
    for index in plain.groups.indices { plain.groups[index].residual = .preNorm }
    let step = DecoderStep(.prefill, TinyModel.workload(.separate))
    let (mixed, without) = (ActivationPeak<Count>(model, step).bytes, ActivationPeak<Count>(plain, step).bytes)
    XCTAssertGreaterThanOrEqual(mixed.value, without.value + 2 * 7 * 3 * 48 * 2)
  }

  /// A layer on paper: Mamba-2 of 8 heads of 6 in 2 groups with a state of 16 on 4 ranks: 2 heads, one group each.
  func testGroupsAreCopiedWhereThereAreFewerThanRanks() throws {
    let model = try WrittenModel.configuration(
      RecurrentFamilies.nemotron, ["hybrid_override_pattern": .string("M"), "num_hidden_layers": .integer(1)]
    ).model
    XCTAssertEqual(model.legalTensorParallelDegrees, [1, 2, 4, 8])
    let rank = ParameterShape<Count>(model, tensorParallel: 4)
    let inner: UInt64 = 2 * 6
    let channels = inner + 2 * 16
    let mixer = (inner + channels + 2) * 48 + 5 * channels + 3 * 2 + inner + 48 * inner
    XCTAssertEqual(rank.count.value, mixer + 48 + 48 + 2 * 25 * 48)
    let names = ForwardPass<Count>(
      model, DecoderStep(.decode, TinyModel.workload(.separate, degree: 4))
    ).rows.map(\.name.rawValue)
    XCTAssertTrue(names.contains("out_norm_all_reduce"))
  }

  func testTensorsHaveTheirCheckpointsNames() throws {
    func names(_ json: String) throws -> Set<String> {
      Set(
        ParameterShape<Count>(try WrittenModel.configuration(json).model).tensors.map {
          "\($0.name) \($0.dimensions.map(\.value))"
        })
    }
    let qwen = try names(RecurrentFamilies.qwen3Next)
    for name in [
      "model.layers.N.linear_attn.in_proj_qkvz.weight [12288, 2048]",
      "model.layers.N.linear_attn.in_proj_ba.weight [64, 2048]",
      "model.layers.N.linear_attn.conv1d.weight [8192, 1, 4]", "model.layers.N.linear_attn.dt_bias [32]",
      "model.layers.N.linear_attn.A_log [32]", "model.layers.N.self_attn.q_proj.weight [8192, 2048]",
    ] {
      XCTAssertTrue(qwen.contains(name), name)
    }
    let mamba = try names(RecurrentFamilies.mamba2)
    XCTAssertTrue(mamba.contains("backbone.layers.N.mixer.D [128]"))
    XCTAssertTrue(mamba.contains("backbone.layers.N.mixer.conv1d.bias [10240]"))
    XCTAssertTrue(try names(RecurrentFamilies.jamba).contains("model.layers.N.mamba.A_log [8192, 16]"))
    XCTAssertTrue(
      try names(RecurrentFamilies.kimiK3).contains(
        "language_model.model.layers.N.self_attention_res_proj.weight [1, 48]"))
  }
}

private struct KindOf: OperatorVisitor {
  typealias Scalar = Count

  func visit<D: OperatorDefinition>(_ definition: D) -> OperatorKind where D.Scalar == Count { definition.kind }
}
