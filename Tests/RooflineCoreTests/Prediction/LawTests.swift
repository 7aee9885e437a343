import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// What must be true of whole forward passes, whatever the formulas are.
final class LawTests: XCTestCase {
  // MARK: operator sets

  func testFusedProjectionsDoTheWorkOfSeparateOnes() throws {
    let fusions: [(OperatorName, [OperatorName])] = [
      (.qkvProj, [.qProj, .kProj, .vProj]), (.gateUpProj, [.gateProj, .upProj]), (.oProj, [.oProj]),
      (.downProj, [.downProj]), (.lmHead, [.lmHead]),
    ]
    for tiny in TinyModel.all {
      for phase in Phase.allCases {
        for degree in tiny.legalDegrees {
          let fused = TinyModel.rows(tiny.model, phase, TinyModel.workload(.fused, degree: degree))
          let separate = TinyModel.rows(tiny.model, phase, TinyModel.workload(.separate, degree: degree))
          for (whole, parts) in fusions {
            let cost = try XCTUnwrap(fused[whole]).cost
            let costs = try parts.map { try XCTUnwrap(separate[$0]).cost }
            XCTAssertEqual(cost.flops, costs.reduce(FLOPCounts()) { $0 + $1.flops }, "\(tiny.name) \(whole.rawValue)")
            XCTAssertEqual(
              cost.traffic.loadWeight, costs.reduce(0) { $0 + $1.traffic.loadWeight }, "\(tiny.name) \(whole.rawValue)")
          }
          guard phase == .decode else { continue }
          let steps = try [OperatorName.qkMatmul, .softmax, .svMatmul].map { try XCTUnwrap(separate[$0]).cost.flops }
          XCTAssertEqual(try XCTUnwrap(fused[.attention]).cost.flops, steps.reduce(FLOPCounts(), +), tiny.name)
        }
      }
    }
  }

  func testADecodeStepIsTheLastTokenOfACausalPrefill() {
    for tiny in TinyModel.all {
      for degree in tiny.legalDegrees {
        for tokens in UInt64(2)...9 {
          let step = TinyModel.workload(.fused, prompt: tokens, context: tokens, degree: degree)
          let earlier = TinyModel.workload(.fused, prompt: tokens - 1, degree: degree)
          let flopsBefore = TinyModel.analysis(tiny.model, .prefill, earlier).layer.cost.flops
          XCTAssertEqual(
            flopsBefore + TinyModel.analysis(tiny.model, .decode, step).layer.cost.flops,
            TinyModel.analysis(tiny.model, .prefill, step).layer.cost.flops, "\(tiny.name) \(tokens)")
        }
      }
    }
  }

  func testSumsAreOverRowsAndLayers() {
    TinyModel.forEachPass { model, phase, operatorSet, name in
      let pass = TinyModel.analysis(model, phase, TinyModel.workload(operatorSet, degree: 2))
      var layer = pass.layer.cost.counts.map { _ in Count(0) }
      var whole = layer
      for row in pass.operators {
        let isOfALayer = row.scope.isLayer
        XCTAssertEqual(row.occurrences, isOfALayer ? Count(model.numHiddenLayers) : 1, "\(name) \(row.name.rawValue)")
        for (index, count) in row.cost.counts.enumerated() {
          if isOfALayer { layer[index] = layer[index] + count }
          whole[index] = whole[index] + count.times(row.occurrences.value)
        }
      }
      XCTAssertEqual(pass.layer.cost.counts, layer, name)
      XCTAssertEqual(pass.model.cost.counts, whole, name)
    }
  }
  // MARK: wiring

  func testNewKeysAndValuesGoToTheCacheOnceInBothSets() throws {
    for tiny in TinyModel.all {
      for phase in Phase.allCases {
        for degree in tiny.legalDegrees {
          let fused = TinyModel.rows(tiny.model, phase, TinyModel.workload(.fused, degree: degree))
          let separate = TinyModel.rows(tiny.model, phase, TinyModel.workload(.separate, degree: degree))
          let projections = try [OperatorName.kProj, .vProj].map { try XCTUnwrap(separate[$0]).cost.traffic }
          for projection in projections {
            XCTAssertGreaterThan(projection.storeKVCache, 0, tiny.name)
            XCTAssertEqual(projection.storeActivation, 0, tiny.name)
          }
          let stored = projections.reduce(0) { $0 + $1.storeKVCache }
          XCTAssertEqual(try XCTUnwrap(fused[.rotary]).cost.traffic.storeKVCache, stored, tiny.name)
          XCTAssertEqual(try XCTUnwrap(fused[.rotary]).cost.traffic.loadKVCache, 0, tiny.name)
        }
      }
    }
  }

