import Foundation
import XCTest
import roofline

/// `analyze` with requests over time.
final class LoadCommandTests: CommandTestCase {
  private static let run = "analyze --model llama-3.1-8b --hardware h100-sxm --prompt 512 --generate 16"

  private func number(_ document: [String: Any], _ path: String...) throws -> Double {
    var value: Any? = document
    for key in path { value = (value as? [String: Any])?[key] }
    return try XCTUnwrap(value as? Double, path.joined(separator: "."))
  }

  func testOneRequestInOnePassHasTheNumbersOfAGeneration() throws {
    for engine in ["", " --engine vllm-0.11"] {
      let alone = try json("\(LoadCommandTests.run)\(engine)")
      let load = try json("\(LoadCommandTests.run)\(engine) --load static --concurrency 1")
      let first = try number(alone, "generation", "timeToFirstTokenSeconds")
      let step = try number(alone, "generation", "timePerOutputTokenSeconds", "mean")
      XCTAssertEqual(try number(load, "latency", "ttft", "meanSeconds"), first, accuracy: first * 1e-9)
      XCTAssertEqual(try number(load, "latency", "tpot", "p99Seconds"), step, accuracy: step * 1e-9)
    }
  }

  func testPartsAddUpToTheirMeans() throws {
    let load = try json("\(LoadCommandTests.run) --load closed --concurrency 20 --max-num-batched-tokens 700")
    let latency = try XCTUnwrap(load["latency"] as? [String: Any])
    func mean(_ name: String) throws -> Double { try number(latency, name, "meanSeconds") }
    func part(_ name: String) throws -> Double { try number(latency, "\(name)Seconds") }
    XCTAssertEqual(
      try mean("queueing") + part("ownPrompt") + part("othersInFirstToken"), try mean("ttft"), accuracy: 1e-9)
    XCTAssertEqual(try part("decodeStep") + part("othersPrompts"), try mean("itl"), accuracy: 1e-9)
    // Requests of one length: the gaps of each add up to its tokens' time.
    XCTAssertEqual(try mean("tpot"), try mean("itl"), accuracy: 1e-9)
    XCTAssertEqual(try mean("e2e"), try mean("ttft") + 15 * mean("tpot"), accuracy: 1e-6)
    // 20 requests are in flight: Little's law, over so many rounds that the ends do not matter.
    let perSecond = try number(load, "throughput", "tokensPerSecond") / 16
    XCTAssertEqual(perSecond * (try mean("e2e")), 20, accuracy: 1)
  }

  /// Eight prompts of 4,096 tokens have room on the GPU, and the 1,024 tokens that each gets have not.
  func testRequestsThatArePutOffAreSaid() throws {
    let run =
      "analyze --model llama-3.1-8b --hardware rtx-4090 --time ideal --prompt 4096 --generate 1024 --load static --concurrency 8"
    let growing = try json("\(run) --engine vllm-0.11")
    XCTAssertGreaterThan(try number(growing, "throughput", "putOffs"), 0)
    XCTAssertGreaterThan(try number(growing, "throughput", "againTokens"), 4096)
    XCTAssertEqual((growing["scheduler"] as? [String: Any])?["cache"] as? String, "growing")
    XCTAssertEqual(try number(growing, "scheduler", "blockTokens"), 16)
    // Work that is done again is no output, and no prompt.
    XCTAssertEqual(try number(growing, "throughput", "generatedTokens"), 8 * 1024)
    XCTAssertEqual(try number(growing, "throughput", "promptTokens"), 8 * 4096)
    let latency = try XCTUnwrap(growing["latency"] as? [String: Any])
    let parts = try ["decodeStep", "othersPrompts", "interruptions"].map { try number(latency, "\($0)Seconds") }
    XCTAssertEqual(parts.reduce(0, +), try number(latency, "itl", "meanSeconds"), accuracy: 1e-9)
    let text = output("\(run) --engine vllm-0.11").replacing(" ", with: "").replacing("\n", with: "")
    for words in ["putoff,computedagain", "requestsputoff", "tokenscomputedagain", "growsbyblocksof16tokens"] {
      XCTAssertTrue(text.contains(words), "\(words): \(text)")
    }
    let whole = try json("\(run) --engine trtllm-1.0")
    XCTAssertEqual(try number(whole, "throughput", "putOffs"), 0)
    XCTAssertEqual((whole["scheduler"] as? [String: Any])?["cache"] as? String, "whole")
    // Who reserves whole lengths lets fewer run at once.
    XCTAssertLessThan(
      try number(whole, "throughput", "meanSequences"), try number(growing, "throughput", "meanSequences"))
  }

