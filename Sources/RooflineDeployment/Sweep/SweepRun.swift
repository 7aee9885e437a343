import RooflineCore
import Synchronization

/// Goes through a grid, or a part of it, on all cores: rows come in the grid's order, a piece at a time, and none is kept.
package struct SweepRun: Sendable {
  package let grid: SweepGrid
  /// The configurations that are asked for, by their numbers.
  package let range: Range<UInt64>
  private let piece: UInt64
  private let workers: Int

  /// - Parameter range: nil: all configurations, which `SweepGrid.count` must hold.
  package init(_ grid: SweepGrid, _ range: Range<UInt64>? = nil, workers: Int) {
    self.grid = grid
    self.range = range ?? 0..<(grid.count ?? 0)
    self.workers = workers
    // Pieces of whole batches, or at least of whole prompts, whose decode steps are shared; small enough that some of them take no
    // memory to speak of.
    // Of loads each takes long, and shares nothing.
    guard grid.load == .none else {
      piece = 1
      return
    }
    let usual: UInt64 = grid.times == ["ideal"] ? 2048 : 256
    let generations = max(1, grid.size(.generate))
    let lengths = (Count(max(1, grid.size(.prompt))) * Count(generations)).value
    let unit = [lengths, generations].first { $0 <= usual * 2 } ?? 1
    piece = max(1, usual / unit) * unit
  }

  /// Hands over the rows.
  ///
  /// - Parameters:
  ///   - work: what is made of some neighbouring rows, the first of which has a number; on any core.
  ///   - take: gets the results in order, with how many rows are done by then; false ends the run.
  /// - Returns: whether the whole range was gone through.
  package func forEach<Result: Sendable>(
    isStopped: () -> Bool = { false }, work: @escaping @Sendable (_ rows: [SweepRow], _ first: UInt64) -> Result,
    take: (_ result: Result, _ done: UInt64) -> Bool
  ) -> Bool {
    let shelf = Shelf()
    let (grid, range, piece) = (grid, range, piece)
    let total = UInt64(range.count)
    var done: UInt64 = 0
    return OrderedChunks.run(
      total / piece + (total.isMultiple(of: piece) ? 0 : 1), workers: workers, isStopped: isStopped,
      work: { number in
        let first = range.lowerBound + number * piece
        return work(SweepRun.rows(grid, first..<min(first + piece, range.upperBound), shelf), first)
      },
      take: { result in
        done = min(done + piece, total)
        return take(result, done)
      })
  }

  private static func rows(_ grid: SweepGrid, _ range: Range<UInt64>, _ shelf: Shelf) -> [SweepRow] {
    let each = max(1, grid.countPerDeployment ?? .max)
    var rows: [SweepRow] = []
    rows.reserveCapacity(range.count)
    let memo = shelf.memo()
    var first = range.lowerBound
    while first < range.upperBound {
      let end = min(range.upperBound, (first / each + 1) * each)
      let cell = shelf.cell(first / each) { grid.cell(of: first) }
      let points = (first..<end).map { grid.point(of: $0) }
      rows += cell.rows(points, memo)
      first = end
    }
    shelf.give(memo)
    return rows
  }
}

/// What threads share: deployments that are ready, and memos that nobody uses at the moment.
private final class Shelf: Sendable {
  private struct State {
    var cells: [UInt64: SweepCell] = [:]
    var memos: [KernelMemo] = []
  }

  private let state = Mutex(State())

  func cell(_ number: UInt64, _ make: () -> SweepCell) -> SweepCell {
    if let known = state.withLock({ $0.cells[number] }) { return known }
    // Two threads may make the same one: cheaper than to wait.
    let cell = make()
    state.withLock { state in
      if state.cells.count >= 16 { state.cells = state.cells.filter { $0.key + 4 > number } }
      if state.cells.count >= 16 { state.cells = [:] }
      state.cells[number] = cell
    }
    return cell
  }

  func memo() -> KernelMemo { state.withLock { $0.memos.popLast() } ?? KernelMemo() }
  func give(_ memo: KernelMemo) { state.withLock { $0.memos.append(memo) } }
}
