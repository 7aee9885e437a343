import Foundation
import TestSupport
import XCTest

/// The built program measuring on the stand-in, through everything that can go wrong: one sentence each, no file half-written,
/// nothing left on the device.
final class MeasureFaultTests: XCTestCase {
  private struct Result {
    var exitCode: Int32
    var output: String
    var errors: String
    /// Observations in the file; nil where there is none.
    var observations: Int?
    /// What is left on the device; nil where the program did not come to its end.
    var report: [String: Int]?
  }

  private static let step = "measure --model llama-3.2-1b --prompt 2 --phase decode --operators fused --tp 8"

  private func run(
    _ switches: String, environment other: [String: String] = [:]
  ) throws -> Result {
    let fake = try FakeGPU()
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("roofline-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (report, file) = (folder.appendingPathComponent("report"), folder.appendingPathComponent("o.json"))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: fake.path).deletingLastPathComponent()
      .appendingPathComponent("roofline")
    process.arguments = Self.step.split(separator: " ").map(String.init) + ["--output", file.path]
    process.environment = fake.environment
      .merging(["ROOFLINE_HOME": Fixtures.packageRoot]) { $1 }
      .merging(["FAKE_GPU": "attribute=38:1024 report=\(report.path) \(switches)"]) { $1 }
      .merging(other) { $1 }
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    let sentences = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let pairs = (try? String(contentsOf: report, encoding: .utf8))?.split(separator: "\n").map {
      $0.split(separator: " ")
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0 != "report" && $0 != "o.json"
    }
    XCTAssertEqual(left, [], "nothing half-written")
    return Result(
      exitCode: process.terminationStatus, output: text, errors: sentences, observations: try observations(file),
      report: pairs.map { Dictionary(uniqueKeysWithValues: $0.map { (String($0[0]), Int($0[1]) ?? -1) }) })
  }

  private func observations(_ file: URL) throws -> Int? {
    guard let data = try? Data(contentsOf: file) else { return nil }
    let document = try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any])
    XCTAssertEqual(document["isFake"] as? Bool, true)
    return (document["observations"] as? [Any])?.count
  }

  private func assertNothingIsLeft(_ result: Result, _ what: String) throws {
    let report = try XCTUnwrap(result.report, what)
    for key in ["live_bytes", "live_handles", "contexts", "leaked_bytes", "overruns"] {
      XCTAssertEqual(report[key], 0, "\(key) after \(what)")
    }
  }

  func testEveryFaultHasItsSentence() throws {
    // Switches, exit code, observations kept, and how each line on standard error goes.
    let faults: [(switches: String, exitCode: Int32, observations: Int?, sentences: [String])] = [
      ("", 0, 5, []),
      ("devices=0", 1, nil, ["there is no GPU here; run this on a machine that has one"]),
      ("version=11000", 1, nil, ["is for CUDA 11.0; install one for CUDA 11.4 or newer"]),
      ("fail=cuInit:100", 1, nil, ["there is no GPU here; run this on a machine that has one"]),
      ("fail=cuInit:803", 1, nil, ["cuInit answered CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803); the driver was updated"]),
      ("fail=cuInit:12345", 1, nil, ["cuInit answered an error that the driver has no name for (12345); see whether"]),
      (
        "fail=cuMemAlloc_v2@10:2", 1, 2,
        [
          "decode rotary: cuMemAlloc of", "decode attn_add_norm +1: cuMemAlloc of",
          "decode mlp_silu_dot: cuMemAlloc of",
        ]
      ),
      (
        "memory=20000", 1, nil,
        ["decode embedding: cuMemAlloc of", "decode attn_norm:", "decode rotary:", "decode attn_add", "decode mlp"]
      ),
      (
        "fault=rotary_kv_write_bf16@5:700", 1, 2,
        [
          "decode rotary: ",
          "the GPU answers nothing after that fault: operators left to measure: 2; --resume --output",
        ]
      ),
      (
        "fault=rmsnorm_bf16:702", 1, 1,
        [
          "decode attn_norm: cuStreamSynchronize answered CUDA_ERROR_LAUNCH_TIMEOUT (702); a watchdog ended",
          "the GPU answers nothing",
        ]
      ),
      ("fault=embedding_bf16:719", 1, nil, ["decode embedding: ", "the GPU answers nothing after that fault"]),
      (
        "refuse=rmsnorm.cu", 1, 4,
        [
          "decode attn_norm: NVRTC refused rmsnorm.cu for sm_90: rmsnorm.cu(1): error: identifier \"nonsense\" is undefined"
        ]
      ),
      (
        "corrupt=silu_and_mul_bf16", 1, 4,
        ["decode mlp_silu_dot: silu_and_mul_bf16 computes wrong results on this GPU (element "]
      ),
      (
        "reasons=64", 1, 5,
        [
          "decode embedding (rotating) was timed while the GPU slowed itself down (hardware thermal slowdown)",
          "decode attn_norm (rotating)", "decode rotary (rotating)", "decode attn_add_norm +1 (rotating)",
          "decode mlp_silu_dot (rotating)",
        ]
      ),
      ("interrupt=1", 130, nil, ["interrupted: operators left to measure: 5"]),
      ("noise=0.2", 0, 5, []), ("drift=0.01", 0, 5, []), ("scale=20", 0, 5, []),
    ]
    for fault in faults {
      let result = try run(fault.switches)
      XCTAssertEqual(result.exitCode, fault.exitCode, "\(fault.switches): \(result.errors)")
      XCTAssertEqual(result.observations, fault.observations, fault.switches)
      let lines = result.errors.split(separator: "\n").map(String.init)
      XCTAssertEqual(lines.count, fault.sentences.count, "\(fault.switches): \(result.errors)")
      for (line, sentence) in zip(lines, fault.sentences) {
        XCTAssertTrue(line.hasPrefix("roofline: ") && line.contains(sentence), "\(sentence) is not in \(line)")
      }
      try assertNothingIsLeft(result, fault.switches)
    }
  }

  /// Ctrl-C in the middle keeps the operators that are done.
  func testCtrlCKeepsWhatIsDone() throws {
    let result = try run("interrupt=rotary_kv_write_bf16@20")
    XCTAssertEqual(result.exitCode, 130)
    XCTAssertEqual(result.observations, 2)
    XCTAssertTrue(
      result.errors.hasPrefix("roofline: interrupted: operators left to measure: 3; --resume --output "),
      result.errors)
    try assertNothingIsLeft(result, "Ctrl-C")
  }

  func testWithoutLibraries() throws {
    let cases = [
      ("ROOFLINE_CUDA_DRIVER", "no CUDA driver was found (looked for /nowhere/x.so); install NVIDIA's driver"),
      ("ROOFLINE_NVRTC", "no NVRTC was found (looked for /nowhere/x.so); install the Python package"),
    ]
    for (variable, sentence) in cases {
      let result = try run("", environment: [variable: "/nowhere/x.so"])
      XCTAssertEqual(result.exitCode, 1)
      XCTAssertEqual(result.output, "")
      XCTAssertEqual(result.errors.split(separator: "\n").count, 1, result.errors)
      XCTAssertTrue(result.errors.hasPrefix("roofline: \(sentence)"), result.errors)
      XCTAssertNil(result.observations)
    }
    let withoutNVML = try run("", environment: ["ROOFLINE_NVML": "/nowhere/x.so"])
    XCTAssertEqual(withoutNVML.exitCode, 0, withoutNVML.errors)
    XCTAssertEqual(withoutNVML.observations, 5)
    try assertNothingIsLeft(withoutNVML, "no NVML")
  }
}
