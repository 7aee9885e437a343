import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineTimeModels
import TestSupport
import XCTest

/// Sums of many decode steps against the same steps one after another, each a pass of its own.
final class DecodePassesTests: XCTestCase {
  private func analysis(
    _ model: String, _ hardware: HardwareSpec, _ workload: (NumberFormats) -> Workload,
    keyValue: DType? = nil, overrides: [ConfigurationOverride] = [], options: RateOptions = RateOptions(),
    isCalibrated: Bool = false
  ) throws -> Analysis {
    let configuration = try Fixtures.catalog.model(model, overrides: overrides)
    let dtype = configuration.dtype
    let workload = workload(
      NumberFormats(weight: dtype, activation: dtype, keyValueCache: keyValue ?? dtype, model: dtype))
    let time =
      isCalibrated
      ? TimeRequest(try Fixtures.catalog.calibrations(for: hardware, file: nil), options: .init()).time(
        of: configuration.model, formats: workload.formats) : nil
    return try Analysis(
      configuration: configuration, hardware: hardware, workload: workload, phases: Phase.allCases, options: options,
      calibrated: time)
  }

  /// Both sums over some contexts, in the closed form and one by one.
  private func assertSame(
    _ analysis: Analysis, _ contexts: ClosedRange<UInt64>, isClosed: Bool, _ what: String, line: UInt = #line
  ) throws {
    let passes = DecodePasses(analysis, contexts)
    XCTAssertEqual(passes.isClosed, isClosed, what, line: line)
    let sum = passes.sum(over: contexts) { _ in }
    let meter = UtilizationMeter(analysis)
    var (seconds, flops, bytes) = (0.0, 0.0, 0.0)
    for context in contexts {
      let pass = try meter.pass(.decode, context: context)
      seconds += pass.schedule.seconds
      flops += pass.work.modelFLOPs
      bytes += pass.work.bytes
    }
    XCTAssertEqual(sum.seconds, seconds, accuracy: seconds * 1e-12, what, line: line)
    XCTAssertEqual(sum.work.modelFLOPs, flops, accuracy: flops * 1e-13, what, line: line)
    XCTAssertEqual(sum.work.bytes, bytes, accuracy: bytes * 1e-13, what, line: line)
    // Without a pipeline the sums are whole numbers, and exact as long as a Double holds all of their digits.
    if analysis.workload.parallelism.pipeline == 1, flops < 0x1p52, bytes < 0x1p52 {
      XCTAssertEqual(sum.work.modelFLOPs, flops, what, line: line)
      XCTAssertEqual(sum.work.bytes, bytes, what, line: line)
    }
  }

  func testSumsOfIdealTimesAreClosedAndEqualTheStepsOneByOne() throws {
    var random = SeededGenerator(seed: 71)
    let models = ["llama-2-7b", "llama-3.2-1b", "qwen2-0.5b", "opt-6.7b", "pythia-6.9b", "llama-3.1-70b"]
    for number in 0..<120 {
      var options = RateOptions()
      options.overlap = Overlap.allCases.randomElement(using: &random) ?? .max
      // Rates far from any GPU's, so that roofs change places within the contexts.
      options.tensorPeak = .random(in: 1e11...1e15, using: &random)
      options.vectorPeak = .random(in: 1e10...1e14, using: &random)
      options.specialPeak = .random(in: 1e8...1e13, using: &random)
      options.bandwidth = .random(in: 1e10...1e13, using: &random)
      options.link = .random(in: 1e9...1e12, using: &random)
      options.linkLatency = .random(in: 0...1e-5, using: &random)
      let stages: UInt64 = [1, 1, 2, 4].randomElement(using: &random) ?? 1
      let model = models.randomElement(using: &random) ?? models[0]
      let batch = UInt64.random(in: 1...64, using: &random)
      let tensorParallel: UInt64 = [1, 2].randomElement(using: &random) ?? 1
      let set = OperatorSet.allCases.randomElement(using: &random) ?? .separate
      let isSequenceParallel = tensorParallel > 1 && Bool.random(using: &random)
      let keyValue: DType? = [nil, .fp8, .int4].randomElement(using: &random) ?? nil
      let analysis = try analysis(
        model, Fixtures.catalog.hardware("h100-sxm"),
        { formats in
          Workload(
            batch: batch, prompt: 7, context: 8, tensorParallel: tensorParallel, operatorSet: set, formats: formats,
            parallelism: Parallelism(isSequenceParallel: isSequenceParallel, pipeline: stages))
        }, keyValue: keyValue, options: options)
      let first = UInt64.random(in: 1...5000, using: &random)
      try assertSame(
        analysis, first...first + .random(in: 0...150, using: &random), isClosed: true,
        "\(number): \(model), \(set), batch \(batch), pp \(stages), \(options)")
    }
  }

