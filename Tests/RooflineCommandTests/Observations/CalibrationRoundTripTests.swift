import Foundation
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest
import roofline

/// Whatever `calibrate` writes can be read, whatever it was given: random rows of every GPU and kind by every prior, and tables that make
/// no sense.
final class CalibrationRoundTripTests: CommandTestCase {
  /// Calibrates, and reads what was written; where nothing was, one sentence says why, and it is not that the file would be unreadable.
  private func check(
    _ lines: [String], hardware: String, _ options: String, in folder: URL, _ what: String, line: UInt = #line
  ) throws {
    let file = folder.appendingPathComponent("rows.csv")
    try lines.map { $0 + "\n" }.joined().write(to: file, atomically: true, encoding: .utf8)
    let output = folder.appendingPathComponent("own.json")
    try? FileManager.default.removeItem(at: output)
    let outcome = roofline(
      "calibrate --observations \(file.path) --hardware \(hardware) --output \(output.path) --format json \(options)")
    guard outcome.exitCode == 0 else {
      XCTAssertEqual(outcome.exitCode, 1, "\(what): \(outcome.errors)", line: line)
      XCTAssertTrue(outcome.errors.contains("nothing could be calibrated"), "\(what): \(outcome.errors)", line: line)
      XCTAssertFalse(FileManager.default.fileExists(atPath: output.path), what, line: line)
      return
    }
    let report = try XCTUnwrap(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    for case let entry as [String: Any] in try XCTUnwrap(report["entries"] as? [Any]) {
      let atBound = try XCTUnwrap(entry["atBound"] as? [String])
      let reasons = try XCTUnwrap(entry["atBoundReasons"] as? [String: String])
      XCTAssertEqual(Set(reasons.keys), Set(atBound), what, line: line)
      XCTAssertFalse(reasons.values.contains(""), what, line: line)
    }
    do {
      let calibration = try Calibration.decode(JSONValue.read(file: output.path), file: output.path)
      XCTAssertFalse(calibration.entries.isEmpty, what, line: line)
    } catch { XCTFail("\(what): \(error)", line: line) }
    let validation = roofline(
      "validate --observations \(file.path) --hardware \(hardware) --calibration \(output.path) --format json")
    XCTAssertEqual(validation.exitCode, 0, "\(what): \(validation.errors)", line: line)
  }

  func testRandomRowsOfEveryGPUAndKind() throws {
    let folder = try temporaryFolder()
    var generator = SeededGenerator(seed: 311)
    let priors = ["h100-sxm", "a100-sxm4-80gb", "l40s"]
    for (name, hardware) in [
      ("gemm-a100_sxm", "a100-sxm4-80gb"), ("gemm-h100_sxm", "h100-sxm"), ("gemm-l40s", "l40s"),
      ("attention-a100_sxm", "a100-sxm4-80gb"), ("attention-h100_sxm", "h100-sxm"), ("attention-l40s", "l40s"),
      ("row-a100_sxm", "a100-sxm4-80gb"), ("row-h100_sxm", "h100-sxm"), ("row-a100_pcie_40g", "a100-pcie-40gb"),
      ("collective-a100_sxm", "a100-sxm4-80gb"), ("collective-h100_sxm", "h100-sxm"),
    ] {
      let text = try String(contentsOf: SharedTable.url("measured/\(name).csv"), encoding: .utf8)
      let lines = text.split(whereSeparator: \.isNewline).map(String.init)
      for prior in priors.shuffled(using: &generator).prefix(2) {
        // Rows that stand together are of one library and kernel, so that a fit has enough of them.
        let first = Int.random(in: 1..<max(lines.count - 400, 2), using: &generator)
        let near = lines[first..<min(first + 400, lines.count)].shuffled(using: &generator).prefix(40)
        try check(
          [lines[0]] + near, hardware: hardware, "--prior \(prior)", in: folder,
          "40 rows of \(name) from line \(first + 1), prior \(prior)")
      }
    }
  }

  /// The GPU of the prior has slower memory, so that its L2's rate is less than one DRAM here: below what a file may state.
  func testAPriorsConstantsOnAGPUWithFasterMemoryStayWithinTheirBounds() throws {
    let catalog = Fixtures.catalog
    let set = try catalog.calibrations(for: try catalog.hardware("h200-sxm"), prior: "h100-sxm")
    var seen = 0
    for entry in set.layers.flatMap(\.entries) {
      guard let shipped = entry.constants.of(PrefillTimeModel.self), shipped.l2Speedup < 1.4 else { continue }
      let value = Operator<Count>.attention(
        batch: 1, query: 512, context: 512, heads: 8, keyValueHeads: 8, headDim: UInt64(entry.key.headDim ?? 128),
        window: entry.key.isWindowed == true ? 128 : 0, dtype: entry.key.dtype,
        keyValueDType: entry.key.keyValueDType)
      guard let own = set.find(value, family: entry.key.family)?.constants.of(PrefillTimeModel.self) else { continue }
      XCTAssertGreaterThanOrEqual(own.l2Speedup, 1, "\(entry.key)")
      seen += 1
    }
    XCTAssertGreaterThan(seen, 3)
  }

  func testTablesThatMakeNoSense() throws {
    let folder = try temporaryFolder()
    var generator = SeededGenerator(seed: 312)
    func size(_ most: Double) -> Int { Int(exp(Double.random(in: 0...log(most), using: &generator))) }
    let times: [(String, () -> Double)] = [
      ("equal", { 5 }), ("shortest", { 1e-3 }), ("longest", { 9e11 }),
      ("anything", { exp(Double.random(in: log(1e-3)...log(9e11), using: &generator)) }),
      ("far apart", { Bool.random(using: &generator) ? 1e-3 : 9e11 }),
      ("usual", { Double.random(in: 3...300, using: &generator) }),
    ]
    let kinds: [(header: String, row: () -> String)] = [
      ("kind,gpu,family,source,dtype,m,n,k", { "gemm,h100_sxm,cublas,s,bf16,\(size(1e4)),\(size(1e4)),\(size(1e4))" }),
      ("kind,gpu,family,source,dtype,m,n,k", { "gemm,h100_sxm,cublas,s,bf16,1,1,1" }),
      (
        "kind,gpu,family,source,dtype,phase,batch,query,context,heads,kv_heads,head_dim",
        { "attention,h100_sxm,vllm-fa3,s,bf16,prefill,\(size(8)),1,\(size(1e5)),8,\([1, 2, 8][size(3) % 3]),128" }
      ),
      (
        "kind,gpu,family,source,dtype,phase,batch,query,context,heads,kv_heads,head_dim",
        { "attention,h100_sxm,\"a\u{1}b\\\",s,bf16,decode,\(size(256)),1,\(size(1e5)),8,8,\(2 * size(100))" }
      ),
      ("kind,gpu,family,source,dtype,op,rows,width", { "row,h100_sxm,vllm,s,fp16,gelu,\(size(1e6)),\(size(1e5))" }),
      ("kind,gpu,family,source,dtype,op,ranks,bytes", { "collective,h100_sxm,nccl,s,fp16,all_reduce,8,\(size(1e12))" }),
    ]
    for (index, kind) in kinds.enumerated() {
      for (what, time) in times {
        let rows = (0..<[12, 13, 40][index % 3]).map { number in "\(kind.row()),\(time() * (1 + Double(number) * 1e-9))"
        }
        let options = ["", "--prior l40s", "--fresh"][(index + what.count) % 3]
        try check(
          ["\(kind.header),time_us"] + rows, hardware: "h100-sxm", options, in: folder, "table \(index), times \(what)")
      }
    }
  }
}
