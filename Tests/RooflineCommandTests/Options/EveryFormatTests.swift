import Foundation
import RooflineReport
import TestSupport
import XCTest
import roofline

/// Every command prints every format.
final class EveryFormatTests: CommandTestCase {
  /// Runs of each command, by its name.
  private func runs(_ folder: URL) throws -> [String: [String]] {
    let measured = folder.appendingPathComponent("kernels.csv").path
    let norms = (1...12).map { "h100-sxm,vllm,test,graph,fp16,row,rmsnorm,\(64 * $0),\(1024 * ($0 % 4 + 1)),\(3 + $0)" }
    try (["gpu,family,source,timing,dtype,kind,op,rows,width,time_us"] + norms).joined(separator: "\n")
      .write(toFile: measured, atomically: true, encoding: .utf8)
    let listing = folder.appendingPathComponent("weights.txt").path
    try "model.norm.weight torch.Size([7])\n".write(toFile: listing, atomically: true, encoding: .utf8)
    let run = "--model llama-3.2-1b --hardware h100-sxm --prompt 8"
    let trace = "Tests/RooflineTracesTests/Traces/decode.json"
    return [
      "analyze": [run, "\(run) --generate 4 --units", "\(run) --convention notes-003"]
        + ["--load closed --concurrency 2", "--arrival 9 --requests 20"].map { "\(run) --generate 4 \($0)" },
      "footprint": [run], "sensitivity": [run],
      "mfu": [
        "--model llama-2-7b --hardware h100-sxm --step-time 9 --global-batch 64 --sequence 4096 --devices 64"
      ],
      "kernel": ["gemm m=16 n=64 k=64 --dtype fp16 --hardware h100-sxm"],
      "explain": [
        "\(run) --operator q_proj", "\(run) --operator qkv --convention notes-003",
        "\(run) --generate 4 --operator softmax --convention llm-counts",
      ],
      "compare": ["--observations \(measured)"], "validate": ["--observations \(measured)"],
      "calibrate": ["--observations \(measured) --hardware h100-sxm --output \(folder.path)/fitted.json"],
      "diff": ["--conventions notes-003,exact \(run)"],
      "shapes": ["--model llama-3.2-1b", "--model llama-3.2-1b --compare \(listing)"],
      "list": ["models", "hardware", "calibrations"],
      "show": ["llama-3.2-1b", "opt-6.7b", "h100-sxm", "a100-sxm4-40gb-3g.20gb"],
      "devices": ["", "--self-test"],
      "import": [
        trace, "\(trace) --model llama-3.2-1b --context 9 --time calibrated", "\(trace) --by kernel",
        "\(trace) Tests/RooflineTracesTests/Traces/kernels.csv --model llama-3.2-1b --context 9 --batch 16",
      ],
      "measure": ["--kernel rmsnorm rows=2 width=64 --dtype fp16 --output \(folder.path)/measured.json"],
    ]
  }

  func testEveryCommandPrintsEveryFormat() throws {
    let folder = try temporaryFolder()
    let runs = try runs(folder)
    // What prints lines, a picture or a page instead of a report has tests of its own.
    let reporting = Tool.commands.filter { command in
      !command.printsLines && command.description.options.contains { $0.name == WorkloadOptions.format.name }
    }
    XCTAssertEqual(Set(runs.keys), Set(reporting.map { $0.description.name }))
    let surroundings = Surroundings(environment: try FakeGPU().environment)
    for (command, lines) in runs {
      for line in lines {
        for format in OutputFormat.allCases {
          for name in ["fitted.json", "measured.json"] {
            try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
          }
          let what = "\(command) \(line) --format \(format.rawValue)"
          let outcome = roofline(what, surroundings)
          XCTAssertTrue([0, 2].contains(outcome.exitCode), "\(what): \(outcome.errors)")
          assertForm(outcome.output, format, what)
        }
      }
    }
  }

  private func assertForm(_ output: String, _ format: OutputFormat, _ what: String) {
    XCTAssertTrue(output.hasSuffix("\n"), what)
    switch format {
    case .text:
      XCTAssertFalse(output.contains("| "), what)
      XCTAssertFalse(output.hasPrefix("\n") || output.hasSuffix("\n\n"), what)
    case .markdown:
      XCTAssertTrue(["#", "|", "-"].contains(output.prefix(1)), what)
      var columns: Int?
      for line in output.split(separator: "\n", omittingEmptySubsequences: false) {
        guard line.hasPrefix("|") else {
          columns = nil
          continue
        }
        let bars = line.replacingOccurrences(of: "\\|", with: "").count { $0 == "|" }
        XCTAssertEqual(bars, columns ?? bars, "\(what): \(line)")
        columns = bars
      }
    case .csv:
      let lines = output.split(separator: "\n")
      XCTAssertGreaterThan(lines.count, 1, what)
      let heads = fields(lines[0])
      XCTAssertEqual(Set(heads).count, heads.count, "\(what): a column's name stands twice")
      XCTAssertFalse(heads.contains(""), what)
      for line in lines { XCTAssertEqual(fields(line).count, heads.count, "\(what): \(line)") }
    case .json:
      let document = try? JSONSerialization.jsonObject(with: Data(output.utf8))
      XCTAssertNotNil(document, what)
      if let object = document as? [String: Any] { XCTAssertEqual(object["schemaVersion"] as? Int, 1, what) }
    }
  }

  /// The fields of a line of CSV.
  private func fields(_ line: Substring) -> [String] {
    var fields = [""]
    var isQuoted = false
    for character in line {
      if character == "\"" { isQuoted.toggle() }
      if character == ",", !isQuoted { fields.append("") } else { fields[fields.count - 1].append(character) }
    }
    return fields
  }

  /// Numbers for people on the page are raw for machines.
  func testFactsAreRawForMachines() {
    let lines = output("show h100-sxm --format csv").split(separator: "\n").map(String.init)
    XCTAssertEqual(lines.first, "hardware,fact,value")
    XCTAssertTrue(lines.contains("h100-sxm,sms,132"), "\(lines)")
    XCTAssertTrue(output("list models --format csv").contains("models,llama-3.1-8b,8030261248,LlamaForCausalLM\n"))
  }
}
