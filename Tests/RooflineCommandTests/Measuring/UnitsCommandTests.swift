import Foundation
import TestSupport
import XCTest
import roofline

/// `measure --suite units` on the stand-in of the driver: results, and no times.
final class UnitsCommandTests: CommandTestCase {
  private func surroundings(_ switches: String = "") throws -> Surroundings {
    let fake = try FakeGPU()
    try fake.apply("attribute=38:1024 \(switches)")
    var environment = fake.environment
    environment["ROOFLINE_CUBLASLT"] = fake.path
    environment["ROOFLINE_HOME"] = Fixtures.packageRoot
    return Surroundings(environment: environment)
  }

  /// The stand-in computes attention thread by thread, which takes it minutes for sixteen cases: its compiler refuses them here,
  /// and its kernel's results are looked at by `FlashAttentionKernelTests`.
  func testEveryCaseIsALine() throws {
    let outcome = try roofline("measure --suite units", surroundings("refuse=flash_attention.cu"))
    XCTAssertEqual(outcome.exitCode, 1)
    let lines = outcome.output.split(separator: "\n").map(String.init)
    let right = lines.filter { $0.hasPrefix("test_") && $0.hasSuffix(" right") }
    XCTAssertEqual(right.count, 25)
    XCTAssertEqual(lines.filter { $0.hasPrefix("test_") && $0.hasSuffix(" wrong") }.count, 16)
    XCTAssertTrue(outcome.output.contains("right        25 of 41 cases, 16 wrong"), outcome.output)
    XCTAssertTrue(outcome.output.contains("stand-in "), outcome.output)
    // 128 rows of 32, all of them.
    let norm = try XCTUnwrap(right.first { $0.hasPrefix("test_rmsnorm[32-128] ") })
    XCTAssertEqual(
      norm.split(separator: " ").prefix(5).map(String.init),
      [
        "test_rmsnorm[32-128]", "roofline", "fp16", "4096", "4096",
      ])
    let faults = outcome.errors.split(separator: "\n")
    XCTAssertEqual(faults.count, 16)
    XCTAssertTrue(
      faults[0].hasPrefix(
        "roofline: test_flash_attention_v1[32-128-4-8]: NVRTC refused flash_attention.cu for sm_90: "),
      String(faults[0]))
  }

  func testAWrongResultIsNamed() throws {
    let outcome = try roofline(
      "measure --suite units --format json", surroundings("refuse=flash_attention.cu corrupt=softmax_f16"))
    XCTAssertEqual(outcome.exitCode, 1)
    let document = try XCTUnwrap(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let units = try XCTUnwrap(document["units"] as? [[String: Any]])
    XCTAssertEqual(units.count, 41)
    XCTAssertEqual(document["isFake"] as? Bool, true)
    for unit in units {
      let name = try XCTUnwrap(unit["name"] as? String)
      let isWrong = name.hasPrefix("test_softmax") || name.hasPrefix("test_flash")
      XCTAssertEqual(unit["result"] as? String, isWrong ? "wrong" : "right", name)
      XCTAssertEqual(unit["reason"] is NSNull, !isWrong, name)
      if !isWrong {
        let worst = try XCTUnwrap(unit["worstError"] as? Double)
        XCTAssertTrue(worst > 0 && worst <= 1, "\(name): \(worst)")
      }
    }
    XCTAssertTrue(
      outcome.errors.contains("test_softmax[32-128]: softmax_f16 computes wrong results on this GPU (element "),
      outcome.errors)
  }

  /// In fp32 attention has no kernel, which is no fault.
  func testWhatHasNoKernelIsListed() throws {
    let outcome = try roofline("measure --suite units --dtype fp32", surroundings())
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    XCTAssertTrue(outcome.output.contains("right        25 of 41 cases, 0 wrong"), outcome.output)
    let text = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    XCTAssertTrue(
      text.contains(
        "not run test_flash_attention_v1[64-256-64-20]: the attention kernels run on tensor cores, in fp16 and bf16"))
  }

  func testOptionsOfTimesAreRefused() throws {
    for option in ["modes hot", "output o.json", "resume", "hardware h100-sxm", "timeout 3"] {
      let outcome = try roofline("measure --suite units --\(option)", surroundings())
      let name = option.prefix { $0 != " " }
      XCTAssertEqual(
        outcome.errors, "roofline: --\(name) says nothing here: --suite units times nothing; leave it out\n")
      XCTAssertEqual(outcome.exitCode, 64)
    }
    let both = try Tool.run(["measure", "--suite", "units", "--external", "true"], surroundings())
    XCTAssertEqual(
      both.errors,
      "roofline: --suite units looks at results, and --external tells times; leave one of them out\n")
  }
}
