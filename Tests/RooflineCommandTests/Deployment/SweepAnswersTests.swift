import Foundation
import RooflineCore
import RooflineReport
import Synchronization
import TestSupport
import XCTest
import roofline

/// `sweep --stdin`: a line in, an answer out, whatever else is in the input.
final class SweepAnswersTests: CommandTestCase {
  private static let lines: [String] = {
    var lines: [String] = []
    for place in 0..<300 {
      lines.append(
        "{\"id\":\(place),\"model\":\"llama-3.1-8b\",\"hardware\":\"h100-sxm\",\"tp\":\(1 + place % 5),\"batch\":\(1 + place % 7),\"prompt\":\(1 + place * 31 % 900),\"generate\":\(1 + place % 4)}"
      )
      if place % 40 == 3 { lines.append("{\"prompt\":") }
      if place % 50 == 4 { lines.append("") }
      if place % 60 == 5 { lines.append("{\"model\":\"llama-3.1-8b\",\"hardware\":\"h100-sxm\",\"promt\":5}") }
    }
    return lines
  }()

  /// Standard input that comes in pieces of so many bytes.
  private func answers(_ text: String, _ options: String = "", pieces: Int = 4096) -> Outcome {
    let rest = Mutex(Array(text.utf8)[...])
    let surroundings = Surroundings(read: {
      rest.withLock { rest in
        defer { rest = rest.dropFirst(pieces) }
        return Array(rest.prefix(pieces))
      }
    })
    return roofline("sweep --stdin \(options)", surroundings)
  }

