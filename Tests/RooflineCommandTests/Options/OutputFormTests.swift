import Foundation
import TestSupport
import XCTest
import roofline

/// Whatever stands in files and arguments: output stays readable, and an error short and alone.
final class OutputFormTests: CommandTestCase {
  private func run(_ arguments: [String], _ surroundings: Surroundings = Surroundings()) -> Outcome {
    Tool.run(arguments, surroundings)
  }

  /// A hardware file whose name is hostile.
  private func hardware(named name: String, source: String = "x") throws -> String {
    let data = try Data(contentsOf: URL(fileURLWithPath: "Hardware/a100-sxm4-80gb.json"))
    var object = try XCTUnwrap(JSONSerialization.jsonObject(with: data) as? [String: Any])
    object["name"] = name
    var memory = try XCTUnwrap(object["memory"] as? [String: Any])
    memory["source"] = source
    object["memory"] = memory
    let path = try temporaryFolder().appendingPathComponent("g.json").path
    try JSONSerialization.data(withJSONObject: object).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func hasControls(_ text: String) -> Bool {
    text.unicodeScalars.contains {
      ($0.value < 0x20 && $0 != "\n") || (0x7F...0x9F).contains($0.value) || $0.value == 0x202E
    }
  }

  func testNoControlsOfAFileReachTheTerminalInAnyCommandOrFormat() throws {
    let path = try hardware(named: "a\u{1B}[2Jb\u{202E}\u{9B}", source: "s\u{1B}]0;x\u{7}\u{7F}")
    let model = ["--model", "llama-3.2-1b", "--hardware", path, "--prompt", "8"]
    let commands: [[String]] = [
      ["analyze"] + model, ["footprint"] + model, ["sensitivity"] + model,
      ["explain", "--operator", "q_proj"] + model, ["explain", "--operator", "model"] + model, ["show", path],
      ["kernel", "rmsnorm", "rows=1", "width=8", "--dtype", "fp16", "--hardware", path],
      ["mfu"] + model.dropLast(2) + ["--step-time", "9", "--global-batch", "8", "--sequence", "64", "--devices", "1"],
    ]
    for command in commands {
      for format in command[0] == "show" ? [[]] : ["text", "markdown", "csv", "json"].map({ ["--format", $0] }) {
        let outcome = run(command + format)
        XCTAssertEqual(outcome.exitCode, 0, outcome.errors)
        XCTAssertFalse(hasControls(outcome.output), "\(command[0]) \(format)")
        XCTAssertFalse(hasControls(outcome.errors), "\(command[0]) \(format)")
      }
      // In colour the tables' own sequences are all there is.
      var text = run(command, Surroundings(isTerminal: true)).output
      for code in [0, 1, 33, 35, 36] { text = text.replacingOccurrences(of: "\u{1B}[\(code)m", with: "") }
      XCTAssertFalse(hasControls(text), "\(command[0]) in colour")
    }
  }

  /// What looks like a control of a file's may be a line break of the report's own.
  func testReportsKeepTheirOwnLineBreaks() {
    for command in [
      Self.mainCommand, "\(Self.mainCommand) --convention notes-003",
      "\(Self.mainCommand) --convention llm-counts --generate 8", "show llama-2-70b", "show h100-sxm",
      "explain --model llama-2-7b --hardware l4 --prompt 8 --operator q_proj",
    ] {
      let text = output(command)
      XCTAssertFalse(text.contains("?"), text)
      XCTAssertTrue(
        text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().contains(""), "no empty line")
    }
  }

  func testANameWithACommaAndAMarkKeepsTheColumnsOfCSV() throws {
    for name in ["a,\u{301}b", "a\"\u{301}b"] {
      let outcome = run([
        "kernel", "rmsnorm", "rows=1", "width=8", "--dtype", "fp16", "--hardware", try hardware(named: name),
        "--format", "csv",
      ])
      let lines = outcome.output.unicodeScalars.split(separator: "\n")
      let heads = try XCTUnwrap(lines.first).split(separator: ",").count
      // Without what stands in quotes, commas separate.
      var isQuoted = false
      let commas = try XCTUnwrap(lines.last).count { scalar in
        if scalar == "\"" { isQuoted.toggle() }
        return scalar == "," && !isQuoted
      }
      XCTAssertEqual(commas + 1, heads, outcome.output)
    }
  }

  func testErrorsQuoteEightyCharacters() throws {
    let long = String(repeating: "x", count: 100_000)
    let spaced = String(repeating: "x y ", count: 25_000)
    let run = ["analyze", "--model", "llama-2-7b", "--hardware", "h100-sxm", "--prompt", "8"]
    for long in [long, spaced] {
      let commands: [[String]] = [
        ["show", long], [long], ["list", long], ["help", long], run + ["--\(long)"], run + [long],
        run + ["--set", "hidden_size=\(long)"], run + ["--set", "\(long)=1"], run + ["--format", long],
        run + ["--phase", long], run + ["--peak", long], ["kernel", long], ["kernel", "gemm", "m=\(long)"],
        ["explain", "--operator", long] + run.dropFirst(), ["diff", "--conventions", long] + run.dropFirst(),
        ["analyze", "--model", "llama-2-7b", "--hardware", "\(long).json", "--prompt", "8"],
      ]
      for command in commands {
        let outcome = self.run(command)
        let what = command.joined(separator: " ").prefix(90)
        XCTAssertNotEqual(outcome.exitCode, 0, "\(what)")
        XCTAssertEqual(outcome.output, "", "\(what)")
        XCTAssertLessThan(outcome.errors.utf8.count, 1600, "\(what)")
        XCTAssertFalse(outcome.errors.contains(String(repeating: "x", count: 81)), "\(what)")
        XCTAssertTrue(outcome.errors.hasPrefix("roofline: ") && outcome.errors.count { $0 == "\n" } == 1, "\(what)")
      }
    }
  }

  func testAnEmptyArgumentIsAnErrorOfTheArguments() {
    for arguments in [
      ["analyze", "--model", "", "--hardware", "h100-sxm", "--prompt", "8"], ["analyze", "--model=", "--prompt", "8"],
      ["analyze", "--model", "llama-2-7b", "--hardware", "", "--prompt", "8"], ["show", ""], ["list", ""],
    ] {
      let outcome = run(arguments)
      XCTAssertEqual(outcome.exitCode, 64, "\(arguments): \(outcome.errors)")
      XCTAssertTrue(outcome.errors.contains("empty"), outcome.errors)
    }
  }

  func testWordsBehindHelpAndVersionAreRefused() {
    for line in ["help analyze x", "--help analyze x", "--version x"] {
      XCTAssertEqual(roofline(line).exitCode, 64, line)
      XCTAssertTrue(roofline(line).errors.contains("\"x\""), line)
    }
    XCTAssertEqual(output("help analyze"), output("analyze --help"))
  }

  func testExplanationsFitThePageUnlessItIsWide() throws {
    let command = "explain --model llama-2-7b --hardware l4 --prompt 8 --operator model"
    let lines = output(command).split(separator: "\n").map(\.count)
    XCTAssertLessThanOrEqual(try XCTUnwrap(lines.max()), 120)
    let wide = output("\(command) --columns all")
    XCTAssertGreaterThan(try XCTUnwrap(wide.split(separator: "\n").map(\.count).max()), 120)
    XCTAssertEqual(output(command).split { $0.isWhitespace }, wide.split { $0.isWhitespace })
  }

  // MARK: list

  func testListSaysThatThereIsNoCatalog() {
    for kind in ["models", "hardware", "calibrations"] {
      let outcome = roofline("list \(kind)", Surroundings(environment: ["ROOFLINE_HOME": "/nonexistent"]))
      XCTAssertEqual(outcome.exitCode, 1)
      XCTAssertEqual(outcome.output, "")
      XCTAssertTrue(outcome.errors.contains("/nonexistent") && outcome.errors.contains("ROOFLINE_HOME"), outcome.errors)
    }
  }

  func testABadFileOfTheCatalogIsAWarningBesideTheOthersAndAnErrorAlone() throws {
    let home = try emptyCatalog()
    for (kind, good) in [("Models", "llama-2-7b"), ("Hardware", "h100-sxm")] {
      let folder = home.appendingPathComponent(kind)
      for name in ["x", "y"] {
        try "{".write(to: folder.appendingPathComponent("\(name).json"), atomically: true, encoding: .utf8)
      }
      let surroundings = Surroundings(environment: ["ROOFLINE_HOME": home.path])
      let alone = roofline("list \(kind.lowercased())", surroundings)
      XCTAssertEqual(alone.exitCode, 1)
      XCTAssertEqual(alone.output, "")
      XCTAssertEqual(alone.errors.count { $0 == "\n" }, 1, alone.errors)
      try FileManager.default.copyItem(
        at: URL(fileURLWithPath: "\(kind)/\(good).json"), to: folder.appendingPathComponent("\(good).json"))
      let beside = roofline("list \(kind.lowercased())", surroundings)
      XCTAssertEqual(beside.exitCode, 0)
      XCTAssertEqual(beside.output.split(separator: "\n").count, 1)
      let warnings = beside.errors.split(separator: "\n")
      XCTAssertEqual(warnings.count, 2)
      for warning in warnings { XCTAssertTrue(warning.hasPrefix("roofline: warning: "), beside.errors) }
    }
  }

  private func emptyCatalog() throws -> URL {
    let home = try temporaryFolder()
    for kind in ["Models", "Hardware"] {
      try FileManager.default.createDirectory(
        at: home.appendingPathComponent(kind), withIntermediateDirectories: true)
    }
    return home
  }

  func testAnEmptyCatalogIsSaid() throws {
    let home = try emptyCatalog()
    let outcome = roofline("list models", Surroundings(environment: ["ROOFLINE_HOME": home.path]))
    XCTAssertEqual(outcome.exitCode, 1)
    XCTAssertTrue(outcome.errors.contains(home.lastPathComponent), outcome.errors)
  }
}
