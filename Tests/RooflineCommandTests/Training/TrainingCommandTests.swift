import Foundation
import TestSupport
import XCTest
import roofline

final class TrainingCommandTests: CommandTestCase {
  private let run = "analyze --training --model llama-2-7b --hardware a100-sxm4-80gb --sequence 4096"

  func testOptionsOfInferenceAreRefused() {
    for option in [
      "--prompt 8", "--context 8", "--phase decode", "--generate 8", "--convention exact", "--pp 2",
      "--micro-batches 2", "--dp 2", "--kv-dtype fp8",
    ] {
      let name = option.split(separator: " ")[0]
      for command in [run, run.replacing("analyze", with: "explain --operator q_proj")] {
        let outcome = roofline("\(command) \(option)")
        XCTAssertEqual(outcome.exitCode, 64, option)
        XCTAssertEqual(outcome.output, "")
        XCTAssertTrue(outcome.errors.contains("\(name) means nothing to a training step"), outcome.errors)
        XCTAssertEqual(outcome.errors.filter { $0 == "\n" }.count, 1)
      }
    }
    for (command, words) in [
      (run.replacing(" --sequence 4096", with: ""), "--sequence is missing"),
      (run.replacing(" --training", with: "") + " --prompt 8", "give --training"),
      (run.replacing("4096", with: "0"), "at least 1"),
      ("\(run) --tp 5", "legal degrees"),
      (run.replacing("analyze", with: "explain --operator generation"), "--training"),
      (run.replacing("analyze", with: "explain --operator q_proj_dq"), "q_proj_dx"),
    ] {
      let outcome = roofline(command)
      XCTAssertEqual(outcome.exitCode, 64, command)
      XCTAssertTrue(outcome.errors.contains(words), outcome.errors)
    }
    let overflow = roofline(run.replacing("4096", with: "9223372036854775806"))
    XCTAssertEqual(overflow.exitCode, 1)
    XCTAssertTrue(overflow.errors.contains("2^63"), overflow.errors)
  }

  func testBothPassesAndTheirSumStandInTheJSON() throws {
    let document = try json("\(run) --batch 2 --tp 4")
    XCTAssertEqual(document["schemaVersion"] as? Int, 1)
    let phases = try XCTUnwrap(document["phases"] as? [[String: Any]])
    XCTAssertEqual(phases.compactMap { $0["phase"] as? String }, ["forward", "backward"])
    let training = try XCTUnwrap(document["training"] as? [String: Any])
    XCTAssertEqual(training["sequence"] as? Int, 4096)
    for scope in ["layer", "model"] {
      let sums = try XCTUnwrap(training[scope] as? [String: [String: Any]])
      for (phase, name) in zip(phases, ["forward", "backward"]) {
        let sum = try XCTUnwrap(phase[scope] as? [String: Any])
        XCTAssertEqual(sums[name]?["flops"] as? [String: Int], sum["flops"] as? [String: Int])
        XCTAssertEqual(sums[name]?["wireBytes"] as? Int, sum["wireBytes"] as? Int)
      }
      for unit in ["tensor", "vector", "special"] {
        func flops(_ name: String) throws -> Int {
          try XCTUnwrap((sums[name]?["flops"] as? [String: Int])?[unit])
        }
        XCTAssertEqual(try flops("forward") + flops("backward"), try flops("total"))
      }
    }
    let operators = try XCTUnwrap(training["operators"] as? [[String: Any]])
    XCTAssertTrue(operators.contains { $0["name"] as? String == "attn_grad_all_reduce" })
    let notices = try XCTUnwrap(document["notices"] as? [String])
    XCTAssertTrue(notices.contains { $0.contains("optimizer") }, "\(notices)")
  }

  func testInferenceHasNoTrainingInItsJSON() throws {
    XCTAssertNil(try json(Self.mainCommand)["training"])
  }

  /// Forward, backward and their sum by operator; the owner's note's silu row: 3 and 8 of 4096·11008 elements.
  func testTextShowsForwardBackwardAndBoth() {
    let text = output(run)
    for heading in ["forward: 1 × 4096 tokens\n", "backward: 1 × 4096 tokens\n", "forward and backward\n"] {
      XCTAssertTrue(text.contains("\n\(heading)"), heading)
    }
    let both = text.components(separatedBy: "\nforward and backward\n")[1].split(separator: "\n")
    let silu = both.first { $0.hasPrefix("mlp_silu_dot ") }?.split(separator: " ").map(String.init)
    XCTAssertEqual(silu?[4...7], ["135.27", "M", "360.71", "M"])
    XCTAssertTrue(text.contains("data parallelism's"))
    for line in text.split(separator: "\n") where line.count > 120 { XCTFail("\(line.count) columns: \(line)") }
    XCTAssertTrue(output("\(run) --units").contains("\nbackward by unit\n"))
    let csv = output("\(run) --format csv").split(separator: "\n")
    XCTAssertTrue(csv.contains { $0.hasPrefix("backward,q_proj_dw,32,137438953472,") })
    XCTAssertTrue(output("\(run) --format markdown").contains("forward and backward"))
  }

  func testLongerSequencesThanTheModelsAreAWarning() {
    let outcome = roofline(run.replacing("4096", with: "4097"))
    XCTAssertEqual(outcome.exitCode, 0)
    XCTAssertTrue(outcome.errors.contains("sequence 4097 is beyond"), outcome.errors)
  }

  /// A row of the forward pass brings its gradients; a gradient's own name only itself.
  func testExplainShowsARowWithItsGradients() throws {
    let explain = run.replacing("analyze", with: "explain")
    func names(_ row: String) throws -> [String] {
      let text = output("\(explain) --operator \(row) --format json")
      let list = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
      return list.compactMap { $0["name"] as? String }
    }
    XCTAssertEqual(try names("q_proj"), ["q_proj", "q_proj_dx", "q_proj_dw"])
    XCTAssertEqual(try names("q_proj_dw"), ["q_proj_dw"])
    let text = output("\(explain) --operator q_proj_dw")
    XCTAssertTrue(text.contains("32 times in a backward pass"), text)
    XCTAssertTrue(text.contains("outputGradient"), text)
  }
}
