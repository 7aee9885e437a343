import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import TestSupport
import XCTest

/// Requests over time in a sweep, whoever serves them.
final class SweepLoadTests: XCTestCase {
  /// A grid whose service takes a second for the first token of each request in flight, and refuses seven of them.
  private func grid(_ load: SweepLoadAxis) throws -> SweepGrid {
    let configuration = try Fixtures.catalog.model("llama-3.2-1b")
    let hardware = try Fixtures.catalog.hardware("h100-sxm")
    var grid = SweepGrid(
      models: ["one"], hardware: ["a"], prompt: NumberAxis([9, 4]), generate: NumberAxis([2, 3, 5])
    ) { deployment throws(InputError) in
      var setting = SweepSetting(
        Scenario(
          configuration: configuration, hardware: hardware,
          workload: Workload(
            batch: 1, prompt: 1, context: 2, tensorParallel: deployment.tensorParallel, operatorSet: .fused,
            formats: NumberFormats(.bf16), parallelism: Parallelism()),
          options: RateOptions(), tokens: 1))
      setting.serve = { analysis, point throws(InputError) in
        guard let load = point.load, load.size != 7 else { throw .usage("seven are too many") }
        let time = Seconds(load.size * Double(analysis.workload.prompt))
        return SweepLoadTests.figures(first: time, further: Seconds(Double(point.generate)))
      }
      return setting
    }
    grid.tensorParallel = NumberAxis([1, 3, 2])
    grid.load = load
    return grid
  }

  private static func figures(first: Seconds, further: Seconds, isQueueGrowing: Bool = false) -> SweepFigures {
    var figures = SweepFigures()
    figures.timeToFirstToken = first
    figures.timePerOutputToken = further
    figures.load = SweepLoadFigures(
      timeToFirstToken: .init(median: Seconds(first.value * 2), p99: Seconds(first.value * 3)),
      timePerOutputToken: nil, requestsPerSecond: 11, tokensPerSecondPerGPU: 12, tokensPerSecond: 13,
      isQueueGrowing: isQueueGrowing)
    return figures
  }

  func testEveryLoadIsARowBesideTheOtherAxes() throws {
    for axis in [SweepLoadAxis.closed(NumberAxis([1, 7, 3])), .together(NumberAxis([2, 7])), .open([0.5, 7, 2.25])] {
      let grid = try grid(axis)
      var expected: [SweepPoint] = []
      for place in 0..<axis.count {
        for prompt: UInt64 in [9, 4] {
          for generate: UInt64 in [2, 3, 5] {
            expected.append(SweepPoint(batch: 1, prompt: prompt, generate: generate, load: axis[place]))
          }
        }
      }
      XCTAssertEqual(grid.count, 3 * UInt64(expected.count))
      XCTAssertEqual(grid.countPerDeployment, UInt64(expected.count))
      for workers in [1, 3] {
        var rows: [SweepRow] = []
        XCTAssertTrue(
          SweepRun(grid, workers: workers).forEach(
            work: { rows, _ in rows },
            take: { found, done in
              rows += found
              return done == UInt64(rows.count)
            }))
        XCTAssertEqual(rows.map(\.point), expected + expected + expected)
        for row in rows {
          let isPossible = row.deployment.tensorParallel != 3 && row.point.load?.size != 7
          XCTAssertEqual(row.figures != nil, isPossible)
          XCTAssertEqual(row.fits, isPossible)
          guard isPossible else {
            guard case .refused = row.reason else { return XCTFail("no reason") }
            continue
          }
          let first = (row.point.load?.size ?? .nan) * Double(row.point.prompt)
          XCTAssertEqual(row.figures?.timeToFirstToken?.value, first)
          XCTAssertEqual(row.tokensPerSecondPerUser, 1 / Double(row.point.generate))
          XCTAssertEqual([row.tokensPerSecondPerGPU, row.tokensPerSecond], [12, 13])
          XCTAssertEqual(row.figures?.capacity, 80_000_000_000)
        }
      }
    }
    XCTAssertEqual(SweepLoadAxis.none.count, 1)
    XCTAssertNil(SweepLoadAxis.none[0])
  }

  func testALevelOfPercentilesPrefersTheLargestLoadWithoutAQueue() {
    func row(_ rate: Double, first: Double, grows: Bool = false, tp: UInt64 = 1) -> SweepRow {
      SweepRow(
        SweepDeployment(
          model: "", hardware: "", dtype: nil, time: "", tensorParallel: tp, pipeline: 1, data: 1, expert: 1),
        SweepPoint(batch: 1, prompt: 1, generate: 2, load: .open(perSecond: rate)),
        Self.figures(first: Seconds(first), further: Seconds(1), isQueueGrowing: grows), nil)
    }
    let level = ServiceLevel([.ttftP99: Seconds(3)])
    XCTAssertNil(level.miss(row(2, first: 1)))
    XCTAssertEqual(level.miss(row(2, first: 1.5)), .time(.ttftP99, Seconds(4.5), limit: Seconds(3)))
    XCTAssertEqual(level.miss(row(2, first: 1, grows: true)), .growingQueue)
    // A percentile that there is not is not within a limit.
    XCTAssertEqual(
      ServiceLevel([.tpotP99: Seconds(3)]).miss(row(2, first: 1)), .time(.tpotP99, nil, limit: Seconds(3)))
    XCTAssertEqual(
      ServiceLevel.loss(row(2, first: 1), against: row(2.5, first: 1)),
      .smallerLoad(.open(perSecond: 2), than: .open(perSecond: 2.5)))
    XCTAssertNil(ServiceLevel.loss(row(2.5, first: 1), against: row(2, first: 1)))
    XCTAssertEqual(ServiceLevel.loss(row(4, first: 1, tp: 2), against: row(2, first: 1)), .moreDevices(2, than: 1))
    var attempt = ServiceLevel.Attempt(row(8, first: 1, grows: true), number: 0, level)
    for (number, other) in [row(4, first: 2), row(1, first: 1), row(2, first: 1), row(3, first: 1.1)].enumerated() {
      attempt.add(ServiceLevel.Attempt(other, number: UInt64(number + 1), level))
    }
    XCTAssertEqual(attempt.number, 3)
  }
}
