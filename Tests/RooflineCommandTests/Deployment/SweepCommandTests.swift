import Foundation
import RooflineCore
import RooflineReport
import Synchronization
import TestSupport
import XCTest
import roofline

final class SweepCommandTests: CommandTestCase {
  private static let base = "sweep --model llama-3.1-8b --hardware h100-sxm"

  private func objects(_ line: String) throws -> [[String: Any]] {
    try output("\(line) --format jsonl").split(separator: "\n").map { text in
      try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }
  }

  /// Random points of a grid beside single commands.
  func testRowsAreSingleAnalysesAndFootprints() throws {
    var generator = SeededGenerator(seed: 11)
    let rows = try objects(
      "sweep --model llama-3.1-8b,qwen3-30b-a3b --hardware h100-sxm,a100-sxm4-80gb --tp 1,2,4 --pp 1,2 --batch 1..64x4 --prompt 300,77 --generate 2..6+2 --dtype bf16,fp16 --time ideal,calibrated --operators fused"
    )
    XCTAssertEqual(rows.count, 2 * 2 * 3 * 2 * 4 * 2 * 3 * 2 * 2)
    for _ in 0..<12 {
      let row = try XCTUnwrap(rows.randomElement(using: &generator))
      var line = "--operators fused"
      for axis in SweepOptions.axes {
        if let value = row[axis.single.name], !(value is NSNull) { line += " --\(axis.single.name) \(value)" }
      }
      let generation = try XCTUnwrap(json("analyze \(line)")["generation"] as? [String: Any], line)
      let rates = try XCTUnwrap(generation["tokensPerSecond"] as? [String: Any])
      let perToken = try XCTUnwrap(generation["timePerOutputTokenSeconds"] as? [String: Any])
      let utilization = try XCTUnwrap(generation["utilization"] as? [String: [String: Any]])
      let expected: [(String, Any?)] = [
        ("ttft", generation["timeToFirstTokenSeconds"]), ("tpot", perToken["mean"]),
        ("tokens_per_second_per_user", rates["perUser"]), ("tokens_per_second_per_gpu", rates["perGPU"]),
        ("tokens_per_second", rates["total"]), ("gpus", generation["devices"]),
        ("mfu_prefill", utilization["prefill"]?["mfu"]), ("mfu_decode", utilization["decode"]?["mfu"]),
      ]
      for (column, value) in expected {
        XCTAssertEqual(row[column] as? Double, value as? Double, "\(column) of \(line)")
        XCTAssertNotNil(value as? Double)
      }
      let memory = line.replacing("--time calibrated", with: "").replacing("--time ideal", with: "")
      let footprint = output("footprint \(memory) --format csv")
      XCTAssertTrue(footprint.contains(",needed,\(try XCTUnwrap(row["footprint"] as? Int)),"), "\(line)\n\(footprint)")
    }
  }

  /// Times per pass are those of `analyze --engine`, in each tier and through a pipeline; --stdin says the same.
  func testRowsUnderAnEngineAreAnalysesUnderIt() throws {
    for (time, degrees) in [("", ""), ("--time ideal", ""), ("", "--tp 2 --pp 2")] {
      let common = "--model llama-3.2-1b --hardware h100-sxm --prompt 256 --generate 3 --batch 4 \(degrees) \(time)"
      let rows = try objects("sweep \(common) --engine vllm-0.5,trtllm-0.11")
      XCTAssertEqual(rows.map { $0["engine"] as? String }, ["vllm-0.5", "trtllm-0.11"])
      var seen: Set<Double> = []
      for row in rows {
        let engine = try XCTUnwrap(row["engine"] as? String)
        let single = try json("analyze \(common) --engine \(engine)")
        let generation = try XCTUnwrap(single["generation"] as? [String: Any])
        let step = try XCTUnwrap(generation["timePerOutputTokenSeconds"] as? [String: Any])
        XCTAssertEqual(row["ttft"] as? Double, generation["timeToFirstTokenSeconds"] as? Double, common)
        XCTAssertEqual(row["tpot"] as? Double, step["mean"] as? Double, common)
        XCTAssertEqual(row["time"] as? String, time.isEmpty ? "calibrated" : "ideal")
        seen.insert(row["tpot"] as? Double ?? .nan)
      }
      XCTAssertEqual(seen.count, 2)
    }
    let without = try objects("sweep --model llama-3.2-1b --hardware h100-sxm --prompt 256")
    XCTAssertEqual(without.map { $0["engine"] is NSNull }, [true])
    let unknown = roofline("sweep --model llama-3.2-1b --hardware h100-sxm --prompt 256 --engine vllm-9")
    XCTAssertNotEqual(unknown.exitCode, 0)
    XCTAssertTrue(unknown.errors.contains("vllm-9"), unknown.errors)
  }

