import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineTimeModels
import TestSupport
import XCTest

/// Rows of a sweep are single analyses, to the last bit.
final class SweepCellTests: XCTestCase {
  private func scenario(
    _ model: String, _ hardware: String = "h200-sxm", tp: UInt64 = 1, parallelism: Parallelism = Parallelism(),
    operators: OperatorSet = .fused, isCalibrated: Bool = false
  ) throws -> Scenario {
    let configuration = try Fixtures.catalog.model(model)
    let spec = try Fixtures.catalog.hardware(hardware)
    var scenario = Scenario(
      configuration: configuration, hardware: spec,
      workload: Workload(
        batch: 1, prompt: 1, context: 2, tensorParallel: tp, operatorSet: operators,
        formats: NumberFormats(configuration.dtype), parallelism: parallelism),
      options: RateOptions(), tokens: 1)
    if isCalibrated { scenario.time = TimeRequest(try Fixtures.catalog.calibrations(for: spec), options: .init()) }
    return scenario
  }

  private func rows(_ scenario: Scenario, _ points: [SweepPoint]) -> [SweepRow] {
    let cell = SweepCell(
      SweepDeployment(
        model: "", hardware: "", dtype: nil, time: "", tensorParallel: scenario.workload.tensorParallel,
        pipeline: scenario.workload.parallelism.pipeline, data: scenario.workload.parallelism.data,
        expert: scenario.workload.parallelism.expert)
    ) { SweepSetting(scenario) }
    return cell.rows(points, KernelMemo())
  }

  /// Each row beside a generation and a footprint of its own.
  private func check(
    _ scenario: Scenario, _ points: [SweepPoint], _ what: String, file: StaticString = #filePath, line: UInt = #line
  ) throws {
    for (row, point) in zip(rows(scenario, points), points) {
      let what = "\(what) \(point)"
      var workload = scenario.workload
      (workload.batch, workload.prompt) = (point.batch, point.prompt)
      workload.context = workload.promptKeys + 1
      let analysis = try Analysis(
        configuration: scenario.configuration, hardware: scenario.hardware, workload: workload,
        phases: Phase.allCases, options: scenario.options,
        calibrated: scenario.time?.time(of: scenario.configuration.model, formats: workload.formats))
      let generation = try Generation(analysis, tokens: point.generate)
      let capacity = try XCTUnwrap(scenario.hardware.memory?.capacity)
      let footprint = try Footprint(
        scenario.configuration, workload, generated: point.generate, capacity: capacity)
      let figures = try XCTUnwrap(row.figures, "\(what): \(String(describing: row.reason))", file: file, line: line)
      XCTAssertEqual(figures.timeToFirstToken, generation.timeToFirstToken, what, file: file, line: line)
      XCTAssertEqual(figures.timePerOutputToken, generation.meanTimePerOutputToken, what, file: file, line: line)
      XCTAssertEqual(row.tokensPerSecondPerGPU, generation.tokensPerSecondPerGPU, what, file: file, line: line)
      XCTAssertEqual(row.tokensPerSecondPerUser, generation.tokensPerSecondPerUser, what, file: file, line: line)
      XCTAssertEqual(row.tokensPerSecond, generation.tokensPerSecond, what, file: file, line: line)
      XCTAssertEqual(
        figures.prefillUtilization, generation.prefillUtilization.modelFLOPs, what, file: file, line: line)
      XCTAssertEqual(
        figures.decodeUtilization, generation.decodeUtilization?.modelFLOPs, what, file: file, line: line)
      XCTAssertEqual(figures.footprint, footprint.required, what, file: file, line: line)
      XCTAssertEqual(figures.fits, footprint.fits, what, file: file, line: line)
    }
  }

  private func points(_ generator: inout SeededGenerator, count: Int = 11) -> [SweepPoint] {
    (0..<count).map { _ in
      SweepPoint(
        batch: .random(in: 1...40, using: &generator), prompt: .random(in: 1...5000, using: &generator),
        generate: .random(in: 1...5, using: &generator))
    } + [SweepPoint(batch: 3, prompt: 1, generate: 1), SweepPoint(batch: 3, prompt: 1, generate: 3)]
  }

  func testRowsOfEveryModelAreGenerationsAndFootprints() throws {
    var generator = SeededGenerator(seed: 5)
    for name in Fixtures.catalog.modelNames {
      let model = try Fixtures.catalog.model(name).model
      let degree = model.legalTensorParallelDegrees.last { $0 <= 8 } ?? 1
      for operators in OperatorSet.allCases {
        try check(
          scenario(name, tp: operators == .fused ? degree : 1, operators: operators), points(&generator, count: 9),
          "\(name) \(operators)")
      }
    }
  }

  func testPipelinesReplicasAndMicroBatches() throws {
    var generator = SeededGenerator(seed: 6)
    for name in ["llama-2-70b", "gpt-oss-120b", "qwen3-next-80b-a3b", "deepseek-v3"] {
      guard Fixtures.catalog.modelNames.contains(name) else { continue }
      let layers = try Fixtures.catalog.model(name).model.numHiddenLayers
      let stages = try XCTUnwrap([4, 3, 2].first { layers.isMultiple(of: $0) } ?? (layers == 61 ? 61 : nil))
      for parallelism in [
        Parallelism(pipeline: stages), Parallelism(pipeline: stages, data: 3),
        Parallelism(isSequenceParallel: true, pipeline: stages, microBatches: 2),
      ] {
        let points = points(&generator).filter { $0.batch >= 2 }
        try check(scenario(name, tp: 2, parallelism: parallelism), points, "\(name) \(parallelism)")
      }
    }
  }

