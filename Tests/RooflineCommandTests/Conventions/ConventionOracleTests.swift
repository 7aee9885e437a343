import Foundation
import TestSupport
import XCTest
import roofline

/// The tables of the notes against scripts of `Tests/Oracle`: note 000 from the contract's rules alone, note 003 from the
/// formulas in its own text.
final class ConventionOracleTests: CommandTestCase {
  private func python() throws -> String {
    guard let python = Oracle.python else {
      XCTAssertFalse(Fixtures.isCI, "CI must have python3 for the oracle")
      throw XCTSkip("python3, which the oracle needs, is not installed")
    }
    return python
  }

  /// A model, a legal degree, and lengths, at random.
  private func workloads(_ count: Int, seed: UInt64) -> [(model: String, options: String, generated: Int)] {
    let degrees = [
      "llama-2-7b": [1, 2, 8, 32], "llama-2-70b": [1, 8, 16], "llama-3.1-8b": [1, 4, 32], "llama-3.2-1b": [2, 16],
      "qwen2-0.5b": [1, 2], "qwen2-7b": [1, 4], "mistral-7b": [2, 8], "llama-3.1-70b": [1, 64],
    ]
    let models = degrees.keys.sorted()
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in
      let model = models[Int.random(in: models.indices, using: &generator)]
      let degree = degrees[model]?.randomElement(using: &generator) ?? 1
      let hardware = ["a100-sxm4-40gb", "h100-sxm", "l4"].randomElement(using: &generator) ?? "l4"
      let batch = Int.random(in: 1...70, using: &generator)
      let prompt = Int.random(in: 1...3000, using: &generator)
      let efficiency = ["", " --efficiency 0.9", " --compute-efficiency 0.31"].randomElement(using: &generator) ?? ""
      return (
        model,
        "--model \(model) --hardware \(hardware) --tp \(degree) --batch \(batch) --prompt \(prompt)\(efficiency)",
        Int.random(in: 1...900, using: &generator)
      )
    }
  }

  private func write(_ command: String, _ name: String, in folder: URL) throws -> String {
    let file = folder.appendingPathComponent(name).path
    try output("\(command) --format json").write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }

  func testLLMCountsAndItsDifferencesOnRandomInputs() throws {
    let (python, folder) = (try python(), try temporaryFolder())
    for (model, options, generated) in workloads(20, seed: 20_260_000) {
      let prompt = try XCTUnwrap(options.split(separator: " ").firstIndex(of: "--prompt"))
      let length = try XCTUnwrap(Int(options.split(separator: " ")[prompt + 1]))
      let files = [
        try write("analyze --convention llm-counts \(options) --generate \(generated)", "table.json", in: folder),
        try write("diff --conventions llm-counts,exact \(options) --generate \(generated)", "diff.json", in: folder),
        try write("analyze \(options) --context \(length + generated)", "exact.json", in: folder),
      ]
      let answer = try Oracle.run(
        python, ["llm_counts.py", "--config", "Models/\(model).json"] + files, folder: folder)
      XCTAssertEqual(answer.status, 0, "\(options): \(answer.output.prefix(2000))")
      XCTAssertTrue(answer.output.hasPrefix("900 values compared"), answer.output)
    }
  }

  func testNotes003IsWhatItsTextSays() throws {
    guard let shared = Fixtures.shared else {
      if Fixtures.isCI { XCTFail("../shared is missing") }
      throw XCTSkip("../shared is missing")
    }
    let (python, folder) = (try python(), try temporaryFolder())
    let files = try workloads(20, seed: 3).enumerated().map { index, run in
      try write("analyze --convention notes-003 \(run.options)", "\(index).json", in: folder)
    }
    let answer = try Oracle.run(
      python, ["notes_003.py", "\(shared)/seeds/003_846ec6f80b0e490d.txt"] + files, folder: folder)
    XCTAssertEqual(answer.status, 0, String(answer.output.prefix(2000)))
    XCTAssertTrue(answer.output.hasPrefix("1800 values compared"), answer.output)
    let plain = try ["opt-6.7b --tp 4 --batch 3 --prompt 100", "pythia-6.9b --tp 8 --prompt 7"].enumerated().map {
      try write("analyze --convention notes-003 --hardware l4 --model \($1)", "plain-\($0).json", in: folder)
    }
    let second = try Oracle.run(
      python, ["notes_003.py", "--plain", "\(shared)/seeds/003_846ec6f80b0e490d.txt"] + plain, folder: folder)
    XCTAssertEqual(second.status, 0, String(second.output.prefix(2000)))
    XCTAssertTrue(second.output.hasPrefix("180 values compared"), second.output)
  }
}