  func testListsAndRangesAreTheValuesTheySay() throws {
    func values(_ text: String, _ column: String = "batch") throws -> [Int] {
      try objects("\(Self.base) --prompt 9 --batch \(text)").map { try XCTUnwrap($0[column] as? Int) }
    }
    XCTAssertEqual(try values("1,2,4"), [1, 2, 4])
    XCTAssertEqual(try values("1..5"), [1, 2, 3, 4, 5])
    XCTAssertEqual(try values("1..20+8"), [1, 9, 17])
    XCTAssertEqual(try values("1..100x3"), [1, 3, 9, 27, 81])
    XCTAssertEqual(try values("7,1..4x2,10..12"), [7, 1, 2, 4, 10, 11, 12])
    for text in [
      "0", "1..", "..3", "5..4", "1..4x1", "1..4x0", "1..4+0", "1,,2", "a", "1...4", "-1", "1,1", "1..4,2",
      "1..9223372036854775808",
    ] {
      let outcome = roofline("\(Self.base) --prompt 9 --batch \(text)")
      XCTAssertEqual(outcome.exitCode, 64, text)
      XCTAssertTrue(outcome.errors.hasPrefix("roofline: --batch "), "\(text): \(outcome.errors)")
      XCTAssertEqual(outcome.output, "")
    }
  }

  func testWhatIsNotPossibleIsARowWithItsReasonAndCounted() throws {
    let rows = try objects("\(Self.base) --tp 1,3,8 --prompt 9 --batch 1,2")
    XCTAssertEqual(rows.count, 6)
    for row in rows {
      let isPossible = row["tp"] as? Int != 3
      XCTAssertEqual(row["ttft"] is NSNull, !isPossible)
      XCTAssertEqual((row["reason"] as? String)?.contains("--tp 3 does not divide"), isPossible ? nil : true)
      XCTAssertEqual(Set(row.keys), Set(SweepColumn.allCases.map(\.rawValue)))
    }
    let text = output("\(Self.base) --tp 1,3,8 --prompt 9 --batch 1,2")
    XCTAssertTrue(text.contains("6 configurations, 2 of them not possible"), text)
    XCTAssertTrue(text.contains("2 not possible: --tp 3 does not divide"), text)
  }

  /// One shard behind another is the whole, in every format.
  func testShardsBehindOneAnotherAreTheWhole() {
    let line = "\(Self.base) --tp 1,2,3 --batch 1..7 --prompt 10,20"
    for format in ["csv", "jsonl"] {
      let whole = output("\(line) --format \(format)")
      for count in [1, 2, 5, 42, 50] {
        let parts = (1...count).map { output("\(line) --format \(format) --shard \($0)/\(count)") }
        XCTAssertEqual(parts.joined(), whole, "\(count) shards")
        let sizes = parts.map { $0.split(separator: "\n").count }.dropFirst()
        XCTAssertLessThanOrEqual((sizes.max() ?? 0) - (sizes.min() ?? 0), 1)
      }
    }
    XCTAssertEqual(roofline("\(line) --shard 3/2").exitCode, 64)
    XCTAssertEqual(roofline("\(line) --shard 1/2 --best").exitCode, 64)
  }

  func testTheBestIsTheBestOfAllRows() throws {
    let line = "\(Self.base) --tp 1,2,3,4 --batch 1..200+13 --prompt 2000,30000 --generate 2,50"
    let rows = try objects(line).filter { $0["fits"] as? Bool == true }
    func number(_ row: [String: Any], _ column: String) -> Double { row[column] as? Double ?? .nan }
    let best = try XCTUnwrap(objects("\(line) --best").first)
    XCTAssertEqual(
      number(best, "tokens_per_second_per_gpu"), rows.map { number($0, "tokens_per_second_per_gpu") }.max())
    let quickest = try XCTUnwrap(objects("\(line) --best --by ttft").first)
    XCTAssertEqual(number(quickest, "ttft"), rows.map { number($0, "ttft") }.min())
    let front = try objects("\(line) --pareto")
    func goals(_ row: [String: Any]) -> [Double] {
      [number(row, "tokens_per_second_per_user"), number(row, "tokens_per_second_per_gpu")]
    }
    let all = rows.map(goals)
    let expected = Set(all.filter { own in !all.contains { $0 != own && $0[0] >= own[0] && $0[1] >= own[1] } })
    XCTAssertEqual(Set(front.map(goals)), expected)
    let nothing = roofline("\(line) --best --where ttft<0")
    XCTAssertEqual(nothing.exitCode, 1)
    XCTAssertTrue(nothing.errors.contains("no configuration fits and is as --where asks"), nothing.errors)
    XCTAssertEqual(nothing.output, "")
  }

