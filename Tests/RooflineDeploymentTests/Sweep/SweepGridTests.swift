import RooflineCore
import RooflineDeployment
import Synchronization
import TestSupport
import XCTest

final class SweepGridTests: XCTestCase {
  func testAxesAreWhatTheySay() throws {
    let steps = try XCTUnwrap(NumberAxis(from: 1, through: 64, adding: 8))
    XCTAssertEqual((0..<steps.count).map { steps[$0] }, [1, 9, 17, 25, 33, 41, 49, 57])
    let doubled = try XCTUnwrap(NumberAxis(from: 3, through: 100, multiplyingBy: 2))
    XCTAssertEqual((0..<doubled.count).map { doubled[$0] }, [3, 6, 12, 24, 48, 96])
    let both = NumberAxis([7, 5]) + steps
    XCTAssertEqual((0..<both.count).map { both[$0] }, [7, 5, 1, 9, 17, 25, 33, 41, 49, 57])
    XCTAssertEqual(both.largest, 57)
    XCTAssertNil(both.repeated)
    XCTAssertEqual((both + NumberAxis(9)).repeated, 9)
    XCTAssertNil(NumberAxis(from: 5, through: 4, adding: 1))
    XCTAssertNil(NumberAxis(from: 1, through: 4, multiplyingBy: 1))
    // As long as they are, they take no memory.
    XCTAssertEqual(NumberAxis(from: 1, through: Count.limit, adding: 1)?.count, Count.limit)
    XCTAssertEqual(NumberAxis(from: 1, through: .max, multiplyingBy: 2)?.count, 64)
  }

  private func grid() throws -> SweepGrid {
    let configuration = try Fixtures.catalog.model("llama-3.2-1b")
    let hardware = try Fixtures.catalog.hardware("h100-sxm")
    var grid = SweepGrid(
      models: ["one"], hardware: ["a", "b"], prompt: NumberAxis([9, 4, 70]),
      generate: try XCTUnwrap(NumberAxis(from: 1, through: 3, adding: 1))
    ) { deployment throws(InputError) in
      SweepSetting(
        Scenario(
          configuration: configuration, hardware: hardware,
          workload: Workload(
            batch: 1, prompt: 1, context: 2, tensorParallel: deployment.tensorParallel, operatorSet: .fused,
            formats: NumberFormats(.bf16), parallelism: Parallelism(data: deployment.data)),
          options: RateOptions(), tokens: 1))
    }
    grid.tensorParallel = NumberAxis([1, 3, 2])
    grid.batch = try XCTUnwrap(NumberAxis(from: 1, through: 5, adding: 1))
    return grid
  }

  /// Every configuration once, the last axis fastest, and each found again by its place.
  func testNumbersAndPlacesAreOneAnother() throws {
    let grid = try grid()
    let count = try XCTUnwrap(grid.count)
    XCTAssertEqual(count, 2 * 3 * 5 * 3 * 3)
    var expected: [[UInt64]] = []
    for hardware: UInt64 in 0..<2 {
      for degree: UInt64 in 0..<3 {
        for batch: UInt64 in 0..<5 {
          for prompt: UInt64 in 0..<3 {
            for generate: UInt64 in 0..<3 {
              expected.append([0, hardware, 0, 0, 0, degree, 0, 0, 0, batch, 0, prompt, generate])
            }
          }
        }
      }
    }
    XCTAssertEqual((0..<count).map(grid.places), expected)
    for number in 0..<count {
      let places = grid.places(of: number)
      XCTAssertEqual(grid.number(at: places), number)
      XCTAssertEqual(
        grid.point(of: number),
        SweepPoint(batch: grid.batch[places[9]], prompt: grid.prompt[places[11]], generate: grid.generate[places[12]]))
    }
  }

  func testAGridWithoutEndHasNoCount() throws {
    var grid = try grid()
    grid.batch = try XCTUnwrap(NumberAxis(from: 1, through: Count.limit, adding: 1))
    XCTAssertNil(grid.count)
  }

  private struct Key: Hashable {
    let deployment: SweepDeployment
    let point: SweepPoint
    let figures: SweepFigures?

    init(_ row: SweepRow) { (deployment, point, figures) = (row.deployment, row.point, row.figures) }
  }

  /// However many threads there are, and wherever the range is cut.
  func testARunHandsOverEveryRowInOrder() throws {
    let grid = try grid()
    let count = try XCTUnwrap(grid.count)
    let expected = (0..<count).map { Key(grid.row($0)) }
    XCTAssertEqual(expected.count { $0.figures == nil }, 90)
    for workers in [1, 3] {
      for cuts in [[0, count], [0, 1, 17, 90, 91, count]] as [[UInt64]] {
        var rows: [Key] = []
        for (low, high) in zip(cuts, cuts.dropFirst()) {
          let isWhole = SweepRun(grid, low..<high, workers: workers).forEach(
            work: { rows, first in (first, rows.map(Key.init)) },
            take: { piece, done in
              XCTAssertEqual(piece.0, low + done - UInt64(piece.1.count))
              rows += piece.1
              return true
            })
          XCTAssertTrue(isWhole)
        }
        XCTAssertEqual(rows, expected, "\(workers) workers")
      }
    }
  }

