import RooflineCore
import RooflineDeployment
import RooflineReport
import TestSupport
import XCTest

/// The picture of requests over time, of rows that are made up.
final class LoadFigureTests: XCTestCase {
  private func grid(_ load: SweepLoadAxis, tp: NumberAxis, generate: NumberAxis) -> SweepGrid {
    var grid = SweepGrid(models: ["one"], hardware: ["gpu"], prompt: NumberAxis(9), generate: generate) {
      _ throws(InputError) in throw .usage("rows are made up")
    }
    (grid.load, grid.tensorParallel) = (load, tp)
    return grid
  }

  private func row(_ grid: SweepGrid, _ number: UInt64, _ change: (inout SweepFigures) -> Void) -> SweepRow {
    var figures = SweepFigures()
    change(&figures)
    return SweepRow(grid.deployment(at: grid.places(of: number)), grid.point(of: number), figures, nil)
  }

  private func figure(_ rows: [SweepRow], _ grid: SweepGrid) throws -> LoadFigure {
    try LoadFigure(
      rows, grid, SweepTally(), condition: nil, files: [], hardware: [try Fixtures.catalog.hardware("h100-sxm")],
      tool: "a test")
  }

  func testValuesAreTheRowsAndNoLabelsOverlap() throws {
    var generator = SeededGenerator(seed: 91)
    for axis in [
      SweepLoadAxis.closed(NumberAxis([1, 2, 4, 8, 16, 512, 100_000])), .open([0.5, 1, 2.25, 1000, 12345.5]),
      .together(try XCTUnwrap(NumberAxis(from: 1, through: 90, adding: 1))),
    ] {
      for (tp, generate) in [([1], [4]), ([1, 2, 4], [4, 1])] as [([UInt64], [UInt64])] {
        let grid = grid(axis, tp: NumberAxis(tp), generate: NumberAxis(generate))
        XCTAssertNoThrow(try LoadFigure.requireCurves(of: grid))
        var rows: [SweepRow] = []
        for number in 0..<(grid.count ?? 0) {
          let (first, step) = (
            Double.random(in: 0.001...9, using: &generator), Double.random(in: 1e-4...1, using: &generator)
          )
          let hasSteps = grid.point(of: number).generate > 1
          let device = Double.random(in: 1...5000, using: &generator)
          let isQueueGrowing = Bool.random(using: &generator)
          rows.append(
            row(grid, number) { figures in
              figures.timeToFirstToken = Seconds(first)
              figures.timePerOutputToken = hasSteps ? Seconds(step) : nil
              figures.load = SweepLoadFigures(
                timeToFirstToken: .init(median: Seconds(first * 0.9), p99: Seconds(first * 3)),
                timePerOutputToken: hasSteps ? .init(median: Seconds(step), p99: Seconds(step * 2)) : nil,
                requestsPerSecond: 3, tokensPerSecondPerGPU: device, tokensPerSecond: device,
                isQueueGrowing: isQueueGrowing)
            })
        }
        // What cannot be served is passed over.
        let refused = SweepRow(rows[0].deployment, rows[0].point, nil, .refused(.usage("no")))
        let figure = try figure(rows + [refused], grid)
        XCTAssertEqual(figure.series.count, tp.count * generate.count)
        XCTAssertEqual(figure.waits, [.firstToken, .perToken])
        for (place, series) in figure.series.enumerated() {
          let (degree, tokens) = (tp[place / generate.count], generate[place % generate.count])
          XCTAssertEqual(series.name, tp.count == 1 ? "gpu" : "tp \(degree), generate \(tokens)")
          let own = rows.filter { $0.deployment.tensorParallel == degree && $0.point.generate == tokens }
          XCTAssertEqual(series.spots.map(\.load), own.map(\.point.load))
          XCTAssertEqual(series.spots.map(\.device), own.map(\.tokensPerSecondPerGPU))
          XCTAssertEqual(series.spots.map(\.isQueueGrowing), own.map { $0.figures?.load?.isQueueGrowing })
          for (spot, row) in zip(series.spots, own) {
            let first = try XCTUnwrap(row.figures?.timeToFirstToken?.value)
            let times = try XCTUnwrap(spot.times[.firstToken])
            XCTAssertEqual([times.mean, times.median, times.p99], [first, first * 0.9, first * 3])
            XCTAssertEqual(spot.times[.perToken]?.mean, row.figures?.timePerOutputToken?.value)
          }
        }
        XCTAssertTrue(figure.notes.contains { $0.contains("more requests come than end") })
        for width in FigureWidth.allCases {
          XCTAssertEqual(FigureTestRuns.misplaced(figure.drawing(width)), [], "\(axis), \(width)")
        }
      }
    }
  }

  func testCurvesThatNobodyCouldTellApartAreRefused() throws {
    let axis = SweepLoadAxis.closed(NumberAxis([1, 2]))
    func refusal(_ grid: SweepGrid) -> String {
      do { try LoadFigure.requireCurves(of: grid) } catch { return error.sentence }
      return ""
    }
    let seven = grid(axis, tp: NumberAxis([1, 2, 3, 4, 5, 6, 7]), generate: NumberAxis(4))
    XCTAssertTrue(refusal(seven).contains("at most 6 curves of 100 loads each, not 7 of 2"), refusal(seven))
    let long = try XCTUnwrap(NumberAxis(from: 1, through: 101, adding: 1))
    let many = grid(.closed(long), tp: NumberAxis(1), generate: NumberAxis(4))
    XCTAssertTrue(refusal(many).contains("not 1 of 101"), refusal(many))
    XCTAssertThrowsError(try figure([], grid(axis, tp: NumberAxis(1), generate: NumberAxis(4))))
  }

  /// With one token each there is no time between two.
  func testWithoutFurtherTokensThereIsOneBox() throws {
    let grid = grid(.closed(NumberAxis(3)), tp: NumberAxis(1), generate: NumberAxis(1))
    let one = row(grid, 0) { figures in
      figures.timeToFirstToken = Seconds(1)
      figures.load = SweepLoadFigures(
        timeToFirstToken: .init(median: Seconds(1), p99: Seconds(1)), timePerOutputToken: nil, requestsPerSecond: 3,
        tokensPerSecondPerGPU: 3, tokensPerSecond: 3, isQueueGrowing: false)
    }
    let figure = try figure([one], grid)
    XCTAssertEqual(figure.waits, [.firstToken])
    for width in FigureWidth.allCases {
      let drawing = figure.drawing(width)
      XCTAssertEqual(FigureTestRuns.misplaced(drawing), [])
      XCTAssertTrue(drawing.labels.contains { $0.text == "3" })
      XCTAssertFalse(drawing.labels.contains { $0.text.hasPrefix("TPOT") })
    }
  }
}
