import Foundation
import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// From measurements to entries: what is fitted, what is left out, and what is said about it.
final class CalibratorTests: XCTestCase {
  private func hardware() throws -> HardwareSpec { try Fixtures.catalog.hardware("a100-sxm4-80gb") }

  /// A prior with one entry.
  private func prior(_ key: Calibration.Key, _ constants: Calibration.Constants) throws -> CalibrationSet {
    let entry = Calibration.Entry(key, constants, fit: .init(data: "test", rows: 100, groups: 10), heldOut: nil)
    return try CalibrationSet(
      hardware(),
      layers: [
        Calibration(
          hardware: "a100-sxm4-80gb", path: "test", date: "2026-01-01",
          computeCapability: ComputeCapability(major: 8, minor: 0),
          entries: [entry])
      ])
  }

  private func outcomes(_ calibrator: Calibrator, _ rows: [Observation]) -> [Calibrator.Outcome] {
    calibrator.calibrate(rows)
  }

  /// The rows with the times of some of them multiplied.
  private func spoiled(_ rows: [Observation], every: Int, by factor: Double) -> (rows: [Observation], lines: Set<Int>) {
    var lines: Set<Int> = []
    let spoiled = rows.enumerated().map { index, row in
      guard index % every == every - 1 else { return row }
      lines.insert(row.line)
      return Observation(
        row.value, dtype: row.dtype, conditions: row.conditions, family: row.family, source: row.source,
        seconds: row.seconds * factor, line: row.line)
    }
    return (spoiled, lines)
  }

  func testAccidentsAreRejectedAndHardlyMoveTheFit() throws {
    var generator = SeededGenerator(seed: 61)
    for (synthetic, factor) in [(SyntheticRows.decode, 3.0), (SyntheticRows.row, 1.0 / 3)] {
      let clean = synthetic.rows(165, noise: 0.02, &generator)
      // 5 of 165: 3 %.
      let (rows, lines) = spoiled(clean, every: 33, by: factor)
      XCTAssertEqual(lines.count, 5)
      let calibrator = try Calibrator(hardware(), prior: nil)
      let without = try XCTUnwrap(outcomes(calibrator, clean).first)
      let with = try XCTUnwrap(outcomes(calibrator, rows).first)
      XCTAssertEqual(without.rejected.map(\.line), [], synthetic.key.title)
      XCTAssertEqual(Set(with.rejected.map(\.line)), lines, synthetic.key.title)
      let models = try [without, with].map {
        try XCTUnwrap(
          try XCTUnwrap($0.entry).constants.model(calibrator.facts, generation: calibrator.generation))
      }
      for row in clean {
        let ratio = models[1].seconds(of: row.value, row.conditions) / models[0].seconds(of: row.value, row.conditions)
        XCTAssertEqual(ratio, 1, accuracy: 0.03, "\(synthetic.key.title): \(row.value)")
      }
      // Errors are of the rows that were kept, so an accident makes nobody look bad.
      XCTAssertLessThan(try XCTUnwrap(with.after).mape, 0.03, synthetic.key.title)
      XCTAssertEqual(with.after?.n, 160)
    }
  }

  /// 1 row in 5 three times too slow is no accident.
  func testManyStragglersAreNotCalledAccidents() throws {
    var generator = SeededGenerator(seed: 62)
    let (rows, _) = spoiled(SyntheticRows.decode.rows(100, noise: 0.02, &generator), every: 5, by: 3)
    let outcome = try XCTUnwrap(outcomes(Calibrator(hardware(), prior: nil), rows).first)
    XCTAssertEqual(outcome.rejected.count, 0)
  }

  func testFewerThanTwelveRowsAreNotFitted() throws {
    var generator = SeededGenerator(seed: 63)
    let rows = SyntheticRows.row.rows(12, noise: 0.02, &generator)
    let calibrator = try Calibrator(hardware(), prior: nil)
    let few = try XCTUnwrap(outcomes(calibrator, Array(rows.dropLast())).first)
    XCTAssertNil(few.entry)
    XCTAssertEqual(few.remark, "11 rows; a fit needs 12")
    XCTAssertEqual(try XCTUnwrap(outcomes(calibrator, Array(rows.prefix(1))).first).remark, "1 row; a fit needs 12")
    XCTAssertNotNil(try XCTUnwrap(outcomes(calibrator, rows).first).entry)
  }

