import Foundation
import TestSupport
import XCTest
import roofline

/// The JSON against `Tests/Oracle/check_json.py`: a second count in another language, written from the counting contract
/// alone, of every row and sum, and times and bounds recomputed from the JSON's own rates.
final class OracleTests: CommandTestCase {
  func testAnotherPersonsScriptGetsTheSameNumbers() throws {
    guard let python = Oracle.python else {
      XCTAssertFalse(Fixtures.isCI, "CI must have python3 for the oracle")
      throw XCTSkip("python3, which the oracle needs, is not installed")
    }
    let folder = try temporaryFolder()
    var reports: [String: [String]] = [:]
    for (index, run) in runs().enumerated() {
      let file = folder.appendingPathComponent("\(index).json").path
      let outcome = roofline("analyze --model \(run.model) --hardware \(run.hardware) \(run.options) --format json")
      XCTAssertEqual(outcome.exitCode, 0, "\(run): \(outcome.errors)")
      try outcome.output.write(toFile: file, atomically: true, encoding: .utf8)
      reports[run.model, default: []].append(file)
    }
    for (model, files) in reports {
      let config = model.contains("/") ? model : "Models/\(model).json"
      let answer = try Oracle.run(python, ["check_json.py", "--config", config] + files, folder: folder)
      XCTAssertEqual(answer.status, 0, String(answer.output.prefix(2000)))
      XCTAssertTrue(answer.output.contains("values compared"), answer.output)
    }
  }

  private struct Run {
    let model: String
    let hardware: String
    let options: String
  }

  private func runs() -> [Run] {
    let formats = [
      "", "--dtype fp8", "--weight-dtype int4", "--weight-dtype fp8 --kv-dtype fp8", "--dtype fp32",
      "--dtype tf32 --context 333",
      "--activation-dtype fp8 --weight-dtype int4 --kv-dtype int4 --overlap sum --efficiency 0.83",
      "--activation-dtype int8 --weight-dtype int8 --compute-efficiency 0.7 --memory-efficiency 0.9",
    ]
    var models = [
      "llama-2-70b": [1, 8, 64], "llama-2-7b": [4], "llama-3.1-8b": [1, 16], "llama-3.2-1b": [2], "qwen2-0.5b": [2],
      "qwen2-7b": [4], "qwen2.5-7b": [2], "mistral-7b": [8], "llama-3.1-70b": [8],
      "opt-6.7b": [1, 8], "pythia-6.9b": [1, 4],
    ]
    // The gradients of their layers are not counted.
    let isInferenceOnly: Set = ["opt-6.7b", "pythia-6.9b"]
    // Real files that are not in the catalog.
    if let shared = Fixtures.shared {
      models["\(shared)/configs/codellama-34b-instruct-hf.json"] = [8]
      models["\(shared)/configs/mistral-nemo-instruct-2407.json"] = [4]
      models["\(shared)/configs/meta-llama--Meta-Llama-3.1-405B.json"] = [16]
    } else {
      XCTAssertFalse(Fixtures.isCI, "CI has the shared data")
    }
    let shapes = ["--batch 20 --prompt 1024", "--batch 1 --prompt 1", "--batch 7 --prompt 131"]
    var runs: [Run] = []
    for (model, degrees) in models.sorted(by: { $0.key < $1.key }) {
      for degree in degrees {
        for (index, format) in formats.enumerated() {
          for operators in ["separate", "fused"] {
            let options = "--tp \(degree) \(shapes[index % shapes.count]) --operators \(operators) \(format)"
            let hardware = index % 2 == 0 ? "h100-sxm" : "l40s"
            runs.append(Run(model: model, hardware: hardware, options: options))
            // A training step has neither a context nor a cache.
            if !isInferenceOnly.contains(model), !format.contains("--context"), !format.contains("--kv-dtype") {
              let training = options.replacing("--prompt", with: "--training --sequence")
              runs.append(Run(model: model, hardware: hardware, options: training))
            }
          }
        }
      }
    }
    return runs
  }
}
