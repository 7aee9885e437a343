import TestSupport
import XCTest
import roofline

final class MFUCommandTests: CommandTestCase {
  private let run = "mfu --model llama-2-7b --hardware a100-sxm4-80gb --step-time 12 --global-batch 512 --sequence 4096"

  /// The contract's worked example: 0.403.
  func testWorkedExample() throws {
    let document = try json("\(run) --devices 64")
    XCTAssertEqual(try XCTUnwrap(document["mfu"] as? Double), 0.403, accuracy: 0.0005)
    XCTAssertEqual(document["hfu"] as? Double, document["mfu"] as? Double)
    // (40,430,493,696 + 6,442,450,944) FLOPs a token over 512·4096 tokens.
    XCTAssertEqual(
      try XCTUnwrap(document["palmMFU"] as? Double), 46_872_944_640.0 * 512 * 4096 / (12 * 64 * 312e12), accuracy: 1e-12
    )
    let recomputed = try json("\(run) --devices 64 --recomputation full")
    // The layers once more, without the head's 2·4096·32000 FLOPs a token.
    XCTAssertEqual(
      try XCTUnwrap(recomputed["hfu"] as? Double),
      try XCTUnwrap(document["mfu"] as? Double) * 4 / 3 - 262_144_000.0 * 512 * 4096 / (12 * 64 * 312e12),
      accuracy: 1e-12)
  }

  func testAboveOneNamesTheLikelySlip() {
    for (command, slip) in [
      ("\(run) --devices 8", "--devices"),
      (
        "mfu --model llama-3.2-1b --hardware a100-sxm4-80gb --step-time 12 --global-batch 65536 --sequence 4096 --devices 8",
        "tokens"
      ),
      ("\(run) --devices 64".replacing("--step-time 12", with: "--step-time 0.012"), "--step-time"),
    ] {
      let outcome = roofline(command)
      XCTAssertEqual(outcome.exitCode, 64, command)
      XCTAssertEqual(outcome.output, "")
      XCTAssertTrue(outcome.errors.contains("above 1") && outcome.errors.contains(slip), outcome.errors)
    }
  }

  /// MFU 0.968 in 5 s; a fourth pass makes it 4⁄3 of that, the attention products again, 14 % of a pass, 1.047 of it.
  func testHFUAboveOneIsRefused() {
    let quick = "\(run) --devices 64".replacing("--step-time 12", with: "--step-time 5")
    for (recomputation, hfu) in [("full", "1.29"), ("selective", "1.01")] {
      let outcome = roofline("\(quick) --recomputation \(recomputation)")
      XCTAssertEqual(outcome.exitCode, 64)
      XCTAssertEqual(outcome.output, "")
      XCTAssertTrue(outcome.errors.contains("HFU would be \(hfu), above 1, where MFU is 0.97"), outcome.errors)
      XCTAssertTrue(outcome.errors.contains("--recomputation \(recomputation)"), outcome.errors)
      XCTAssertEqual(outcome.errors.filter { $0 == "\n" }.count, 1)
    }
    XCTAssertEqual(roofline("\(quick) --recomputation none").exitCode, 0)
  }

  func testLongerSequencesThanTheModelsAreAWarning() {
    let outcome = roofline("\(run) --devices 64".replacing("4096", with: "4097"))
    XCTAssertEqual(outcome.exitCode, 0)
    XCTAssertTrue(outcome.errors.contains("sequence 4097 is beyond"), outcome.errors)
    XCTAssertEqual(roofline("\(run) --devices 64").errors, "")
  }

  func testEveryInputIsNeeded() {
    for option in ["--step-time", "--global-batch", "--sequence", "--devices", "--model", "--hardware"] {
      var words = "\(run) --devices 64".split(separator: " ").map(String.init)
      guard let index = words.firstIndex(of: option) else { return XCTFail(option) }
      words.removeSubrange(index...index + 1)
      let outcome = roofline(words.joined(separator: " "))
      XCTAssertEqual(outcome.exitCode, 64)
      XCTAssertTrue(outcome.errors.contains("\(option) is missing"), outcome.errors)
    }
  }
}
