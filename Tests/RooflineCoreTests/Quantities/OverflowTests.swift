import Foundation
import RooflineAnalysis
import RooflineCore
import TestSupport
import XCTest

/// Counts up to the limits against big integers: equal, or the overflow error exactly when a true value does not fit.
///
/// `Tests/Oracle/counts.py`, written from the counting contract alone, counts each case in unbounded integers and prints
/// `overflow`, or a hash of all counts of the pass.
final class OverflowTests: XCTestCase {
  func testRandomInputsAgreeWithBigIntegers() throws {
    guard let python = Oracle.python else {
      XCTAssertFalse(Fixtures.isCI, "CI must have python3 for the oracle")
      throw XCTSkip("python3, which the big-integer oracle needs, is not installed")
    }
    var generator = SeededGenerator(seed: 20_261_121)
    let cases = (0..<25_000).map { _ in Case.random(using: &generator) }
    let expected = try Self.oracle(python, cases)
    XCTAssertEqual(expected.count, cases.count)
    var overflows = 0
    var differences = 0
    for (sample, expected) in zip(cases, expected) {
      let found = sample.digest
      if expected == "overflow" { overflows += 1 }
      if found != expected {
        differences += 1
        if differences <= 3 { XCTFail("\(try sample.line()): engine \(found), oracle \(expected)") }
      }
    }
    XCTAssertEqual(differences, 0)
    // The inputs must reach both sides of the limit, or nothing is shown.
    XCTAssertGreaterThan(overflows, 2500)
    XCTAssertLessThan(overflows, 22_500)
  }

  /// One answer a case, in order.
  private static func oracle(_ python: String, _ cases: [Case]) throws -> [String] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("oracle-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let input = try ([Case.header] + cases.map { sample throws in try sample.line() }).joined(separator: "\n")
    let answer = try Oracle.run(python, ["counts.py", "batch"], input: input, folder: folder)
    XCTAssertEqual(answer.status, 0, "the oracle failed")
    return answer.output.split(separator: "\n").map(String.init)
  }
}

/// A random pass of a random model, its dimensions spread over orders of magnitude around the limit.
private struct Case {
  let model: DecoderModel
  let architecture: String
  let workload: Workload
  let step: DecoderStep
  let hasAttentionBias: Bool

  static let header = [
    "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
    "vocab_size", "attention_bias", "mlp_bias", "architecture", "tp", "batch", "prompt", "context", "phase",
    "operators",
    "weight_dtype", "activation_dtype", "kv_dtype",
  ].joined(separator: "\t")

  func line() throws -> String {
    let dense = try model.dense
    let numbers = [
      dense.hiddenSize, dense.intermediateSize, dense.numHiddenLayers, dense.numAttentionHeads, dense.numKeyValueHeads,
      dense.headDim, dense.vocabSize, hasAttentionBias ? 1 : 0, dense.hasMLPBias ? 1 : 0,
    ].map(String.init)
    let formats = workload.formats
    return
      (numbers + [
        architecture, String(workload.tensorParallel), String(workload.batch), String(workload.prompt),
        String(workload.context), step.name, workload.operatorSet.rawValue, formats.weight.rawValue,
        formats.activation.rawValue, formats.keyValueCache.rawValue,
      ]).joined(separator: "\t")
  }

  static func random(using generator: inout SeededGenerator) -> Case {
    func upTo(_ bits: Int) -> UInt64 {
      UInt64.random(in: 1...(1 << UInt64(Int.random(in: 1...bits, using: &generator))), using: &generator)
    }
    let tensorParallel = UInt64(1) << UInt64.random(in: 0...4, using: &generator)
    let groups = upTo(3)
    // KV heads that t divides, or that divide t.
    let keyValueHeads =
      Bool.random(using: &generator)
      ? tensorParallel * upTo(3)
      : UInt64(1) << UInt64.random(in: 0...UInt64(tensorParallel.trailingZeroBitCount), using: &generator)
    var heads = keyValueHeads * groups
    if !heads.isMultiple(of: tensorParallel) { heads *= tensorParallel }
    let isQwen = Bool.random(using: &generator)
    let hasAttentionBias = !isQwen && Bool.random(using: &generator)
    let dtypes = DType.allCases
    func dtype() -> DType { dtypes[Int.random(in: 0..<dtypes.count, using: &generator)] }
    let model = DecoderModel(
      hiddenSize: upTo(16), intermediateSize: tensorParallel * upTo(14), numHiddenLayers: upTo(8),
      numAttentionHeads: heads, numKeyValueHeads: keyValueHeads, headDim: upTo(9), vocabSize: upTo(18),
      hasQueryKeyValueBias: isQwen || hasAttentionBias, hasOutputBias: hasAttentionBias,
      hasMLPBias: !isQwen && Bool.random(using: &generator))
    // Activations narrower than 16 bits leave their GEMMs in bf16.
    let formats = NumberFormats(weight: dtype(), activation: dtype(), keyValueCache: dtype(), model: .bf16)
    let workload = Workload(
      batch: upTo(24), prompt: upTo(26), context: upTo(40), tensorParallel: tensorParallel,
      operatorSet: Bool.random(using: &generator) ? .separate : .fused, formats: formats)
    let isTraining = UInt64.random(in: 0..<4, using: &generator) == 0
    let isFirst = Bool.random(using: &generator)
    let step =
      isTraining
      ? DecoderStep(isFirst ? TrainingPass.forward : .backward, workload)
      : DecoderStep(isFirst ? Phase.prefill : .decode, workload)
    return Case(
      model: model, architecture: isQwen ? "Qwen2ForCausalLM" : "LlamaForCausalLM", workload: workload,
      step: step, hasAttentionBias: hasAttentionBias)
  }

  /// `overflow`, or the FNV-1a hash of all counts, a line a row, then the layer's and the model's sums.
  var digest: String {
    let analysis = PhaseAnalysis(
      model, step, rates: DeviceRates(), time: IdealTime(overlap: .max))
    guard analysis.overflow == nil else { return "overflow" }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ text: String) {
      for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    func counts(_ cost: OperatorCost) -> String {
      [
        cost.flops.tensor, cost.flops.vector, cost.flops.special, cost.traffic.loadWeight, cost.traffic.loadActivation,
        cost.traffic.storeActivation, cost.traffic.loadKVCache, cost.traffic.storeKVCache, cost.wireBytes,
      ].map { String($0.value) }.joined(separator: ",")
    }
    for row in analysis.operators { add("\(row.name.rawValue),\(row.occurrences.value),\(counts(row.cost))\n") }
    add("layer,\(counts(analysis.layer.cost))\n")
    add("model,\(counts(analysis.model.cost))\n")
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
