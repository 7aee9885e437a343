import Foundation
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest
import roofline

/// `validate` and `calibrate` from files to files.
final class CalibrateCommandTests: CommandTestCase {
  private static let header = "kind,gpu,family,source,timing,op,dtype,rows,width,time_us"

  /// Rows of RMSNorm on an H100: a line of microseconds in rows and width with 2 % of noise.
  private func rows(_ count: Int, seed: UInt64 = 91, gpu: String = "h100_sxm") -> [String] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { index in
      let rows = 1 << Int(generator.next() % 14)
      let width = [512, 1024, 2048, 4096, 5120, 8192][index % 6]
      let time = 3 + Double(rows * width) * 3e-6 + Double(width) * 2e-4
      let noise = 1 + 0.02 * Double.random(in: -1...1, using: &generator)
      return "row,\(gpu),vllm,synthetic,kernel,rmsnorm,fp16,\(rows),\(width),\(time * noise)"
    }
  }

  private func file(_ lines: [String], in folder: URL, _ name: String, header: String = header) throws -> URL {
    let file = folder.appendingPathComponent(name)
    try Data(([header] + lines).map { $0 + "\n" }.joined().utf8).write(to: file)
    return file
  }

  func testACalibrationIsWrittenReadAndUsed() throws {
    let folder = try temporaryFolder()
    let file = try file(rows(60), in: folder, "rows.csv")
    let output = folder.appendingPathComponent("own.json")
    let report = try json("calibrate --observations \(file.path) --prior a100-sxm4-80gb --output \(output.path)")
    let entry = try XCTUnwrap((report["entries"] as? [[String: Any]])?.first)
    XCTAssertEqual(entry["entry"] as? String, "row vllm rmsnorm fp16")
    XCTAssertEqual(entry["rows"] as? Int, 60)
    XCTAssertEqual(entry["shapes"] as? Int, 6)
    XCTAssertEqual(entry["isWritten"] as? Bool, true)
    let before = try XCTUnwrap((entry["before"] as? [String: Any])?["mape"] as? Double)
    let after = try XCTUnwrap((entry["after"] as? [String: Any])?["mape"] as? Double)
    XCTAssertLessThan(after, before)
    XCTAssertLessThan(after, 0.2)

    let calibration = try Calibration.decode(JSONValue.read(file: output.path), file: output.path)
    XCTAssertEqual(calibration.hardware, "h100-sxm")
    XCTAssertEqual(calibration.computeCapability.description, "9.0")
    XCTAssertEqual(calibration.date.count, 10)
    XCTAssertEqual(calibration.entries.map(\.fit.rows), [60])
    XCTAssertEqual(calibration.entries.map(\.fit.data), ["synthetic"])
    XCTAssertNotNil(calibration.entries[0].heldOut)

    // Asked first, the new constants predict these rows better than the shipped ones; printed with four digits, they are the fit's.
    func mape(_ option: String) throws -> Double {
      let report = try json("validate --observations \(file.path) \(option)")
      let groups = try XCTUnwrap(report["groups"] as? [[String: Any]])
      return try XCTUnwrap(groups.first { $0["regime"] as? String == "all" }?["mape"] as? Double)
    }
    XCTAssertLessThan(try mape("--calibration \(output.path)"), try mape(""))
    XCTAssertLessThan(try mape("--calibration \(output.path)"), after * 1.05)
  }

  func testTheSameRowsInAnotherOrderGiveTheSameBytes() throws {
    let folder = try temporaryFolder()
    var generator = SeededGenerator(seed: 92)
    var texts: [Data] = []
    var lines = rows(40)
    for index in 0..<3 {
      let file = try file(lines, in: folder, "\(index).csv")
      let output = folder.appendingPathComponent("\(index).json")
      _ = self.output("calibrate --observations \(file.path) --prior a100-sxm4-80gb --output \(output.path)")
      texts.append(try Data(contentsOf: output))
      lines.shuffle(using: &generator)
    }
    XCTAssertEqual(Set(texts).count, 1)
  }

  func testTooFewRowsWriteNothing() throws {
    let folder = try temporaryFolder()
    let file = try file(rows(11), in: folder, "rows.csv")
    let output = folder.appendingPathComponent("own.json")
    try Data("old".utf8).write(to: output)
    let outcome = roofline("calibrate --observations \(file.path) --output \(output.path)")
    XCTAssertEqual(outcome.exitCode, 1)
    XCTAssertEqual(outcome.output, "")
    XCTAssertEqual(
      outcome.errors,
      "roofline: \(file.path): nothing could be calibrated (11 rows; a fit needs 12); nothing was written\n")
    XCTAssertEqual(try String(contentsOf: output, encoding: .utf8), "old")
  }

  func testAnOutputThatCannotBeWrittenIsSaid() throws {
    let folder = try temporaryFolder()
    let file = try file(rows(24), in: folder, "rows.csv")
    let outputs = [
      ("\(folder.path)/no/such/folder/own.json", "its folder does not exist"), (folder.path, "it is a folder"),
      ("\(file.path)/own.json", "its folder does not exist"),
    ]
    for (output, reason) in outputs {
      let outcome = roofline("calibrate --observations \(file.path) --prior a100-sxm4-80gb --output \(output)")
      XCTAssertEqual(outcome.exitCode, 1, output)
      XCTAssertEqual(outcome.output, "", output)
      XCTAssertEqual(outcome.errors, "roofline: \(output): it cannot be written: \(reason)\n")
    }
    XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.path), ["rows.csv"])
  }

  func testALinkIsWrittenThrough() throws {
    let folder = try temporaryFolder()
    let file = try file(rows(24), in: folder, "rows.csv")
    let (target, link) = (folder.appendingPathComponent("target.json"), folder.appendingPathComponent("link.json"))
    _ = output("calibrate --observations \(file.path) --prior a100-sxm4-80gb --output \(target.path)")
    let first = try String(contentsOf: target, encoding: .utf8)
    try first.replacingOccurrences(of: "\"rows\": 24", with: "\"rows\": 7").write(
      to: target, atomically: false, encoding: .utf8)
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: target)
    _ = output("calibrate --observations \(file.path) --prior a100-sxm4-80gb --output \(link.path)")
    XCTAssertEqual(try String(contentsOf: target, encoding: .utf8), first)
    XCTAssertEqual(try FileManager.default.destinationOfSymbolicLink(atPath: link.path), target.path)
  }

  func testValidateSaysWhatItsGroupsAre() throws {
    let folder = try temporaryFolder()
    let lines =
      rows(6) + [
        "row,h100_sxm,vllm,synthetic,kernel,dropout,fp16,1,512,9",
        "row,h100_sxm,vllm,synthetic,kernel,gelu,int4,1,512,9",
      ]
    let file = try file(lines.map { $0 + ",x" }, in: folder, "rows.csv", header: Self.header + ",colour")
    let report = try json("validate --observations \(file.path)")
    XCTAssertEqual(
      Set(report.keys), ["schemaVersion", "hardware", "interval", "groups", "skipped", "notes"])
    let groups = try XCTUnwrap(report["groups"] as? [[String: Any]])
    XCTAssertEqual(groups.map { $0["regime"] as? String }, ["all", "rmsnorm"])
    for group in groups {
      XCTAssertEqual(
        Set(group.keys),
        [
          "kind", "family", "source", "phase", "dtype", "regime", "n", "mape", "medianApe", "p90Ape", "bias", "wape",
          "coverage",
        ])
      XCTAssertEqual(group["n"] as? Int, 6)
      XCTAssertTrue(group["phase"] is NSNull)
      XCTAssertEqual(group["source"] as? String, "synthetic")
    }
    let skipped = try XCTUnwrap(report["skipped"] as? [[String: Any]])
    XCTAssertEqual(skipped.map { Set($0.keys) }, [["reason", "n"], ["reason", "n"]])
    XCTAssertEqual(
      skipped.map { "\($0["n"] ?? "") \($0["reason"] ?? "")" },
      ["1 no constants for row gelu of vllm, int4", "1 no model of row op dropout"])
    XCTAssertEqual(report["notes"] as? [String], ["\(file.path): ignored columns colour"])

    let text = output("validate --observations \(file.path)")
    for line in ["skipped  1 row: no model of row op dropout", "ignored columns colour"] {
      XCTAssertTrue(text.contains(line), text)
    }
    for line in text.split(separator: "\n") { XCTAssertLessThanOrEqual(line.count, 120, String(line)) }
    XCTAssertTrue(output("validate --observations \(file.path) --format csv").hasPrefix("hardware,kind,family,source"))
  }

  /// A reader finds other tokens and experts beside such a row than the file has: validate and compare say why, and the way out.
  func testRowsThatRanOtherwiseThanTheySayAreCounted() throws {
    let folder = try temporaryFolder()
    let header =
      "kind,gpu,family,source,dtype,gated,tuned,tokens,hidden,intermediate,experts,top_k,tp,ep,distribution,groups,kept_groups,time_us"
    let row = "moe,h100_sxm,sglang-triton,sglang-0.5.14,fp8_block,1,1,64,4096,14336,8,2,1,2,balanced"
    let rerouted = try file(["\(row),,,400"], in: folder, "own.csv", header: header)
    let asStated = try file(["\(row),1,1,400"], in: folder, "stated.csv", header: header)
    for command in ["validate", "compare --tolerance 1"] {
      let notes = try XCTUnwrap(try json("\(command) --observations \(rerouted.path)")["notes"] as? [String])
      XCTAssertTrue(
        notes.contains {
          $0.hasPrefix("\(rerouted.path): layers of experts that are taken as their benchmark ran them")
            && $0.contains(": 1 (") && $0.hasSuffix("groups and kept_groups of 1 keep a row as it stands)")
        }, "\(notes)")
      let others = try XCTUnwrap(try json("\(command) --observations \(asStated.path)")["notes"] as? [String])
      XCTAssertFalse(others.contains { $0.contains("benchmark") }, "\(others)")
    }
  }

  /// A file may be named in any spelling of the GPU, and one of a GPU without constants is predicted by borrowed ones, which is said.
  func testBorrowedConstantsAreSaid() throws {
    let folder = try temporaryFolder()
    let file = try file(rows(6, gpu: "H200-SXM"), in: folder, "rows.csv")
    let report = try json("validate --observations \(file.path)")
    XCTAssertEqual(report["hardware"] as? String, "h200-sxm")
    XCTAssertEqual(report["notes"] as? [String], ["constants of h100-sxm for row vllm"])
  }

  func testMeasuredFilesValidateInOneGo() throws {
    let paths = try ["gemm", "attention", "row", "collective"].map {
      try SharedTable.url("measured/\($0)-h100_sxm.csv").path
    }
    let report = try json("validate --observations \(paths[2]) --observations \(paths[3])")
    let groups = try XCTUnwrap(report["groups"] as? [[String: Any]])
    XCTAssertEqual(Set(groups.compactMap { $0["kind"] as? String }), ["row", "collective"])
    for group in groups {
      for key in ["mape", "medianApe", "p90Ape", "wape"] {
        XCTAssertTrue((0..<2).contains(try XCTUnwrap(group[key] as? Double)), "\(key) of \(group)")
      }
    }
  }
}
