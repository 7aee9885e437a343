import Foundation
import TestSupport
import XCTest
import roofline

/// Traces beside predictions.
final class ImportCommandTests: CommandTestCase {
  private static let marked = "Tests/RooflineTracesTests/Traces/decode.json"
  private static let unmarked = "Tests/RooflineTracesTests/Traces/kernels.csv"

  private func trace(_ line: String) throws -> [String: Any] {
    let document = try json(line)
    return try XCTUnwrap((document["traces"] as? [[String: Any]])?.first)
  }

  private func facts(_ trace: [String: Any]) throws -> [String: String] {
    let facts = try XCTUnwrap(trace["facts"] as? [[String: String]])
    return Dictionary(facts.map { ($0["name"] ?? "", $0["value"] ?? "") }) { $1 }
  }

  /// By row, both groups of layers together: calls in the pass, and µs of them.
  private func rows(_ trace: [String: Any]) throws -> [String: (calls: Double, microseconds: Double)] {
    var rows: [String: (calls: Double, microseconds: Double)] = [:]
    for row in try XCTUnwrap(trace["operators"] as? [[String: Any]]) {
      let name = try String(XCTUnwrap(row["name"] as? String).prefix { $0 != " " })
      guard let time = row["observedInPassSeconds"] as? Double, let calls = row["callsInPass"] as? Double else {
        continue
      }
      rows[name] = ((rows[name]?.calls ?? 0) + calls, (rows[name]?.microseconds ?? 0) + time * 1e6)
    }
    return rows
  }

  /// gpt-oss-120b on B200: sums of kernels by their names, from the trace by Python.
  func testARealPassOfVLLMIsMatchedKernelByKernel() throws {
    guard let shared = Fixtures.shared else { throw XCTSkip("no ../shared") }
    let trace = try trace(
      "import \(shared)/traces/vllm-b200-gpt-oss-120b-tp8-prefill888.kineto.json.gz --model \(shared)/configs/openai--gpt-oss-120b.json"
    )
    XCTAssertEqual(
      try facts(trace), ["GPU": "NVIDIA B200", "phase": "prefill", "batch": "1", "prompt": "888", "tp": "8"])
    XCTAssertEqual(trace["hardware"] as? String, "b200-sxm")
    let kernels = try XCTUnwrap(trace["kernelSeconds"] as? Double)
    XCTAssertEqual(kernels * 1e6, 10862.9, accuracy: 0.1)
    let matched = try XCTUnwrap(trace["matchedSeconds"] as? Double)
    let known = try XCTUnwrap(trace["knownSeconds"] as? Double)
    XCTAssertGreaterThan(matched, 0.95 * kernels)
    XCTAssertGreaterThan(matched + known, 0.99 * kernels)
    let expected: [String: (calls: Double, microseconds: Double)] = [
      // With the quantisation of its input; attention with that of its queries; rotary with the write of the cache.
      "experts_gate_up": (36, 3349.307), "experts_down": (36, 2033.052), "attention": (36, 583.134),
      "qkv_proj": (36, 287.423), "o_proj": (36, 227.615), "router": (36, 236.22), "route": (36, 442.596),
      "combine": (36, 253.471), "rotary": (36, 295.771), "lm_head": (1, 33.504), "embedding_all_reduce": (1, 223.2),
      "logits_all_gather": (1, 21.953),
    ]
    let rows = try rows(trace)
    for (name, value) in expected {
      let row = try XCTUnwrap(rows[name], name)
      XCTAssertEqual(row.calls, value.calls, name)
      XCTAssertEqual(row.microseconds, value.microseconds, accuracy: 0.01, name)
    }
    XCTAssertEqual(
      try XCTUnwrap(rows["attn_all_reduce"]).microseconds + XCTUnwrap(rows["mlp_all_reduce"]).microseconds, 1896.348,
      accuracy: 0.01)
  }