  func testTheOutputSaysWhatIsAssumedAndThatTimesAreOfKernelsOnly() {
    let bare = output("\(LoadCommandTests.run) --load closed --concurrency 4").replacingOccurrences(of: "\n", with: " ")
    XCTAssertTrue(bare.contains("kernels only"), bare)
    XCTAssertTrue(bare.contains("8192 new tokens (assumed) and 256 sequences (assumed)"), bare)
    let engined = output(
      "\(LoadCommandTests.run) --load closed --concurrency 4 --engine vllm-0.11 --max-num-seqs 3")
    XCTAssertTrue(engined.contains("new tokens (of vllm-0.11) and 3 sequences (given)"), engined)
    XCTAssertTrue(
      engined.contains("with what vllm-0.11 adds to each pass") || engined.contains("what vllm-0.11 adds"), engined)
    XCTAssertFalse(engined.contains("kernels only"), engined)
  }

  /// They are of one pass of the analysis's own batch, and a load's passes are of many sizes.
  func testExpertsThatOnePassTouchesAreNotSaidOfALoad() {
    let deployment = "analyze --model qwen3-30b-a3b --hardware h100-sxm --prompt 64 --generate 4"
    XCTAssertTrue(output(deployment).contains("routed experts, expected"))
    XCTAssertFalse(output("\(deployment) --load closed --concurrency 4").contains("routed experts, expected"))
  }

  func testReplicasEachHaveTheLoad() throws {
    let one = try json("\(LoadCommandTests.run) --load closed --concurrency 4")
    let two = try json("\(LoadCommandTests.run) --load closed --concurrency 4 --dp 2")
    let (tokens, perGPU) = (
      try number(one, "throughput", "tokensPerSecond"), try number(one, "throughput", "tokensPerSecondPerGPU")
    )
    XCTAssertEqual(try number(two, "throughput", "tokensPerSecond"), 2 * tokens, accuracy: tokens * 1e-9)
    XCTAssertEqual(try number(two, "throughput", "tokensPerSecondPerGPU"), perGPU, accuracy: perGPU * 1e-9)
  }

  func testStagesAndRanksOfTheirOwnAreSaid() throws {
    let staged = "\(LoadCommandTests.run) --pp 4 --micro-batches 2 --load closed --concurrency 6"
    let workload = try XCTUnwrap(try json(staged)["workload"] as? [String: Any])
    XCTAssertEqual(workload["pipelineParallel"] as? Int, 4)
    XCTAssertEqual(workload["microBatches"] as? Int, 2)
    let text = output(staged).replacing("\n", with: " ")
    XCTAssertTrue(text.contains("tp 1, pp 4, "), text)
    XCTAssertTrue(text.contains("dealt out to at most 2 micro-batches"), text)
    let own = "\(LoadCommandTests.run) --tp 4 --dp-attention --load static --concurrency 6"
    XCTAssertEqual((try json(own)["workload"] as? [String: Any])?["attentionDataParallel"] as? Bool, true)
    XCTAssertTrue(output(own).contains("room for caches of a rank, B"))
    // Each of four GPUs holds all weights, and no more room than one alone.
    XCTAssertEqual(
      try number(json(own), "memory", "cacheBytes"),
      try number(json("\(LoadCommandTests.run) --load static --concurrency 2"), "memory", "cacheBytes"),
      accuracy: 1e8)
  }

