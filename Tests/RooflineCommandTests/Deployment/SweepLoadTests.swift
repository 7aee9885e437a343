import Foundation
import RooflineCore
import RooflineReport
import Synchronization
import TestSupport
import XCTest
import roofline

/// `sweep` with requests over time.
final class SweepLoadTests: CommandTestCase {
  private static let base = "--model llama-3.2-1b --hardware h100-sxm"

  private func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
      try XCTUnwrap(Self.exact(.parse(Data(line.utf8), file: "a row")) as? [String: Any], String(line))
    }
  }

  /// As `JSONSerialization` has it, whose numbers may be off by their last bit.
  private static func exact(_ value: JSONValue) -> Any {
    switch value {
    case .null: NSNull()
    case .bool(let truth): NSNumber(value: truth)
    case .integer(let integer): NSNumber(value: integer)
    case .number(let number): NSNumber(value: number)
    case .string(let text): text
    case .array(let values): values.map(exact)
    case .object(let members): members.mapValues(exact)
    }
  }

  private func rows(_ line: String) throws -> [[String: Any]] { try objects(output("sweep \(line) --format jsonl")) }

  private func number(_ row: [String: Any], _ column: String) -> Double { row[column] as? Double ?? .nan }

  /// What `analyze` says of a row's configuration under its own load.
  private func expect(_ row: [String: Any], _ common: String) throws {
    var line = common
    for axis in SweepOptions.axes {
      if let value = row[axis.single.name], !(value is NSNull) { line += " --\(axis.single.name) \(value)" }
    }
    let document = try XCTUnwrap(objects(output("analyze \(line) --format json").replacing("\n", with: "")).first, line)
    let load = try XCTUnwrap(document["load"] as? [String: Any], line)
    let latency = try XCTUnwrap(document["latency"] as? [String: Any])
    let first = try XCTUnwrap(latency["ttft"] as? [String: Any])
    let further = latency["tpot"] as? [String: Any]
    let throughput = try XCTUnwrap(document["throughput"] as? [String: Any])
    let expected: [(String, Any?)] = [
      ("ttft", first["meanSeconds"]), ("ttft_p50", first["p50Seconds"]), ("ttft_p99", first["p99Seconds"]),
      ("tpot", further?["meanSeconds"]), ("tpot_p50", further?["p50Seconds"]), ("tpot_p99", further?["p99Seconds"]),
      ("requests_per_second", throughput["requestsPerSecond"]),
      ("tokens_per_second_per_gpu", throughput["tokensPerSecondPerGPU"]),
      ("tokens_per_second", throughput["tokensPerSecond"]),
    ]
    for (column, value) in expected {
      XCTAssertEqual(row[column] as? Double, value as? Double, "\(column) of \(line)")
      XCTAssertEqual(value == nil, row["generate"] as? Int == 1 && column.hasPrefix("tpot"), "\(column) of \(line)")
    }
    XCTAssertEqual(row["queue_grows"] as? Bool, load["isQueueGrowing"] as? Bool, line)
    XCTAssertEqual(row["load"] as? String, load["kind"] as? String, line)
    XCTAssertEqual(row["fits"] as? Bool, true, line)
    if let step = further?["meanSeconds"] as? Double {
      XCTAssertEqual(row["tokens_per_second_per_user"] as? Double, 1 / step, line)
    }
    // Requests over the time in which they were watched, worked out anew.
    let window = try XCTUnwrap(throughput["windowSeconds"] as? Double)
    let tokens = try XCTUnwrap(throughput["generatedTokens"] as? Double)
    let replicas = try XCTUnwrap(row["dp"] as? Double)
    let requests = tokens / (row["generate"] as? Double ?? .nan) / window * replicas
    XCTAssertEqual(number(row, "requests_per_second"), requests, accuracy: requests * 1e-12, line)
  }

  /// Random points of grids beside single commands.
  func testRowsAreAnalysesUnderTheSameLoad() throws {
    var generator = SeededGenerator(seed: 23)
    let shapes = "--tp 1,2 --pp 1,2 --dp 1,3 --prompt 300,77 --generate 1,6"
    for (line, common, count) in [
      (
        "--model llama-3.2-1b,qwen3-30b-a3b --hardware h100-sxm,a100-sxm4-80gb \(shapes) --concurrency 1..9x3",
        "--load closed --max-num-batched-tokens 128", 2 * 2 * 8 * 4 * 3
      ),
      (
        "--model llama-3.2-1b --hardware h100-sxm \(shapes) --engine vllm-0.11,trtllm-1.0 --concurrency 2,40",
        "--load static --max-num-seqs 16", 2 * 8 * 4 * 2
      ),
      (
        "--model llama-3.2-1b --hardware l40s \(shapes) --time ideal,calibrated --arrival 0.5,20..2000x10",
        "--requests 60 --seed 5", 2 * 8 * 4 * 4
      ),
    ] {
      let rows = try rows("\(line) \(common)")
      XCTAssertEqual(rows.count, count, line)
      let served = rows.filter { !($0["ttft"] is NSNull) }
      for _ in 0..<7 { try expect(XCTUnwrap(served.randomElement(using: &generator)), common) }
    }
  }

  func testWhatAnalyzeRefusesIsRefusedInTheSameWords() {
    let run = "\(Self.base) --prompt 64"
    for options in [
      "--generate 4 --load closed", "--generate 4 --concurrency 4", "--load closed --concurrency 4",
      "--generate 4 --load closed --concurrency 4 --batch 2", "--generate 4 --load closed --concurrency 4 --arrival 3",
      "--generate 4 --load closed --concurrency 4 --seed 3", "--generate 4 --load static --concurrency 4 --requests 9",
      "--generate 4 --load static --concurrency 4 --warm-up 1", "--generate 4 --load open --concurrency 4",
      "--generate 4 --max-num-seqs 9", "--arrival 3", "--generate 4 --arrival 3 --requests 0",
    ] {
      let single = roofline("analyze \(run) \(options)")
      let outcome = roofline("sweep \(run) \(options)")
      XCTAssertEqual(outcome, single, options)
      XCTAssertEqual(outcome.exitCode, 64, options)
      XCTAssertEqual(outcome.errors.count { $0 == "\n" }, 1, outcome.errors)
    }
    for option in ["--pages vllm", "--reserve 1GB", "--memory 40GB"] {
      let outcome = roofline("sweep \(run) --generate 4 --load closed --concurrency 4 \(option)")
      XCTAssertEqual(outcome.exitCode, 64, option)
      XCTAssertTrue(outcome.errors.contains("\(option.prefix { $0 != " " }) means nothing to requests"), outcome.errors)
    }
    let promise = roofline("sweep \(run) --slo ttft_p99=1")
    XCTAssertEqual(promise.exitCode, 64)
    XCTAssertTrue(promise.errors.contains("ttft_p99 is about requests over time"), promise.errors)
  }

  /// A row whose load cannot be served says what `analyze` says, and others go on.
  func testARowThatCannotBeComputedSaysItsReason() throws {
    for (line, single, isPossible) in [
      (
        "--model llama-2-70b --hardware a100-sxm4-40gb --tp 1,8 --concurrency 2", "--tp 1 --concurrency 2",
        [false, true]
      ),
      (
        "--model llama-3.2-1b --hardware h100-sxm --concurrency 2,20000000 --tp 1", "--tp 1 --concurrency 20000000",
        [true, false]
      ),
      ("--model llama-3.2-1b --hardware h100-sxm --concurrency 2 --tp 3,1", "--tp 3 --concurrency 2", [false, true]),
    ] {
      let common = "--prompt 128 --generate 4 --load closed"
      let rows = try rows("\(line) \(common)")
      XCTAssertEqual(rows.map { !($0["ttft"] is NSNull) }, isPossible, line)
      let model = line.split(separator: " ").prefix(4).joined(separator: " ")
      let errors = roofline("analyze \(model) \(single) \(common)").errors
      let refused = try XCTUnwrap(rows.first { $0["ttft"] is NSNull })
      XCTAssertEqual("roofline: \(try XCTUnwrap(refused["reason"] as? String))\n", errors)
      XCTAssertTrue(refused["fits"] is NSNull && refused["queue_grows"] is NSNull)
      XCTAssertEqual(Set(refused.keys), Set(SweepColumn.allCases.map(\.rawValue)))
      let text = output("sweep \(line) \(common)")
      XCTAssertTrue(text.contains("1 of them not possible"), text)
    }
  }

  /// What is not of a load is null, and what is not of a batch, too: in every row all columns.
  func testColumnsOfTheOtherKindAreEmpty() throws {
    let load = try rows("\(Self.base) --prompt 64 --generate 4 --load closed --concurrency 2")[0]
    let open = try rows("\(Self.base) --prompt 64 --generate 4 --arrival 2.5 --requests 9")[0]
    let batch = try rows("\(Self.base) --prompt 64 --generate 4 --batch 2")[0]
    func empty(_ row: [String: Any]) -> Set<String> { Set(row.filter { $0.value is NSNull }.keys) }
    let always: Set = ["dtype", "engine", "reason"]
    let notOfLoads: Set = [
      "batch", "footprint", "mfu_prefill", "mfu_decode", "prefill_bound", "decode_bound",
    ]
    XCTAssertEqual(empty(load), always.union(notOfLoads).union(["arrival"]))
    XCTAssertEqual(empty(open), always.union(notOfLoads).union(["concurrency"]))
    XCTAssertEqual(
      empty(batch),
      always.union([
        "load", "concurrency", "arrival", "ttft_p50", "ttft_p99", "tpot_p50", "tpot_p99", "requests_per_second",
        "queue_grows",
      ]))
    XCTAssertEqual(open["arrival"] as? Double, 2.5)
    // CSV has the same, in the same places.
    let csv = output("sweep \(Self.base) --prompt 64 --generate 4 --arrival 2.5 --requests 9 --format csv")
      .split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
    XCTAssertEqual(csv.count, 2)
    for (name, cell) in zip(csv[0], csv[1]) {
      XCTAssertEqual(cell.isEmpty, open[name] is NSNull, name)
      if let found = Double(cell) { XCTAssertEqual(found, open[name] as? Double, name) }
    }
  }

  /// A column in which no row has anything chooses nothing.
  func testColumnsOfTheOtherKindChooseNothing() {
    let closed = "--load closed --concurrency 4"
    let open = "--arrival 3 --requests 9"
    for (load, option, column) in [
      (closed, "--best --by footprint", "footprint"), (closed, "--where \"batch > 3\"", "batch"),
      (closed, "--best --by arrival", "arrival"), (closed, "--where \"!(ttft > 1 || arrival > 3)\"", "arrival"),
      (open, "--where \"concurrency > 3\"", "concurrency"),
      (open, "--where \"decode_bound == 'memory'\"", "decode_bound"),
      ("", "--where \"!queue_grows\"", "queue_grows"), ("", "--best --by requests_per_second", "requests_per_second"),
    ] {
      let outcome = Tool.run(words("sweep \(Self.base) --prompt 64 --generate 4 \(load) \(option)"), Surroundings())
      XCTAssertEqual(outcome.exitCode, 64, option)
      XCTAssertTrue(outcome.errors.contains(": no row has \(column): "), outcome.errors)
    }
  }

  /// Words as a shell has them.
  private func words(_ line: String) -> [String] {
    line.split(separator: "\"", omittingEmptySubsequences: false).enumerated().flatMap { place, part in
      place.isMultiple(of: 2) ? part.split(separator: " ").map(String.init) : [String(part)]
    }
  }

  func testRatesBeyondAnyEndAreRefused() {
    for (rate, isPossible) in [
      ("1e-320", false), ("9e-10", false), ("1e-9", true), ("1e12", true), ("1.1e12", false), ("1e308", false),
      ("-1", false), ("nan", false),
    ] {
      for command in ["analyze", "sweep"] {
        let outcome = roofline(
          "\(command) \(Self.base) --prompt 64 --generate 4 --arrival \(rate) --requests 20")
        XCTAssertEqual(outcome.exitCode, isPossible ? 0 : 64, "\(command) \(rate): \(outcome.errors)")
        if !isPossible { XCTAssertTrue(outcome.errors.contains("--arrival"), outcome.errors) }
      }
    }
  }

  func testRangesOfRatesAreTheValuesTheySay() throws {
    func values(_ text: String) throws -> [Double] {
      try rows("\(Self.base) --prompt 9 --generate 2 --requests 3 --arrival \(text)").map { number($0, "arrival") }
    }
    XCTAssertEqual(try values("0.5,3,2.25"), [0.5, 3, 2.25])
    XCTAssertEqual(try values("0.5..8x2"), [0.5, 1, 2, 4, 8])
    XCTAssertEqual(try values("1..3,9"), [1, 2, 3, 9])
    // As they would be typed, though binary fractions do not add up so.
    XCTAssertEqual(try values("0.1..0.5+0.1"), [0.1, 0.2, 0.3, 0.4, 0.5])
    XCTAssertEqual(try values("0.7..1.1x1.1"), [0.7, 0.77, 0.847, 0.9317, 1.02487])
    for text in [
      "0", "-1", "1..", "..2", "2..1", "1..2x1", "1..2x0.5", "1..2+0", "1,,2", "a", "nan", "inf", "1,1", "1..2,2",
      "1..1e9", "0x1..2y",
    ] {
      let outcome = roofline("sweep \(Self.base) --prompt 9 --generate 2 --arrival \(text)")
      XCTAssertEqual(outcome.exitCode, 64, text)
      XCTAssertTrue(outcome.errors.hasPrefix("roofline: --arrival "), "\(text): \(outcome.errors)")
      XCTAssertEqual(outcome.output, "")
    }
  }

  /// By brute force over all rows.
  func testTheBestTheFrontAndPromisesAreOfAllRows() throws {
    let line = "\(Self.base) --tp 1,2,3 --prompt 900 --generate 5 --requests 60 --arrival 1..4097x4"
    let all = try rows(line).filter { !($0["ttft"] is NSNull) }
    XCTAssertEqual(all.count, 2 * 7)
    XCTAssertTrue(all.contains { $0["queue_grows"] as? Bool == true })
    let best = try XCTUnwrap(rows("\(line) --best --by requests_per_second").first)
    XCTAssertEqual(
      number(best, "requests_per_second"), all.map { number($0, "requests_per_second") }.max())
    let quickest = try XCTUnwrap(
      rows("\(line) --best --by ttft_p99 --where \"arrival>10\"".replacing("\"", with: "")).first)
    XCTAssertEqual(
      number(quickest, "ttft_p99"), all.filter { number($0, "arrival") > 10 }.map { number($0, "ttft_p99") }.min())
    let steady = try rows("\(line) --where !queue_grows")
    XCTAssertEqual(steady.count, all.count { $0["queue_grows"] as? Bool == false })
    func goals(_ row: [String: Any]) -> [Double] {
      [number(row, "tokens_per_second_per_user"), number(row, "tokens_per_second_per_gpu")]
    }
    let points = all.map(goals)
    XCTAssertEqual(
      Set(try rows("\(line) --pareto").map(goals)),
      Set(points.filter { own in !points.contains { $0 != own && $0[0] >= own[0] && $0[1] >= own[1] } }))
    // Fewest GPUs, then the most requests a second.
    let kept = all.filter {
      number($0, "ttft_p99") <= 0.03 && number($0, "tpot") <= 0.01 && $0["queue_grows"] as? Bool == false
    }
    let fewest = try XCTUnwrap(kept.map { number($0, "gpus") }.min())
    let most = kept.filter { number($0, "gpus") == fewest }.map { number($0, "arrival") }.max()
    let answer = try rows("\(line) --slo ttft_p99=0.03,tpot=0.01")
    let winner = try XCTUnwrap(answer.first)
    XCTAssertEqual(winner["role"] as? String, "winner")
    XCTAssertEqual([number(winner, "gpus"), number(winner, "arrival")], [fewest, most])
    // However much time there is, a queue that grows keeps nothing.
    let patient = try XCTUnwrap(rows("\(line) --slo ttft=1000").first)
    XCTAssertEqual(patient["queue_grows"] as? Bool, false)
    XCTAssertEqual(
      number(patient, "arrival"),
      all.filter { number($0, "gpus") == 1 && $0["queue_grows"] as? Bool == false }.map { number($0, "arrival") }.max())
    let lost = try rows("\(line) --slo ttft=1000").compactMap { $0["remark"] as? String }
    XCTAssertTrue(lost.contains("more requests come than end"), "\(lost)")
  }

  func testShardsAndLinesAreTheRowsOfTheGrid() throws {
    let run = "\(Self.base) --prompt 50 --generate 3 --engine vllm-0.11 --load closed --tp 1,2 --concurrency 1..8x2"
    let whole = output("sweep \(run) --format csv")
    XCTAssertEqual((1...3).map { output("sweep \(run) --format csv --shard \($0)/3") }.joined(), whole)
    let grid = output("sweep \(run) --format jsonl").split(separator: "\n").map(String.init)
    var lines = (0..<8).map { "{\"tp\":\($0 < 4 ? 1 : 2),\"concurrency\":\(1 << ($0 % 4))}" }
    lines += [
      "{\"id\":1,\"tp\":1}", "{\"concurrency\":4,\"batch\":2}", "{\"concurrency\":\"1,2\"}", "{\"concurrency\":0}",
      "{\"arrival\":2.5}", "{\"concurrency\":4,\"reserve\":\"1GB\"}",
    ]
    let rest = Mutex(Array(lines.joined(separator: "\n").utf8))
    let surroundings = Surroundings(read: {
      rest.withLock { rest in
        defer { rest = [] }
        return rest
      }
    })
    let common = run.replacing("--tp 1,2 --concurrency 1..8x2", with: "")
    let found = roofline("sweep --stdin \(common)", surroundings)
    XCTAssertEqual(found.exitCode, 0)
    let answers = found.output.split(separator: "\n").map(String.init)
    XCTAssertEqual(answers.prefix(8).map { $0.replacing("{\"id\":null,", with: "{") }, grid)
    let refused = try objects(answers.dropFirst(8).joined(separator: "\n"))
    XCTAssertEqual(refused.count, 6)
    for (row, words) in zip(
      refused,
      ["--concurrency is missing", "--batch means nothing", "1,2", "--concurrency is \"0\"", "--arrival", "--reserve"]
    ) {
      XCTAssertTrue((row["reason"] as? String)?.contains(words) == true, "\(words): \(row)")
      XCTAssertTrue(row["ttft"] is NSNull && row["ttft_p99"] is NSNull)
      XCTAssertEqual(Set(row.keys), Set(SweepColumn.allCases.map(\.rawValue) + ["id"]))
    }
    XCTAssertEqual(number(refused[4], "arrival"), 2.5)
  }

  func testThePageNamesTheLoadAndItsStatistics() {
    let closed = output("sweep \(Self.base) --prompt 64 --generate 4 --load closed --concurrency 1,2")
    XCTAssertTrue(closed.contains("closed loop"), closed)
    let lines = closed.split(separator: "\n")
    XCTAssertEqual(
      lines[2].split(separator: " "), ["mean", "p50", "p99", "mean", "p50", "p99", "1/s", "a", "user", "a", "GPU"])
    XCTAssertFalse(closed.contains("MFU") || closed.contains("queue"), closed)
    let open = output("sweep \(Self.base) --prompt 64 --generate 4 --arrival 2.5 --requests 30")
    XCTAssertTrue(open.contains("requests by chance, 2.5 requests/s") && open.contains("queue"), open)
    for text in [closed, open] { XCTAssertLessThanOrEqual(text.split(separator: "\n").map(\.count).max() ?? 0, 120) }
  }
}
