import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// What must be true between the passes of a training step, whatever the formulas are.
final class TrainingLawTests: XCTestCase {
  func testForwardRowsAreThoseOfAPrefillWithTheHeadOnAllTokensAndNoLogitsGathered() throws {
    TrainingPasses.forEachTiny { tiny, degree, operators in
      let forward = TrainingPasses.of(tiny.model, sequence: 7, batch: 3, degree: degree, operators)[.forward]
      let prefill = TinyModel.analysis(
        tiny.model, .prefill, TinyModel.workload(operators, batch: 3, prompt: 7, degree: degree))
      // Gathered logits are read by a sampler; the loss of a vocabulary in shards needs no row whole.
      let counterparts = prefill.operators.filter { $0.name != .logitsAllGather }
      XCTAssertEqual(counterparts.count, prefill.operators.count - (degree > 1 ? 1 : 0))
      XCTAssertEqual(forward?.operators.map(\.name), counterparts.map(\.name))
      for (row, other) in zip(forward?.operators ?? [], counterparts) {
        let what = "\(tiny.name) TP \(degree) \(row.name.rawValue)"
        if row.name == .lmHead {
          XCTAssertEqual(row.cost.flops.tensor, other.cost.flops.tensor.times(7), what)
        } else {
          XCTAssertEqual(row.cost.flops, other.cost.flops, what)
        }
        XCTAssertEqual(row.occurrences, other.occurrences, what)
      }
    }
  }

  func testNoPassTouchesAKeyValueCache() throws {
    let mixed = NumberFormats(weight: .fp8, activation: .fp8, keyValueCache: .int4, model: .bf16)
    let plain = NumberFormats(weight: .fp8, activation: .fp8, keyValueCache: .bf16, model: .bf16)
    try TrainingPasses.forEachTiny { tiny, degree, operators in
      let passes = TrainingPasses.of(tiny.model, sequence: 5, degree: degree, operators, mixed)
      let others = TrainingPasses.of(tiny.model, sequence: 5, degree: degree, operators, plain)
      for pass in TrainingPass.allCases {
        let total = try XCTUnwrap(passes[pass]).model.cost
        XCTAssertEqual([total.traffic.loadKVCache, total.traffic.storeKVCache], [0, 0])
        XCTAssertEqual(total, try XCTUnwrap(others[pass]).model.cost, "a cache's format changes nothing")
      }
    }
  }

  func testBackwardProductsAreTwiceTheForwardOnes() throws {
    try TrainingPasses.forEachTiny { tiny, degree, operators in
      let passes = TrainingPasses.of(tiny.model, sequence: 6, batch: 2, degree: degree, operators)
      let (forward, backward) = try (XCTUnwrap(passes[.forward]), XCTUnwrap(passes[.backward]))
      XCTAssertEqual(
        backward.model.cost.flops.tensor, forward.model.cost.flops.tensor + forward.model.cost.flops.tensor)
      for row in forward.operators {
        let gradients = backward.operators.filter { $0.name.forwardRow == row.name }
        let tensor = gradients.reduce(Count(0)) { $0 + $1.cost.flops.tensor }
        XCTAssertEqual(tensor, row.cost.flops.tensor + row.cost.flops.tensor, "\(tiny.name) \(row.name.rawValue)")
        // Whatever computes something, or reads a weight, has a gradient; as often as it runs.
        if row.cost.traffic.total > 0 {
          XCTAssertFalse(gradients.isEmpty, row.name.rawValue)
          // The fused set's last norm of the stream is the final one, whose input's gradient is a row of its own.
          let isLast = operators == .fused && row.name == "mlp_add_norm"
          for part in Set(gradients.map(\.name)) {
            let times = gradients.filter { $0.name == part }.reduce(Count(0)) { $0 + $1.occurrences }
            let own: Count = isLast && part.rawValue.hasSuffix("_dx") ? 1 : 0
            XCTAssertEqual(times + own, row.occurrences, part.rawValue)
          }
        }
      }
    }
  }

  /// A bias is added to every result, and its gradient adds every result's.
  func testABiasGradientAddsWhatItsBiasWasAddedTo() throws {
    let tiny = TinyModel.all[2]
    for degree in tiny.legalDegrees {
      for operators in OperatorSet.allCases {
        let passes = TrainingPasses.of(tiny.model, sequence: 6, batch: 2, degree: degree, operators)
        let (forward, backward) = (TrainingPasses.rows(passes[.forward]), TrainingPasses.rows(passes[.backward]))
        var found = 0
        for (name, row) in backward where row.kind == .biasGradient {
          XCTAssertEqual(row.cost.flops.vector, forward[name.forwardRow]?.cost.flops.vector, name.rawValue)
          found += 1
        }
        XCTAssertEqual(found, operators == .separate ? 7 : 4)
      }
    }
  }

