import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineServing
import RooflineTimeModels
import TestSupport
import XCTest

/// What is predicted of published rows: sums of passes, definitions of throughput, and rows that cannot be scored.
final class StepPredictionTests: XCTestCase {
  private func engine(_ policy: EngineScheduler.PromptPolicy = .chunked, pass: PassOverhead = PassOverhead()) -> Engine
  {
    Engine(
      name: "test-1", path: "test", engine: "test", versions: ["1"], pass: pass,
      scheduler: EngineScheduler(maxBatchedTokens: 8192, maxSequences: 256, prompts: policy),
      fit: Engine.Fit(data: "assumed", rows: 0, gpus: [], models: []))
  }

  private func predictions(
    _ lines: [String], engine: Engine? = nil
  ) throws -> [Result<StepPrediction, StepResolver.Fault>] {
    let file = try StepFileTests.read(lines.enumerated().map { "r\($0.offset),source,test,1,\($0.element)" })
    let predictor = StepPredictor(StepResolver(Fixtures.catalog, engines: [engine ?? self.engine()]))
    return file.measurements.map { row in
      Result { () throws(StepResolver.Fault) in try predictor.predict(row) }
    }
  }

  private func predicted(_ lines: [String], engine: Engine? = nil) throws -> [Double] {
    try predictions(lines, engine: engine).map { try $0.get().predicted }
  }

  /// Steps added up one by one, which `Generation` does.
  func testABatchTakesItsPrefillAndAllItsSteps() throws {
    let row = "h100-sxm,2,2,1,llama-3.1-8b,bf16,bf16,16,700,300,e2e_s,1,kind=static"
    let hardware = try Fixtures.catalog.hardware("h100-sxm")
    let model = try Fixtures.catalog.model("llama-3.1-8b")
    let workload = Workload(
      batch: 16, prompt: 700, context: 701, tensorParallel: 2, operatorSet: .fused, formats: NumberFormats(.bf16))
    let analysis = try Analysis(
      configuration: model, hardware: hardware, workload: workload,
      calibrations: Fixtures.catalog.calibrations(for: hardware))
    let whole = try XCTUnwrap(try Generation(analysis, tokens: 300).totalTime).value
    XCTAssertEqual(try predicted([row])[0], whole, accuracy: 0.002 * whole)
  }

  func testAnEngineAddsItsTimeToEveryPass() throws {
    let row = "h100-sxm,1,1,1,llama-3.1-8b,bf16,bf16,8,100,50,e2e_s,1,kind=static"
    let plain = try predicted([row])[0]
    let slow = try predicted([row], engine: engine(pass: PassOverhead(perPass: 1e-3, perSequence: 1e-4)))[0]
    // A prefill and 49 steps of 1 + 8 · 0.1 ms.
    XCTAssertEqual(slow - plain, 50 * 1.8e-3, accuracy: 1e-9)
  }

  func testThroughputIsWhatItsSourceCounts() throws {
    let shape = "h100-sxm,2,2,1,llama-3.1-8b,bf16,bf16,8,100,50"
    let values = try predicted([
      "\(shape),e2e_s,1,kind=static", "\(shape),tokens_per_s_total,1,kind=static;tok=out;per=all",
      "\(shape),tokens_per_s_total,1,kind=static;tok=out;per=gpu", "\(shape),ttft_ms,1,kind=static",
      "\(shape),tokens_per_s_total,1,kind=static;tok=in;per=all",
    ])
    XCTAssertEqual(values[1], 8 * 50 / values[0], accuracy: 1e-9 * values[1])
    XCTAssertEqual(values[2], values[1] / 2, accuracy: 1e-9 * values[1])
    XCTAssertEqual(values[4], 8 * 100 / (values[3] / 1e3), accuracy: 1e-9 * values[4])
  }

  func testAPromptOfNothingLeavesSteps() throws {
    let values = try predicted([
      "l40s,1,1,1,llama-3-8b,fp16,fp16,1,0,4,e2e_s,1,kind=static",
      "l40s,1,1,1,llama-3-8b,fp16,fp16,1,0,1,e2e_s,1,kind=static",
    ])
    XCTAssertEqual(values[0], 4 * values[1], accuracy: 0.02 * values[0])
  }

