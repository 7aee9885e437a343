import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// What must be true of the devices' shares under tensor parallelism, whatever the formulas are.
final class ShardingLawTests: XCTestCase {
  func testLegalDegreesDealOutWholeHeadsAndColumns() {
    for tiny in TinyModel.all {
      XCTAssertEqual(tiny.model.legalTensorParallelDegrees, tiny.legalDegrees, tiny.name)
      for degree in 0...2 * tiny.model.numAttentionHeads {
        XCTAssertEqual(
          tiny.model.isLegal(tensorParallel: degree), tiny.legalDegrees.contains(degree), "\(tiny.name) TP \(degree)")
      }
    }
  }

  func testShardsOfProjectionsAndAttentionAddUpToTheWhole() throws {
    let shared: [OperatorName] = [.oProj, .downProj, .mlpSiluDot]
    let byHead: [OperatorSet: [OperatorName]] = [
      .separate: [.qProj, .gateProj, .upProj, .qkMatmul, .softmax, .svMatmul], .fused: [.gateUpProj, .attention],
    ]
    let byKeyValueHead: [OperatorSet: [OperatorName]] = [
      .separate: [.kProj, .vProj, .rotary], .fused: [.qkvProj, .rotary],
    ]
    try TinyModel.forEachPass { model, phase, operatorSet, name in
      let whole = TinyModel.rows(model, phase, TinyModel.workload(operatorSet))
      for degree in model.legalTensorParallelDegrees {
        let shard = TinyModel.rows(model, phase, TinyModel.workload(operatorSet, degree: degree))
        var names = shared + byHead[operatorSet, default: []]
        if degree <= model.numKeyValueHeads { names += byKeyValueHead[operatorSet, default: []] }
        for row in names {
          let (one, all) = try (XCTUnwrap(shard[row]).cost, XCTUnwrap(whole[row]).cost)
          let what = "\(name) TP \(degree) \(row.rawValue)"
          XCTAssertEqual(one.flops.tensor.times(degree), all.flops.tensor, what)
          XCTAssertEqual(one.flops.special.times(degree), all.flops.special, what)
          // Every rank adds the bias of a row-parallel product to its own partial sum.
          guard !model.hasOutputBias else { continue }
          XCTAssertEqual(one.flops.vector.times(degree), all.flops.vector, what)
          XCTAssertEqual(one.traffic.loadWeight.times(degree), all.traffic.loadWeight, what)
        }
      }
    }
  }

  func testBeyondItsNumberEveryKeyValueHeadIsHeldByARankOfItsOwn() throws {
    for tiny in TinyModel.all {
      var single = tiny.model
      single.numKeyValueHeads = 1
      for degree in tiny.legalDegrees where degree >= tiny.model.numKeyValueHeads {
        for phase in Phase.allCases {
          let shard = TinyModel.rows(tiny.model, phase, TinyModel.workload(.separate, degree: degree))
          let oneHead = TinyModel.rows(single, phase, TinyModel.workload(.separate))
          for row in [OperatorName.kProj, .vProj] {
            XCTAssertEqual(try XCTUnwrap(shard[row]).cost, try XCTUnwrap(oneHead[row]).cost, "\(tiny.name) \(degree)")
          }
          for row in [OperatorName.qkMatmul, .svMatmul] {
            XCTAssertEqual(
              try XCTUnwrap(shard[row]).cost.traffic.loadKVCache,
              try XCTUnwrap(oneHead[row]).cost.traffic.loadKVCache, "\(tiny.name) \(degree)")
          }
        }
      }
    }
  }

  func testNormsAndAddsAreReplicatedAndInputsAreReadWhole() {
    let replicated: Set<OperatorKind> = [.rmsNorm, .addRMSNorm, .residualAdd]
    let columnParallel: Set<OperatorName> = [.qProj, .kProj, .vProj, .gateProj, .upProj, .qkvProj, .gateUpProj]
    TinyModel.forEachPass { model, phase, operatorSet, name in
      let whole = TinyModel.rows(model, phase, TinyModel.workload(operatorSet))
      for degree in model.legalTensorParallelDegrees {
        for (row, shard) in TinyModel.rows(model, phase, TinyModel.workload(operatorSet, degree: degree)) {
          let what = "\(name) TP \(degree) \(row.rawValue)"
          guard let all = whole[row] else { continue }
          if replicated.contains(shard.kind) { XCTAssertEqual(shard.cost, all.cost, what) }
          if columnParallel.contains(row) {
            XCTAssertEqual(shard.cost.traffic.loadActivation, all.cost.traffic.loadActivation, what)
          }
          if [.oProj, .downProj].contains(row) {
            XCTAssertEqual(shard.cost.traffic.storeActivation, all.cost.traffic.storeActivation, what)
          }
        }
      }
    }
  }

  func testTheVocabularyAndTheTokensAreDealtOutRoundedUp() throws {
    try TinyModel.forEachPass { model, phase, operatorSet, name in
      for degree in model.legalTensorParallelDegrees {
        let shard = TinyModel.rows(model, phase, TinyModel.workload(operatorSet, degree: degree))
        var padded = model
        padded.embedding.vocabSize = 1
        while Count(padded.vocabSize).times(degree) < Count(model.vocabSize) { padded.embedding.vocabSize += 1 }
        let head = TinyModel.rows(padded, phase, TinyModel.workload(operatorSet))[.lmHead]
        XCTAssertEqual(try XCTUnwrap(shard[.lmHead]).cost, try XCTUnwrap(head).cost, "\(name) TP \(degree)")

        let tokens: UInt64 = phase == .prefill ? 21 : 3
        let own = UInt64(Array(stride(from: 0, to: tokens, by: Int(degree))).count)
        let ofOneToken = TinyModel.rows(model, .decode, TinyModel.workload(operatorSet, batch: 1))[.embedding]
        XCTAssertEqual(
          try XCTUnwrap(shard[.embedding]).cost.traffic.loadWeight,
          try XCTUnwrap(ofOneToken).cost.traffic.loadWeight.times(own), "\(name) TP \(degree)")
      }
    }
  }

  func testCollectivesCarryTheTensorsTheyComplete() throws {
    let allReduces: [OperatorName] = [.embeddingAllReduce, .attnAllReduce, .mlpAllReduce]
    try TinyModel.forEachPass { model, phase, operatorSet, name in
      let whole = TinyModel.rows(model, phase, TinyModel.workload(operatorSet))
      for degree in model.legalTensorParallelDegrees {
        let shard = TinyModel.rows(model, phase, TinyModel.workload(operatorSet, degree: degree))
        let collectives = shard.filter { $0.value.cost.wireSteps > 0 }
        XCTAssertEqual(Set(collectives.keys), degree > 1 ? Set(allReduces + [.logitsAllGather]) : [], name)
        XCTAssertEqual(Set(shard.keys).subtracting(collectives.keys), Set(whole.keys), name)
        guard degree > 1 else { continue }
        for (row, completed) in zip(
          allReduces + [.logitsAllGather], [OperatorName.embedding, .oProj, .downProj, .lmHead])
        {
          let message = try XCTUnwrap(whole[completed]).cost.traffic.storeActivation
          let pattern = row == .logitsAllGather ? CollectivePattern.allGather : .allReduce
          let expected = Collective<Count>(pattern, ranks: Count(degree), message: message).asOperator.cost
          XCTAssertEqual(try XCTUnwrap(shard[row]).cost, expected, "\(name) TP \(degree) \(row.rawValue)")
        }
      }
    }
  }
}
