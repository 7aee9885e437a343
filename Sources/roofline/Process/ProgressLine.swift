import RooflineReport
import Synchronization

/// A line on a terminal that says what a run is at: from its first second on, every second, until it is over.
package final class ProgressLine: Sendable {
  private struct State {
    var isShown = false
    var isOver = false
    /// What is counted, how much of it is done, and of how much.
    var work: (what: String, done: UInt64, count: UInt64)?
  }

  private let state = Mutex(State())
  private let name: String
  private let write: @Sendable (String) -> Void
  private let began = ContinuousClock.now

  /// - Parameters:
  ///   - name: of the command.
  ///   - pause: until it is shown, and shown again.
  package init(_ name: String, pause: Duration = .seconds(1), _ write: @escaping @Sendable (String) -> Void) {
    self.name = name
    self.write = write
    Task.detached { [weak self] in
      repeat { try? await Task.sleep(for: pause) } while self?.show() == true
    }
  }

  package func update(_ what: String, done: UInt64, of count: UInt64) {
    state.withLock { $0.work = (what, done, count) }
  }

  /// Leaves nothing of the line.
  package func end() {
    state.withLock { state in
      if state.isShown, !state.isOver { write("\r\u{1B}[K") }
      state.isOver = true
    }
  }

  /// - Returns: false when the run is over.
  private func show() -> Bool {
    state.withLock { state in
      guard !state.isOver else { return false }
      let seconds = (ContinuousClock.now - began).components.seconds
      // Back to the beginning of the line, and nothing left of what stood there.
      write("\r\u{1B}[K\(ProgressLine.text(name, state.work, seconds: seconds))")
      state.isShown = true
      return true
    }
  }

  /// What stands on the line after so many seconds.
  package static func text(_ name: String, _ work: (what: String, done: UInt64, count: UInt64)?, seconds: Int64)
    -> String
  {
    guard let work else { return "\(name): \(seconds) s" }
    let amount = "\(name): \(Numbers.grouped(work.done)) of \(Numbers.grouped(work.count)) \(work.what), \(seconds) s"
    guard work.done > 0, work.done <= work.count else { return amount }
    let left = Double(seconds) * Double(work.count - work.done) / Double(work.done)
    return "\(amount), \(Numbers.fixed(left, decimals: 0)) s left"
  }
}
