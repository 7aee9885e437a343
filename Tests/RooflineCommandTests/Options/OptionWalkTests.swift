import Foundation
import RooflineCore
import TestSupport
import XCTest
import roofline

/// No command lists an option that does nothing: each changes what is printed, written or returned, or is refused by its name.
/// The options come from their declarations; one without a trial is named as missing.
final class OptionWalkTests: CommandTestCase {
  func testEveryOptionOfEveryCommandActsOrIsRefused() throws {
    var walk = try Walk(folder: try temporaryFolder().path, environment: try FakeGPU().environment)
    var known: Set<String> = []
    for command in Tool.commands.map({ $0.description }) {
      for option in command.options.map(\.declaration) {
        known.insert("\(command.name) \(option.name)")
        guard let trial = walk.trials[command.name, option.name] else {
          XCTFail("no trial of \(command.name) --\(option.name): give one in OptionTrials")
          continue
        }
        if let problem = walk.problem(command.name, option, trial) { XCTFail(problem) }
      }
    }
    XCTAssertEqual(walk.trials.strangers(known), [])
  }
}

/// Runs pairs of lines.
private struct Walk {
  let trials: OptionTrials
  private let files: OptionTrials.Files
  private let surroundings: Surroundings
  /// Of the lines that many options are put beside.
  private var known: [[String]: Result] = [:]

