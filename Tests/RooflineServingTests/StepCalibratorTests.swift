import Foundation
import RooflineCore
import RooflineServing
import TestSupport
import XCTest

/// Constants of an engine from whole steps: what rows were made with is found again, and no more than they hold.
final class StepCalibratorTests: XCTestCase {
  private func engine(_ pass: PassOverhead) -> Engine {
    Engine(
      name: "made", path: "made", engine: "made", versions: ["1"], pass: pass,
      scheduler: EngineScheduler(maxBatchedTokens: 8192, maxSequences: 256),
      fit: Engine.Fit(data: "assumed", rows: 0, gpus: [], models: []))
  }

  /// Rows of two models on two GPUs whose values are what an engine with these constants takes, times a factor.
  private func rows(_ pass: PassOverhead, factor: (Int) -> Double = { _ in 1 }) throws -> [StepMeasurement] {
    var lines: [String] = []
    for (model, gpu) in [("llama-3.1-8b", "h100-sxm"), ("qwen3-8b", "l40s")] {
      for batch in [1, 4, 16, 64] {
        for (metric, kind) in [("tpot_ms", "closed"), ("e2e_s", "static"), ("tpot_ms", "steady")] {
          let name = "\(lines.count)"
          lines.append(
            "\(name),made by hand,made,1,\(gpu),1,1,1,\(model),bf16,bf16,\(batch),256,128,\(metric),1,kind=\(kind)")
        }
      }
    }
    let predictor = StepPredictor(StepResolver(Fixtures.catalog, engines: [engine(pass)]))
    return try StepFileTests.read(lines).measurements.enumerated().map { index, row in
      var row = row
      row.value = try predictor.predict(row).predicted * factor(index)
      return row
    }
  }

  func testConstantsAreFoundAgainBesideOutliers() throws {
    // Every ninth row is half as long again, the others off by 2 %.
    let rows = try rows(PassOverhead(perPass: 1.2e-3, perSequence: 6e-5)) { index in
      index % 9 == 4 ? 1.5 : index.isMultiple(of: 2) ? 1.02 : 0.98
    }
    let calibrator = StepCalibrator(rows, base: engine(PassOverhead()), catalog: Fixtures.catalog)
    let outcome = try XCTUnwrap(calibrator.calibrate(name: "fitted", path: "fitted.json"))
    XCTAssertEqual(outcome.engine.pass.perPass, 1.2e-3, accuracy: 1.5e-4)
    XCTAssertEqual(outcome.engine.pass.perSequence, 6e-5, accuracy: 8e-6)
    XCTAssertEqual(outcome.engine.pass.stated.count, 2)
    let (after, kernels) = (try XCTUnwrap(outcome.after), try XCTUnwrap(outcome.kernels))
    XCTAssertLessThan(after.medianApe, 0.03)
    XCTAssertGreaterThan(kernels.medianApe, 0.1)
    XCTAssertLessThan(try XCTUnwrap(outcome.modelsLeftOut).medianApe, 0.04)
    XCTAssertEqual(outcome.engine.fit.gpus, ["h100-sxm", "l40s"])
    XCTAssertEqual(outcome.engine.fit.rows, 24)
    XCTAssertNotNil(outcome.engine.heldOut[.timePerOutputToken])
  }

  func testTheSameRowsGiveTheSameConstants() throws {
    let rows = try rows(PassOverhead(perPass: 5e-4, perKernel: 2e-6))
    let outcomes = [rows, rows].map {
      StepCalibrator($0, base: engine(PassOverhead()), catalog: Fixtures.catalog).calibrate(name: "a", path: "a")
    }
    XCTAssertEqual(outcomes[0]?.engine.pass, outcomes[1]?.engine.pass)
  }

  func testRowsOfKernelsAloneHoldNoConstants() throws {
    let rows = try rows(PassOverhead())
    let calibrator = StepCalibrator(rows, base: engine(PassOverhead(perPass: 1e-3)), catalog: Fixtures.catalog)
    XCTAssertEqual(calibrator.calibrate(name: "a", path: "a")?.engine.pass, PassOverhead())
  }

  func testTooFewRowsAndQueueingAreNotFitted() throws {
    let all = try rows(PassOverhead())
    XCTAssertNil(
      StepCalibrator(Array(all.prefix(7)), base: engine(PassOverhead()), catalog: Fixtures.catalog)
        .calibrate(name: "a", path: "a"))
    let first = try StepFileTests.read([
      "x,s,made,1,l40s,1,1,1,qwen3-8b,bf16,bf16,4,256,128,ttft_ms,90,kind=closed",
      "y,s,other,1,l40s,1,1,1,qwen3-8b,bf16,bf16,4,256,128,tpot_ms,90,kind=closed",
    ]).measurements
    let calibrator = StepCalibrator(all + first, base: engine(PassOverhead()), catalog: Fixtures.catalog)
    XCTAssertEqual(calibrator.rows, all.count)
    XCTAssertEqual(calibrator.skipped.map(\.n), [1, 1])
  }
}
