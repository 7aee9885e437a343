import Foundation
import TestSupport
import XCTest
import roofline

final class DeploymentCommandTests: CommandTestCase {
  private let run = "--model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024"

  /// TTFT, TPOT and all times recomputed from the JSON's own integers and rates, by the contract's rule alone.
  func testGenerationFollowsFromTheJSONsOwnNumbers() throws {
    let document = try json("analyze \(run) --generate 5 --link-latency 2e-6 --efficiency 0.9")
    let rates = try XCTUnwrap((document["hardware"] as? [String: Any])?["rates"] as? [String: Any])
    func rate(_ name: String) throws -> Double { try XCTUnwrap(rates[name] as? Double) }
    func time(_ phase: [String: Any]) throws -> Double {
      var sum = 0.0
      for row in try XCTUnwrap(phase["operators"] as? [[String: Any]]) {
        let flops = try XCTUnwrap(row["flops"] as? [String: Double])
        let bytes = try XCTUnwrap(row["bytes"] as? [String: Double]).values.reduce(0, +)
        let wire = try XCTUnwrap(row["wireBytes"] as? Double)
        let steps = try XCTUnwrap(row["wireSteps"] as? Double)
        let unit = (row["tensorDType"] as? String).flatMap { (rates["tensorByDType"] as? [String: Double])?[$0] } ?? 1
        let roofs = [
          try XCTUnwrap(flops["tensor"]) / unit, try XCTUnwrap(flops["vector"]) / (try rate("vector")),
          try XCTUnwrap(flops["special"]) / (try rate("special")), bytes / (try rate("bandwidth")),
        ]
        let network = wire / (try rate("link")) + steps * (try rate("linkLatency"))
        sum += try XCTUnwrap(row["occurrences"] as? Double) * max(network, roofs.max() ?? 0)
      }
      return sum
    }
    let phases = try XCTUnwrap(document["phases"] as? [[String: Any]])
    let generation = try XCTUnwrap(document["generation"] as? [String: Any])
    let ttft = try XCTUnwrap(generation["timeToFirstTokenSeconds"] as? Double)
    XCTAssertEqual(ttft, try time(phases[0]), accuracy: ttft * 1e-12)
    let tpot = try XCTUnwrap(generation["timePerOutputTokenSeconds"] as? [String: Double])
    XCTAssertEqual(try XCTUnwrap(tpot["first"]), try time(phases[1]), accuracy: ttft * 1e-12)
    let steps = try XCTUnwrap(generation["steps"] as? [[String: Double]]).map { $0["timeSeconds"] ?? .nan }
    XCTAssertEqual(steps.count, 4)
    let last = try json("analyze \(run) --context 1028 --phase decode --link-latency 2e-6 --efficiency 0.9")
    let lastTime = try time(XCTUnwrap((last["phases"] as? [[String: Any]])?.first))
    XCTAssertEqual(steps[3], lastTime, accuracy: lastTime * 1e-12)
    XCTAssertEqual(try XCTUnwrap(tpot["mean"]), steps.reduce(0, +) / 4, accuracy: ttft * 1e-12)
  }

  /// The ranges of the text table have all steps between them.
  func testTextShowsRangesThatCoverEveryStep() {
    let text = output("analyze \(run) --generate 1000")
    let lines = (text.components(separatedBy: "decode steps by attended keys").last ?? "").split(separator: "\n")
    let ranges = lines.dropFirst(2).prefix { !$0.hasPrefix("─") }.map { $0.split(separator: " ") }
    XCTAssertEqual(ranges.compactMap { Int($0[2]) }.reduce(0, +), 999)
    XCTAssertEqual(ranges.first?[0], "1025")
    XCTAssertEqual(ranges.last?[1], "2023")
  }

  func testFootprintSaysWhetherItFitsAndByHowMuch() throws {
    let fits = output("footprint \(run) --generate 1024 --reserve 2GiB")
    for words in ["17246470144", "2147483648", "fits", "largest:", "longest:", "GiB"] {
      XCTAssertTrue(fits.contains(words), "\(words) not in\n\(fits)")
    }
    let misses = output("footprint --model llama-2-70b --hardware t4 --prompt 8 --dtype fp16")
    XCTAssertTrue(misses.contains("does not fit"), misses)
    // 137,953,296,384 B of weights alone; the rest by the JSON's own parts.
    let document = try json("footprint --model llama-2-70b --hardware t4 --prompt 8 --dtype fp16")
    let footprint = try XCTUnwrap(document["footprint"] as? [String: Any])
    let device = try XCTUnwrap(footprint["perDevice"] as? [String: Any])
    let parts = ["weights", "kvCache", "activations", "logits", "reserve"].compactMap { device[$0] as? Int }
    XCTAssertEqual(parts[0], 137_953_296_384)
    XCTAssertEqual(device["total"] as? Int, parts.reduce(0, +))
    XCTAssertEqual(footprint["missingBytes"] as? Int, parts.reduce(0, +) - 16_000_000_000)
    XCTAssertEqual(footprint["fits"] as? Bool, false)
  }