  /// Every tensor that several rows read has its gradients added up: in a layer q, k and v's input, gate and up's, and the
  /// residual stream twice; fused, the projections have one input gradient and the norms' rows add the stream's.
  func testGradientsOfForkedTensorsAreAddedUp() throws {
    let tiny = TinyModel.all[0]
    func additions(_ operators: OperatorSet) -> [OperatorName] {
      (TrainingPasses.of(tiny.model, sequence: 6, operators)[.backward]?.operators ?? []).filter {
        $0.kind == .residualAdd
      }
      .map(\.name)
    }
    XCTAssertEqual(
      additions(.separate),
      [
        .upProj.gradient(.inputSum), .mlpAdd.gradient(.backward), .kProj.gradient(.inputSum),
        .vProj.gradient(.inputSum), .attnAdd.gradient(.backward),
      ])
    XCTAssertEqual(additions(.fused), [])
    let fused = TrainingPasses.rows(TrainingPasses.of(tiny.model, sequence: 6, .fused)[.backward])
    for row in [OperatorName.mlpAddNorm.gradient(.input), .attnAddNorm.gradient(.input), .attnNorm.gradient(.input)] {
      // Six rows of 35 elements: the norm's 8·35 + 2 and the stream's 35.
      XCTAssertEqual(fused[row]?.cost.flops.vector, 6 * 317, row.rawValue)
    }
  }

  func testShardsOfGradientsAddUpToTheWhole() throws {
    let shared: [OperatorName] = [
      .oProj.gradient(.input), .oProj.gradient(.weight), .downProj.gradient(.input), .downProj.gradient(.weight),
      .mlpSiluDot.gradient(.backward),
    ]
    let byHead: [OperatorSet: [OperatorName]] = [
      .separate: [
        .qProj.gradient(.input), .qProj.gradient(.weight), .gateProj.gradient(.input), .gateProj.gradient(.weight),
        .upProj.gradient(.input), .upProj.gradient(.weight), .svMatmul.gradient(.probabilities),
        .svMatmul.gradient(.value),
        .softmax.gradient(.backward), .qkMatmul.gradient(.query), .qkMatmul.gradient(.key),
      ],
      .fused: [.gateUpProj.gradient(.input), .gateUpProj.gradient(.weight), .attention.gradient(.backward)],
    ]
    let byKeyValueHead: [OperatorSet: [OperatorName]] = [
      .separate: [
        .kProj.gradient(.input), .kProj.gradient(.weight), .vProj.gradient(.input), .vProj.gradient(.weight),
        .rotary.gradient(.backward),
      ],
      .fused: [.qkvProj.gradient(.input), .qkvProj.gradient(.weight), .rotary.gradient(.backward)],
    ]
    try TrainingPasses.forEachTiny { tiny, degree, operators in
      let whole = TrainingPasses.rows(TrainingPasses.of(tiny.model, sequence: 7, batch: 3, operators)[.backward])
      let shard = TrainingPasses.rows(
        TrainingPasses.of(tiny.model, sequence: 7, batch: 3, degree: degree, operators)[.backward])
      var names = shared + byHead[operators, default: []]
      if degree <= tiny.model.numKeyValueHeads { names += byKeyValueHead[operators, default: []] }
      for name in names {
        let (one, all) = try (XCTUnwrap(shard[name]).cost, XCTUnwrap(whole[name]).cost)
        let what = "\(tiny.name) TP \(degree) \(name.rawValue)"
        XCTAssertEqual(one.flops.tensor.times(degree), all.flops.tensor, what)
        XCTAssertEqual(one.flops.vector.times(degree), all.flops.vector, what)
        XCTAssertEqual(one.flops.special.times(degree), all.flops.special, what)
        XCTAssertEqual(one.traffic.loadWeight.times(degree), all.traffic.loadWeight, what)
        if name.rawValue.hasSuffix("_dw") {
          XCTAssertEqual(one.traffic.storeActivation.times(degree), all.traffic.storeActivation, what)
        }
      }
      for name in shard.keys where [.rmsNormInputGradient, .rmsNormWeightGradient].contains(shard[name]?.kind) {
        XCTAssertEqual(shard[name]?.cost, whole[name]?.cost, "norms are replicated")
      }
    }
  }

