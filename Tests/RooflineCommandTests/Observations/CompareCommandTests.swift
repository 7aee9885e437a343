import Foundation
import TestSupport
import XCTest
import roofline

/// `compare`: predicted beside observed.
final class CompareCommandTests: CommandTestCase {
  private func compare(_ rows: [String], _ options: String = "") throws -> Outcome {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).csv")
    defer { try? FileManager.default.removeItem(at: file) }
    let header = "kind,gpu,family,source,timing,copies,dtype,m,n,k,sm_clock_mhz,time_us"
    try ([header] + rows).joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
    return Tool.run(
      ["compare", "--observations", file.path] + options.split(separator: " ").map(String.init), Surroundings())
  }

  private func row(m: Int = 4096, n: Int = 4096, k: Int = 4096, clock: String = "", microseconds: Double) -> String {
    "gemm,h100_sxm,cublas,mine,graph,6,bf16,\(m),\(n),\(k),\(clock),\(microseconds)"
  }

  /// 2·4096³ FLOPs at 989 TFLOP/s are 139 µs: no measurement of 100 µs can be right.
  func testFasterThanItsRoofIsSaidAndFails() throws {
    let outcome = try compare([row(microseconds: 100)])
    XCTAssertEqual(outcome.exitCode, 2)
    XCTAssertTrue(outcome.output.contains("faster than its roof"), outcome.output)
    XCTAssertTrue(outcome.output.contains("138.97 µs"), outcome.output)
  }

  func testSlowerNamesTheClockThatTelemetryRecorded() throws {
    let outcome = try compare([row(clock: "900", microseconds: 600)])
    XCTAssertEqual(outcome.exitCode, 2)
    XCTAssertTrue(outcome.output.contains("slower"), outcome.output)
    XCTAssertTrue(
      outcome.output.contains("clocks: ran at 900 MHz, its rates are quoted at 1830 MHz"), outcome.output)
  }

  func testToleranceDecidesTheExitCode() throws {
    let rows = [row(microseconds: 600)]
    XCTAssertEqual(try compare(rows, "--tolerance 0.9").exitCode, 0)
    XCTAssertEqual(try compare(rows, "--tolerance 0.1").exitCode, 2)
  }

  /// Long shapes take a line of their own, so that no line is longer than a page; whoever wants one table gets it.
  func testLongShapesDoNotMakeLongLines() throws {
    let folder = try temporaryFolder()
    let file = folder.appendingPathComponent("o.csv")
    let row = "attention,h100_sxm,vllm-fa3,vllm-0.24.0,graph,decode,bf16,16,1,65536,64,8,128"
    try
      "kind,gpu,family,source,timing,phase,dtype,batch,query,context,heads,kv_heads,head_dim,time_us\n\(row),700\n\(row),9\n"
      .write(to: file, atomically: true, encoding: .utf8)
    let title = "attention decode batch=16 query=1 context=65536 heads=64 kv_heads=8 head_dim=128"
    let text = roofline("compare --observations \(file.path)").output
    for line in text.split(separator: "\n") { XCTAssertLessThanOrEqual(line.count, 120, String(line)) }
    let lines = text.split(separator: "\n").map(String.init)
    let places = lines.indices.filter { lines[$0] == "\(title), vllm-fa3, vllm-0.24.0" }
    XCTAssertEqual(places.count, 2, text)
    XCTAssertTrue(lines[try XCTUnwrap(places.first) + 1].contains(" 700.00 "), text)
    XCTAssertTrue(lines[try XCTUnwrap(places.last) + 1].contains("faster than its roof"), text)
    XCTAssertTrue(roofline("compare --observations \(file.path) --columns all").output.contains("\n\(title) vllm-fa3"))
  }

  /// Llama-3.1-8B's o_proj at batch 16 is a GEMM of 16 × 4096 × 4096; q_proj has the same shape; nobody measured the head.
  func testRowsMeetTheMeasurementsOfTheirShape() throws {
    let outcome = try compare(
      [row(m: 16, microseconds: 14.7), row(m: 7, n: 7, k: 7, microseconds: 3)],
      "--model llama-3.1-8b --batch 16 --prompt 64 --phase decode --dtype bf16 --tolerance 1")
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    for text in [
      "\nq_proj, o_proj", "sum      2 of", "lm_head: no measurement of gemm m=16 n=128256 k=4096", "gemm m=7 n=7 k=7",
    ] {
      XCTAssertTrue(outcome.output.contains(text), "\(text) in \(outcome.output)")
    }
  }

  func testBadInputIsOneSentence() throws {
    for options in [
      "--tp 2", "--tolerance -1", "--tolerance 15", "--tolerance 1.01", "--tolerance nan", "--prior nothing",
      "--model no-such-model --prompt 1", "--interval 2",
    ] {
      let outcome = try compare([row(microseconds: 200)], options)
      XCTAssertEqual(outcome.exitCode, 64, options)
      XCTAssertTrue(outcome.output.isEmpty, options)
      XCTAssertEqual(outcome.errors.filter { $0 == "\n" }.count, 1, options)
    }
  }

  func testAFakeDevicesFileIsRefused() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try #"{"schemaVersion": 1, "gpu": "h100_sxm", "isFake": true, "observations": [{"kind": "gemm"}]}"#.write(
      to: file, atomically: true, encoding: .utf8)
    for command in [["compare"], ["validate"], ["calibrate", "--output", "\(file.path).never"]] {
      let outcome = Tool.run(command + ["--observations", file.path], Surroundings())
      XCTAssertEqual(outcome.exitCode, 1)
      XCTAssertTrue(outcome.errors.contains("fake"), outcome.errors)
      XCTAssertTrue(outcome.output.isEmpty)
    }
  }

  /// Measurements a quarter slower than calibrated make the anchored time of such a kernel a quarter longer, on `kernel` as anywhere.
  func testAnchoredTimesOfAKernelLeanOnTheFile() throws {
    func seconds(_ options: [String]) throws -> Double {
      let outcome = Tool.run(
        ["kernel", "gemm", "m=4096", "n=4096", "k=4096", "copies=6", "--dtype", "bf16", "--hardware", "h100-sxm"]
          + options + ["--format", "json"], Surroundings())
      XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
      let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
      return try XCTUnwrap((document?["operator"] as? [String: Any])?["timeSeconds"] as? Double)
    }
    let calibrated = try seconds(["--time", "calibrated"])
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).csv")
    defer { try? FileManager.default.removeItem(at: file) }
    try
      "kind,gpu,family,timing,copies,dtype,m,n,k,time_us\ngemm,h100_sxm,cublas,graph,6,bf16,4096,4096,4096,\(calibrated * 1.25e6)\n"
      .write(to: file, atomically: true, encoding: .utf8)
    let anchored = try seconds(["--time", "anchored", "--observations", file.path])
    XCTAssertEqual(anchored / calibrated, 1.25, accuracy: 1e-9)
  }
}