  private func objects(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
      try XCTUnwrap(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], String(line))
    }
  }

  func testEveryLineHasItsAnswerInOrderAndEveryAnswerEveryColumn() throws {
    let outcome = answers(Self.lines.joined(separator: "\n") + "\n")
    XCTAssertEqual(outcome.exitCode, 0)
    XCTAssertEqual(outcome.errors, "")
    let rows = try objects(outcome.output)
    XCTAssertEqual(rows.count, Self.lines.count)
    for (line, row) in zip(Self.lines, rows) {
      XCTAssertEqual(Set(row.keys), Set(SweepColumn.allCases.map(\.rawValue) + ["id"]))
      let asked = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      XCTAssertEqual(row["id"] as? Int, asked?["id"] as? Int, line)
      let isPossible = asked?["id"] != nil && [1, 2, 4].contains(asked?["tp"] as? Int)
      XCTAssertEqual(row["ttft"] is NSNull, !isPossible, line)
      XCTAssertEqual(row["reason"] is NSNull, isPossible, line)
    }
  }

  /// A batch and requests over time of one deployment, in any order.
  func testNoLineChangesTheAnswerOfAnother() throws {
    let common = "\"model\":\"llama-3.2-1b\",\"hardware\":\"h100-sxm\",\"prompt\":128,\"generate\":8"
    let lines = [
      "{\(common),\"id\":1}", "{\(common),\"arrival\":2,\"requests\":9,\"id\":2}",
      "{\(common),\"load\":\"closed\",\"concurrency\":3,\"id\":3}", "{\(common),\"arrival\":2,\"id\":4}",
      "{\(common),\"batch\":2,\"id\":5}",
    ]
    let alone = lines.map { answers($0 + "\n").output }
    for shift in lines.indices {
      let order = (0..<lines.count).map { ($0 + shift) % lines.count }
      let together = answers(order.map { lines[$0] }.joined(separator: "\n") + "\n").output
      XCTAssertEqual(together, order.map { alone[$0] }.joined())
    }
    for (place, row) in try objects(alone.joined()).enumerated() {
      XCTAssertEqual(row["requests_per_second"] is NSNull, [0, 4].contains(place), "\(place)")
      XCTAssertEqual(row["footprint"] is NSNull, ![0, 4].contains(place), "\(place)")
    }
  }

  func testAnswersAreTheRowsOfAGrid() throws {
    let grid = output(
      "sweep --model llama-3.1-8b --hardware h100-sxm --tp 1,2 --batch 1,3 --prompt 50,60 --generate 3 --operators fused --format jsonl"
    ).split(separator: "\n")
    var lines: [String] = []
    for degree in [1, 2] {
      for batch in [1, 3] {
        for prompt in [50, 60] { lines.append("{\"tp\":\(degree),\"batch\":\(batch),\"prompt\":\(prompt)}") }
      }
    }
    let found = answers(
      lines.joined(separator: "\n"), "--model llama-3.1-8b --hardware h100-sxm --generate 3 --operators fused")
    XCTAssertEqual(
      found.output.split(separator: "\n").map { String($0).replacing("{\"id\":null,", with: "{") },
      grid.map(String.init))
  }

  func testAnySplitGivesTheSameBytes() {
    let text = Self.lines.joined(separator: "\n") + "\n"
    let whole = answers(text).output
    for pieces in [1 << 20, 7] { XCTAssertEqual(answers(text, pieces: pieces).output, whole) }
    for count in [2, 3, 400] where count < 100 || count > Self.lines.count {
      let shards = (1...count).map { answers(text, "--shard \($0)/\(count)").output }
      XCTAssertEqual(shards.joined(), whole, "\(count) shards")
    }
    for size in [40, 100] {
      let parts = stride(from: 0, to: Self.lines.count, by: size).map { first in
        answers(Self.lines[first..<min(first + size, Self.lines.count)].joined(separator: "\n") + "\n").output
      }
      XCTAssertEqual(parts.joined(), whole, "\(size) lines a time")
    }
    // A last line without its end is a line.
    XCTAssertEqual(answers(String(text.dropLast())).output, whole)
  }

  func testHostileLinesAreRowsWithAReason() throws {
    let lines = [
      "[1]", "null", "\"x\"", "{\"tp\":0}", "{\"tp\":\"1,2\"}", "{\"batch\":1.5}", "{\"set\":[1]}", "{\"strict\":3}",
      "{\"id\":[1],\"prompt\":1}", "{\"prompt\":1,\"prompt\":2}", "{\"model\":{}}", "\u{1}\u{7F}",
      "{\"format\":\"csv\"}",
      String(repeating: "[", count: 3000), "{\"id\":\"" + String(repeating: "y", count: 1 << 20) + "\"}",
      "{\"batch\":9223372036854775807,\"prompt\":9223372036854775000}",
    ]
    let outcome = answers(lines.joined(separator: "\n"), "--model llama-3.1-8b --hardware h100-sxm")
    XCTAssertEqual(outcome.exitCode, 0)
    let rows = try objects(outcome.output)
    XCTAssertEqual(rows.count, lines.count)
    for (line, row) in zip(lines, rows) {
      XCTAssertNotNil(row["reason"] as? String, String(line.prefix(60)))
      XCTAssertTrue(row["ttft"] is NSNull)
    }
    XCTAssertEqual(answers("").output, "")
  }

  // MARK: beside other tools, with the built program

  private var program: String {
    ProcessInfo.processInfo.environment["ROOFLINE_OPTIMISED"]
      ?? URL(fileURLWithPath: (try? FakeGPU().path) ?? "").deletingLastPathComponent().appendingPathComponent(
        "roofline"
      ).path
  }

  /// What a shell prints, with `$ROOFLINE` the program and `$IN` the lines.
  private func shell(_ command: String) throws -> (output: Data, status: Int32) {
    let folder = try temporaryFolder()
    let input = folder.appendingPathComponent("in.jsonl")
    try (Self.lines.joined(separator: "\n") + "\n").write(to: input, atomically: true, encoding: .utf8)
    let output = folder.appendingPathComponent("out")
    try Data().write(to: output)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.currentDirectoryURL = folder
    process.arguments = ["-euo", "pipefail", "-c", command]
    process.environment = ProcessInfo.processInfo.environment.merging([
      "ROOFLINE": program, "ROOFLINE_HOME": Fixtures.packageRoot, "IN": input.path,
    ]) { $1 }
    process.standardOutput = try FileHandle(forWritingTo: output)
    try process.run()
    process.waitUntilExit()
    return (try Data(contentsOf: output), process.terminationStatus)
  }

  private func assertSame(_ command: String, file: StaticString = #filePath, line: UInt = #line) throws {
    let whole = try shell("$ROOFLINE sweep --stdin <\"$IN\" | sha256sum")
    let split = try shell(command)
    XCTAssertEqual(split.status, 0, file: file, line: line)
    XCTAssertEqual(
      String(decoding: split.output, as: UTF8.self), String(decoding: whole.output, as: UTF8.self), file: file,
      line: line)
  }

  private func requireTool(_ check: String, _ name: String) throws {
    guard try shell("\(check) >/dev/null 2>&1").status != 0 else { return }
    XCTAssertFalse(Fixtures.isCI, "CI must have \(name)")
    throw XCTSkip("\(name) is not installed")
  }

  func testShardsAsProcessesAreTheWhole() throws {
    try assertSame("for i in 1 2 3; do $ROOFLINE sweep --stdin --shard $i/3 <\"$IN\"; done | sha256sum")
    try assertSame("for i in 1 2; do cat \"$IN\" | $ROOFLINE sweep --stdin --shard $i/2; done | sha256sum")
  }

  /// Each part's lines through a process of its own, joined in order.
  func testPartitionsThroughProcessesOfTheirOwnAreTheWhole() throws {
    try assertSame(
      "split -n l/5 \"$IN\" part. && for f in part.*; do $ROOFLINE sweep --stdin <$f >$f.out & done; wait; cat part.*.out | sha256sum"
    )
    try assertSame(
      "split -l 40 \"$IN\" part. && ls part.* | xargs -P 2 -I{} sh -c '$ROOFLINE sweep --stdin <{} >{}.out' && cat part.*.out | sha256sum"
    )
  }

  func testGNUParallelGivesTheWhole() throws {
    try requireTool("parallel --version", "GNU parallel")
    try assertSame("parallel --will-cite --pipe --keep-order --block 4k $ROOFLINE sweep --stdin <\"$IN\" | sha256sum")
  }

  /// Partitions of Spark, each through a process of its own, as the page on sweeps has it.
  func testSparksPipeGivesTheWhole() throws {
    try requireTool(
      "python3 -c 'import pyspark, subprocess; subprocess.run([\"java\", \"-version\"], check=True)'",
      "Java and Spark for Python")
    let script = """
      import os, sys
      from pyspark.sql import SparkSession
      spark = (SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.files.maxPartitionBytes", "8k").config("spark.sql.files.openCostInBytes", "1k").getOrCreate())
      lines = spark.read.text(os.environ["IN"]).rdd.map(lambda row: row[0])
      assert lines.getNumPartitions() > 1
      answers = lines.pipe(os.environ["ROOFLINE"] + " sweep --stdin", env=dict(os.environ), checkCode=True).collect()
      open("answers", "w").write("".join(line + "\\n" for line in answers))
      """
    try assertSame("python3 -c '\(script)' >log 2>&1 || { cat log >&2; exit 1; }; sha256sum <answers")
  }

  func testDuckDBReadsOneStableSchema() throws {
    try requireTool("python3 -c 'import duckdb'", "DuckDB for Python")
    let script = """
      import duckdb, sys
      rows = duckdb.sql("select count(*), count(ttft), min(typeof(ttft)), min(typeof(fits)) from read_json_auto('out.jsonl')").fetchall()
      print(rows)
      """
    let found = try shell(
      "$ROOFLINE sweep --stdin <\"$IN\" >out.jsonl; python3 -c '\(script.replacing("'", with: "'\\''"))'")
    XCTAssertEqual(found.status, 0)
    let possible = Self.lines.count { line in ["\"tp\":1", "\"tp\":2", "\"tp\":4"].contains { line.contains($0) } }
    XCTAssertEqual(
      String(decoding: found.output, as: UTF8.self), "[(\(Self.lines.count), \(possible), 'DOUBLE', 'BOOLEAN')]\n")
  }

  func testAClosedPipeAndAFullDiskAreOneSentence() throws {
    let grid = "$ROOFLINE sweep --model llama-3.1-8b --hardware h100-sxm --batch 1..3000 --prompt 9 --format csv"
    let full = try shell("\(grid) 2>&1 >/dev/full || echo $?")
    XCTAssertEqual(
      String(decoding: full.output, as: UTF8.self), "roofline: the output could not be written in full\n1\n")
    let closed = try shell("set +o pipefail; { \(grid) 2>err || echo $? >>err; } | head -n 1 >/dev/null; cat err")
    XCTAssertEqual(
      String(decoding: closed.output, as: UTF8.self), "roofline: the output could not be written in full\n1\n")
  }

  /// Ctrl-C leaves whole lines, the first of those that would have come.
  func testCtrlCLeavesWholeLines() throws {
    let found = try shell(
      "($ROOFLINE sweep --model llama-3.1-8b --hardware h100-sxm --batch 1..9000000 --prompt 9 --format csv >rows.csv 2>err & p=$!; while [ ! -s rows.csv ]; do sleep 0.05; done; sleep 0.3; kill -INT $p; wait $p || echo $?); tail -c 1 rows.csv | od -An -c | tr -d ' '; grep -c interrupted err; awk -F, 'NR > 1 { if ($10 != NR - 1) print \"gap\" }' rows.csv | head -n 1"
    )
    XCTAssertEqual(String(decoding: found.output, as: UTF8.self), "130\n\\n\n1\n")
  }

  /// As CSV and as the best of them: no row is kept. Of the optimised program, since a million rows take the other one minutes.
  func testAMillionRowsTakeLittleMemory() throws {
    guard ProcessInfo.processInfo.environment["ROOFLINE_OPTIMISED"] != nil else {
      throw XCTSkip("ROOFLINE_OPTIMISED names no optimised program")
    }
    try requireTool("command -v python3", "python3")
    let script =
      "import os, resource, subprocess, sys; subprocess.run([os.environ[\"ROOFLINE\"]] + sys.argv[1:], check=True, stdout=sys.stdout); sys.stderr.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))"
    for (options, lines) in [("--format csv", 1_000_001), ("--best --format csv", 2)] {
      let found = try shell(
        "python3 -c '\(script)' sweep --model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 1..1000 --prompt 1..1000 \(options) 2>peak | wc -l; tr -dc '0-9\\n' <peak | tail -n 1"
      )
      let numbers = String(decoding: found.output, as: UTF8.self).split { $0.isWhitespace }.compactMap { Int($0) }
      XCTAssertEqual(numbers.first, lines, options)
      XCTAssertLessThan(try XCTUnwrap(numbers.last), 50 * 1024, "KiB, \(options)")
    }
  }
}
