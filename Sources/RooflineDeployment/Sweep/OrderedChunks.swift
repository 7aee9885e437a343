import Dispatch
import Synchronization

/// Work in pieces on several cores, whose results are taken in order while later pieces are at work.
///
/// Threads of Dispatch and not of Swift's own pool: a piece keeps its core busy for long, and the pool has others to serve.
package enum OrderedChunks {
  private struct State<Result: Sendable>: Sendable {
    var next: UInt64 = 0
    var isStopped = false
    var results: [UInt64: Result] = [:]
  }

  private final class Desk<Result: Sendable>: Sendable {
    let state = Mutex(State<Result>())
    /// Pieces that may be at work or wait to be taken: what bounds the memory.
    let room: DispatchSemaphore
    let ready = DispatchSemaphore(value: 0)

    /// Counted up from nothing: a semaphore that ends below the value that it began with traps, and work that is stopped leaves
    /// pieces that nobody takes.
    init(room places: Int) {
      room = DispatchSemaphore(value: 0)
      for _ in 0..<places { room.signal() }
    }
  }

  /// - Parameters:
  ///   - count: of pieces.
  ///   - workers: threads; 1 works on the caller's own.
  ///   - isStopped: is asked between two pieces, and ten times a second.
  ///   - work: makes one.
  ///   - take: gets each in order; false ends the work.
  /// - Returns: whether all pieces were taken.
  package static func run<Result: Sendable>(
    _ count: UInt64, workers: Int, isStopped: () -> Bool = { false },
    work: @escaping @Sendable (UInt64) -> Result, take: (Result) -> Bool
  ) -> Bool {
    guard workers > 1, count > 1 else {
      for piece in 0..<count {
        guard !isStopped() else { return false }
        let result = work(piece)
        // Work may have stopped half-way for the same reason.
        guard !isStopped(), take(result) else { return false }
      }
      return true
    }
    let desk = Desk<Result>(room: workers * 3)
    for _ in 0..<workers {
      DispatchQueue.global().async {
        while let piece = begin(desk, count) {
          let result = work(piece)
          desk.state.withLock { $0.results[piece] = result }
          desk.ready.signal()
        }
      }
    }
    defer {
      desk.state.withLock { $0.isStopped = true }
      for _ in 0..<workers { desk.room.signal() }
    }
    var piece: UInt64 = 0
    while piece < count {
      guard !isStopped() else { return false }
      guard let result = desk.state.withLock({ $0.results.removeValue(forKey: piece) }) else {
        _ = desk.ready.wait(timeout: .now() + .milliseconds(100))
        continue
      }
      desk.room.signal()
      guard !isStopped(), take(result) else { return false }
      piece += 1
    }
    return true
  }

  /// The next piece, as soon as there is room for it; nil where there is none left.
  private static func begin<Result>(_ desk: Desk<Result>, _ count: UInt64) -> UInt64? {
    desk.room.wait()
    let piece: UInt64? = desk.state.withLock { state in
      guard !state.isStopped, state.next < count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
    if piece == nil { desk.room.signal() }
    return piece
  }
}
