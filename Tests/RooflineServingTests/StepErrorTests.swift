import Foundation
import RooflineCore
import RooflineServing
import TestSupport
import XCTest

/// Errors of engines' files on published rows: none may grow beyond what was committed.
final class StepErrorTests: XCTestCase {
  /// Mean and median |predicted/measured − 1| that an engine's file may have, by metric and how requests came.
  private struct Bar {
    /// nil: kernels alone.
    let file: String?
    let metric: EngineMetric
    let regime: StepMeasurement.Regime
    let mape, median: Double
  }

  /// What is reached, and a tenth of it.
  private static let bars: [Bar] = [
    Bar(file: "vllm-0.5", metric: .endToEnd, regime: .oneBatch, mape: 0.07, median: 0.06),
    Bar(file: "vllm-0.5", metric: .timeToFirstToken, regime: .oneBatch, mape: 0.078, median: 0.074),
    Bar(file: "trtllm-0.11", metric: .endToEnd, regime: .oneBatch, mape: 0.075, median: 0.053),
    Bar(file: "trtllm-0.11", metric: .timeToFirstToken, regime: .oneBatch, mape: 0.054, median: 0.054),
    Bar(file: "trtllm-0.9", metric: .tokensPerSecond, regime: .oneBatch, mape: 0.086, median: 0.055),
    Bar(file: "fastertransformer-5", metric: .endToEnd, regime: .oneBatch, mape: 0.079, median: 0.06),
    // Frameworks without an engine's file: fp32 products alone are calibrated.
    Bar(file: nil, metric: .timeToFirstToken, regime: .forward, mape: 0.056, median: 0.037),
    Bar(file: "vllm-0.11", metric: .timePerOutputToken, regime: .steady, mape: 0.04, median: 0.027),
  ]

  private func predictions(_ wanted: (StepMeasurement) -> Bool) throws -> StepValidation {
    let file = try StepFile.read(try SharedTable.url("measured/steps.csv").path)
    let predictor = StepPredictor(try StepResolver(Fixtures.catalog), isComparing: false)
    return StepValidation(file.measurements.filter(wanted), predictor)
  }

  func testWholeStepsOfEnginesWithAFileStayWithinTheirBars() throws {
    let validation = try predictions { $0.conditions.regime != .closedLoop }
    for bar in StepErrorTests.bars {
      let line = try XCTUnwrap(
        validation.totals.first {
          $0.key.engineFile == bar.file && $0.key.metric == bar.metric && $0.key.regime == bar.regime
        }, bar.file ?? bar.regime.word)
      XCTAssertLessThan(line.errors.mape, bar.mape, bar.file ?? bar.regime.word)
      XCTAssertLessThan(line.errors.medianApe, bar.median, bar.file ?? bar.regime.word)
    }
  }

  /// 32 requests of 8,192 + 1,024 tokens where some 23 of them fit: were whole lengths reserved, TTFT would be missed by 70 %.
  func testALoopThatIsShortOfMemoryStaysWithinItsBars() throws {
    let validation = try predictions { ["aic-1779", "aic-1780"].contains($0.id) }
    XCTAssertEqual(validation.predictions.count, 2)
    for prediction in validation.predictions {
      let bar = prediction.measurement.metric == .timePerOutputToken ? 0.02 : 0.31
      XCTAssertLessThan(abs(prediction.error), bar, prediction.measurement.id)
    }
  }

  /// A tenth of the rows: each takes some ten thousand passes.
  func testClosedLoopsStayWithinTheirBars() throws {
    var number = 0
    let validation = try predictions { row in
      guard row.conditions.regime == .closedLoop, row.generated <= 1024, row.batch <= 64 else { return false }
      number += 1
      // Pairs of TTFT and TPOT.
      return number / 2 % 10 == 3
    }
    let tokens = validation.predictions.filter { $0.measurement.metric == .timePerOutputToken }.map { abs($0.error) }
    let first = validation.predictions.filter { $0.measurement.metric == .timeToFirstToken }.map { abs($0.error) }
    XCTAssertGreaterThan(tokens.count, 20)
    XCTAssertLessThan(tokens.reduce(0, +) / Double(tokens.count), 0.073)
    XCTAssertLessThan(tokens.sorted()[tokens.count / 2], 0.056)
    XCTAssertLessThan(first.sorted()[first.count / 2], 0.135)
  }
}