  /// GPUs of another maker, and no sizes: names and order alone.
  func testGraphsOfAnotherMakersGPUAreMatchedByOrder() throws {
    guard let shared = Fixtures.shared else { throw XCTSkip("no ../shared") }
    let decode = try trace("import \(shared)/traces/sglang-qwen3-8b-decode.kineto.json.gz --model qwen3-8b")
    XCTAssertEqual(
      try facts(decode),
      ["GPU": "AMD Instinct MI300X", "phase": "decode", "batch": "32", "context": "1025", "tp": "1"])
    let rows = try rows(decode)
    for name in ["qkv_proj", "q_norm", "k_norm", "attention", "o_proj", "gate_up_proj", "mlp_silu_dot", "down_proj"] {
      XCTAssertEqual(rows[name]?.calls, 36, name)
    }
    XCTAssertEqual(rows["lm_head"]?.calls, 1)
    // The paged attention and its reduction.
    XCTAssertEqual(try XCTUnwrap(rows["attention"]).microseconds, 1949.6 + 178.3, accuracy: 0.1)
    let oss = "\(shared)/traces/vllm-gpt-oss-20b-decode-graph.kineto.json.gz"
    XCTAssertTrue(roofline("import \(oss) --model qwen3-8b").errors.contains("it names no GPU; give --hardware"))
    XCTAssertTrue(onOneLine("import \(oss)").contains("its Python frames name gpt_oss"))
  }