  /// Nine rows of heads of 64 elements are too few alone; beside forty of 128 elements they tell how much faster the tensor cores are.
  func testFewRowsOfOtherHeadsArePulledToTheSameLibrarysConstants() throws {
    var generator = SeededGenerator(seed: 70)
    let wide = SyntheticRows.prefill
    let narrow = wide.heads(of: 64) { key, value in key == "tensorShareOfPeak" ? 0.8 * value : value }
    let few = narrow.rows(9, noise: 0.02, &generator)
    let calibrator = try Calibrator(hardware(), prior: nil)
    let alone = try XCTUnwrap(outcomes(calibrator, few).first)
    XCTAssertNil(alone.entry)
    XCTAssertEqual(alone.remark, "9 rows; a fit needs 12")

    let both = outcomes(calibrator, wide.rows(40, noise: 0.02, &generator) + few)
    let outcome = try XCTUnwrap(both.first { $0.key.headDim == 64 })
    let sibling = try XCTUnwrap(both.first { $0.key.headDim == 128 })
    XCTAssertNil(sibling.remark)
    XCTAssertEqual(outcome.remark, "pulled to the constants of \(sibling.key.title)")
    let entry = try XCTUnwrap(outcome.entry)
    // A handful of errors makes no interval.
    XCTAssertNil(entry.heldOut)
    XCTAssertNotNil(sibling.entry?.heldOut)
    let model = try XCTUnwrap(entry.constants.model(calibrator.facts, generation: calibrator.generation))
    let unseen = narrow.rows(200, noise: 0, &generator)
    let errors = unseen.map { abs(model.seconds(of: $0.value, $0.conditions) / $0.seconds - 1) }
    XCTAssertLessThan(errors.reduce(0, +) / 200, 0.06)
  }

  /// A GPU's own constants pull as strongly among those of other generations as alone.
  func testConstantsOfOtherGenerationsDoNotWeakenTheOwn() throws {
    var generator = SeededGenerator(seed: 72)
    let rows = SyntheticRows.row.rows(14, noise: 0.1, &generator)
    func fitted(_ prior: CalibrationSet) throws -> Calibration.Constants? {
      try outcomes(Calibrator(hardware(), prior: prior, relatives: prior.layers), rows).first?.entry?.constants
    }
    let all = try Fixtures.catalog.calibrations(for: hardware())
    XCTAssertGreaterThan(Set(all.layers.map(\.computeCapability)).count, 1)
    let own = try Fixtures.catalog.calibrations(for: hardware(), prior: "a100-sxm4-80gb")
    XCTAssertNotNil(try fitted(own))
    XCTAssertEqual(try fitted(all), try fitted(own))
  }

  /// A library whose name does not tell how its kernels are cut finds out; one whose name does is not talked out of it by few rows.
  func testAnUnknownLibraryBeginsAtTheKernelThatIsMostAlike() throws {
    var generator = SeededGenerator(seed: 71)
    let truth = Calibration.Constants.prefill(
      PrefillConstants(
        fixed: 9, tensor: 0.6, tile: 2, bandwidth: 0.8, token: 1, tail: 1.2, sag: 0, residency: 0.4, l2Speedup: 2,
        lonelyTile: 1.4),
      PrefillCut(queryRows: 64, keys: 32, packsGroup: false))
    func rows(_ family: KernelLibrary) -> [Observation] {
      var key = SyntheticRows.prefill.key
      key.family = family
      return SyntheticRows(key: key, truth: truth, kernel: SyntheticRows.prefill.kernel)
        .rows(40, noise: 0.02, &generator)
    }
    let relatives = try Fixtures.catalog.calibrations(for: Fixtures.catalog.hardware("h100-sxm")).layers
    let calibrator = try Calibrator(hardware(), prior: nil, relatives: relatives)
    let unknown = try XCTUnwrap(outcomes(calibrator, rows("engine-x")).first?.entry)
    XCTAssertEqual(unknown.constants.cut, truth.cut)
    XCTAssertLessThan(try XCTUnwrap(unknown.heldOut).mape, 0.04)
    let told = try XCTUnwrap(outcomes(calibrator, rows("engine-fa3")).first?.entry)
    XCTAssertNotEqual(told.constants.cut, truth.cut)
  }