  func testPrefixesAndSharedSteps() throws {
    var scenario = try scenario("llama-3.1-8b", operators: .separate)
    scenario.workload.cachedPrefix = 300
    // Overlapping, repeated, growing and shrinking ranges of steps.
    let lengths: [(UInt64, UInt64)] = [
      (100, 40), (100, 2), (100, 77), (101, 3), (90, 12), (500, 1), (500, 2), (501, 1), (400, 103), (100, 40),
    ]
    for batch: UInt64 in [1, 7] {
      try check(
        scenario, lengths.map { SweepPoint(batch: batch, prompt: $0.0, generate: $0.1) }, "prefix, batch \(batch)")
    }
  }

  func testGenerationsTooLongToBeListed() throws {
    try check(
      scenario("llama-3.2-1b"),
      [SweepPoint(batch: 2, prompt: 100, generate: 8193), SweepPoint(batch: 2, prompt: 100, generate: 8195)], "long")
  }

  func testCalibratedTimes() throws {
    var generator = SeededGenerator(seed: 8)
    for (name, hardware) in [("llama-3.1-8b", "h100-sxm"), ("qwen3-30b-a3b", "a100-sxm4-80gb")]
    where Fixtures.catalog.modelNames.contains(name) {
      try check(
        scenario(name, hardware, tp: 2, isCalibrated: true), points(&generator), "\(name) calibrated")
      try check(
        scenario(name, hardware, parallelism: Parallelism(pipeline: 2), isCalibrated: true), points(&generator),
        "\(name) calibrated in stages")
    }
  }

  /// A row says what binds by the rows that take most of the time.
  func testWhatBindsTakesMostOfTheTime() throws {
    let scenario = try scenario("llama-2-70b", "a100-sxm4-40gb", tp: 8, operators: .separate)
    for (row, batch) in zip(
      rows(scenario, [1, 20, 400].map { SweepPoint(batch: $0, prompt: 700, generate: 9) }), [1, 20, 400] as [UInt64])
    {
      var workload = scenario.workload
      (workload.batch, workload.prompt, workload.context) = (batch, 700, 708)
      let analysis = try Analysis(
        configuration: scenario.configuration, hardware: scenario.hardware, workload: workload,
        phases: Phase.allCases, options: RateOptions())
      let bounds = try analysis.phases.map { phase in
        try XCTUnwrap(
          Bound.allCases.max { left, right in
            func time(_ bound: Bound) -> Double {
              phase.operators.filter { $0.bound == bound }.reduce(0) {
                $0 + ($1.time?.value ?? 0) * Double($1.occurrences.value)
              }
            }
            return time(left) < time(right)
          })
      }
      XCTAssertEqual(row.figures?.prefillBound, bounds[0], "batch \(batch)")
      XCTAssertEqual(row.figures?.decodeBound, bounds[1], "batch \(batch)")
    }
  }

  // MARK: what is not possible

  private func reason(_ scenario: Scenario, _ point: SweepPoint) -> InputError? {
    guard let row = rows(scenario, [point]).first, row.figures == nil, case .refused(let error) = row.reason else {
      return nil
    }
    return error
  }

  func testWhatSingleAnalysesRefuseIsARowWithTheirReason() throws {
    let point = SweepPoint(batch: 4, prompt: 10, generate: 2)
    guard case .illegalTensorParallel(3, _, _) = try reason(scenario("llama-2-70b", tp: 3), point) else {
      return XCTFail("tp 3")
    }
    let plain = try scenario("llama-2-70b")
    guard case .overflow = reason(plain, SweepPoint(batch: 1 << 60, prompt: 1 << 20, generate: 2)) else {
      return XCTFail("overflow")
    }
    guard case .overflow = reason(plain, SweepPoint(batch: 1, prompt: .max >> 1, generate: 9)) else {
      return XCTFail("overflow of keys")
    }
    guard case .usage = reason(plain, SweepPoint(batch: 1, prompt: 9, generate: Generation.maximumTokens + 1)) else {
      return XCTFail("too many tokens")
    }
    guard
      case .usage = try reason(
        scenario("llama-2-70b", parallelism: Parallelism(pipeline: 2, microBatches: 8)), point)
    else { return XCTFail("micro-batches") }
    // The neighbours of a row without an answer have theirs.
    let mixed = rows(plain, [point, SweepPoint(batch: 4, prompt: .max >> 1, generate: 2), point])
    XCTAssertEqual(mixed.map { $0.figures != nil }, [true, false, true])
    XCTAssertEqual(mixed[0].figures, mixed[2].figures)
  }

  func testATimeThatNeedsAMissingRateIsUnknownAndSaysWhy() throws {
    let row = try XCTUnwrap(
      rows(scenario("llama-2-7b", "t4", tp: 2), [SweepPoint(batch: 1, prompt: 10, generate: 2)]).first)
    XCTAssertNotNil(row.figures)
    XCTAssertNil(row.figures?.timeToFirstToken)
    XCTAssertNotNil(row.figures?.footprint)
    guard case .notices(let notices) = row.reason, case .missingFacts = notices.first else {
      return XCTFail("\(String(describing: row.reason))")
    }
  }
}