  func testAQueueThatGrowsIsAWarning() {
    let outcome = roofline("\(LoadCommandTests.run) --arrival 5000 --requests 400")
    XCTAssertEqual(outcome.exitCode, 0)
    XCTAssertTrue(outcome.errors.contains("more requests come than end"), outcome.errors)
    XCTAssertEqual(roofline("\(LoadCommandTests.run) --arrival 5 --requests 50").errors, "")
  }

  func testWhatMeansNothingIsRefusedInOneSentence() {
    let run = LoadCommandTests.run
    let closed = "\(run) --load closed --concurrency 4"
    let cases = [
      ("\(run) --concurrency 4", "give --load or --arrival"), ("\(run) --seed 4", "give --load or --arrival"),
      ("\(run) --max-num-seqs 4", "give --load or --arrival"), ("\(run) --load closed", "--concurrency is missing"),
      ("\(run) --load burst --concurrency 4", "--load is \"burst\""),
      ("\(closed) --arrival 3", "--load and --arrival"),
      ("\(run) --arrival 3 --concurrency 4", "--concurrency and --arrival"),
      ("\(closed) --seed 3", "--seed is of --arrival"), ("\(run) --arrival 3 --seed x", "--seed is \"x\""),
      ("\(run) --arrival 0", "--arrival is \"0\""), ("\(closed) --warm-up -1", "--warm-up is \"-1\""),
      ("\(run) --load static --concurrency 4 --requests 9", "leave out --requests"),
      ("\(run) --load static --concurrency 4 --warm-up 9", "leave out --warm-up"),
      ("\(closed) --batch 3", "--batch means nothing to requests"), ("\(closed) --pp 3", "32 layers"),
      ("\(closed) --micro-batches 2", "--micro-batches needs a pipeline"), ("\(closed) --draft 2", "draft layers"),
      ("\(closed) --dp-attention", "needs a --tp"),
      ("\(closed) --units", "--units means nothing"), ("\(closed) --phase decode", "--phase means nothing"),
      ("\(closed) --context 999", "--context and --generate contradict"),
      ("\(closed) --time calibrated --interval 0.8", "--interval means nothing"),
      ("\(closed) --requests 99999999999", "at most 10000000 requests"),
      (
        "analyze --model llama-3.1-8b --hardware h100-sxm --prompt 8 --load closed --concurrency 2",
        "--generate is missing"
      ),
      (
        "analyze --model llama-3.1-8b --hardware h100-sxm --training --sequence 8 --load closed", "--load means nothing"
      ),
      ("\(run) --convention llm-counts --load closed", "--load means nothing"),
      (
        "explain --operator model --model llama-3.1-8b --hardware h100-sxm --prompt 8 --load closed",
        "unknown option --load"
      ),
      (
        "analyze --model llama-3.1-70b --hardware h100-sxm --prompt 8 --generate 2 --load closed --concurrency 2",
        "leaves no memory for caches"
      ),
      (
        "analyze --model llama-3.1-8b --hardware h100-sxm --prompt 900000 --generate 2 --load static --concurrency 1",
        "bytes of cache"
      ),
      (
        "analyze --model llama-3.1-8b --hardware h100-pcie --tp 8 --prompt 8 --generate 2 --load static --concurrency 1",
        "link"
      ),
    ]
    for (line, sentence) in cases {
      let outcome = roofline(line)
      XCTAssertNotEqual(outcome.exitCode, 0, line)
      XCTAssertEqual(outcome.output, "", line)
      XCTAssertTrue(outcome.errors.contains(sentence), "\(line): \(outcome.errors)")
      XCTAssertEqual(outcome.errors.split(separator: "\n").count, 1, outcome.errors)
    }
  }
}