  func testAFitThatIsWorseThanItsPriorIsNotWrittenOrSaysSo() throws {
    var generator = SeededGenerator(seed: 64)
    // The prior is the truth, and the rows are noise.
    let synthetic = SyntheticRows.decode
    let rows = synthetic.rows(16, noise: 0.25, &generator)
    let prior = try prior(synthetic.key, synthetic.truth)
    let kept = try XCTUnwrap(outcomes(Calibrator(hardware(), prior: prior), rows).first)
    XCTAssertEqual(kept.entry?.constants, synthetic.truth)
    XCTAssertEqual(kept.remark, "kept the prior: fitted constants are worse on shapes left out")
    XCTAssertGreaterThan(try XCTUnwrap(kept.after).mape, try XCTUnwrap(kept.before).mape)
    let fresh = try XCTUnwrap(outcomes(Calibrator(hardware(), prior: prior, shrinks: false), rows).first)
    XCTAssertNotNil(fresh.entry)
    XCTAssertEqual(fresh.remark, "worse than the prior on shapes left out")
  }

  func testAFitThatIsBetterThanItsPriorIsWrittenWithoutARemark() throws {
    var generator = SeededGenerator(seed: 65)
    for synthetic in [SyntheticRows.decode, .row, .prefill] {
      let wrong = synthetic.truth.mapped { key, _, _, value in
        switch key {
        case "fixedMicroseconds": 1.6 * value
        case "iterationKilocycles", "tensorShareOfPeak": 0.7 * value
        case "bandwidthShare": synthetic.key.phase == .decode ? 0.7 * value : value
        case _: value
        }
      }
      let rows = synthetic.rows(40, noise: 0.02, &generator)
      let outcome = try XCTUnwrap(
        outcomes(Calibrator(hardware(), prior: try prior(synthetic.key, wrong)), rows).first)
      XCTAssertNotNil(outcome.entry, synthetic.key.title)
      XCTAssertNil(outcome.remark, synthetic.key.title)
      XCTAssertGreaterThan(try XCTUnwrap(outcome.before).mape, 0.1, synthetic.key.title)
      XCTAssertLessThan(try XCTUnwrap(outcome.after).mape, 0.05, synthetic.key.title)
    }
  }

  /// Not by a bit, whatever order the rows come in.
  func testTheOrderOfRowsDoesNotMatter() throws {
    var generator = SeededGenerator(seed: 66)
    var rows = SyntheticRows.all.flatMap { $0.rows(20, noise: 0.05, &generator) }
    // Kernels that differ in heads alone, at the very same time.
    for index in 0..<24 {
      let value = Operator<Count>.rotary(
        rows: UInt64(1 + index / 2), heads: index % 2 == 0 ? 24 : 16, keyValueHeads: index % 2 == 0 ? 8 : 16,
        headDim: 128, dtype: .fp16)
      let time = 2 + Double(index / 2) / 10
      rows.append(
        Observation(
          value, dtype: .fp16, family: "vllm", source: "synthetic", seconds: time * 1e-6, line: 1000 + index))
    }
    let prior = try Fixtures.catalog.calibrations(for: hardware())
    let calibrator = try Calibrator(hardware(), prior: prior)
    let first = outcomes(calibrator, rows)
    XCTAssertEqual(first.count, 6)
    XCTAssertGreaterThan(first.compactMap(\.entry).count, 3)
    for _ in 0..<2 {
      rows.shuffle(using: &generator)
      let again = outcomes(calibrator, rows)
      XCTAssertEqual(again.map(\.key), first.map(\.key))
      for (one, two) in zip(first, again) {
        XCTAssertEqual(one.entry?.constants, two.entry?.constants, one.key.title)
        XCTAssertEqual(one.entry?.heldOut, two.entry?.heldOut, one.key.title)
        XCTAssertEqual(one.rejected.map(\.line), two.rejected.map(\.line), one.key.title)
      }
    }
  }

  /// Where a file has the median over software stacks, one stack's rows are not fitted.
  func testTheConsensusOfStacksIsTheTarget() throws {
    var generator = SeededGenerator(seed: 67)
    let rows = SyntheticRows.row.rows(30, noise: 0.02, &generator).enumerated().map { index, row in
      Observation(
        row.value, dtype: row.dtype, conditions: row.conditions, family: row.family,
        source: index < 20 ? "consensus" : "stack-1", seconds: row.seconds, line: row.line)
    }
    let groups = try Calibrator(hardware(), prior: nil).groups(rows)
    XCTAssertEqual(groups.count, 1)
    XCTAssertEqual(groups.first?.rows.count, 20)
    XCTAssertEqual(Set(groups[0].rows.map(\.source)), ["consensus"])
  }

