import Foundation
import TestSupport
import XCTest
import roofline

/// What `--output` may name: a new file, or an older one of its own kind that nobody reads.
final class OutputFileTests: CommandTestCase {
  private func rows(in folder: URL, scale: Double = 1, _ name: String = "rows.csv", repeats: [Int] = []) throws -> URL {
    var generator = SeededGenerator(seed: 17)
    var lines = ["kind,gpu,family,source,timing,op,dtype,rows,width,time_us"]
    for index in 0..<30 {
      let (rows, width) = (1 << (index % 15), [512, 2048, 8192][index % 3])
      let time = (3 + Double(rows * width) * 3e-6) * (1 + 0.02 * Double.random(in: -1...1, using: &generator))
      lines.append("row,h100_sxm,vllm,s,kernel,rmsnorm,fp16,\(rows),\(width),\(time * scale)")
    }
    lines += repeats.map { lines[$0 - 1] }
    let file = folder.appendingPathComponent(name)
    try lines.map { $0 + "\n" }.joined().write(to: file, atomically: true, encoding: .utf8)
    return file
  }

  func testNoOutputNamesAFileThatIsReadInWhateverSpelling() throws {
    let folder = try temporaryFolder()
    let manager = FileManager.default
    let observations = try rows(in: folder)
    let hardware = folder.appendingPathComponent("my.json")
    try manager.copyItem(atPath: "\(Fixtures.packageRoot)/Hardware/h100-sxm.json", toPath: hardware.path)
    let prior = folder.appendingPathComponent("prior.json")
    try manager.copyItem(atPath: "\(Fixtures.packageRoot)/Hardware/Calibration/h100-sxm.json", toPath: prior.path)
    for file in [observations, hardware, prior] {
      let link = folder.appendingPathComponent("link-\(file.lastPathComponent)")
      let hard = folder.appendingPathComponent("hard-\(file.lastPathComponent)")
      try manager.createSymbolicLink(at: link, withDestinationURL: file)
      try manager.linkItem(at: file, to: hard)
      let before = try Data(contentsOf: file)
      for path in [
        file.path, link.path, hard.path, "\(folder.path)/../\(folder.lastPathComponent)/./\(file.lastPathComponent)",
      ] {
        let outcome = roofline(
          "calibrate --observations \(observations.path) --hardware \(hardware.path) --prior \(prior.path) --output \(path)"
        )
        XCTAssertEqual(outcome.exitCode, 64, path)
        XCTAssertEqual(outcome.output, "", path)
        XCTAssertTrue(outcome.errors.contains("name another"), outcome.errors)
        XCTAssertEqual(try Data(contentsOf: file), before, path)
      }
      // A file of the catalog is read under its name, too.
    }
    let shipped = "\(Fixtures.packageRoot)/Hardware/Calibration/h100-sxm.json"
    let link = folder.appendingPathComponent("shipped.json")
    try manager.createSymbolicLink(atPath: link.path, withDestinationPath: shipped)
    let before = try Data(contentsOf: URL(fileURLWithPath: shipped))
    let outcome = roofline("calibrate --observations \(observations.path) --prior h100-sxm --output \(link.path)")
    XCTAssertEqual(outcome.exitCode, 64, outcome.errors)
    XCTAssertEqual(try Data(contentsOf: URL(fileURLWithPath: shipped)), before)
  }

  func testWhatIsNoCalibrationIsNotOverwritten() throws {
    let folder = try temporaryFolder()
    let observations = try rows(in: folder)
    let manager = FileManager.default
    for name in ["Models/llama-2-7b.json", "Hardware/l40s.json", "README.md"] {
      let copy = folder.appendingPathComponent("copy")
      try? manager.removeItem(at: copy)
      try manager.copyItem(atPath: "\(Fixtures.packageRoot)/\(name)", toPath: copy.path)
      let before = try Data(contentsOf: copy)
      let outcome = roofline("calibrate --observations \(observations.path) --output \(copy.path)")
      XCTAssertEqual(outcome.exitCode, 1, name)
      XCTAssertEqual(outcome.output, "", name)
      XCTAssertTrue(outcome.errors.contains("not a calibration"), outcome.errors)
      XCTAssertEqual(try Data(contentsOf: copy), before, name)
    }
    // A file without content has nothing to lose: `--output "$(mktemp)"`.
    let empty = folder.appendingPathComponent("empty")
    try Data().write(to: empty)
    _ = output("calibrate --observations \(observations.path) --output \(empty.path)")
  }

  func testAReplacedCalibrationKeepsItsRightsAndAProtectedOneStays() throws {
    let folder = try temporaryFolder()
    let observations = try rows(in: folder)
    let file = folder.appendingPathComponent("own.json").path
    let command = "calibrate --observations \(observations.path) --output \(file)"
    _ = output(command)
    for rights in [0o600, 0o640] {
      try FileManager.default.setAttributes([.posixPermissions: rights], ofItemAtPath: file)
      _ = output(command)
      let after = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? NSNumber
      XCTAssertEqual(after?.intValue, rights)
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: file)
    let outcome = roofline(command)
    XCTAssertEqual(outcome.exitCode, 1)
    XCTAssertTrue(outcome.errors.contains("write-protected"), outcome.errors)
    XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted(), ["own.json", "rows.csv"])
  }

  /// Milliseconds are a thousandth, nanoseconds a thousand times what was asked for.
  func testTimesInAnotherUnitAreNotCalibratedAndTheUnitIsNamed() throws {
    let folder = try temporaryFolder()
    for (scale, name) in [(1e-3, "ms.csv"), (1e3, "ns.csv")] {
      let observations = try rows(in: folder, scale: scale, name)
      for option in ["", "--fresh", "--prior a100-sxm4-80gb"] {
        let file = folder.appendingPathComponent("\(name).json").path
        let outcome = roofline("calibrate --observations \(observations.path) --output \(file) \(option)")
        XCTAssertEqual(outcome.exitCode, 1, "\(name) \(option): \(outcome.output)")
        XCTAssertTrue(outcome.errors.contains("is time_us in microseconds"), outcome.errors)
        XCTAssertEqual(outcome.errors.filter { $0 == "\n" }.count, 1)
        XCTAssertFalse(FileManager.default.fileExists(atPath: file))
      }
    }
  }

  func testARowThatStandsTwiceCountsOnceWithAWarning() throws {
    let folder = try temporaryFolder()
    let (once, twice) = (try rows(in: folder, "once.csv"), try rows(in: folder, "twice.csv", repeats: [4]))
    for command in ["validate", "compare", "validate --time ideal"] {
      let (one, two) = (
        roofline("\(command) --observations \(once.path)"), roofline("\(command) --observations \(twice.path)")
      )
      XCTAssertEqual(one.output, two.output, command)
      XCTAssertEqual(one.errors, "", command)
      XCTAssertEqual(
        two.errors,
        "roofline: warning: \(twice.path): line 32 is a copy of line 4, time and all; it counts once\n", command)
    }
    let outputs = try [once, twice].map { file in
      let output = folder.appendingPathComponent("own.json")
      XCTAssertEqual(roofline("calibrate --observations \(file.path) --output \(output.path)").exitCode, 0)
      return try String(contentsOf: output, encoding: .utf8)
    }
    XCTAssertEqual(outputs[0], outputs[1])
    let run = "analyze --model llama-2-7b --hardware h100-sxm --prompt 8 --time anchored"
    let text = output("\(run) --observations \(twice.path)")
    XCTAssertTrue(text.contains("line 32 is a copy of line 4"), text)
  }
}