  /// An input gradient of a column-parallel projection is a partial sum of the whole tensor on every rank.
  func testCollectivesCompleteTheGradientsOfColumnParallelInputs() throws {
    try TrainingPasses.forEachTiny { tiny, degree, operators in
      let pass = TrainingPasses.of(tiny.model, sequence: 7, batch: 3, degree: degree, operators)
      let backward = TrainingPasses.rows(pass[.backward])
      var expected: [OperatorName: OperatorName] =
        operators == .separate
        ? [
          "attn_grad_all_reduce": .qProj.gradient(.input), "mlp_grad_all_reduce": .gateProj.gradient(.input),
          "final_grad_all_reduce": .lmHead.gradient(.input),
        ]
        : [
          "attn_grad_all_reduce": .qkvProj.gradient(.input), "mlp_grad_all_reduce": .gateUpProj.gradient(.input),
          "final_grad_all_reduce": .lmHead.gradient(.input),
        ]
      if degree == 1 { expected = [:] }
      let sent = backward.filter { $0.value.cost.wireSteps > 0 }.keys.filter { $0 != "kv_grad_all_reduce" }
      XCTAssertEqual(Set(sent), Set(expected.keys), "\(tiny.name) TP \(degree)")
      for (collective, gradient) in expected {
        let message = try XCTUnwrap(backward[gradient]).cost.traffic.storeActivation
        XCTAssertEqual(
          try XCTUnwrap(backward[collective]).cost,
          Collective<Count>(.allReduce, ranks: Count(degree), message: message).asOperator.cost, collective.rawValue)
      }
      // Ranks that hold copies of a KV head send its weights' gradients around among themselves.
      let copies = degree / tiny.model.numKeyValueHeads
      let copied = try XCTUnwrap(pass[.backward]).operators.first { $0.name == "kv_grad_all_reduce" }
      XCTAssertEqual(copied != nil, copies > 1, "\(tiny.name) TP \(degree)")
      if let copied {
        XCTAssertEqual(copied.cost.wireSteps.value, 2 * (copies - 1))
        let gradients =
          operators == .separate
          ? try [OperatorName.kProj.gradient(.weight), .vProj.gradient(.weight)].reduce(Count(0)) {
            $0 + (try XCTUnwrap(backward[$1])).cost.traffic.storeActivation
          } : nil
        if let gradients {
          let whole = Collective<Count>(.allReduce, ranks: Count(copies), message: gradients).asOperator.cost
          XCTAssertEqual(copied.cost, whole)
        }
      }
    }
  }

  /// Sequence parallelism sends what an all-reduce would, half before and half after, and deals the norms' rows out.
  func testSequenceParallelismSplitsTheAllReduces() throws {
    let tiny = TinyModel.all[0]
    for degree in tiny.legalDegrees where degree > 1 {
      for operators in OperatorSet.allCases {
        let plain = TrainingPasses.rows(
          TrainingPasses.of(tiny.model, sequence: 8, batch: 3, degree: degree, operators)[.backward])
        let sharded = TrainingPasses.rows(
          TrainingPasses.of(tiny.model, sequence: 8, batch: 3, degree: degree, operators, isSequenceParallel: true)[
            .backward])
        for (allReduce, reduceScatter, allGather) in [
          (
            ("attn_grad_all_reduce" as OperatorName), ("attn_grad_reduce_scatter" as OperatorName),
            ("attn_grad_all_gather" as OperatorName)
          ),
          ("mlp_grad_all_reduce", "mlp_grad_reduce_scatter", "mlp_grad_all_gather"),
          ("final_grad_all_reduce", "final_grad_reduce_scatter", "embedding_grad_all_gather"),
        ] {
          let halves = try (
            XCTUnwrap(sharded[reduceScatter]).cost.wireBytes, XCTUnwrap(sharded[allGather]).cost.wireBytes
          )
          XCTAssertEqual(halves.0 + halves.1, try XCTUnwrap(plain[allReduce]).cost.wireBytes, allReduce.rawValue)
          XCTAssertNil(sharded[allReduce])
        }
        // 24 rows in all; each rank sees its own, so that the weights' gradients are sums of ranks' sums.
        let norm = operators == .separate ? OperatorName.mlpNorm.gradient(.scale) : .attnAddNorm.gradient(.scale)
        XCTAssertEqual(
          try XCTUnwrap(sharded[norm]).cost.flops.vector.times(degree), try XCTUnwrap(plain[norm]).cost.flops.vector)
        XCTAssertEqual(sharded["norm_grad_all_reduce"]?.cost.wireSteps.value, 2 * (degree - 1))
        // Seven norms of 35 weights of two bytes, a share of which goes around at a time.
        let share = UInt64(Array(stride(from: 0, to: 7 * 35 * 2, by: Int(degree))).count)
        XCTAssertEqual(sharded["norm_grad_all_reduce"]?.cost.wireBytes, Count(2 * (degree - 1)).times(share))
      }
    }
  }
}