  /// The model with biases on all its projections, or on none.
  private func biased(_ model: DecoderModel, _ hasBiases: Bool) throws -> DecoderModel {
    let dense = try model.dense
    return DecoderModel(
      hiddenSize: dense.hiddenSize, intermediateSize: dense.intermediateSize, numHiddenLayers: dense.numHiddenLayers,
      numAttentionHeads: dense.numAttentionHeads, numKeyValueHeads: dense.numKeyValueHeads, headDim: dense.headDim,
      vocabSize: dense.vocabSize, hasQueryKeyValueBias: hasBiases, hasOutputBias: hasBiases, hasMLPBias: hasBiases)
  }

  /// For one token, a bias has as many elements as the row's output, two bytes each, and adds each of them once.
  func testABiasIsAnOutputRowOfItsProjection() throws {
    let projections: [OperatorSet: [OperatorName]] = [
      .separate: [.qProj, .kProj, .vProj, .oProj, .gateProj, .upProj, .downProj],
      .fused: [.qkvProj, .oProj, .gateUpProj, .downProj],
    ]
    for tiny in TinyModel.all {
      let (bare, full) = (try biased(tiny.model, false), try biased(tiny.model, true))
      for (operatorSet, names) in projections {
        for degree in tiny.legalDegrees {
          let workload = TinyModel.workload(operatorSet, batch: 1, degree: degree)
          let (without, with) = (TinyModel.rows(bare, .decode, workload), TinyModel.rows(full, .decode, workload))
          for (row, one) in without {
            let other = try XCTUnwrap(with[row]).cost
            let what = "\(tiny.name) TP \(degree) \(row.rawValue)"
            guard names.contains(row) else {
              XCTAssertEqual(other, one.cost, what)
              continue
            }
            let output = one.cost.traffic.storeActivation + one.cost.traffic.storeKVCache
            XCTAssertEqual(other.traffic.loadWeight, one.cost.traffic.loadWeight + output, what)
            XCTAssertEqual(other.flops.vector + other.flops.vector, output, what)
          }
        }
      }
    }
  }

  // MARK: growth

  func testTwiceTheBatchReadsTheSameMatricesAndNormWeights() throws {
    let readOnce: Set<OperatorKind> = [.gemm, .rmsNorm, .addRMSNorm]
    try TinyModel.forEachPass { model, phase, operatorSet, name in
      for degree in model.legalTensorParallelDegrees {
        let single = TinyModel.rows(model, phase, TinyModel.workload(operatorSet, batch: 3, degree: degree))
        let double = TinyModel.rows(model, phase, TinyModel.workload(operatorSet, batch: 6, degree: degree))
        for (row, one) in single {
          let two = try XCTUnwrap(double[row]).cost
          let what = "\(name) TP \(degree) \(row.rawValue)"
          XCTAssertEqual(two.flops, one.cost.flops + one.cost.flops, what)
          if readOnce.contains(one.kind) {
            XCTAssertEqual(two.traffic.loadWeight, one.cost.traffic.loadWeight, what)
            XCTAssertGreaterThan(one.cost.traffic.loadWeight, 0, what)
          }
        }
      }
    }
  }

  func testNothingShrinksWhenBatchPromptOrContextGrow() throws {
    let formats = [
      NumberFormats(.bf16), NumberFormats(weight: .int4, activation: .fp8, keyValueCache: .int4, model: .bf16),
    ]
    try TinyModel.forEachPass { model, phase, operatorSet, name in
      for degree in model.legalTensorParallelDegrees {
        for format in formats {
          func at(batch: UInt64 = 3, length: UInt64 = 7) -> PhaseAnalysis {
            let workload = TinyModel.workload(
              operatorSet, batch: batch, prompt: length, context: length, degree: degree, format)
            return TinyModel.analysis(model, phase, workload)
          }
          for size in UInt64(1)...6 {
            try assert(at(batch: size), isBelow: at(batch: size + 1), "\(name) TP \(degree) batch \(size)")
            try assert(at(length: size), isBelow: at(length: size + 1), "\(name) TP \(degree) length \(size)")
          }
        }
      }
    }
  }

  /// No count of a row, and no time, is larger in the first; in sum, work, traffic and time are smaller.
  private func assert(_ small: PhaseAnalysis, isBelow large: PhaseAnalysis, _ what: String) throws {
    XCTAssertEqual(small.operators.map(\.name), large.operators.map(\.name), what)
    for (one, other) in zip(small.operators, large.operators) {
      for (count, larger) in zip(one.cost.counts, other.cost.counts) where count > larger {
        XCTFail("\(what) \(one.name.rawValue): \(count.value) shrinks to \(larger.value)")
      }
      XCTAssertLessThanOrEqual(try XCTUnwrap(one.time), try XCTUnwrap(other.time), "\(what) \(one.name.rawValue)")
    }
    XCTAssertLessThan(small.model.cost.flops.total, large.model.cost.flops.total, what)
    XCTAssertLessThan(small.model.cost.traffic.total, large.model.cost.traffic.total, what)
    XCTAssertLessThan(try XCTUnwrap(small.model.time), try XCTUnwrap(large.model.time), what)
  }
}
