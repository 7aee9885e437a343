import TestSupport
import XCTest
import roofline

/// No option is taken and ignored: it acts, is refused, or a note says what is odd.
final class IdleOptionTests: CommandTestCase {
  private let run = "--model llama-2-7b --hardware h100-sxm"

  func testContradictionsAreRefused() {
    for (command, words) in [
      ("analyze \(run) --prompt 1000 --context 5", "1001 keys"),
      ("analyze \(run) --prompt 1000 --context 1000", "1001 keys"),
      ("analyze \(run) --prompt 1000 --context 5 --phase decode", "1001 keys"),
      ("explain \(run) --prompt 1000 --context 5 --operator q_proj", "1001 keys"),
      ("sensitivity \(run) --prompt 1000 --context 5", "1001 keys"),
      ("analyze \(run) --prompt 9 --context 99 --phase prefill", "--phase prefill has none"),
      ("analyze \(run) --prompt 9 --sequence-parallel", "--tp"),
      ("analyze --training --model llama-2-7b --hardware h100-sxm --sequence 9 --sequence-parallel", "--tp"),
      ("footprint \(run) --prompt 9 --sequence-parallel", "--tp"),
      (
        "mfu \(run) --step-time 9 --global-batch 1 --sequence 4096 --devices 1000000000000000000",
        "4096 tokens"
      ),
    ] {
      let outcome = roofline(command)
      XCTAssertEqual(outcome.exitCode, 64, "\(command): \(outcome.errors)")
      XCTAssertEqual(outcome.output, "", command)
      XCTAssertTrue(outcome.errors.contains(words), outcome.errors)
      XCTAssertEqual(outcome.errors.count { $0 == "\n" }, 1)
    }
  }

  func testWhatIsNoContradictionStays() {
    for command in [
      "analyze \(run) --prompt 1000 --context 1001", "analyze \(run) --phase decode --context 5",
      "footprint \(run) --prompt 9 --context 9", "analyze \(run) --prompt 9 --tp 2 --sequence-parallel",
    ] {
      let outcome = roofline(command)
      XCTAssertEqual(outcome.exitCode, 0, "\(command): \(outcome.errors)")
    }
  }

  func testNotes003SaysThatItKnowsNoRates() {
    for command in ["analyze --convention notes-003", "diff --conventions notes-003,exact"] {
      for option in ["--efficiency 0.5", "--compute-efficiency 0.5", "--memory-efficiency 0.5", "--peak 1e14"] {
        let outcome = roofline("\(command) \(run) --prompt 9 \(option)")
        XCTAssertEqual(outcome.exitCode, 0)
        XCTAssertEqual(outcome.output, output("\(command) \(run) --prompt 9"))
        XCTAssertTrue(
          outcome.errors.contains("\(option.prefix { $0 != " " }) changes nothing"), "\(option): \(outcome.errors)")
      }
      XCTAssertEqual(roofline("\(command) \(run) --prompt 9").errors, "")
    }
    XCTAssertEqual(
      roofline("analyze --convention llm-counts \(run) --prompt 9 --generate 2 --efficiency 0.5").errors, "")
  }

  func testFewerSequencesThanDevicesIsAWarning() {
    let run = "mfu \(run) --step-time 900 --sequence 4096 --devices 64 --global-batch"
    XCTAssertTrue(roofline("\(run) 1").errors.contains("1 sequences on 64 devices"))
    XCTAssertEqual(roofline("\(run) 64").errors, "")
  }

  // MARK: notes about a deployment

  private func notes(_ options: String) throws -> [String] {
    try XCTUnwrap(json("analyze \(options)")["notices"] as? [String])
  }

  func testALinkBeyondOneBoardIsNoted() throws {
    let run = "--model llama-2-70b --hardware h100-sxm --prompt 8 --phase decode"
    for (options, isNoted) in [
      ("--tp 8", false), ("--tp 16", true), ("--tp 64", true), ("--tp 8 --pp 2", true), ("--tp 64 --link 50e9", false),
      ("--tp 8 --dp 16", false),
    ] {
      let notes = try notes("\(run) \(options)")
      XCTAssertEqual(notes.contains { $0.contains("one board's link") }, isNoted, "\(options): \(notes)")
    }
  }

  /// 137,953,296,384 bytes of weights, over eight devices 17.2 GB each; over four stages of four more than a quarter of a device.
  func testWeightsThatDoNotFitAreNoted() throws {
    for (options, isNoted) in [
      ("--model llama-2-70b --hardware a100-sxm4-40gb-1g.5gb", true), ("--model llama-2-70b --hardware h100-sxm", true),
      ("--model llama-2-70b --hardware h100-sxm --tp 2", false), ("--model llama-2-70b --hardware h200-sxm", false),
      ("--model llama-2-70b --hardware h100-sxm --pp 2", false), ("--model llama-2-70b --hardware l4 --tp 4", true),
      ("--model llama-2-70b --hardware h100-sxm --dtype fp8", false), ("--model llama-2-7b --hardware l4", false),
    ] {
      let notes = try notes("\(options) --prompt 8")
      XCTAssertEqual(notes.contains { $0.contains("does not fit") }, isNoted, "\(options): \(notes)")
    }
  }

  /// The H100's dense fp16 rate is 989.4 TFLOP/s; its fp8 rate twice that.
  func testAPeakWithSparsityIsAWarning() throws {
    for (options, isNoted) in [
      ("--peak 1979e12", true), ("--peak 989.4e12", false), ("--peak 1979e12 --dtype fp8", false),
      ("--peak 3958e12 --dtype fp8", true), ("--peak 600e12", false),
    ] {
      let outcome = roofline("analyze \(run) --prompt 8 \(options)")
      XCTAssertEqual(outcome.exitCode, 0)
      XCTAssertEqual(outcome.errors.contains("sparsity"), isNoted, "\(options): \(outcome.errors)")
    }
    let mfu = "mfu \(run) --step-time 12 --global-batch 512 --sequence 4096 --devices 64"
    XCTAssertTrue(roofline("\(mfu) --peak 1979e12").errors.contains("sparsity"))
    XCTAssertFalse(roofline("\(mfu) --peak 989e12").errors.contains("sparsity"))
  }
}