  /// By brute force over all rows: fewest GPUs, then the largest batch.
  func testAServiceLevelIsKeptByFewestGPUs() throws {
    let line = "\(Self.base) --tp 1,2,3,4 --pp 1,2 --batch 1..90+7 --prompt 2000 --generate 9"
    let rows = try objects(line).filter {
      $0["fits"] as? Bool == true && ($0["ttft"] as? Double ?? .infinity) <= 0.7
        && ($0["tpot"] as? Double ?? .infinity) <= 0.006
    }
    let fewest = try XCTUnwrap(rows.compactMap { $0["gpus"] as? Int }.min())
    let largest = rows.filter { $0["gpus"] as? Int == fewest }.compactMap { $0["batch"] as? Int }.max()
    let answer = try objects("\(line) --slo ttft=0.7,tpot=0.006")
    let winner = try XCTUnwrap(answer.first)
    XCTAssertEqual(winner["role"] as? String, "winner")
    XCTAssertEqual(winner["gpus"] as? Int, fewest)
    XCTAssertEqual(winner["batch"] as? Int, largest)
    XCTAssertTrue(answer.dropFirst().allSatisfy { ($0["remark"] as? String)?.isEmpty == false })
    // Each deployment that is possible is the winner's, or has lost for a reason.
    XCTAssertEqual(answer.count { $0["role"] as? String == "loser" }, 6 - 1)
    let batches = answer.filter { $0["role"] as? String == "neighbour" && $0["gpus"] as? Int == fewest }
      .compactMap { $0["batch"] as? Int }
    XCTAssertTrue(batches.contains(try XCTUnwrap(largest) - 7), "\(batches)")
    let text = output("\(line) --slo ttft=0.7,tpot=0.006")
    XCTAssertTrue(text.contains("its neighbours") && text.contains("why not"), text)
    XCTAssertEqual(roofline("\(line) --slo tpot=1e-9").exitCode, 1)
    for wrong in ["ttft", "ttft=0", "x=1", "ttft=1,ttft=2", "ttft=1,", "ttft=a"] {
      XCTAssertEqual(roofline("\(line) --slo \(wrong)").exitCode, 64, wrong)
    }
  }

  func testAGridThatExplodesSaysItsSizeFirst() {
    let line = "\(Self.base) --batch 1..20000 --prompt 1..20000"
    let outcome = roofline(line)
    XCTAssertEqual(outcome.exitCode, 64)
    XCTAssertEqual(
      outcome.errors,
      "roofline: the grid has 400,000,000 configurations; ask for fewer, or give --yes to go through all of them\n")
    XCTAssertEqual(roofline("\(Self.base) --batch 1..9000000000 --prompt 1..9000000000 --yes").exitCode, 64)
  }

  func testOptionsThatContradictEachOtherAreRefused() {
    let line = "\(Self.base) --prompt 9"
    for (options, word) in [
      ("--best --pareto", "--best"), ("--by ttft", "--best"), ("--best --by model", "no number"),
      ("--best --by tttft", "unknown column"), ("--where tftt<1", "unknown column"),
      ("--tp 2 --efficiency 2", "--efficiency"),
      ("--stdin --best", "--stdin"), ("--stdin --format csv", "--format csv"), ("--launch eager", "--launch"),
    ] {
      let outcome = roofline("\(line) \(options)")
      // Options of calibrated times alone are a deployment's reason where other tiers are asked for, too.
      guard options != "--launch eager" else { continue }
      XCTAssertEqual(outcome.exitCode, 64, options)
      XCTAssertTrue(outcome.errors.contains(word), "\(options): \(outcome.errors)")
    }
    XCTAssertEqual(roofline("sweep --model nobody --hardware h100-sxm --prompt 9").exitCode, 64)
    XCTAssertEqual(roofline("sweep --model llama-3.1-8b --hardware nothing --prompt 9").exitCode, 64)
    XCTAssertEqual(roofline("sweep --model llama-3.1-8b --hardware h100-sxm").exitCode, 64)
  }

  /// Whoever takes lines takes whole ones, and a full disk ends the run.
  func testOutputThatIsNotTakenEndsTheRun() {
    let taken = Mutex<[String]>([])
    let surroundings = Surroundings(write: { text in
      taken.withLock { texts in
        guard texts.count < 3 else { return false }
        texts.append(text)
        return true
      }
    })
    let outcome = roofline("\(Self.base) --batch 1..20000 --prompt 9 --format csv", surroundings)
    XCTAssertEqual(outcome, Outcome(errors: "roofline: the output could not be written in full\n", exitCode: 1))
    XCTAssertTrue(taken.withLock { $0 }.allSatisfy { $0.hasSuffix("\n") })
  }
}
