import Foundation
import TestSupport
import XCTest
import roofline

/// The page about formats names every key of the JSON that documented commands print.
final class FormatsPageTests: CommandTestCase {
  /// Objects whose keys are data: formats, conventions, keys of a configuration.
  private static let maps: Set<String> = ["assumed", "overrides", "tensorByDType", "values", "families"]

  func testEveryKeyOfADocumentHasAName() throws {
    var unknown = try Unknown()
    var documents = 0
    for page in try DocumentationPage.all() where !page.path.hasSuffix("/WorkedExamples.md") {
      // A note's columns are the note's, and have another form.
      // A sweep's columns are named where it is described.
      for command in page.rooflineCommands
      where !command.contains("--convention ") && !command.contains("--format") && !command.hasPrefix("sweep ") {
        let outcome = roofline("\(command) --format json")
        // Some need a GPU, or print help.
        guard outcome.exitCode == 0, outcome.output.hasPrefix("{") || outcome.output.hasPrefix("[") else { continue }
        documents += 1
        try unknown.look(into: outcome.output, of: command)
      }
    }
    XCTAssertGreaterThan(documents, 15)
    XCTAssertEqual(unknown.keys, [:], "not in Formats.md, with a command that prints it")
  }

  /// The same of what is said about measurements; their times are made up.
  func testEveryKeyOfADocumentAboutMeasurementsHasAName() throws {
    var unknown = try Unknown()
    let folder = try temporaryFolder()
    let file = folder.appendingPathComponent("kernels.csv")
    let norms = (1...12).map { "row,rmsnorm,\(64 * $0),\(1024 * ($0 % 4 + 1)),\(3 + $0)" }
    // Nothing models a product of attention: it is passed over.
    let lines = (norms + ["qk_matmul,,1,1,4"]).map { "h100-sxm,vllm,test,graph,fp16,\($0)" }
    try (["gpu,family,source,timing,dtype,kind,op,rows,width,time_us"] + lines).joined(separator: "\n")
      .write(to: file, atomically: true, encoding: .utf8)
    let observations = "--observations \(file.path)"
    let steps = folder.appendingPathComponent("steps.csv")
    try """
    engine,gpu,model,dtype,batch,prompt,generate,metric,value,notes
    vllm,h100-sxm,llama-3.2-1b,bf16,4,64,8,e2e_s,0.1,kind=static
    vllm,h100-sxm,llama-3.2-1b,bf16,4,64,8,e2e_s,0.1,kind=cold
    """.write(to: steps, atomically: true, encoding: .utf8)
    for command in [
      "validate --steps \(steps.path)", "compare --steps \(steps.path)",
      "calibrate --steps \(try manySteps(in: folder)) --output \(folder.path)/engine.json", "validate \(observations)",
      "compare \(observations)",
      "compare \(observations) --model llama-3.1-8b --batch 16 --prompt 1024",
      "calibrate \(observations) --hardware h100-sxm --output \(folder.path)/fitted.json",
    ] {
      let outcome = roofline("\(command) --format json")
      XCTAssertTrue([0, 2].contains(outcome.exitCode), outcome.errors)
      try unknown.look(into: outcome.output, of: command)
    }
    XCTAssertEqual(unknown.keys, [:], "not in Formats.md, with a command that prints it")
  }

  private func manySteps(in folder: URL) throws -> String {
    let file = folder.appendingPathComponent("many.csv")
    let rows = (1...9).map {
      "vllm,0.11.1,h100-sxm,llama-3.2-1b,bf16,\($0),64,\(8 * $0),e2e_s,0.0\($0 + 2),kind=static"
    }
    try (["engine,engine_version,gpu,model,dtype,batch,prompt,generate,metric,value,notes"] + rows)
      .joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  /// Keys that the page does not name, each with a command that prints it.
  private struct Unknown {
    private let known: Set<String>
    private(set) var keys: [String: String] = [:]

    /// Known is every word that the page sets as code.
    init() throws {
      let page = try DocumentationPage("Sources/RooflineCore/Documentation.docc/Formats.md")
      let code = page.text.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
      known = Set(code.flatMap { $0.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init) })
    }

    mutating func look(into text: String, of command: String) throws {
      let document = try JSONSerialization.jsonObject(with: Data(text.utf8))
      for key in FormatsPageTests.keys(of: document).subtracting(known) { keys[key] = command }
    }
  }

  fileprivate static func keys(of value: Any) -> Set<String> {
    if let list = value as? [Any] { return list.reduce(into: []) { $0.formUnion(keys(of: $1)) } }
    guard let object = value as? [String: Any] else { return [] }
    return object.reduce(into: Set(object.keys)) { found, member in
      if !maps.contains(member.key) { found.formUnion(keys(of: member.value)) }
    }
  }
}