  /// Where an odd number of 4-bit elements is rounded up to whole bytes, bytes are no straight line; the steps are added up one by one.
  func testOddRowsOfFourBitsAreAddedUpOneByOne() throws {
    let odd = [
      ConfigurationOverride(key: "hidden_size", value: .integer(5)),
      ConfigurationOverride(key: "word_embed_proj_dim", value: .integer(5)),
      ConfigurationOverride(key: "num_attention_heads", value: .integer(1)),
    ]
    for (batch, isClosed) in [(UInt64(3), false), (4, true)] {
      let analysis = try analysis(
        "opt-6.7b", Fixtures.catalog.hardware("h100-sxm"),
        { formats in
          Workload(
            batch: batch, prompt: 7, context: 8, tensorParallel: 1, operatorSet: .separate, formats: formats)
        }, keyValue: .int4, overrides: odd)
      try assertSame(analysis, 8...300, isClosed: isClosed, "batch \(batch)")
    }
  }

  func testCalibratedStepsBendAndAreAddedUpOneByOneWhereAttentionIsTimed() throws {
    for (set, isClosed) in [(OperatorSet.separate, true), (.fused, false)] {
      for stages in [UInt64(1), 4] {
        let analysis = try analysis(
          "llama-2-70b", Fixtures.catalog.hardware("h100-sxm"),
          { formats in
            Workload(
              batch: 16, prompt: 7, context: 8, tensorParallel: 8, operatorSet: set, formats: formats,
              parallelism: Parallelism(pipeline: stages))
          }, isCalibrated: true)
        try assertSame(analysis, 900...1100, isClosed: isClosed, "\(set), pp \(stages)")
      }
    }
  }

  /// What a count's line says of every further key, the count itself says, too.
  func testLinesAreTheCountsTheyStandFor() throws {
    var grown = 0
    for model in Fixtures.catalog.modelNames {
      for set in OperatorSet.allCases {
        let configuration = try Fixtures.catalog.model(model)
        var workload = Workload(
          batch: 3, prompt: 7, context: 8, tensorParallel: 2, operatorSet: set,
          formats: NumberFormats(configuration.dtype), parallelism: Parallelism(isSequenceParallel: true))
        let lines = ForwardPass<LinearCount>(configuration.model, DecoderStep(.decode, workload)).map(LinearCounts())
          .flatMap(\.self)
        for further in [UInt64(0), 1, 2, 1001] {
          workload.context = 8 + further
          let counts = ForwardPass<Count>(configuration.model, DecoderStep(.decode, workload)).rows.flatMap { row in
            let cost = row.operator.cost
            let flops = cost.flops
            return [flops.tensor, flops.vector, flops.special, cost.traffic.total, cost.wireBytes, cost.wireSteps]
          }
          XCTAssertEqual(lines.count, counts.count)
          for (line, count) in zip(lines, counts) {
            XCTAssertTrue(line.isLinear)
            XCTAssertEqual(line.start.value + line.slope.value * further, count.value, "\(model) \(set)")
            grown += line.slope == 0 ? 0 : 1
          }
        }
      }
    }
    XCTAssertGreaterThan(grown, 100)
  }

  func testWhatBendsIsNoLine() {
    let keys = LinearCount.input(.attendedKeys, 10)
    let other: LinearCount = 7
    XCTAssertTrue((keys * other + 3).isLinear)
    for bent in [
      keys * keys, keys.minimum(30), other.excess(over: keys.excess(over: 9)), keys.divided(roundingUpBy: 2),
      other.divided(exactlyBy: keys), (keys * 3).divided(exactlyBy: 2), LinearCount(Count(UInt64.max)) + keys,
      keys * keys + 1,
    ] {
      XCTAssertFalse(bent.isLinear, "\(bent)")
    }
    XCTAssertEqual(keys.excess(over: 10), LinearCount(0, slope: 1))
    XCTAssertEqual(other.excess(over: keys), 0)
    XCTAssertEqual(keys.minimum(other), other)
    XCTAssertEqual((keys * 6 + 1).divided(roundingUpBy: 2), LinearCount(31, slope: 3))
  }

  func testAMillionStepsAreAMoment() throws {
    let analysis = try analysis(
      "llama-2-70b", Fixtures.catalog.hardware("h100-sxm"),
      { formats in
        Workload(batch: 4, prompt: 7, context: 8, tensorParallel: 8, operatorSet: .fused, formats: formats)
      })
    let clock = ContinuousClock.now
    let generation = try Generation(analysis, tokens: 10_000_000)
    // One by one they would take minutes here.
    XCTAssertLessThan(ContinuousClock.now - clock, .seconds(5))
    XCTAssertEqual(generation.steps.count, 9_999_999)
    XCTAssertEqual(generation.ranges.map(\.count).reduce(0, +), 9_999_999)
    let sum = generation.ranges.compactMap { $0.time?.value }.reduce(0, +)
    let total = try XCTUnwrap(generation.decodeTime).value
    XCTAssertEqual(sum, total, accuracy: total * 1e-15)
    XCTAssertEqual(try XCTUnwrap(generation.steps.last).context, 7 + 9_999_999)
    // The mean lies between the first and the last.
    let mean = try XCTUnwrap(generation.meanTimePerOutputToken).value
    XCTAssertGreaterThan(mean, try XCTUnwrap(generation.steps.first?.time).value)
    XCTAssertLessThan(mean, try XCTUnwrap(generation.steps.last?.time).value)
  }
}
