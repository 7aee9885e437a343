import Foundation
import RooflineComparison
import RooflineTimeModels
import TestSupport
import XCTest

/// Constants known to the test come back from rows with 2 % of noise, wherever the fit begins.
final class CalibrationRecoveryTests: XCTestCase {
  private static let noise = 0.02
  private static let rows = 200

  /// The same constants up to a factor off, inside their bounds.
  private func start(
    _ constants: Calibration.Constants, factor: Double, _ generator: inout SeededGenerator
  ) -> Calibration.Constants {
    constants.mapped { _, bounds, isRequired, value in
      guard isRequired else { return value }
      let moved = value * exp(Double.random(in: -log(factor)...log(factor), using: &generator))
      return min(max(moved, bounds.lowerBound), bounds.upperBound)
    }
  }

  /// How many standard errors each fitted constant lies from its true value.
  private func deviations(_ result: EntryFit.Result, from truth: Calibration.Constants) -> [(key: String, z: Double)] {
    var bounds: [String: ClosedRange<Double>] = [:]
    _ = truth.mapped { key, range, _, value in
      bounds[key] = range
      return value
    }
    let fitted = Dictionary(uniqueKeysWithValues: result.constants.named.map { ($0.key, $0.value) })
    let known = Dictionary(uniqueKeysWithValues: truth.named.map { ($0.key, $0.value) })
    return result.standardErrors.map { key, share in
      // Constants that may be 0 are fitted as the logarithm of themselves plus a hundredth of their range.
      let offset = bounds[key]!.lowerBound > 0 ? 0 : 0.01 * bounds[key]!.upperBound
      return (key, log((fitted[key]! + offset) / (known[key]! + offset)) / share)
    }
  }

  /// Of 1000 normal deviations 3 exceed 3 standard errors by chance. The equations have kinks; over 2000 deviations 7 in 1000 did. In the
  /// few of this test 2 in 100 may, and none exceeds 4.
  func testKnownConstantsComeBackFromRandomStarts() throws {
    var generator = SeededGenerator(seed: 51)
    var far: [String] = []
    var compared = 0
    // One valley, curved, so that its slope at the end tells its length badly; their sum is certain (next test but one).
    let degenerate = ["launchMicroseconds", "waveFillMicroseconds"]
    for (synthetic, runs) in [
      (SyntheticRows.gemm, 3), (SyntheticRows.decode, 8), (SyntheticRows.prefill, 4), (SyntheticRows.row, 4),
    ] {
      let fit = EntryFit(synthetic.key, facts: SyntheticRows.facts, generation: SyntheticRows.generation)
      for run in 0..<runs {
        let rows = synthetic.rows(
          CalibrationRecoveryTests.rows, noise: CalibrationRecoveryTests.noise, &generator)
        let start = start(synthetic.truth, factor: 2.5, &generator)
        let result = try XCTUnwrap(fit.fit(rows, prior: start, pull: .none))
        XCTAssertEqual(result.scale, CalibrationRecoveryTests.noise, accuracy: 0.006, "\(synthetic.key.title) \(run)")
        for (key, z) in deviations(result, from: synthetic.truth) where !degenerate.contains(key) {
          compared += 1
          XCTAssertLessThan(abs(z), 4, "\(synthetic.key.title) \(run): \(key)")
          if abs(z) > 3 { far.append("\(synthetic.key.title) \(key) \(z)") }
        }
      }
    }
    XCTAssertLessThanOrEqual(far.count, compared / 50, "\(far)")
  }

  /// Protocols of a collective have no order, so constants are compared from the slowest link share to the fastest.
  func testProtocolsOfACollectiveComeBackInSomeOrder() throws {
    var generator = SeededGenerator(seed: 52)
    let synthetic = SyntheticRows.collective
    let fit = EntryFit(synthetic.key, facts: SyntheticRows.facts, generation: SyntheticRows.generation)
    for run in 0..<6 {
      let rows = synthetic.rows(300, noise: CalibrationRecoveryTests.noise, &generator)
      let start = start(synthetic.truth, factor: 2, &generator)
      let result = try XCTUnwrap(fit.fit(rows, prior: start, pull: .none))
      XCTAssertEqual(result.scale, CalibrationRecoveryTests.noise, accuracy: 0.006, "run \(run)")
      guard let constants = result.constants.of(CollectiveTimeModel.self) else {
        return XCTFail("another kind came back")
      }
      let rings = [constants.first, constants.second, constants.third].sorted { $0.share < $1.share }
      for (ring, (latency, share)) in zip(rings, [(7.8, 0.10), (14, 0.43), (64, 0.72)]) {
        XCTAssertEqual(ring.latency, latency, accuracy: 0.12 * latency, "run \(run)")
        XCTAssertEqual(ring.share, share, accuracy: 0.12 * share, "run \(run)")
      }
    }
  }

