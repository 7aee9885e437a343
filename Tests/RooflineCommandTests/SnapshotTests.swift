import Foundation
import RooflineReport
import TestSupport
import XCTest
import roofline

/// The rendering, and only the rendering, against recorded files. `ROOFLINE_RECORD=1` writes them anew and fails the run.
final class SnapshotTests: CommandTestCase {
  func testFormats() throws {
    for format in OutputFormat.allCases {
      try assertSnapshot(
        output("analyze --model llama-3.2-1b --hardware l4 --prompt 16 --operators fused --format \(format.rawValue)"),
        "analyze.\(format.rawValue)")
      try assertSnapshot(
        output("kernel gemm m=16 n=8192 k=1024 block=64x256 --dtype fp16 --hardware a10 --format \(format.rawValue)"),
        "kernel.\(format.rawValue)")
    }
  }

  func testExplanationAndCatalog() throws {
    try assertSnapshot(
      output(
        "explain --model qwen2-0.5b --hardware l4 --prompt 16 --tp 2 --link 32e9 --operator q_proj --kv-dtype int4"),
      "explain.text")
    try assertSnapshot(output("show qwen2-0.5b"), "show-model.text")
    try assertSnapshot(output("show a100-sxm4-40gb-3g.20gb"), "show-hardware.text")
    try assertSnapshot(output("analyze --help"), "analyze-help.text")
  }

  private func assertSnapshot(_ text: String, _ name: String, line: UInt = #line) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Snapshots/\(name)")
    if ProcessInfo.processInfo.environment["ROOFLINE_RECORD"] != nil {
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
      XCTFail("\(name) recorded; run again without ROOFLINE_RECORD", line: line)
    }
    let recorded = try String(contentsOf: file, encoding: .utf8)
    XCTAssertEqual(text, recorded, "\(name) is printed differently", line: line)
  }
}