  /// What is printed: where its lines break depends on how long a file's path is.
  private func onOneLine(_ line: String) -> String {
    output(line).split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  func testATrainingTraceOfTwoGPUsIsListedByWhatItsKernelsDo() throws {
    guard let shared = Fixtures.shared else { throw XCTSkip("no ../shared") }
    let file = "\(shared)/traces/h100-2gpu-training-1s.nsys.sqlite.gz"
    let listed = onOneLine("import \(file)")
    XCTAssertTrue(listed.contains("GPU 0 of 2, no marked passes"), listed)
    XCTAssertTrue(onOneLine("import \(file) --device 1").contains("GPU 1 of 2"))
    XCTAssertTrue(roofline("import \(file) --device 2").errors.contains("no kernels of GPU 2; there are those of 0, 1"))
    let error = roofline("import \(file) --model llama-3.2-1b --hardware h100-sxm")
    XCTAssertEqual(error.exitCode, 64)
    XCTAssertTrue(error.errors.contains("give --phase and --batch"), error.errors)
  }

  /// 16 layers; times are those of `make.py`.
  func testAStepIsTheSumOfItsLayers() throws {
    for line in ["\(Self.marked) --context 1040", "\(Self.unmarked) --batch 16 --context 1040"] {
      let trace = try trace("import \(line) --model llama-3.2-1b")
      let isMarked = line.hasPrefix(Self.marked)
      let expected: [String: (calls: Double, microseconds: Double)] = [
        "embedding": (1, 2.5), "attn_norm": (1, 2.2), "qkv_proj": (16, 16 * 6.1), "rotary": (16, 16 * (2.1 + 2.0)),
        "attention": (16, 16 * ((isMarked ? 14.9 : 21.4) + 2.4)), "o_proj": (16, 16 * 4.7),
        "attn_add_norm": (16, 16 * 2.2), "gate_up_proj": (16, 16 * 25.2), "mlp_silu_dot": (16, 16 * 2.6),
        "down_proj": (16, 16 * 14.0), "mlp_add_norm": (16, 16 * 2.3), "lm_head": (1, 176),
      ]
      let rows = try rows(trace)
      XCTAssertEqual(Set(rows.keys), Set(expected.keys))
      for (name, value) in expected {
        XCTAssertEqual(rows[name]?.calls, value.calls, "\(line): \(name)")
        XCTAssertEqual(rows[name]?.microseconds ?? 0, value.microseconds, accuracy: 1e-6, "\(line): \(name)")
      }
      XCTAssertEqual(try XCTUnwrap(trace["unknownSeconds"] as? Double), 3e-6, accuracy: 1e-12)
      XCTAssertEqual(try XCTUnwrap(trace["copySeconds"] as? Double), 1.1e-6, accuracy: 1e-12)
    }
  }

  func testRoofsAndPredictionsAreThoseOfAnalyze() throws {
    let run = "--model llama-3.2-1b --context 1040 --time calibrated"
    let trace = try trace("import \(Self.marked) \(run)")
    let analysis = try json("analyze \(run) --hardware h100-sxm --batch 16 --phase decode --operators fused")
    let phase = try XCTUnwrap((analysis["phases"] as? [[String: Any]])?.first)
    var roofs: [String: (Double, Double)] = [:]
    for row in try XCTUnwrap(phase["operators"] as? [[String: Any]]) {
      let name = try XCTUnwrap(row["name"] as? String)
      let calibrated = try XCTUnwrap(row["calibrated"] as? [String: Any])
      roofs[name] = (
        try XCTUnwrap(calibrated["idealTimeSeconds"] as? Double), try XCTUnwrap(row["timeSeconds"] as? Double)
      )
    }
    for row in try XCTUnwrap(trace["operators"] as? [[String: Any]]) {
      let name = try XCTUnwrap(row["name"] as? String)
      XCTAssertEqual(row["roofSeconds"] as? Double, roofs[name]?.0, name)
      XCTAssertEqual(row["predictedSeconds"] as? Double, roofs[name]?.1, name)
    }
  }

  func testOptionsWinAndSayWhatTheTraceHas() throws {
    let text = onOneLine("import \(Self.marked) --model llama-3.2-1b --context 1040 --batch 32 --tp 2")
    XCTAssertTrue(text.contains("batch 32: --batch; the trace says 16 (the engine's mark)"), text)
    XCTAssertTrue(text.contains("tp 2: --tp; the trace says 1"), text)
  }

  func testTwoTracesAreComparedRowByRow() throws {
    let document = try json("import \(Self.marked) \(Self.unmarked) --model llama-3.2-1b --batch 16 --context 1040")
    let lines = try XCTUnwrap(document["comparison"] as? [[String: Any]])
    XCTAssertEqual(lines.first?["name"] as? String, "attention")
    XCTAssertEqual(try XCTUnwrap(lines.first?["differenceSeconds"] as? Double), 16 * 6.5e-6, accuracy: 1e-12)
    XCTAssertEqual(lines.dropFirst().filter { $0["differenceSeconds"] as? Double != 0 }.count, 0)
  }

  func testAPassOfManyStepsIsTheMeanOfOne() throws {
    let folder = try temporaryFolder()
    let lines = try String(contentsOfFile: Self.unmarked, encoding: .utf8).split(separator: "\n").map(String.init)
    // The same step again, a second later.
    let later = lines.dropFirst().map { line in
      let fields = line.split(separator: ",", maxSplits: 1).map(String.init)
      return "\((Int(fields[0]) ?? 0) + 1_000_000_000),\(fields[1])"
    }
    let path = folder.appendingPathComponent("twice.csv").path
    try (lines + later).joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
    let twice = try trace("import \(path) --model llama-3.2-1b --batch 16 --context 1040")
    XCTAssertEqual(twice["passes"] as? Double, 2)
    let rows = try rows(twice)
    XCTAssertEqual(rows["attention"]?.calls, 16)
    XCTAssertEqual(rows["attention"]?.microseconds ?? 0, 16 * 23.8, accuracy: 1e-6)
    XCTAssertEqual(rows["lm_head"]?.microseconds ?? 0, 176, accuracy: 1e-6)
  }

  /// Sums have no order: only a row that is alone of its kind has a time.
  func testSumsWithoutOrderMatchOnlyWhatIsUnambiguous() throws {
    let path = try temporaryFolder().appendingPathComponent("sums.csv").path
    try """
    Time (%),Total Time (ns),Instances,Avg (ns),Name
    50,320000,16,20000,"void cutlass::device_kernel<flash::FlashAttnFwdSm90<x> >(x)"
    50,640000,64,10000,nvjet_tst_64x8
    """.write(toFile: path, atomically: true, encoding: .utf8)
    let sums = try trace("import \(path) --model llama-3.2-1b --hardware h100-sxm --batch 16 --context 1040")
    let rows = try rows(sums)
    XCTAssertEqual(Array(rows.keys), ["attention"])
    XCTAssertEqual(rows["attention"]?.calls, 16)
    XCTAssertEqual(try XCTUnwrap(sums["knownSeconds"] as? Double), 640e-6, accuracy: 1e-12)
  }

  func testWhatIsMissingIsAskedFor() throws {
    let cases: [(line: String, part: String)] = [
      ("\(Self.marked) --model llama-3.2-1b", "how many keys a step attends to; give --context"),
      ("\(Self.unmarked) --model llama-3.2-1b", "give --phase and --batch"),
      ("\(Self.marked) --model llama-3.2-1b --phase prefill --prompt 9", "it marks no prefill pass"),
      ("\(Self.marked) --batch 3", "--batch needs --model"), ("Tests/none.json", "there is no such file"),
      ("Package.swift", "not a trace that is known"), ("Models/llama-3.2-1b.json", "no `traceEvents`"),
      ("", "needs more"),
      ("\(Self.marked) --names Models/llama-3.2-1b.json", "unknown key"),
    ]
    for (line, part) in cases {
      let outcome = roofline("import \(line)")
      XCTAssertNotEqual(outcome.exitCode, 0, line)
      XCTAssertEqual(outcome.output, "", line)
      XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1, line)
      XCTAssertTrue(outcome.errors.contains(part), "\(line): \(outcome.errors)")
    }
  }
}