  /// Launch and wave fill hardly differ in their effect: alone each is uncertain, and says so; their sum is not.
  func testADegeneratePairHasALargeErrorAndACertainSum() throws {
    var generator = SeededGenerator(seed: 53)
    let fit = EntryFit(SyntheticRows.gemm.key, facts: SyntheticRows.facts, generation: SyntheticRows.generation)
    for _ in 0..<2 {
      // Without rows of many waves at small K, nothing tells them apart.
      let rows = SyntheticRows.gemm.rows(200, noise: CalibrationRecoveryTests.noise, &generator).enumerated()
        .filter { $0.offset % 8 != 1 }.map(\.element)
      let start = start(SyntheticRows.gemm.truth, factor: 2, &generator)
      let result = try XCTUnwrap(fit.fit(rows, prior: start, pull: .none, explores: false))
      guard let constants = result.constants.of(GEMMTimeModel.self) else { return XCTFail("another kind came back") }
      let errors = Dictionary(uniqueKeysWithValues: result.standardErrors.map { ($0.key, $0.share) })
      XCTAssertGreaterThan(try XCTUnwrap(errors["launchMicroseconds"]), 0.03)
      XCTAssertGreaterThan(try XCTUnwrap(errors["waveFillMicroseconds"]), 0.03)
      XCTAssertEqual(constants.launch + constants.waveFill, 1.83 + 1.85, accuracy: 0.02 * 3.68)
    }
  }

  /// Rows that say nothing of a constant leave it at its prior.
  func testAPriorHoldsWhatTheRowsDoNotTell() throws {
    var generator = SeededGenerator(seed: 54)
    let fit = EntryFit(SyntheticRows.gemm.key, facts: SyntheticRows.facts, generation: SyntheticRows.generation)
    // Only long sums over few columns from DRAM: nothing about the sustained clock or the epilogue.
    let rows = SyntheticRows.gemm.rows(160, noise: CalibrationRecoveryTests.noise, &generator).enumerated()
      .filter { $0.offset % 8 == 2 }.map(\.element)
    var prior = GEMMConstants.initial
    prior.sustained = 0.7
    prior.epilogue = 9
    prior.bandwidth = 0.70
    let result = try XCTUnwrap(fit.fit(rows, prior: .gemm(prior)))
    guard let constants = result.constants.of(GEMMTimeModel.self) else { return XCTFail("another kind came back") }
    XCTAssertEqual(constants.sustained, 0.7, accuracy: 0.007)
    XCTAssertEqual(constants.epilogue, 9, accuracy: 0.9)
    // From 12 % off to 3 %: these rows do tell it.
    XCTAssertEqual(constants.bandwidth, 0.782, accuracy: 0.03 * 0.782)
  }

  func testAFitIsTheSameTwice() throws {
    var generator = SeededGenerator(seed: 55)
    for synthetic in SyntheticRows.all {
      let rows = synthetic.rows(24, noise: 0.05, &generator)
      let fit = EntryFit(synthetic.key, facts: SyntheticRows.facts, generation: SyntheticRows.generation)
      let one = try XCTUnwrap(fit.fit(rows, prior: nil))
      let two = try XCTUnwrap(fit.fit(rows, prior: nil))
      XCTAssertEqual(one.constants, two.constants, synthetic.key.title)
      for (value, key) in zip(one.constants.named.map(\.value), one.constants.named.map(\.key)) {
        XCTAssertTrue(value.isFinite, "\(synthetic.key.title) \(key)")
      }
    }
  }
}
