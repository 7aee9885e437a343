import Synchronization
import XCTest
import roofline

final class ProgressLineTests: XCTestCase {
  private final class Screen: Sendable {
    private let texts = Mutex<[String]>([])
    var written: [String] { texts.withLock { $0 } }
    func write(_ text: String) { texts.withLock { $0.append(text) } }
  }

  func testALongRunSaysWhatItIsAtAndLeavesNothing() async throws {
    let screen = Screen()
    let line = ProgressLine("analyze", pause: .milliseconds(5)) { screen.write($0) }
    line.update("decode steps", done: 3_200_000, of: 10_000_000)
    for _ in 0..<400 where screen.written.count < 2 { try await Task.sleep(for: .milliseconds(5)) }
    line.end()
    let written = screen.written
    XCTAssertTrue(
      written.dropLast().allSatisfy { $0.hasPrefix("\r\u{1B}[Kanalyze: 3,200,000 of 10,000,000 decode steps, ") })
    XCTAssertGreaterThanOrEqual(written.count, 3)
    XCTAssertEqual(written.last, "\r\u{1B}[K")
    try await Task.sleep(for: .milliseconds(30))
    XCTAssertEqual(screen.written, written, "nothing is shown once it is over")
  }

  func testAShortRunShowsNothing() {
    let screen = Screen()
    let outcome = Tool.run(["help"], Surroundings(progress: { screen.write($0) }))
    XCTAssertEqual(outcome.exitCode, 0)
    _ = Tool.run(["list", "nothing"], Surroundings(progress: { screen.write($0) }))
    XCTAssertEqual(screen.written, [])
  }

  func testTheLineEstimatesWhatIsLeft() {
    XCTAssertEqual(ProgressLine.text("validate", nil, seconds: 3), "validate: 3 s")
    XCTAssertEqual(ProgressLine.text("a", ("steps", 0, 8), seconds: 3), "a: 0 of 8 steps, 3 s")
    XCTAssertEqual(ProgressLine.text("a", ("steps", 2000, 8000), seconds: 3), "a: 2,000 of 8,000 steps, 3 s, 9 s left")
  }
}
