import Foundation
import RooflineCore
import TestSupport
import XCTest
import roofline

/// Going on with an observation file: whatever was measured stays, whatever comes in between.
final class ResumeCommandTests: CommandTestCase {
  private var folder = URL(fileURLWithPath: "/")
  private var file: String { folder.appendingPathComponent("o.json").path }
  private var command: String { "measure --kernels \(folder.path)/k.csv --output \(file)" }

  override func setUpWithError() throws {
    try super.setUpWithError()
    folder = try temporaryFolder()
    try "kind,dtype,rows,width\nrmsnorm,bf16,4,256\nsoftmax,fp16,4,256\nsilu_and_mul,fp16,4,256\n".write(
      to: folder.appendingPathComponent("k.csv"), atomically: true, encoding: .utf8)
  }

  private func run(_ arguments: String, _ switches: String = "") throws -> Outcome {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:1024 \(switches)")
    let environment = fake.environment.merging(["ROOFLINE_HOME": Fixtures.packageRoot]) { $1 }
    return roofline("\(command) \(arguments)", Surroundings(environment: environment))
  }

  private func observations() throws -> [NSDictionary] {
    let data = try Data(contentsOf: URL(fileURLWithPath: file))
    let document = try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any])
    return try XCTUnwrap(document["observations"] as? [NSDictionary])
  }

  private func keys() throws -> [String] {
    try observations().map { "\(($0["operator"] as? String ?? "").prefix { $0 != " " }) \($0["mode"] ?? "")" }
  }

  /// Ctrl-C, a lost GPU, one broken kernel and a mad clock, at each operator and in each mode's turn, in any order of modes.
  func testWhatAFileHoldsStaysWhateverComesBetween() throws {
    XCTAssertEqual(try run("").exitCode, 0)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let held = try observations()
    XCTAssertEqual(held.count, 3)
    let events = [
      "interrupt=1", "interrupt=rmsnorm_bf16@0", "interrupt=softmax_f16@0", "interrupt=silu_and_mul_f16@5",
      "fault=700", "fault=rmsnorm_bf16@1:700", "fault=softmax_f16@0:700", "fault=silu_and_mul_f16@5:719",
      "refuse=softmax.cu", "corrupt=softmax_f16", "scale=-1", "scale=nan", "fail=cuMemAlloc_v2@4:2",
    ]
    for (index, event) in events.enumerated() {
      let modes = ["rotating,cold", "cold,rotating", "hot,rotating,cold"][index % 3]
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      let outcome = try run("--resume --modes \(modes)", event)
      XCTAssertEqual(outcome.exitCode, event.hasPrefix("interrupt") ? 130 : 1, "\(event): \(outcome.errors)")
      let now = try observations()
      XCTAssertEqual(Array(now.prefix(3)), held, "\(event), \(modes): what was there stays as it was")
      XCTAssertEqual(Set(try keys()).count, now.count, "\(event): nothing stands there twice")
    }
  }

  /// What a run itself has finished stays, too: a mode that is done when the next one is interrupted or faults.
  func testAFinishedModeStaysWhenTheNextOneBreaks() throws {
    for event in ["interrupt=sweep_bytes@30", "fault=sweep_bytes@30:700"] {
      try? FileManager.default.removeItem(atPath: file)
      _ = try run("--modes rotating,cold", event)
      XCTAssertEqual(try keys(), ["rmsnorm rotating"], event)
      let resumed = try run("--resume --modes rotating,cold")
      XCTAssertEqual(resumed.exitCode, 0, resumed.errors)
      XCTAssertEqual(
        try keys(),
        [
          "rmsnorm rotating", "rmsnorm cold", "softmax rotating", "softmax cold", "silu_and_mul rotating",
          "silu_and_mul cold",
        ], event)
    }
  }

  /// Only what is missing is measured, an operator and a mode at a time.
  func testOnlyMissingModesAreMeasured() throws {
    XCTAssertEqual(try run("--modes cold").exitCode, 0)
    let cold = try observations()
    let resumed = try run("--resume --modes hot,cold")
    XCTAssertEqual(resumed.exitCode, 0, resumed.errors)
    XCTAssertTrue(resumed.output.contains("6 observations, 3 of them from before"), resumed.output)
    XCTAssertEqual(Array(try observations().prefix(3)), cold)
    XCTAssertEqual(try keys().suffix(3), ["rmsnorm hot", "softmax hot", "silu_and_mul hot"])
  }

  /// A file that holds what no run wrote is not written again with it: one sentence, and the file as it was.
  func testAFileWithAnOddNumberIsRefusedAndLeftAlone() throws {
    XCTAssertEqual(try run("").exitCode, 0)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let places = [
      (#"("samples_us" : \[\s*)[0-9.]+"#, "samples_us[0]"), (#"("time_us" : )[0-9.]+"#, "time_us"),
      (#"("noise" : )[0-9.e-]+"#, nil), (#"("samples_us" : )\[[^\]]*\]"#, "samples_us"),
    ]
    for (pattern, key) in places {
      for value in ["NaN", "Infinity", "-1", "0", "1e300", "\"2.0\"", "[]", "null"] {
        // What is no time may be any number that can be written; and nothing stands for no samples.
        if key == nil, !["NaN", "Infinity"].contains(value) { continue }
        if key == "samples_us", value == "null" { continue }
        let place = try XCTUnwrap(text.range(of: pattern, options: .regularExpression))
        let changed = text.replacingOccurrences(
          of: pattern, with: "$1\(value)", options: .regularExpression, range: place)
        try changed.write(toFile: file, atomically: true, encoding: .utf8)
        let outcome = try run("--resume --modes hot")
        XCTAssertEqual(outcome.exitCode, 1, "\(pattern) \(value)")
        XCTAssertEqual(outcome.output, "")
        XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1, outcome.errors)
        XCTAssertTrue(outcome.errors.hasPrefix("roofline: \(file): "), outcome.errors)
        if let key { XCTAssertTrue(outcome.errors.contains(key) || outcome.errors.contains("JSON"), outcome.errors) }
        XCTAssertFalse(outcome.errors.contains("Encoding"), outcome.errors)
        XCTAssertEqual(try String(contentsOfFile: file, encoding: .utf8), changed, "\(pattern) \(value)")
      }
    }
  }

  /// A product that goes wrong this time leaves the one that an earlier run measured.
  func testCeilingsKeepTheProductsThatAreNotMeasuredAgain() throws {
    let switches = "attribute=38:65536 memory=67108864"
    func ceilings(_ arguments: String, _ switches: String) throws -> Outcome {
      let fake = try FakeGPU()
      try fake.apply(switches)
      let environment = fake.environment.merging(["ROOFLINE_HOME": Fixtures.packageRoot]) { $1 }
      return roofline(
        "measure --suite ceilings --output \(file) \(arguments)", Surroundings(environment: environment))
    }
    func products() throws -> [String?] {
      let data = try Data(contentsOf: URL(fileURLWithPath: file))
      let document = try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any])
      let all = (document["ceilings"] as? [String: Any])?["products"] as? [[String: Any]]
      return try XCTUnwrap(all).map { $0["dtype"] as? String }
    }
    XCTAssertEqual(try ceilings("", switches).exitCode, 0)
    XCTAssertEqual(try products(), ["fp16", "bf16"])
    XCTAssertEqual(try ceilings("--resume", "\(switches) corrupt=gemm_bf16_128x128").exitCode, 1)
    XCTAssertEqual(try products(), ["fp16", "bf16"])
    XCTAssertEqual(try ceilings("--resume", "\(switches) fault=gemm_f16_128x128:700").exitCode, 1)
    XCTAssertEqual(try products().compactMap { $0 }.sorted(), ["bf16", "fp16"])
  }
}
