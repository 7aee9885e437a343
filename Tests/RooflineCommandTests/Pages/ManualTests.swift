import Foundation
import TestSupport
import XCTest
import roofline

/// Completion and manual are made from the declarations.
final class ManualTests: CommandTestCase {
  private func run(_ command: String, _ input: String) throws -> (output: String, status: Int32) {
    let folder = try temporaryFolder()
    try input.write(to: folder.appendingPathComponent("input"), atomically: true, encoding: .utf8)
    try Data().write(to: folder.appendingPathComponent("output"))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-c", command]
    process.currentDirectoryURL = folder
    process.standardOutput = try FileHandle(forWritingTo: folder.appendingPathComponent("output"))
    process.standardError = process.standardOutput
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return (
      try String(contentsOf: folder.appendingPathComponent("output"), encoding: .utf8), process.terminationStatus
    )
  }

  /// What bash offers behind some words, the last of which is being typed.
  private func offered(_ words: [String], _ script: String) throws -> Set<String> {
    let list = words.map { "'\($0)'" }.joined(separator: " ")
    let found = try run(
      ". ./input; roofline() { printf 'models,name\\nmodels,llama-2-70b\\nmodels,qwen3-8b\\n'; }; COMP_WORDS=(roofline \(list)); COMP_CWORD=\(words.count); _roofline; printf '%s\\n' \"${COMPREPLY[@]}\"",
      script)
    XCTAssertEqual(found.status, 0, found.output)
    return Set(found.output.split(separator: "\n").map(String.init))
  }

  func testBashOffersEveryCommandAndOption() throws {
    let script = output("completion bash")
    XCTAssertTrue(try offered([""], script).isSuperset(of: Tool.commandNames))
    for command in Tool.commands.map({ $0.description }) {
      let expected = Set(command.options.map { "--\($0.name)" })
      XCTAssertEqual(try offered([command.name, "--"], script), expected, command.name)
    }
    XCTAssertEqual(try offered(["swee"], script), ["sweep"])
    XCTAssertEqual(try offered(["analyze", "--tim"], script), ["--time"])
    XCTAssertEqual(try offered(["analyze", "--time", ""], script), ["ideal", "calibrated", "anchored"])
    XCTAssertEqual(try offered(["analyze", "--time", "=", "cal"], script), ["calibrated"])
    XCTAssertEqual(try offered(["analyze", "--model", "ll"], script), ["llama-2-70b"])
    XCTAssertEqual(try offered(["sweep", "--model", "qwen3-8b,ll"], script), ["qwen3-8b,llama-2-70b"])
    XCTAssertEqual(try offered(["list", "m"], script), ["models"])
    XCTAssertEqual(try offered(["completion", ""], script), ["bash", "zsh", "fish", "--help"])
  }

  func testEveryShellReadsItsScript() throws {
    for shell in CompletionScript.Shell.allCases {
      let script = output("completion \(shell.rawValue)")
      for command in Tool.commands.map({ $0.description }) {
        XCTAssertTrue(script.contains(command.name), command.name)
        for option in command.options { XCTAssertTrue(script.contains(option.name), "\(shell) \(option.name)") }
      }
      guard try run("command -v \(shell.rawValue)", "").status == 0 else { continue }
      let found = try run("\(shell.rawValue) -n input", script)
      XCTAssertEqual(found.status, 0, found.output)
      XCTAssertEqual(found.output, "")
    }
    XCTAssertEqual(roofline("completion tcsh").exitCode, 64)
  }

  func testTheManualNamesEverythingAndIsReadWithoutComplaint() throws {
    let page = output("manual")
    for command in Tool.commands.map({ $0.description }) {
      XCTAssertTrue(page.contains(".SS \(command.name)\n"), command.name)
      for option in command.options {
        XCTAssertTrue(page.contains("\\-\\-\(option.name.replacing("-", with: "\\-"))\\fR"), option.name)
      }
    }
    // No line of text is a macro by accident.
    let macros: Set<Substring> = [".TH", ".SH", ".SS", ".TP", ".PP", ".nf", ".fi", ".B", ".I"]
    for line in page.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
      XCTAssertTrue(macros.contains(line.prefix { $0 != " " }), String(line))
    }
    if try run("command -v mandoc", "").status == 0 {
      let found = try run("mandoc -T lint -W warning input", page)
      XCTAssertEqual(found.output, "")
    } else if try run("command -v groff", "").status == 0 {
      let found = try run("groff -k -man -ww -z -Tutf8 input", page)
      XCTAssertEqual(found.output, "")
    }
  }
}