  func testWorkIsTakenInOrderAndEndsWhereItIsNotWanted() {
    let made = Mutex<Int>(0)
    var taken: [UInt64] = []
    let isWhole = OrderedChunks.run(
      10_000, workers: 4,
      work: { number in
        made.withLock { $0 += 1 }
        return number
      },
      take: { number in
        taken.append(number)
        return number < 99
      })
    XCTAssertFalse(isWhole)
    XCTAssertEqual(taken, Array(0...99))
    // What waits to be taken is bounded.
    XCTAssertLessThan(made.withLock { $0 }, 99 + 4 * 4 + 2)
    XCTAssertFalse(OrderedChunks.run(5, workers: 2, isStopped: { true }, work: { $0 }, take: { _ in true }))
  }

  // MARK: selections

  private func row(_ user: Double, _ gpu: Double, fits: Bool = true, tp: UInt64 = 1) -> SweepRow {
    // tokens/s a user is 1/TPOT, and a GPU's B/TPOT/tp: the batch is what is left.
    var figures = SweepFigures()
    figures.timePerOutputToken = Seconds(1 / user)
    figures.timeToFirstToken = Seconds(1)
    figures.footprint = 10
    figures.capacity = fits ? 10 : 9
    return SweepRow(
      SweepDeployment(
        model: "", hardware: "", dtype: nil, time: "", tensorParallel: tp, pipeline: 1, data: 1, expert: 1),
      SweepPoint(batch: UInt64((gpu / user).rounded()), prompt: 1, generate: 2), figures, nil)
  }

  /// Against every pair of rows.
  func testAParetoFrontIsWhatNoOtherBeats() {
    var generator = SeededGenerator(seed: 3)
    for _ in 0..<200 {
      let rows = (0..<60).map { _ in
        let user = Double(UInt64.random(in: 1...8, using: &generator))
        return row(user, user * Double(UInt64.random(in: 1...8, using: &generator)), fits: .random(using: &generator))
      }
      var whole = ParetoFront()
      var parts = [ParetoFront(), ParetoFront()]
      for (place, row) in rows.enumerated() {
        whole.add(row)
        parts[place / 30].add(row)
      }
      parts[0].add(parts[1])
      func goals(_ row: SweepRow) -> [Double] { [row.tokensPerSecondPerUser ?? 0, row.tokensPerSecondPerGPU ?? 0] }
      let fitting = rows.filter(\.fits).map(goals)
      let expected = Set(fitting).filter { own in
        !fitting.contains { $0 != own && $0[0] >= own[0] && $0[1] >= own[1] }
      }
      XCTAssertEqual(Set(whole.rows.map(goals)), expected)
      XCTAssertEqual(whole.rows.count, expected.count)
      XCTAssertEqual(parts[0].rows.map(goals), whole.rows.map(goals))
      XCTAssertEqual(whole.rows.map(goals), whole.rows.map(goals).sorted { $0[0] > $1[0] })
    }
  }

  func testAServiceLevelPrefersFewGPUsThenLargeBatches() {
    let level = ServiceLevel([.ttft: Seconds(1), .tpot: Seconds(0.1)])
    XCTAssertNil(level.miss(row(10, 100)))
    XCTAssertEqual(level.miss(row(5, 100)), .time(.tpot, Seconds(0.2), limit: Seconds(0.1)))
    XCTAssertEqual(level.miss(row(10, 100, fits: false)), .memory(needed: 10, capacity: 9))
    XCTAssertEqual(
      ServiceLevel([.ttft: Seconds(0.5)]).miss(row(10, 100)),
      .time(.ttft, Seconds(1), limit: Seconds(0.5)))
    XCTAssertEqual(ServiceLevel.loss(row(10, 100, tp: 4), against: row(10, 90, tp: 2)), .moreDevices(4, than: 2))
    XCTAssertEqual(ServiceLevel.loss(row(10, 90), against: row(10, 100)), .smallerBatch(9, than: 10))
    XCTAssertEqual(ServiceLevel.loss(row(10, 100), against: row(20, 200)), .fewerTokens(100, than: 200))
    XCTAssertNil(ServiceLevel.loss(row(10, 90, tp: 2), against: row(10, 100, tp: 4)))
    var attempt = ServiceLevel.Attempt(row(2, 20, fits: false), number: 0, level)
    for (number, other) in [row(4, 40), row(2, 20), row(10, 90), row(10, 100), row(20, 200), row(20, 200)].enumerated()
    {
      attempt.add(ServiceLevel.Attempt(other, number: UInt64(number + 1), level))
    }
    XCTAssertEqual(attempt.number, 5)
    XCTAssertNil(attempt.miss)
  }
}
