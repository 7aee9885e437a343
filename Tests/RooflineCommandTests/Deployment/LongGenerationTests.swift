import Foundation
import TestSupport
import XCTest
import roofline

/// Generations of more steps than anybody reads: ranges of them, and all of them where they are asked for.
final class LongGenerationTests: CommandTestCase {
  private let run = "--model llama-3.2-1b --hardware l4 --prompt 100"

  private func generation(_ text: String) throws -> [String: Any] {
    let document = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    return try XCTUnwrap(document?["generation"] as? [String: Any])
  }

  private func whole(_ outcome: Outcome) -> String { outcome.output + (outcome.rest?.joined() ?? "") }

  func testLongGenerationsAreSummedUpInRangesAsJSON() throws {
    let text = output("analyze \(run) --generate 20001 --format json")
    XCTAssertLessThan(text.utf8.count, 100_000)
    let long = try generation(text)
    XCTAssertTrue(long["steps"] is NSNull)
    let ranges = try XCTUnwrap(long["stepRanges"] as? [[String: Double]])
    XCTAssertEqual(ranges.first?["fromContext"], 101)
    XCTAssertEqual(ranges.last?["toContext"], 20100)
    XCTAssertEqual(ranges.compactMap { $0["steps"] }.reduce(0, +), 20000)
    let decode = try XCTUnwrap(long["decodeSeconds"] as? Double)
    XCTAssertEqual(ranges.compactMap { $0["sumSeconds"] }.reduce(0, +), decode, accuracy: decode * 1e-14)
    let short = try generation(output("analyze \(run) --generate 8193 --format json"))
    XCTAssertEqual((short["steps"] as? [Any])?.count, 8192)
    XCTAssertNil(short["stepRanges"])
  }

  func testEveryStepListsThemAllAndTheyAddUp() throws {
    let outcome = roofline("analyze \(run) --generate 20001 --format json --every-step")
    XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
    let listed = try generation(whole(outcome))
    let steps = try XCTUnwrap(listed["steps"] as? [[String: Double]])
    XCTAssertEqual(steps.compactMap { $0["context"] }, (101...20100).map(Double.init))
    let decode = try XCTUnwrap(listed["decodeSeconds"] as? Double)
    XCTAssertEqual(steps.compactMap { $0["timeSeconds"] }.reduce(0, +), decode, accuracy: decode * 1e-12)
    // Each is the step of an analysis at its context.
    for position in [0, 7777, 19_999] {
      let phases = try XCTUnwrap(
        json("analyze --model llama-3.2-1b --hardware l4 --phase decode --context \(101 + position)")["phases"]
          as? [[String: Any]])
      let time = try XCTUnwrap((phases[0]["model"] as? [String: Any])?["timeSeconds"] as? Double)
      XCTAssertEqual(try XCTUnwrap(steps[position]["timeSeconds"]), time, accuracy: time * 1e-12)
    }
    let short = roofline("analyze \(run) --generate 50 --format json --every-step")
    XCTAssertEqual(whole(short), output("analyze \(run) --generate 50 --format json"))
  }

  func testEveryStepNeedsAListToStandIn() {
    for options in ["", "--generate 9", "--format json", "--generate 9 --format csv"] {
      let outcome = roofline("analyze \(run) \(options) --every-step")
      XCTAssertEqual(outcome.exitCode, 64, options)
      XCTAssertTrue(outcome.errors.contains("--every-step"), outcome.errors)
    }
    XCTAssertEqual(
      roofline("explain \(run) --operator generation --generate 9 --format json --every-step").exitCode, 64)
  }

  func testALongGenerationsFormulaIsOneOfRangesAndComesToTheSameSum() throws {
    for tokens in [17, 1025, 3000, 20_001] {
      let text = output("explain \(run) --operator generation --generate \(tokens) --format json")
      XCTAssertLessThan(text.utf8.count, 200_000)
      let list = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
      let entries = try XCTUnwrap(list.first?["entries"] as? [[String: String]])
      let sum = try XCTUnwrap(entries.first { $0["quantity"] == "decodeSeconds" })
      let value = try XCTUnwrap(Double(try XCTUnwrap(sum["value"])))
      XCTAssertEqual(
        try FormulaEvaluator.real(XCTUnwrap(sum["substituted"])), value, accuracy: value * 1e-12, "\(tokens)")
      XCTAssertEqual(sum["symbolic"]?.contains("steps(101…"), tokens > 17, "\(tokens)")
    }
  }

  func testSensitivityOfAMillionTokensIsAMoment() throws {
    let clock = ContinuousClock.now
    XCTAssertFalse(output("sensitivity \(run) --generate 1000000").isEmpty)
    XCTAssertLessThan(ContinuousClock.now - clock, .seconds(10))
  }

  func testOptionsThatExplainWouldIgnoreAreRefused() {
    let command = "explain \(run) --operator q_proj"
    for option in ["--units", "--ceilings x.json", "--reserve 1GB", "--memory 8GB"] {
      let outcome = roofline("\(command) \(option)")
      XCTAssertEqual(outcome.exitCode, 64, option)
      XCTAssertTrue(outcome.errors.contains(option.prefix { $0 != " " }), outcome.errors)
    }
    XCTAssertEqual(roofline("explain \(run) --operator footprint --reserve 1GB").exitCode, 0)
  }
}
