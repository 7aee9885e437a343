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

  private static let step = MeasureCommandTests.step

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
      .merging(["ROOFLINE_HOME": Fixtures.packageRoot, "ROOFLINE_CUBLASLT": fake.path]) { $1 }
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

  private struct Fault {
    let switches: String
    let exitCode: Int32
    /// Operators kept in the file; nil: there is none.
    let observations: Int?
    /// What the lines on standard error say, from the first on.
    let sentences: [String]
    /// How many lines there are; those not listed say what the last listed one does.
    let lines: Int

    init(_ switches: String, _ exitCode: Int32, _ observations: Int?, _ sentences: [String] = [], lines: Int? = nil) {
      self.switches = switches
      self.exitCode = exitCode
      self.observations = observations
      self.sentences = sentences
      self.lines = lines ?? sentences.count
    }
  }

  /// The step has 11 operators: embedding, attn_norm, qkv_proj, rotary, attention, o_proj, attn_add_norm, gate_up_proj,
  /// mlp_silu_dot, down_proj, lm_head; five of them are matrix products.
  func testEveryFaultHasItsSentence() throws {
    let lost = "the GPU answers nothing after that fault: operators left to measure: "
    let faults = [
      Fault("", 0, 11), Fault("noise=0.2", 0, 11), Fault("drift=0.01", 0, 11), Fault("scale=20", 0, 11),
      Fault("devices=0", 1, nil, ["there is no GPU here; run this on a machine that has one"]),
      Fault("version=11000", 1, nil, ["is for CUDA 11.0; install one for CUDA 11.4 or newer"]),
      Fault("fail=cuInit:100", 1, nil, ["there is no GPU here; run this on a machine that has one"]),
      Fault(
        "fail=cuInit:803", 1, nil, ["cuInit answered CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803); the driver was updated"]),
      Fault(
        "fail=cuInit:12345", 1, nil, ["cuInit answered an error that the driver has no name for (12345); see whether"]),
      Fault(
        "fail=cuMemAlloc_v2@19:2", 1, 2,
        ["decode qkv_proj: cuMemAlloc of", "CUDA_ERROR_OUT_OF_MEMORY (2); end other programs"], lines: 9),
      Fault("memory=20000", 1, nil, ["decode embedding: cuMemAlloc of", "CUDA_ERROR_OUT_OF_MEMORY"], lines: 11),
      Fault("fault=rotary_kv_write_bf16@5:700", 1, 3, ["decode rotary: ", lost + "7; --resume --output"]),
      Fault(
        "fault=rmsnorm_bf16:702", 1, 1,
        [
          "decode attn_norm: cuStreamSynchronize answered CUDA_ERROR_LAUNCH_TIMEOUT (702); a watchdog ended",
          lost + "9",
        ]),
      Fault("fault=flash_decode_bf16_d64:719", 1, 4, ["decode attention: ", lost + "6"]),
      Fault("fault=embedding_bf16:719", 1, nil, ["decode embedding: ", lost + "10"]),
      Fault(
        "refuse=rmsnorm.cu", 1, 10,
        [
          "decode attn_norm: NVRTC refused rmsnorm.cu for sm_90: rmsnorm.cu(1): error: identifier \"nonsense\" is undefined"
        ]),
      Fault(
        "corrupt=silu_and_mul_bf16", 1, 10,
        ["decode mlp_silu_dot: silu_and_mul_bf16 computes wrong results on this GPU (element "]),
      Fault(
        "corrupt=fake_gemm", 1, 6,
        ["decode qkv_proj: cublaslt computes wrong results on this GPU (element ", "cublaslt computes wrong results"],
        lines: 5),
      Fault(
        "fail=cublasLtMatmul@40:14", 1, 6,
        [
          "decode qkv_proj: cublasLtMatmul of bf16 product m 1, n 256, k 256 answered",
          "cublasLtMatmul of bf16 product",
        ], lines: 5),
      // No algorithm, and none with so small a workspace: listed, no fault.
      Fault("algorithm=0", 0, 6), Fault("workspace=100000000", 0, 6),
      Fault(
        "reasons=64", 1, 11,
        [
          "decode embedding (rotating) was timed while the GPU slowed itself down (hardware thermal slowdown)",
          "was timed while the GPU slowed itself down",
        ], lines: 11),
      // Times that no kernel takes, of each call or, divided among a sample's, of one.
      Fault("scale=-1", 1, nil, ["the driver timed a kernel at -", "timed a kernel at -"], lines: 11),
      Fault("scale=0", 1, nil, ["decode embedding: the driver timed a kernel at 0.0 s", "timed a kernel"], lines: 11),
      Fault("scale=-1e-12", 1, nil, ["timed a kernel at -"], lines: 11),
      Fault("scale=nan", 1, nil, ["timed a kernel at no number of s"], lines: 11),
      Fault("scale=1e300", 1, nil, ["timed a kernel at infinitely many s"], lines: 11),
      Fault("scale=1e-5", 1, nil, ["timed a kernel at "], lines: 11),
      Fault("interrupt=1", 130, nil, ["interrupted: operators left to measure: 11"]),
    ]
    for fault in faults {
      let result = try run(fault.switches)
      XCTAssertEqual(result.exitCode, fault.exitCode, "\(fault.switches): \(result.errors)")
      XCTAssertEqual(result.observations, fault.observations, fault.switches)
      let lines = result.errors.split(separator: "\n").map(String.init)
      XCTAssertEqual(lines.count, fault.lines, "\(fault.switches): \(result.errors)")
      for (index, line) in lines.enumerated() {
        let sentence = fault.sentences.indices.contains(index) ? fault.sentences[index] : fault.sentences.last ?? "-"
        XCTAssertTrue(line.hasPrefix("roofline: ") && line.contains(sentence), "\(sentence) is not in \(line)")
      }
      try assertNothingIsLeft(result, fault.switches)
    }
    let withoutAlgorithm = try run("algorithm=0").output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    XCTAssertTrue(
      withoutAlgorithm.contains(
        "not measured decode qkv_proj: cuBLASLt 13.1.0 has no algorithm for it with 33554432 bytes of workspace"),
      withoutAlgorithm)
  }

  /// Ctrl-C in the middle keeps the operators that are done.
  func testCtrlCKeepsWhatIsDone() throws {
    let result = try run("interrupt=rotary_kv_write_bf16@20")
    XCTAssertEqual(result.exitCode, 130)
    XCTAssertEqual(result.observations, 3)
    XCTAssertTrue(
      result.errors.hasPrefix("roofline: interrupted: operators left to measure: 8; --resume --output "),
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
    // The package's own kernel multiplies.
    let withoutMatrices = try run("", environment: ["ROOFLINE_CUBLASLT": "/nowhere/x.so"])
    XCTAssertEqual(withoutMatrices.exitCode, 0, withoutMatrices.errors)
    XCTAssertEqual(withoutMatrices.observations, 11)
    try assertNothingIsLeft(withoutMatrices, "no cuBLASLt")
    let withoutNVML = try run("", environment: ["ROOFLINE_NVML": "/nowhere/x.so"])
    XCTAssertEqual(withoutNVML.exitCode, 0, withoutNVML.errors)
    XCTAssertEqual(withoutNVML.observations, 11)
    try assertNothingIsLeft(withoutNVML, "no NVML")
  }
}
