import Foundation
import TestSupport
import XCTest
import roofline

/// Observation files that `import --output` writes.
final class ImportObservationTests: CommandTestCase {
  private static let marked = "Tests/RooflineTracesTests/Traces/decode.json"
  private static let unmarked = "Tests/RooflineTracesTests/Traces/kernels.csv"
  private static let run = "--model llama-3.2-1b --context 1040"

  private func document(_ path: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    return try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// What `import` finds, `compare` finds in its file: times, roofs and predictions, row by row.
  func testCompareReadsWhatImportWrote() throws {
    let file = try temporaryFolder().appendingPathComponent("observations.json").path
    let imported = try json("import \(Self.marked) \(Self.run) --time calibrated --output \(file)")
    let written = try XCTUnwrap(imported["written"] as? [String: Any])
    XCTAssertEqual(written["observations"] as? Int, 11)
    XCTAssertEqual((written["leftOut"] as? [[String: String]])?.map { $0["name"] }, ["rotary"])
    let operators = try XCTUnwrap(((imported["traces"] as? [[String: Any]])?.first)?["operators"] as? [[String: Any]])
    var rows: [String: [String: Any]] = [:]
    for row in operators { rows[try XCTUnwrap(row["name"] as? String)] = row }
    let whole = try document(file)
    XCTAssertEqual(whole["gpu"] as? String, "h100-sxm")
    XCTAssertEqual(whole["isFake"] as? Bool, false)
    let device = try XCTUnwrap(whole["device"] as? [String: Any])
    XCTAssertEqual(device["name"] as? String, "NVIDIA H100 80GB HBM3")
    for unknown in ["uuid", "computeCapability", "l2Bytes", "memoryBytes"] {
      XCTAssertEqual(device[unknown] as? NSNull, NSNull(), unknown)
    }
    XCTAssertEqual((whole["software"] as? [String: Any])?["cudaDriver"] as? NSNull, NSNull())
    let observations = try XCTUnwrap(whole["observations"] as? [[String: Any]])
    XCTAssertEqual(observations.count, 11)
    for observation in observations {
      XCTAssertEqual(observation["source"] as? String, "decode.json (PyTorch profiler, NVIDIA H100 80GB HBM3)")
      let name = try XCTUnwrap((observation["names"] as? [String])?.first)
      let row = try XCTUnwrap(rows[String(name.dropFirst("decode ".count))], name)
      XCTAssertEqual(
        try XCTUnwrap(observation["time_us"] as? Double), try XCTUnwrap(row["observedSeconds"] as? Double) * 1e6,
        accuracy: 1e-3)
    }
    // Llama-3.2-1B's step by 16: cuBLAS's, FlashAttention's and vLLM's kernels, 16 calls a pass.
    let attention = try XCTUnwrap(observations.first { $0["kind"] as? String == "attention" })
    XCTAssertEqual(attention["family"] as? String, "flash-attention-3")
    XCTAssertEqual(
      ["batch", "query", "context", "heads", "kv_heads", "head_dim"].map { attention[$0] as? Int },
      [16, 1, 1040, 32, 8, 64])
    XCTAssertEqual((attention["counts"] as? [String: Any])?["calls"] as? Int, 16)
    let head = try XCTUnwrap(observations.first { $0["n"] as? Int == 128_256 })
    XCTAssertEqual(head["family"] as? String, "cublas")
    XCTAssertEqual(head["time_us"] as? Double, 176)

    let outcome = roofline(
      "compare --observations \(file) \(Self.run) --batch 16 --phase decode --operators fused --format json")
    let compared = try XCTUnwrap(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any], outcome.errors)
    let lines = try XCTUnwrap(compared["rows"] as? [[String: Any]])
    // Nobody has constants for PyTorch's own gather.
    XCTAssertEqual(lines.count, 10)
    for line in lines {
      let names = try XCTUnwrap(line["row"] as? String).components(separatedBy: ", ")
      let row = try XCTUnwrap(
        names.compactMap { rows[$0] }.first { own in
          (try? XCTUnwrap(own["observedSeconds"] as? Double)).map {
            ($0 - (line["observedSeconds"] as? Double ?? 0)).magnitude < 1e-10
          } ?? false
        }, "\(names)")
      XCTAssertEqual(line["roofSeconds"] as? Double ?? 0, row["roofSeconds"] as? Double ?? 1, accuracy: 1e-12)
      XCTAssertEqual(
        line["calibratedSeconds"] as? Double ?? 0, row["predictedSeconds"] as? Double ?? 1, accuracy: 1e-10, "\(names)")
    }
    XCTAssertEqual(roofline("validate --observations \(file)").exitCode, 0)
  }