  init(folder: String, environment: [String: String]) throws {
    func file(_ name: String, _ text: String) throws -> String {
      let path = "\(folder)/\(name)"
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      return path
    }
    let head =
      "gpu,family,source,timing,dtype,kv_dtype,kind,op,rows,width,phase,batch,query,context,heads,kv_heads,head_dim,time_us"
    func norms(_ time: (Int) -> Double) -> [String] {
      (1...12).map {
        "h100-sxm,vllm,test,graph,bf16,,row,rmsnorm,\(64 * $0),\(1024 * ($0 % 4 + 1)),,,,,,,,\(time($0))"
      }
    }
    let attention = "h100-sxm,vllm-fa3,test,graph,bf16,bf16,attention,,,,prefill,1,192,192,32,8,128,9.5"
    let decode = "h100-sxm,vllm-fa3,test,graph,bf16,bf16,attention,,,,decode,8,1,4096,32,8,128,30"
    let odd = try String(contentsOfFile: "Models/llama-3.2-1b.json", encoding: .utf8)
    let brace = try XCTUnwrap(odd.firstIndex(of: "{"))
    let shared = Fixtures.shared.map { "\($0)/configs/" }
    files = OptionTrials.Files(
      ceilings: try file(
        "ceilings.json",
        """
        {"schemaVersion": 1, "gpu": "h100-sxm", "isFake": false, "observations": [], "ceilings": {
          "copies": [{"bytes": 1073741824, "isBeyondL2": true, "time_us": 1282, "bytesPerSecond": 1.675e12}],
          "l2": {"bytes": 12582912, "time_us": 2.3, "bytesPerSecond": 5.5e12},
          "products": [{"dtype": "bf16", "edge": 8192, "windows": [{"endSeconds": 3, "flopsPerSecond": 494.5e12}]}],
          "special": {"operations": 1e9, "time_us": 100, "operationsPerSecond": 0.5e12},
          "floors": [{"launch": "graph", "time_us": 1.25}]}}
        """),
      calibration: "Hardware/Calibration/a100-sxm4-80gb.json",
      observations: try file(
        "measured.csv", ([head, attention, decode] + norms { 4 + Double($0) / 4 }).joined(separator: "\n")),
      others: try file("others.csv", ([head] + norms { 2 + Double($0) }).joined(separator: "\n")),
      wide: try file(
        "wide.csv",
        (["\(head),\((1...12).map { "column_of_mine_\($0)" }.joined(separator: ","))"]
          + norms { 2 + Double($0) }.map { $0 + String(repeating: ",", count: 12) }).joined(separator: "\n")),
      products: try file(
        "products.csv",
        (["kind,gpu,family,source,timing,copies,dtype,m,n,k,time_us"]
          + (1...8).map { "gemm,h100_sxm,cublas,test,graph,6,bf16,\(16 * $0),4096,4096,\(10 + $0)" }).joined(
            separator: "\n")),
      output: "\(folder)/written.json", second: "\(folder)/second.json",
      odd: try file("odd.json", "{\"key_that_nobody_knows\": 1," + odd[odd.index(after: brace)...]),
      kernels: try file("kernels.csv", "kind,dtype,op,rows,width\nrow,bf16,rmsnorm,3,64\n"),
      listing: try file("listing.txt", "model.norm.weight torch.Size([7])\n"),
      checkpoint: try file("names.index.json", "{\"weight_map\": {\"a.weight\": \"none.safetensors\"}}"),
      steps: try file(
        "steps.csv",
        "engine,gpu,model,dtype,batch,prompt,generate,metric,value,notes\n"
          + "vllm,h100-sxm,llama-3.2-1b,bf16,4,64,8,e2e_s,0.1,kind=static\n"),
      manySteps: try file(
        "many-steps.csv",
        "engine,engine_version,gpu,model,dtype,batch,prompt,generate,metric,value,notes\n"
          + (1...9).map { "vllm,0.11.1,h100-sxm,llama-3.2-1b,bf16,\($0),64,\(8 * $0),e2e_s,0.0\($0 + 2),kind=static\n" }
          .joined()),
      benchmark: try file("latency.json", "{\"avg_latency\": 0.1, \"latencies\": [0.1], \"percentiles\": {}}"),
      latent: shared.map { "\($0)deepseek-ai--DeepSeek-V3.json" } ?? "",
      images: shared.map { "\($0)google--gemma-4-26B-A4B.json" } ?? "",
      long: try file("\(String(repeating: "a_long_name_", count: 12)).json", odd),
      longOutput: "\(folder)/\(String(repeating: "a_long_name_", count: 12)).json5",
      longGPU: try file(
        "\(String(repeating: "a_long_name_", count: 12)).gpu.json",
        try String(contentsOfFile: "Hardware/h100-sxm.json", encoding: .utf8)),
      trace: "Tests/RooflineTracesTests/Traces/decode.json",
      unmarkedTrace: "Tests/RooflineTracesTests/Traces/kernels.csv",
      names: try file(
        "names.json",
        #"{"schemaVersion": 1, "source": "me", "kernels": [{"names": ["my_*"], "group": "sampling"}]}"#))
    trials = OptionTrials(files)
    surroundings = Surroundings(environment: environment)
  }

  /// What is wrong with an option; nil where it acts, or is refused as it should be.
  mutating func problem(_ command: String, _ option: OptionDeclaration, _ trial: OptionTrial) -> String? {
    let line = Line(trial.line ?? trials.lines[command] ?? "").with(trial.beside)
    let words = [command] + line.words
    let without = known[words] ?? run(words)
    known[words] = without
    let given = run([command] + line.with("--\(option.name)\(trial.value.map { " \($0)" } ?? "")").words)
    let what = "\(command) --\(option.name)"
    if trial.expectation == .isRefused {
      return given.outcome.exitCode != 0 && given.outcome.output.isEmpty
        ? nil : "\(what) is not refused: \(given.outcome.output.prefix(200))"
    }
    guard [0, 2].contains(given.outcome.exitCode) else { return "\(what): \(given.outcome.errors)" }
    if case .isIdle(let reason) = trial.expectation {
      return without == given ? nil : "\(what) acts now, though it should not because \(reason)"
    }
    return without == given ? "\(what) \(trial.value ?? "") changes nothing" : nil
  }

  private struct Result: Equatable {
    let outcome: Outcome
    let file: Data?
  }

  private func run(_ words: [String]) -> Result {
    for path in [files.output, files.second, files.longOutput] { try? FileManager.default.removeItem(atPath: path) }
    let outcome = Tool.run(words, surroundings)
    return Result(outcome: outcome, file: FileManager.default.contents(atPath: files.output))
  }

  /// Arguments, of which a later option takes the place of an earlier one with its name.
  private struct Line {
    var words: [String]

    init(_ text: String) { words = text.split(separator: " ").map(String.init) }

    func with(_ text: String) -> Line {
      var line = self
      var rest = text.split(separator: " ").map(String.init)[...]
      while let name = rest.popFirst() {
        let value = rest.first.flatMap { $0.hasPrefix("--") ? nil : $0 }
        if value != nil { rest.removeFirst() }
        if let index = line.words.firstIndex(of: name) {
          if let value { line.words[index + 1] = value }
        } else {
          line.words += [name] + (value.map { [$0] } ?? [])
        }
      }
      return line
    }
  }
}