  /// Libraries, phases, formats, launches and head dims are fitted apart.
  func testWhatIsFittedApart() throws {
    var generator = SeededGenerator(seed: 68)
    func rows(_ synthetic: SyntheticRows, family: KernelLibrary, launch: Launch = .graph) -> [Observation] {
      synthetic.rows(3, noise: 0.02, &generator).map { row in
        Observation(
          row.value, dtype: row.dtype, conditions: KernelConditions(.warm, launch: launch), family: family,
          source: "s", seconds: row.seconds, line: 1)
      }
    }
    let narrow = Observation(
      .gemm(m: 16, n: 128, k: 128, dtype: .fp8), dtype: .fp8, family: "cublas", source: "s", seconds: 5e-6, line: 1)
    let groups = try Calibrator(hardware(), prior: nil).groups(
      rows(.gemm, family: "cublas") + rows(.gemm, family: "cutlass") + [narrow]
        + rows(.gemm, family: "cublas", launch: .eager) + rows(.prefill, family: "x") + rows(.row, family: "x")
        + rows(.collective, family: "nccl"))
    XCTAssertEqual(
      groups.map(\.key.title),
      [
        "attention x prefill bf16 d128", "collective nccl all_reduce bf16", "gemm cublas bf16",
        "gemm cublas bf16 eager",
        "gemm cutlass bf16", "gemm-lowp cublas fp8", "row x rmsnorm fp16",
      ])
  }

  /// Sizes at which the time model itself gives up are not fitted to, and leave no trace in the errors.
  func testRowsBeyondTheModelAreLeftOut() throws {
    var generator = SeededGenerator(seed: 69)
    var rows = SyntheticRows.prefill.rows(14, noise: 0.02, &generator)
    for index in 0..<5 {
      rows.append(
        Observation(
          .attention(batch: 1, query: 1 << 62, context: 1 << 62, heads: 8, keyValueHeads: 8, headDim: 128),
          dtype: .bf16, family: "vllm-fa3", source: "synthetic", seconds: 100e-6, line: 100 + index))
    }
    let outcome = try XCTUnwrap(outcomes(Calibrator(hardware(), prior: nil), rows).first)
    XCTAssertEqual(outcome.rows, 14)
    let entry = try XCTUnwrap(outcome.entry)
    XCTAssertEqual(entry.fit.rows, 14)
    for bin in try XCTUnwrap(entry.heldOut).bins { XCTAssertTrue(bin.quantiles.allSatisfy(\.isFinite)) }
  }

  /// Intervals from errors of rows left out hold about the share that they promise, on rows that no fit has seen.
  func testIntervalsHoldWhatTheyPromise() throws {
    var generator = SeededGenerator(seed: 70)
    let synthetic = SyntheticRows.row
    let outcome = try XCTUnwrap(
      outcomes(Calibrator(hardware(), prior: nil), synthetic.rows(300, noise: 0.05, &generator)).first)
    let entry = try XCTUnwrap(outcome.entry)
    let heldOut = try XCTUnwrap(entry.heldOut)
    let model = try XCTUnwrap(entry.constants.model(SyntheticRows.facts, generation: .ampere))
    let unseen = synthetic.rows(2000, noise: 0.05, &generator)
    var before = 0.0
    for share in [0.5, 0.8, 0.9, 0.95] {
      let inside = unseen.filter { row in
        let time = model.seconds(of: row.value, row.conditions)
        let factors = heldOut.factors(at: time, share: share)
        return (time * factors.lowerBound...time * factors.upperBound).contains(row.seconds)
      }.count
      XCTAssertEqual(Double(inside) / 2000, share, accuracy: 0.05, "\(share)")
      let width = log(
        heldOut.factors(at: 5e-6, share: share).upperBound / heldOut.factors(at: 5e-6, share: share).lowerBound)
      XCTAssertGreaterThan(width, before)
      before = width
    }
  }

  /// Five kinds of 40 rows on an H100, whose GEMMs have the most tiles: half a second optimised; here without, on a shared core.
  func testFiveGroupsOfFortyRowsTakeSeconds() throws {
    var generator = SeededGenerator(seed: 71)
    let hardware = try Fixtures.catalog.hardware("h100-sxm")
    let prior = try Fixtures.catalog.calibrations(for: hardware, prior: "h100-sxm")
    let rows = SyntheticRows.all.flatMap { $0.rows(40, noise: 0.05, &generator) }
    let began = Date()
    let outcomes = outcomes(try Calibrator(hardware, prior: prior), rows)
    XCTAssertEqual(outcomes.count, 5)
    XCTAssertLessThan(Date().timeIntervalSince(began), 30)
  }
}