  /// A row beside one that has no kernel may have done its work; products in two pieces are no product's time; nothing beats a roof.
  func testWhatIsNoKernelsOwnTimeIsLeftOutWithItsReason() throws {
    let folder = try temporaryFolder()
    let text = try String(contentsOfFile: Self.unmarked, encoding: .utf8)
    let lines = text.split(separator: "\n").map(String.init)
    func leftOut(_ lines: [String], _ name: String) throws -> [String: String] {
      let trace = folder.appendingPathComponent("\(name).csv").path
      try lines.joined(separator: "\n").write(toFile: trace, atomically: true, encoding: .utf8)
      let output = folder.appendingPathComponent("\(name).json").path
      let document = try json("import \(trace) \(Self.run) --batch 16 --output \(output)")
      let left = try XCTUnwrap((document["written"] as? [String: Any])?["leftOut"] as? [[String: String]])
      return Dictionary(left.map { ($0["name"] ?? "", $0["reason"] ?? "") }) { $1 }
    }
    let fused = try leftOut(lines.filter { !$0.contains("act_and_mul") }, "fused")
    XCTAssertEqual(Set(fused.keys), ["gate_up_proj", "rotary", "down_proj"])
    XCTAssertEqual(fused["down_proj"], "mlp_silu_dot beside it has no kernel, and may be in this one's time")
    // The head in a tenth of its time: below what its weights take from memory.
    let fast = try leftOut(
      lines.map { $0.replacingOccurrences(of: ",176000,", with: ",17600,") }, "fast")
    XCTAssertEqual(fast["lm_head"], "faster than its roof: another workload, format or degree than the trace's")
  }