  func testAVGPUThatKnowsOnlyItsMemoryHasAFootprint() {
    XCTAssertTrue(
      output("footprint --model llama-3.2-1b --hardware orion-b1-gpu-small --prompt 128").contains("6356467712"))
  }

  func testLimitsOfTheJSONAreTight() throws {
    let command = "footprint \(run) --context 3000"
    let footprint = try XCTUnwrap(try json(command)["footprint"] as? [String: Any])
    let batch = try XCTUnwrap(footprint["largestBatch"] as? Int)
    let context = try XCTUnwrap(footprint["longestContext"] as? Int)
    func fits(_ command: String) throws -> Bool? {
      try XCTUnwrap(try json(command)["footprint"] as? [String: Any])["fits"] as? Bool
    }
    XCTAssertEqual(try fits(command.replacing("--batch 20", with: "--batch \(batch)")), true)
    XCTAssertEqual(try fits(command.replacing("--batch 20", with: "--batch \(batch + 1)")), false)
    XCTAssertEqual(try fits(command.replacing("3000", with: "\(context)")), true)
    XCTAssertEqual(try fits(command.replacing("3000", with: "\(context + 1)")), false)
  }

  /// Each entry's options, given to `analyze`, yield the entry's numbers.
  func testSensitivityEntriesAreAnalysesAnybodyCanRepeat() throws {
    let sensitivity = try XCTUnwrap(try json("sensitivity \(run)")["sensitivity"] as? [String: Any])
    var repeated = 0
    for entry in try XCTUnwrap(sensitivity["entries"] as? [[String: Any]]) {
      let arguments = try XCTUnwrap(entry["arguments"] as? String)
      guard !arguments.isEmpty, let result = entry["result"] as? [String: Double] else { continue }
      let option = String(arguments.split(separator: " ")[0])
      var base = run
      for known in ["--tp 8", "--batch 20"] where known.hasPrefix(option + " ") {
        base = base.replacing(known, with: "")
      }
      let analysis = try json("analyze \(base) \(arguments)")
      let times = try XCTUnwrap(analysis["phases"] as? [[String: Any]]).map { phase in
        try XCTUnwrap((phase["model"] as? [String: Any])?["timeSeconds"] as? Double)
      }
      XCTAssertEqual(try XCTUnwrap(result["timeToFirstTokenSeconds"]), times[0], accuracy: times[0] * 1e-12, arguments)
      XCTAssertEqual(
        try XCTUnwrap(result["timePerOutputTokenSeconds"]), times[1], accuracy: times[1] * 1e-12, arguments)
      repeated += 1
    }
    XCTAssertGreaterThanOrEqual(repeated, 8)
  }

  func testExplanationsOfFootprintAndGenerationEvaluate() throws {
    func entries(_ command: String) throws -> [[String: String]] {
      let text = output("\(command) --format json")
      let list = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
      return try XCTUnwrap(list.first?["entries"] as? [[String: String]])
    }
    for options in ["--generate 64", "--generate 64 --kv-dtype int4 --operators fused --sequence-parallel --pp 4"] {
      let footprint = try entries("explain \(run) --operator footprint \(options)")
      XCTAssertEqual(footprint.count, 7)
      for entry in footprint {
        let formula = try XCTUnwrap(entry["substituted"])
        XCTAssertEqual(String(try FormulaEvaluator.integer(formula)), entry["value"], formula)
      }
    }
    for entry in try entries("explain \(run) --operator generation --generate 9 --pp 4") {
      let value = try XCTUnwrap(Double(try XCTUnwrap(entry["value"])))
      let formula = try XCTUnwrap(entry["substituted"])
      XCTAssertEqual(try FormulaEvaluator.real(formula), value, accuracy: value * 1e-12, formula)
    }
  }

  func testLargeInputsAreExactOrRefused() {
    let large = "analyze --model llama-3.1-8b --hardware h100-sxm"
    XCTAssertEqual(roofline("\(large) --phase decode --context 10000000").exitCode, 0, "ten million keys")
    XCTAssertEqual(roofline("\(large) --batch 1000000 --prompt 16").exitCode, 0, "a million sequences")
    // A layer's MLP has 3·262144·1048576, its attention about 1.7e11: 1e12 parameters in each of 100 layers.
    let huge = roofline(
      "\(large) --prompt 4 --set hidden_size=262144 --set intermediate_size=1048576 --set num_hidden_layers=100 --set head_dim=8192"
    )
    XCTAssertEqual(huge.exitCode, 0, huge.errors)
  }

