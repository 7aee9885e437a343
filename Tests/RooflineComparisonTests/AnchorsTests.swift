import Foundation
import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

final class AnchorsTests: XCTestCase {
  private func h100() throws -> CalibrationSet {
    try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware("h100-sxm"))
  }

  private let conditions = KernelConditions(.warm, copies: 6)

  private func gemm(_ m: UInt64, _ n: UInt64, _ k: UInt64) -> Operator<Count> { .gemm(m: m, n: n, k: k) }

  /// Measurements that are all a fifth slower than calibrated, on a grid of shapes.
  private func slowedGrid(_ set: CalibrationSet, by factor: Double) throws -> [Observation] {
    var line = 1
    return try [UInt64(64), 128, 256, 512].flatMap { m in
      try [UInt64(1024), 2048, 4096].flatMap { n in
        try [UInt64(1024), 4096].map { k in
          let kernel = gemm(m, n, k)
          let found = try XCTUnwrap(set.find(kernel, family: "cublas"))
          line += 1
          return Observation(
            kernel, dtype: .bf16, conditions: conditions, family: "cublas", source: "a test",
            seconds: found.model.seconds(of: kernel, conditions) * factor, line: line)
        }
      }
    }
  }

  func testKernelsErrAsTheirNeighboursDid() throws {
    let set = try h100()
    let anchors = Anchors(try slowedGrid(set, by: 1.2), set: set)
    let factor = try XCTUnwrap(anchors.factor(gemm(192, 3072, 2048), family: "cublas"))
    XCTAssertEqual(factor, 1.2, accuracy: 0.01)
  }

  func testFarFromEveryObservationTheTimeIsCalibratedAgainAndTheIntervalWider() throws {
    let set = try h100()
    let anchors = Anchors(try slowedGrid(set, by: 1.2), set: set)
    let far = gemm(1_048_576, 1_048_576, 65_536)
    XCTAssertEqual(try XCTUnwrap(anchors.factor(far, family: "cublas")), 1, accuracy: 0.01)
    let near = try XCTUnwrap(anchors.interval(gemm(128, 2048, 1024), family: "cublas", share: 0.9))
    let wide = try XCTUnwrap(anchors.interval(far, family: "cublas", share: 0.9))
    XCTAssertGreaterThan(wide.upperBound / wide.lowerBound, near.upperBound / near.lowerBound)
  }

  private func changed(_ row: Observation, kernel: Operator<Count>? = nil, by factor: Double = 1) -> Observation {
    Observation(
      kernel ?? row.value, dtype: row.dtype, conditions: row.conditions, family: row.family, source: row.source,
      seconds: row.seconds * factor, line: row.line)
  }

  /// One slip among two dozen rows, of the time or of a shape, changes nothing but that it is named.
  func testASlipAnchorsNothingAndIsNamed() throws {
    let set = try h100()
    let rows = try slowedGrid(set, by: 1.2)
    let clean = Anchors(rows, set: set)
    XCTAssertEqual(clean.remarks, [])
    let slips = [
      changed(rows[7], by: 1e11), changed(rows[7], by: 1e-4), changed(rows[7], by: 5),
      changed(rows[7], kernel: gemm(128, 1024, 99_999_999)),
    ]
    for slip in slips {
      var spoiled = rows
      spoiled[7] = slip
      let anchors = Anchors(spoiled, set: set)
      XCTAssertEqual(anchors.remarks.count, 1, "\(slip)")
      XCTAssertTrue(
        anchors.remarks.first?.hasPrefix("line \(slip.line) anchors nothing") ?? false, "\(anchors.remarks)")
      for kernel in rows.map(\.value) + [gemm(192, 3072, 2048), gemm(1, 64, 64), slip.value] {
        let factor = try XCTUnwrap(anchors.factor(kernel, family: "cublas"))
        let interval = try XCTUnwrap(anchors.interval(kernel, family: "cublas", share: 0.9))
        XCTAssertEqual(factor, 1.2, accuracy: 0.2, "\(slip)")
        XCTAssertTrue(interval.lowerBound > 0.5 && interval.upperBound < 2, "\(interval) with \(slip)")
      }
    }
  }

  /// Nothing but slips: there is nothing to lean on, and still no number without an end.
  func testIntervalsAreFiniteWhateverIsMeasured() throws {
    let set = try h100()
    let rows = try slowedGrid(set, by: 1)
    var generator = SeededGenerator(seed: 302)
    for spread in [1.0, 6, 12, 60] {
      for count in [1, 2, 5, 24] {
        let wild = rows.prefix(count).map { row in
          changed(row, by: Foundation.exp(Double.random(in: -spread...spread, using: &generator)))
        }
        let anchors = Anchors(wild, set: set)
        for kernel in [gemm(64, 1024, 1024), gemm(1, 8, 8), gemm(1_000_000, 1_000_000, 1_000_000)] {
          for share in [0.5, 0.99] {
            guard let interval = anchors.interval(kernel, family: "cublas", share: share) else { continue }
            XCTAssertTrue(interval.lowerBound > 0 && interval.upperBound < 1e4, "\(interval) of \(count), e^±\(spread)")
          }
        }
      }
    }
  }

  /// Three times slower together is how such shapes are, not an accident.
  func testNeighboursThatErrAlikeAreNoAccidents() throws {
    let set = try h100()
    let rows = try slowedGrid(set, by: 1).map { row -> Observation in
      guard case .gemm(let gemm) = row.value, gemm.m == 64 else { return row }
      return changed(row, by: 3)
    }
    let anchors = Anchors(rows, set: set)
    XCTAssertEqual(anchors.remarks, [])
    XCTAssertGreaterThan(try XCTUnwrap(anchors.factor(gemm(64, 1500, 1500), family: "cublas")), 2)
  }

  func testOtherLibrariesAndFormatsSayNothing() throws {
    let set = try h100()
    let anchors = Anchors(try slowedGrid(set, by: 1.2), set: set)
    let narrow = Operator<Count>.gemm(m: 64, n: 1024, k: 1024, dtype: .fp8)
    XCTAssertNil(anchors.factor(narrow, family: "trtllm-fp8"))
    XCTAssertNil(anchors.factor(gemm(64, 1024, 1024), family: "another"))
  }

  /// The project's demand, groups of shapes left out: a median error of at most 3 %. Here with a third of the observations; the L40S,
  /// which needs all of them for its 4 %, would take a debug build minutes.
  func testMedianErrorWithAllObservations() throws {
    for (name, bar) in [("gemm-a100_sxm", 0.03), ("attention-a100_sxm", 0.03)] {
      let file = try ObservationFile.read(try SharedTable.url("measured/\(name).csv").path)
      let hardware = try Fixtures.catalog.hardware(file.gpu)
      let set = try Fixtures.catalog.calibrations(for: hardware)
      // Every third row keeps the test short; more observations only help.
      let rows = file.observations.enumerated().filter {
        $0.offset % 3 == 0 && ($0.element.value.kind == .attention || $0.element.source == "consensus")
      }.map(\.element)
      let predictor = ObservationPredictor(set, tier: .anchored(Anchors(rows, set: set)))
      let validation = Validation(rows, predictor: predictor, skipped: [], interval: 0.9)
      for line in validation.lines where line.group.regime == "all" {
        XCTAssertLessThanOrEqual(line.errors.medianApe, bar, "\(line.group)")
        XCTAssertTrue((0.85...0.95).contains(line.coverage ?? 0), "\(line.coverage ?? 0) of \(line.group)")
      }
    }
  }

  /// Observations a tenth as long as calibrated would anchor times below the roof; in serving the roof stands.
  func testInServingNoTimeIsBelowItsRoof() throws {
    let set = try h100()
    let rows = try slowedGrid(set, by: 0.1)
    let roof = ObservationPredictor(set, tier: .ideal(RateOptions()))
    let serving = ObservationPredictor(set, cache: .serving, tier: .anchored(Anchors(rows, set: set)))
    let bare = ObservationPredictor(set, tier: .anchored(Anchors(rows, set: set)))
    func times(_ predictor: ObservationPredictor) throws -> [Double] {
      var predictor = predictor
      return try rows.map { try predictor.predict($0, interval: 0.9).get().seconds }
    }
    let (roofs, served) = (try times(roof), try times(serving))
    XCTAssertTrue(zip(try times(bare), roofs).contains { $0 < $1 })
    for (time, ideal) in zip(served, roofs) { XCTAssertGreaterThanOrEqual(time, ideal) }
  }
}
