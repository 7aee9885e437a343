import Foundation
import XCTest

/// Where a run's numbers are not all of one kind, whatever prints them says so.
final class MixedTimesTests: CommandTestCase {
  /// An A100's constants say nothing of fp8 weights: the halved ones would otherwise seem to gain far more than half.
  func testAChangeWhoseRowsHaveNoConstantsSaysSo() throws {
    let run = "sensitivity --model llama-2-7b --hardware a100-sxm4-80gb --prompt 100 --time calibrated"
    let document = try json(run)
    let entries = try XCTUnwrap((document["sensitivity"] as? [String: Any])?["entries"] as? [[String: Any]])
    let weights = try XCTUnwrap(entries.first { $0["changed"] as? String == "weights fp16 → fp8" })
    XCTAssertTrue((weights["reason"] as? String)?.hasPrefix("no constants for q_proj") == true, "\(weights)")
    let batch = try XCTUnwrap(entries.first { ($0["changed"] as? String)?.hasPrefix("batch") == true })
    XCTAssertTrue(batch["reason"] is NSNull, "what is true of the base is said once")
    let notices = try XCTUnwrap(document["notices"] as? [String])
    XCTAssertTrue(notices.contains { $0.hasPrefix("no constants for qk_matmul, softmax, sv_matmul") }, "\(notices)")
  }

  func testASweepSaysWhichGPUsRowsHaveNoConstants() throws {
    let run = "sweep --model llama-2-7b --hardware h100-sxm,t4 --prompt 100 --time calibrated"
    let text = output(run).split(separator: "\n").joined(separator: " ").replacing("          ", with: " ")
    XCTAssertTrue(text.contains("t4: no constants for q_proj"), text)
    XCTAssertFalse(text.contains("h100-sxm: no constants for q_proj"), text)
    let lines = output("\(run) --format csv").split(separator: "\n")
    XCTAssertTrue(lines[2].contains("no constants for q_proj"), String(lines[2]))
  }

  func testASensitivityWithoutRatesClaimsNothing() throws {
    let text = output("sensitivity --model llama-3.2-1b --hardware orion-b1-gpu-small --prompt 100")
    XCTAssertTrue(text.contains("context  unknown"), text)
    XCTAssertFalse(text.contains("compute-bound"), text)
    XCTAssertFalse(text.contains("has no such matrix unit"), text)
  }

  func testMoreGPUsThanABoardJoinsAreSaidEverywhere() {
    let sensitivity = output("sensitivity --model llama-2-70b --hardware a100-sxm4-80gb --tp 8 --prompt 100")
    XCTAssertTrue(sensitivity.contains("tp 8 → 16: 16 GPUs talk"), sensitivity)
    let sweep = output("sweep --model llama-2-70b --hardware a100-sxm4-80gb --tp 8,16 --prompt 100")
    XCTAssertTrue(sweep.contains("16 GPUs talk"), sweep)
    let kernel = output("kernel all_reduce ranks=16 bytes=1000000 --dtype fp16 --hardware a100-sxm4-80gb")
    XCTAssertTrue(kernel.contains("16 GPUs talk"), kernel)
    // 72 of them share one NVLink.
    let rack = output("analyze --model llama-2-70b --hardware gb200 --tp 16 --prompt 10")
    XCTAssertFalse(rack.contains("GPUs talk"), rack)
  }

  func testConstantsOfAnotherLaunchAreNamed() {
    let run = "kernel layernorm rows=4096 width=1024 --dtype fp32 --hardware a100-pcie-40gb --time calibrated"
    XCTAssertTrue(output(run).contains("--launch eager takes"), output(run))
    XCTAssertFalse(output("\(run) --launch eager").contains("ideal times stand"))
  }

  func testErrorsOfBorrowedConstantsAreOfTheGPUTheyWereFittedOn() {
    let text = output(
      "kernel gemm m=16 n=8192 k=1024 --dtype bf16 --hardware a100-sxm4-80gb-1g.10gb --time calibrated")
    let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    XCTAssertTrue(line.contains("on shapes left out on a100-sxm4-80gb, more on this GPU"), line)
    XCTAssertTrue(text.contains("if errors here are those on a100-sxm4-80gb"), text)
  }

  func testWeightsThatDoNotFitATrainingStepAreSaid() {
    let text = output("analyze --training --model llama-2-70b --hardware a100-sxm4-80gb --sequence 4096 --batch 8")
    XCTAssertTrue(text.contains("does not fit: the weights alone are 137.9"), text)
  }

  /// A window everywhere: once it is full, a token takes no more memory.
  func testAContextThatMemoryDoesNotLimitHasNoLargestOne() throws {
    let run = "footprint --model mistral-7b --set sliding_window=4096 --hardware a100-sxm4-80gb --prompt 5000"
    XCTAssertTrue(output(run).contains("longest: no limit by memory, of a model with 32768 positions"))
    let footprint = try XCTUnwrap(try json(run)["footprint"] as? [String: Any])
    XCTAssertTrue(footprint["longestContext"] is NSNull)
  }

  /// 24 products of 2·2048·896·896 FLOP, 48 attention products of 2·2·14·1024²·64 and the projections of four kinds.
  func testEverySumBelowATableIsExplained() throws {
    let run = "explain --model qwen2-0.5b --hardware a100-sxm4-80gb --prompt 1024 --batch 2 --phase prefill"
    func tensor(_ name: String) throws -> String {
      let text = output("\(run) --operator \(name) --format json")
      let list = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
      let entries = try XCTUnwrap(list.first?["entries"] as? [[String: Any]])
      return try XCTUnwrap(entries.first { $0["quantity"] as? String == "flops.tensor" }?["value"] as? String)
    }
    XCTAssertEqual(try tensor("all:q_proj"), "78920024064")
    XCTAssertEqual(try tensor("attention"), "15032385536")
    XCTAssertEqual(try tensor("all:attention"), "360777252864")
    XCTAssertEqual(try tensor("MLP"), "53552873472")
    XCTAssertEqual(try tensor("all:MLP"), "1285268963328")
    XCTAssertTrue(output("\(run) --operator attention").contains("attention (sum), 24 times in a forward pass"))
    XCTAssertTrue(roofline("\(run) --operator atention").errors.contains("did you mean attention"))
  }
}