  func testBadDeployments() {
    let cases: [(String, Int32, String)] = [
      ("analyze \(run) --pp 3", 64, "legal numbers of stages are 1, 2, 4, 5"),
      ("analyze \(run) --pp 0", 64, "--pp"),
      ("analyze \(run) --dp 0", 64, "--dp"),
      ("analyze \(run) --generate 0", 64, "--generate"),
      ("analyze \(run) --generate 8 --phase decode", 64, "--generate needs both phases"),
      ("analyze \(run) --link-latency -1", 64, "--link-latency"),
      ("analyze \(run) --generate 9223372036854775807", 64, "10,000,000"),
      ("footprint \(run) --reserve lots", 64, "--reserve"),
      ("footprint \(run) --pp 7", 64, "--pp 7"),
      ("footprint \(run) --tp 7", 64, "--tp 7"),
      ("explain \(run) --operator generation", 64, "--generate"),
      ("analyze \(run) --micro-batches 4", 64, "--pp"),
      ("analyze \(run) --pp 4 --micro-batches 21", 64, "batch of 20"),
      ("analyze \(run) --generate 4 --context 2000", 64, "contradict"),
      ("footprint \(run) --context 1023", 64, "1024 keys"),
      ("analyze \(run) --link-latency 1e308", 64, "0 to 1"),
      ("analyze \(run) --dp 9223372036854775807", 1, "number of GPUs"),
    ]
    for (command, exitCode, words) in cases {
      let command = command.hasSuffix("--tp 7") ? command.replacing("--tp 8 ", with: "") : command
      let outcome = roofline(command)
      XCTAssertEqual(outcome.exitCode, exitCode, "\(command): \(outcome.errors)")
      XCTAssertEqual(outcome.output, "", command)
      XCTAssertTrue(outcome.errors.contains(words), "\(command): \(outcome.errors)")
    }
  }

  /// The footprint at 3000 keys of a prompt that is shorter, and every part of its formula, in the model's own letters.
  func testLettersOfOneRowDoNotAppearInAFootprint() throws {
    let text = output("explain \(run) --operator footprint --format json")
    let list = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    let symbols = try XCTUnwrap(list.first?["letters"] as? [[String: String]]).compactMap { $0["symbol"] }
    XCTAssertEqual(Set(symbols).count, symbols.count, "a letter with two meanings: \(symbols)")
  }

  func testLongGenerationsAreExplainedInAMoment() throws {
    XCTAssertEqual(roofline("explain \(run) --operator generation --generate 50000").exitCode, 0)
  }

  /// A bridge joins two GPUs: neither four ranks nor four stages, and no change of its rate makes it.
  func testABridgeDoesNotJoinAPipeline() throws {
    let outcome = roofline("analyze --model llama-2-7b --hardware a40 --pp 4 --prompt 8 --format json")
    XCTAssertTrue(outcome.errors.contains("joins 2 GPUs, not 4"), outcome.errors)
    let sensitivity = output("sensitivity --model llama-2-7b --hardware a40 --tp 4 --prompt 8")
    XCTAssertTrue(sensitivity.contains("link +10 %: the rate is not known"), sensitivity)
  }

  /// Weights that are narrower than the step stay as they are, and the options say all of it.
  func testAStepOfFormatNeverWidens() throws {
    let document = try json("sensitivity --model llama-2-7b --hardware h100-sxm --prompt 64 --weight-dtype int4")
    let entries = try XCTUnwrap((document["sensitivity"] as? [String: Any])?["entries"] as? [[String: Any]])
    let step = try XCTUnwrap(entries.first { ($0["changed"] as? String)?.hasPrefix("dtype") ?? false })
    XCTAssertEqual(step["arguments"] as? String, "--weight-dtype int4 --activation-dtype fp8 --kv-dtype fp8")
  }

  func testWarningsStandBesideEveryDeployment() {
    for command in ["footprint", "sensitivity", "explain --operator generation", "explain --operator footprint"] {
      let outcome = roofline("\(command) --model llama-2-7b --hardware h100-sxm --prompt 4000 --generate 200")
      XCTAssertTrue(outcome.errors.contains("4096"), "\(command): \(outcome.errors)")
    }
  }

  func testGeneratingBeyondMaxPositionsIsAWarning() {
    let outcome = roofline("analyze \(run) --generate 3074")
    XCTAssertEqual(outcome.exitCode, 0)
    XCTAssertTrue(outcome.errors.contains("4097"), outcome.errors)
    XCTAssertEqual(roofline("analyze \(run) --generate 3073").errors, "")
  }
}
