import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// Eight workloads a time are those eight, one by one.
final class PassBatchTests: XCTestCase {
  private let rates: DeviceRates = {
    var rates = DeviceRates()
    for dtype in DType.allCases { rates[tensor: dtype] = 312e12 / Double(dtype.rawValue.count) }
    rates.vector = 19.5e12
    rates.special = 2.43648e12
    rates.bandwidth = 1555e9
    rates.link = 300e9
    rates.linkLatency = 3e-6
    return rates
  }()

  private func check(
    _ model: DecoderModel, _ steps: [DecoderStep], rates: DeviceRates, overlap: Overlap, _ what: String
  ) throws {
    XCTAssertEqual(steps.count, PassBatch.width)
    var shapes = PassBatch.Shapes(steps[0])
    for (lane, step) in steps.enumerated() { shapes.set(lane, step) }
    let time = IdealTime(overlap: overlap)
    let batch = PassBatch(model, like: steps[0], shapes, rates: rates, time: time)
    for (lane, step) in steps.enumerated() {
      let analysis = PhaseAnalysis(model, step, rates: rates, time: time)
      let summary = batch[lane]
      XCTAssertEqual(summary.rows, analysis.operators.count, what)
      XCTAssertEqual(summary.time, analysis.time, "\(what) \(step)")
      let cost = analysis.model.cost
      XCTAssertEqual(summary.isOverflow, cost.isOverflow, what)
      if cost.isOverflow { continue }
      for (found, exact) in [
        (summary.flops, cost.flops.total), (summary.memoryBytes, cost.traffic.total),
        (summary.wireBytes, cost.wireBytes),
      ] {
        XCTAssertEqual(found, Double(exact.value), accuracy: Double(exact.value) * 1e-14, "\(what) \(step)")
      }
      if let total = summary.time {
        let parts = try Bound.allCases.map { try XCTUnwrap(summary.time(boundBy: $0)).value }
        XCTAssertEqual(parts.reduce(0, +), total.value, accuracy: total.value * 1e-12, what)
        for (bound, part) in zip(Bound.allCases, parts) {
          let rows = analysis.operators.filter { $0.bound == bound }
          let sum = rows.reduce(0.0) { $0 + ($1.time?.value ?? .nan) * Double($1.occurrences.value) }
          XCTAssertEqual(part, sum, accuracy: total.value * 1e-12, "\(what) \(bound)")
        }
      }
    }
  }

  private func steps(
    _ phase: Phase, _ tensorParallel: UInt64, _ operatorSet: OperatorSet, _ formats: NumberFormats, largest: UInt64,
    _ generator: inout SeededGenerator
  ) -> [DecoderStep] {
    (0..<PassBatch.width).map { _ in
      let prompt = UInt64.random(in: 1...largest, using: &generator)
      return DecoderStep(
        phase,
        Workload(
          batch: .random(in: 1...300, using: &generator), prompt: prompt,
          context: .random(in: 1...largest, using: &generator), tensorParallel: tensorParallel,
          operatorSet: operatorSet, formats: formats))
    }
  }

  func testEveryModelsPassesAreThoseOneByOne() throws {
    var generator = SeededGenerator(seed: 17)
    for name in Fixtures.catalog.modelNames {
      let configuration = try Fixtures.catalog.model(name)
      let model = configuration.model
      for phase in Phase.allCases {
        for operatorSet in OperatorSet.allCases {
          for degree in model.legalTensorParallelDegrees.prefix(3) {
            for formats in [NumberFormats(.bf16), NumberFormats(.int4), NumberFormats(.fp32)] {
              try check(
                model, steps(phase, degree, operatorSet, formats, largest: 9000, &generator), rates: rates,
                overlap: degree == 2 ? .sum : .max, "\(name) \(phase) \(operatorSet) tp \(degree)")
            }
          }
        }
      }
    }
  }

  func testPassesOfLatentsAndRecurrencesAreThoseOneByOne() throws {
    var generator = SeededGenerator(seed: 20)
    let recurrent = try RecurrentFamilies.all.map { ($0, try WrittenModel.configuration($1).model) }
    let latent = TinyLatent.all.map { ($0.name, $0.model) } + [("compressed", TinyCompressed.model)]
    for (name, model) in recurrent + latent {
      for phase in Phase.allCases {
        for operatorSet in OperatorSet.allCases {
          for degree in model.legalTensorParallelDegrees.prefix(2) {
            var steps = steps(phase, degree, operatorSet, NumberFormats(.bf16), largest: 700, &generator)
            try check(model, steps, rates: rates, overlap: .max, "\(name) \(phase) \(operatorSet) tp \(degree)")
            // Half of them go on with a sequence, whose state they read, and one has a single query.
            for lane in steps.indices where lane.isMultiple(of: 2) { steps[lane].attendedKeys += 5 }
            steps[1].queryTokens = 1
            try check(model, steps, rates: rates, overlap: .max, "\(name) goes on \(phase) \(operatorSet)")
          }
        }
      }
    }
  }

  /// Rows of 2⁵³ and more are analysed apart, up to counts that no longer fit.
  func testLargeCountsAreExactToo() throws {
    var generator = SeededGenerator(seed: 18)
    let model = try Fixtures.catalog.model("llama-2-70b").model
    for largest: UInt64 in [1 << 20, 1 << 26, 1 << 33, 1 << 60] {
      for operatorSet in OperatorSet.allCases {
        for phase in Phase.allCases {
          try check(
            model, steps(phase, 8, operatorSet, NumberFormats(.fp16), largest: largest, &generator), rates: rates,
            overlap: .max, "\(largest) \(phase)")
        }
      }
    }
  }

  func testAMissingRateLeavesTheTimeUnknown() throws {
    var generator = SeededGenerator(seed: 19)
    let model = try Fixtures.catalog.model("llama-2-70b").model
    var rates = rates
    rates.link = .nan
    try check(
      model, steps(.decode, 8, .fused, NumberFormats(.fp16), largest: 5000, &generator), rates: rates, overlap: .max,
      "no link")
    // Without ranks nothing is sent.
    let steps = steps(.decode, 1, .fused, NumberFormats(.fp16), largest: 5000, &generator)
    try check(model, steps, rates: rates, overlap: .max, "one GPU")
    XCTAssertNotNil(
      PassBatch(model, like: steps[0], .init(steps[0]), rates: rates, time: IdealTime(overlap: .max))[3].time)
    rates.special = .nan
    try check(model, steps, rates: rates, overlap: .max, "no special rate")
  }
}