  func testALoopOfOneIsABatchOfOne() throws {
    let shape = "h100-sxm,1,1,1,llama-3.1-8b,bf16,bf16,1,2048,64"
    let values = try predicted(["\(shape),tpot_ms,1,kind=closed", "\(shape),tpot_ms,1,kind=static"])
    XCTAssertEqual(values[0], values[1], accuracy: 0.01 * values[1])
  }

  func testMoreRequestsInFlightNeverTakeLess() throws {
    for metric in ["ttft_ms", "tpot_ms"] {
      let values = try predicted(
        [1, 2, 7, 16, 60, 128].map { "h100-sxm,1,1,1,qwen3-8b,bf16,bf16,\($0),1024,128,\(metric),1,kind=closed" })
      for (less, more) in zip(values, values.dropFirst()) { XCTAssertLessThanOrEqual(less, more * 1.02, metric) }
    }
  }

  func testSequencesThatDoNotFitRunInWaves() throws {
    // 40 GB less 13.5 GB of weights hold some 22 caches of 2,048 keys at 0.5 MB each.
    let shape = "a100-sxm4-40gb,1,1,1,llama-2-7b,fp16,fp16"
    let values = try predicted([
      "\(shape),20,1024,1024,e2e_s,1,kind=static", "\(shape),60,1024,1024,e2e_s,1,kind=static",
    ])
    XCTAssertGreaterThan(values[1], 2.5 * values[0])
    let faults = try predictions(["\(shape),1,200000,200000,e2e_s,1,kind=static"])
    XCTAssertEqual(faults[0].fault, .doesNotFit)
  }

  func testTheRoofIsNeverAboveTheKernels() throws {
    for result in try predictions([
      "h100-sxm,1,1,1,llama-3.1-8b,bf16,bf16,8,100,50,e2e_s,1,kind=static",
      "l40s,1,1,1,qwen3-8b,bf16,bf16,8,100,50,tpot_ms,1,kind=closed",
    ]) {
      let prediction = try result.get()
      XCTAssertLessThan(try XCTUnwrap(prediction.roof), try XCTUnwrap(prediction.kernels))
    }
  }

  func testRowsThatCannotBeScoredSayWhy() throws {
    let faults = try predictions([
      "h101,1,1,1,llama-3.1-8b,bf16,bf16,8,100,50,e2e_s,1,kind=static",
      "h100-sxm,1,1,1,llama-9,bf16,bf16,8,100,50,e2e_s,1,kind=static",
      "h100-sxm,1,1,1,llama-3.1-8b,bf16,bf16,8,100,50,e2e_s,1,kind=cold",
      "h100-sxm,4,2,1,llama-3.1-8b,bf16,bf16,8,100,50,e2e_s,1,kind=static",
      "h100-sxm,1,1,1,llama-3.1-8b,bf16,bf16,8,100,50,tokens_per_s_total,1,kind=static",
      "h100-sxm,1,1,1,llama-3.1-8b,bf16,bf16,8,,50,ttft_ms,1,kind=steady",
    ]).map(\.fault)
    XCTAssertEqual(faults[0], .unknownGPU("h101"))
    XCTAssertEqual(faults[1], .unknownModel("llama-9"))
    XCTAssertEqual(faults[2], .listed("cold"))
    XCTAssertEqual(faults[3], .replicas)
    XCTAssertNotNil(faults[4])
    XCTAssertNotNil(faults[5])
    guard
      case .refused = try predictions(
        ["h100-sxm,3,3,1,llama-3.1-8b,bf16,bf16,8,100,50,e2e_s,1,kind=static"])[0].fault
    else { return XCTFail("3 ranks divide nothing here") }
  }

  func testOnlyTheEnginesOwnVersionsAreItsOwn() throws {
    var other = engine()
    other.versions = ["2"]
    let row = "h100-sxm,1,1,1,llama-3.1-8b,bf16,bf16,8,100,50,e2e_s,1,kind=static"
    XCTAssertNil(try predictions([row], engine: other)[0].get().engine)
    XCTAssertEqual(try predictions([row])[0].get().engine?.name, "test-1")
  }
}

extension Result where Failure == StepResolver.Fault {
  fileprivate var fault: Failure? {
    guard case .failure(let fault) = self else { return nil }
    return fault
  }
}