  func testLibrariesAreReadFromTablesOfNames() throws {
    let folder = try temporaryFolder()
    let names = folder.appendingPathComponent("names.json").path
    let output = folder.appendingPathComponent("observations.json").path
    func families(_ table: String) throws -> Outcome {
      try table.write(toFile: names, atomically: true, encoding: .utf8)
      return roofline("import \(Self.marked) \(Self.run) --names \(names) --output \(output)")
    }
    let head = "\"schemaVersion\": 1, \"source\": \"test\", \"kernels\": []"
    XCTAssertEqual(
      try families("{\(head), \"families\": [{\"names\": [\"*act_and_mul*\"], \"family\": \"mine\"}]}").exitCode, 0)
    let observations = try XCTUnwrap(document(output)["observations"] as? [[String: Any]])
    XCTAssertEqual(observations.first { $0["op"] as? String == "silu_and_mul" }?["family"] as? String, "mine")
    for (families, part) in [
      ("3", "families"), ("[{\"names\": [\"*\"], \"family\": \"x\"}]", "names"),
      ("[{\"names\": [\"a\"]}]", "family"), ("[{\"names\": [\"a\"], \"family\": \"\"}]", "family"),
      ("[{\"names\": [\"a\"], \"family\": \"x\", \"y\": 1}]", "unknown key"),
    ] {
      let outcome = try self.families(table: "{\(head), \"families\": \(families)}", names, output)
      XCTAssertEqual(outcome.exitCode, 1, families)
      XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1, outcome.errors)
      XCTAssertTrue(outcome.errors.contains(part), outcome.errors)
    }
  }

  private func families(table: String, _ names: String, _ output: String) throws -> Outcome {
    try table.write(toFile: names, atomically: true, encoding: .utf8)
    return roofline("import \(Self.marked) \(Self.run) --names \(names) --output \(output)")
  }

  /// Nothing is lost, and nothing half-written.
  func testWhatCannotBeWrittenLeavesEveryFileAsItWas() throws {
    let folder = try temporaryFolder()
    let output = folder.appendingPathComponent("observations.json").path
    let bytes = try Data(contentsOf: URL(fileURLWithPath: Self.marked))
    let trace = folder.appendingPathComponent("trace.json").path
    try bytes.write(to: URL(fileURLWithPath: trace))
    let other = folder.appendingPathComponent("other.json").path
    try "{\"schemaVersion\": 1, \"observations\": []}".write(toFile: other, atomically: true, encoding: .utf8)
    for (line, part) in [
      ("\(trace) --output \(output)", "--output needs --model"),
      ("\(trace) \(Self.unmarked) \(Self.run) --batch 16 --output \(output)", "give one trace"),
      ("\(trace) \(Self.run) --output \(trace)", "is read, too"),
      ("\(trace) \(Self.run) --output \(other)", "is not observations of a trace and is not overwritten"),
      ("\(trace) \(Self.run) --output \(folder.path)", "not"),
    ] {
      let outcome = roofline("import \(line)")
      XCTAssertNotEqual(outcome.exitCode, 0, line)
      XCTAssertEqual(outcome.output, "", line)
      XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1, outcome.errors)
      XCTAssertTrue(outcome.errors.contains(part), "\(line): \(outcome.errors)")
    }
    // Cut off anywhere, a trace is refused or has fewer kernels; a file that is written can be read.
    for share in [0.1, 0.5, 0.9, 0.999] {
      try bytes.prefix(Int(Double(bytes.count) * share)).write(to: URL(fileURLWithPath: trace))
      let outcome = roofline("import \(trace) \(Self.run) --output \(output)")
      XCTAssertNotEqual(outcome.exitCode, 0)
      XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1, outcome.errors)
      XCTAssertFalse(FileManager.default.fileExists(atPath: output))
    }
    // Times that nobody's kernel takes.
    let text = String(decoding: bytes, as: UTF8.self)
    try text.replacingOccurrences(of: "\"dur\": 25.2", with: "\"dur\": 1e300").write(
      toFile: trace, atomically: true, encoding: .utf8)
    let odd = roofline("import \(trace) \(Self.run) --output \(output)")
    XCTAssertTrue(odd.exitCode != 0 || odd.output.contains("left out gate_up_proj"), odd.output + odd.errors)
    try bytes.write(to: URL(fileURLWithPath: trace))
    try? FileManager.default.removeItem(atPath: output)
    XCTAssertEqual(roofline("import \(trace) \(Self.run) --output \(output)").exitCode, 0)
    // Its own file is made anew.
    XCTAssertEqual(roofline("import \(trace) \(Self.run) --batch 32 --output \(output)").exitCode, 0)
    XCTAssertEqual(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted(),
      ["observations.json", "other.json", "trace.json"])
    XCTAssertEqual(try String(contentsOfFile: other, encoding: .utf8).count, 40)
  }

  /// A trace of one GPU under the roofs of another is still the first one's.
  func testTheGPUIsTheTracesOwn() throws {
    let output = try temporaryFolder().appendingPathComponent("observations.json").path
    XCTAssertEqual(
      roofline("import \(Self.marked) \(Self.run) --hardware b200-sxm --output \(output)").exitCode, 0)
    XCTAssertEqual(try document(output)["gpu"] as? String, "NVIDIA H100 80GB HBM3")
  }

  /// Products of a backward pass have a forward pass's shapes: said, and not written down as such.
  func testATraceOfTrainingIsNamedAndGivesNoObservations() throws {
    let folder = try temporaryFolder()
    let trace = folder.appendingPathComponent("training.json").path
    let text = try String(contentsOfFile: Self.marked, encoding: .utf8)
    try text.replacingOccurrences(of: "my_fused_logits_kernel", with: "rms_norm_bwd_kernel").write(
      toFile: trace, atomically: true, encoding: .utf8)
    let document = try json("import \(trace) \(Self.run)")
    let notes = try XCTUnwrap((document["traces"] as? [[String: Any]])?.first?["notes"] as? [String])
    // 3 µs of 1445.3 and what samples.
    XCTAssertTrue(
      notes.contains { $0.hasPrefix("it is of training: kernels of a backward pass or an optimizer take 0.2 %") },
      "\(notes)")
    let output = folder.appendingPathComponent("observations.json").path
    let outcome = roofline("import \(trace) \(Self.run) --output \(output)")
    XCTAssertEqual(outcome.exitCode, 1)
    XCTAssertTrue(outcome.errors.contains("it is of training"), outcome.errors)
    XCTAssertFalse(FileManager.default.fileExists(atPath: output))
  }
}
