import Foundation
import RooflineCore
import TestSupport
import XCTest
import roofline

final class KernelCommandTests: CommandTestCase {
  private let gemm = "kernel gemm m=16 n=8192 k=1024 --dtype fp16 --hardware a100-sxm4-80gb"

  /// The worked example of the owner's notes: (16, 8192, 1024), 1.5 TB/s, 11.38 µs, 15.72 FLOP/byte.
  func testOwnersExample() throws {
    let text = output("\(gemm) --bandwidth 1.5e12")
    for number in ["15.72", "11.38 µs", "memory", "268.44 M", "17.07 M"] { XCTAssertTrue(text.contains(number), text) }
    let row = try operatorEntry("\(gemm) --bandwidth 1.5e12")
    XCTAssertEqual(try XCTUnwrap(row["timeSeconds"] as? Double), 11.3814e-6, accuracy: 0.0001e-6)
    XCTAssertEqual(try XCTUnwrap(row["arithmeticIntensity"] as? Double), 15.7236, accuracy: 0.0001)
  }

  /// At 2 TB/s the notes put the A100's ridge at 156.
  func testPaddingLeavesTheBiasAlone() throws {
    let document = try json(
      "kernel gemm m=128 n=128 k=1 bias=true block=128x128 --dtype fp32 --hardware a100-sxm4-40gb")
    let padded = try XCTUnwrap((document["blocked"] as? [String: Any])?["padded"] as? [String: Any])
    // 2·128·128 for the product, 128·128 for the bias, and nothing to pad.
    XCTAssertEqual((padded["flops"] as? [String: Int])?["vector"], 3 * 128 * 128)
  }

  /// A row of a measurement file, with the columns that say where it was measured.
  func testColumnsOfMeasuredRowsAreAccepted() throws {
    XCTAssertEqual(
      output(
        "kernel row op=rmsnorm dtype=fp16 rows=20 width=8192 heads=64 kv_heads=8 head_dim=128 tp=1 --hardware h100-sxm"),
      output("kernel rmsnorm rows=20 width=8192 --dtype fp16 --hardware h100-sxm"))
    XCTAssertEqual(
      output("kernel gemm copies=6 dtype=bf16 m=1 n=128 k=128 --hardware h100-sxm"),
      output("kernel gemm m=1 n=128 k=128 --dtype bf16 --hardware h100-sxm"))
  }

  func testRidge() {
    XCTAssertTrue(output("\(gemm) --bandwidth 2e12").contains("ridge    156.00 FLOP/B"))
  }

  /// 2MN + MK⌈N/BN⌉ + KN⌈M/BM⌉ = 262,144 + 1,048,576 + 8,388,608 words; padded FLOPs 2·128·8192·1024; the same bytes.
  func testBlockedGEMM() throws {
    let document = try json("\(gemm) block=128x128")
    let blocked = try XCTUnwrap(document["blocked"] as? [String: Any])
    XCTAssertEqual(blocked["trafficWords"] as? Int, 9_699_328)
    let padded = try XCTUnwrap(blocked["padded"] as? [String: Any])
    XCTAssertEqual((padded["flops"] as? [String: Int])?["tensor"], 2_147_483_648)
    XCTAssertEqual(
      padded["bytes"] as? [String: Int], (document["operator"] as? [String: Any])?["bytes"] as? [String: Int])
  }

  func testEveryKindRunsOnItsColumns() throws {
    let arguments: [OperatorKind: String] = [
      .gemm: "m=3 n=5 k=7 bias=true", .linearGelu: "m=3 n=5 k=7 bias=true",
      .qkMatmul: "batch=2 query=3 context=5 heads=4 kv_heads=2 head_dim=7",
      .svMatmul: "phase=decode batch=2 context=5 heads=4 kv_heads=2 head_dim=7",
      .attention: "phase=prefill batch=2 query=3 context=5 heads=4 kv_heads=2 head_dim=7 window=2",
      .rotary: "rows=6 batch=2 heads=4 kv_heads=2 head_dim=8",
      .softmax: "rows=3 width=5", .rmsNorm: "rows=3 width=5", .layerNorm: "rows=3 width=5",
      .addRMSNorm: "rows=3 width=5",
      .siluAndMul: "rows=3 width=5", .gelu: "rows=3 width=5",
      .geluAndMul: "rows=3 width=5", .softcap: "rows=3 width=5", .scale: "rows=3 width=5",
      .residualAdd: "rows=3 width=5",
      .embedding: "rows=3 width=5 tp=2",
      .allReduce: "ranks=4 bytes=1024", .allGather: "ranks=4 bytes=1024", .reduceScatter: "ranks=4 bytes=1024",
      .send: "bytes=1024",
      .compression: "entries=3 tokens_per_entry=4 row_width=16 width=8",
      .hyperCollapse: "rows=3 width=5 streams=4 iterations=20", .hyperExpand: "rows=3 width=5 streams=4",
      .hyperHead: "rows=3 width=5 streams=4",
      .batchedGEMM: "groups=2 m=3 n=5 k=7", .indexScores: "batch=2 query=3 context=5 heads=4 head_dim=8",
      .indexSelection: "batch=2 query=3 context=5 top_k=2", .indexRotation: "rows=3 heads=4 width=8",
      .addLayerNorm: "rows=3 width=5", .relu: "rows=3 width=5", .linearRelu: "m=3 n=5 k=7 bias=true",
      .positionEmbedding: "rows=6 width=5 positions=3", .keyValueCacheWrite: "rows=6 batch=2 heads=4 head_dim=8",
      .causalConvolution: "query=5 channels=6 width=4 bias=1 past=1", .l2Norm: "rows=3 width=5",
      .gatedRMSNorm: "rows=6 width=5 weights=10 sigmoid=1", .silu: "rows=3 width=5",
      .softplus: "rows=3 width=5 bias=1", .deltaGates: "rows=3 heads=2 width=4",
      .deltaRule: "query=5 k_heads=1 v_heads=2 k_dim=3 v_dim=4 chunk=2 fused=1 past=1",
      .stateSpaceScan: "query=5 heads=4 head_dim=3 groups=2 state=6 chunk=2", .bankMix: "rows=3 width=5 snapshot=1",
      .situAndMul: "rows=3 width=5",
      .selectiveScan: "query=5 channels=6 state=3 state_bits=16", .lightningAttention: "query=5 heads=2 head_dim=4",
      .gemmInputGradient: "m=3 n=5 k=7", .gemmWeightGradient: "m=3 n=5 k=7", .biasGradient: "rows=3 width=5",
      .queryGradient: "query=5 heads=4 kv_heads=2 head_dim=7", .keyGradient: "query=5 heads=4 kv_heads=2 head_dim=7",
      .probabilityGradient: "query=5 heads=4 kv_heads=2 head_dim=7",
      .valueGradient: "query=5 heads=4 kv_heads=2 head_dim=7",
      .softmaxGradient: "rows=3 width=5", .attentionGradient: "batch=2 query=5 heads=4 kv_heads=2 head_dim=7 window=2",
      .rmsNormInputGradient: "rows=3 width=5 residual=true", .rmsNormWeightGradient: "rows=3 width=5",
      .groupedGEMM: "m=6 n=5 k=7 experts=4 top_k=2 bias=true", .route: "rows=3 experts=8 top_k=2 sigmoid=1 bias=1",
      .expertCombine: "rows=3 width=5 pairs=6", .expertScale: "rows=3 width=5 pairs=6",
      .allToAll: "rows=3 width=5 ranks=4", .sigmoidGate: "rows=3 width=5",
      .clampedSwiGLU: "rows=3 width=5", .squaredRelu: "rows=3 width=5", .quantize: "rows=3 width=5",
      .expertScaleGradient: "rows=3 width=5 pairs=6", .geluAndMulGradient: "rows=3 width=5",
      .softcapGradient: "rows=3 width=5", .sigmoidGateGradient: "rows=3 width=5",
      .clampedSwiGLUGradient: "rows=3 width=5", .layerNormInputGradient: "rows=3 width=5 residual=true",
      .layerNormWeightGradient: "rows=3 width=5", .geluGradient: "rows=3 width=5", .reluGradient: "rows=3 width=5",
      .squaredReluGradient: "rows=3 width=5", .positionEmbeddingGradient: "rows=6 width=5 positions=3",
      .l2NormGradient: "rows=3 width=5", .deltaGatesGradient: "rows=3 heads=2 width=4",
      .deltaRuleGradient: "query=5 k_heads=1 v_heads=2 k_dim=3 v_dim=4 chunk=2 fused=1",
      .bankMixGradient: "rows=3 width=5 snapshot=1", .situAndMulGradient: "rows=3 width=5",
      .groupedGEMMInputGradient: "m=6 n=5 k=7 experts=4 top_k=2",
      .groupedGEMMWeightGradient: "m=6 n=5 k=7 experts=4 top_k=2",
      .batchedGEMMInputGradient: "groups=2 m=3 n=4 k=5", .batchedGEMMWeightGradient: "groups=2 m=3 n=4 k=5",
      .compressionGradient: "entries=2 tokens_per_entry=4 row_width=6 width=3",
      .hyperCollapseGradient: "rows=3 width=5 streams=2 iterations=2",
      .hyperExpandGradient: "rows=3 width=5 streams=2", .hyperHeadGradient: "rows=3 width=5 streams=2",
      .expertCombineGradient: "rows=3 width=5 pairs=6", .routeGradient: "rows=3 experts=8 top_k=2 sigmoid=1",
      .siluAndMulGradient: "rows=3 width=5", .embeddingGradient: "rows=3 width=5 tp=2",
      .causalConvolutionGradient: "query=5 channels=6 width=4 bias=1",
      .gatedRMSNormGradient: "rows=6 width=5 weights=10 sigmoid=1", .siluGradient: "rows=3 width=5",
      .softplusGradient: "rows=3 width=5", .scaledAddGradient: "rows=3 width=5",
      .stateSpaceScanGradient: "query=5 heads=4 head_dim=3 groups=2 state=6 chunk=2 fused=1",
      .selectiveScanGradient: "query=5 channels=6 state=3 state_bits=16",
      .lightningAttentionGradient: "query=5 heads=2 head_dim=4 chunk=2",
      .expertLayer: "tokens=3 hidden=8 intermediate=6 experts=8 top_k=2 distribution=power1.2",
    ]
    for kind in OperatorKind.allCases {
      let columns = try XCTUnwrap(arguments[kind], "\(kind) has no example")
      let row = try operatorEntry("kernel \(kind.rawValue) \(columns) --dtype bf16 --hardware h100-sxm")
      XCTAssertEqual(row["kind"] as? String, kind.rawValue)
      XCTAssertNotNil(row["timeSeconds"] as? Double, "\(kind)")
    }
  }

  func testRowsAndCollectivesOfMeasurementFilesAreTheSameKinds() throws {
    for (long, short) in [
      ("row op=rmsnorm rows=20 width=8192", "rmsnorm rows=20 width=8192"),
      ("collective op=all_reduce ranks=8 bytes=4096", "all_reduce ranks=8 bytes=4096"),
    ] {
      let rest = "--dtype fp16 --hardware h100-sxm"
      XCTAssertEqual(output("kernel \(long) \(rest)"), output("kernel \(short) \(rest)"))
    }
  }

  /// dtype and kv_dtype are columns of those files, too.
  func testFormatsAsColumns() throws {
    let shape = "batch=2 query=1 context=100 heads=8 kv_heads=2 head_dim=128"
    XCTAssertEqual(
      output("kernel attention \(shape) dtype=bf16 kv_dtype=fp8 --hardware h100-sxm"),
      output("kernel attention \(shape) --dtype bf16 --kv-dtype fp8 --hardware h100-sxm"))
  }

  /// What is given is read, or refused: columns that change no count, formats that no tensor has, two formats for one thing.
  func testNothingThatIsGivenIsIgnored() {
    for (arguments, words) in [
      ("gemm m=1 n=2 k=3 copies=abc --dtype fp16", "copies=abc"),
      ("gemm m=1 n=2 k=3 copies=0 --dtype fp16", "copies=0"),
      ("softmax rows=1 width=2 heads=abc --dtype fp16", "heads=abc"),
      ("softmax rows=1 width=2 tp=x --dtype fp16", "tp=x"),
      ("rope rows=2 heads=1 head_dim=8 tp=x --dtype fp16", "tp=x"),
      ("gemm m=1 n=2 k=3 dtype=fp8 --dtype fp16", "dtype=fp8 and --dtype fp16"),
      ("attention query=4 heads=2 head_dim=8 kv_dtype=fp8 --kv-dtype bf16 --dtype bf16", "kv_dtype=fp8 and --kv-dtype"),
      ("gemm m=1 n=2 k=3 --dtype fp16 --kv-dtype fp8", "--kv-dtype changes nothing"),
      ("gemm m=1 n=2 k=3 kv_dtype=fp8 --dtype fp16", "kv_dtype=fp8 changes nothing"),
      ("softmax rows=1 width=2 --dtype fp16 --weight-dtype int4", "--weight-dtype changes nothing"),
      ("attention query=4 heads=2 head_dim=8 --dtype fp16 --weight-dtype int4", "--weight-dtype changes nothing"),
      ("all_reduce ranks=2 bytes=8 --activation-dtype fp8", "--activation-dtype changes nothing"),
      ("rope rows=2 heads=1 head_dim=63 --dtype fp16", "head_dim=63 is odd"),
      ("rope rows=2 heads=1 head_dim=64 rotary_dim=3 --dtype fp16", "rotary_dim=3 is odd"),
    ] {
      let outcome = roofline("kernel \(arguments) --hardware h100-sxm")
      XCTAssertEqual(outcome.exitCode, 64, arguments)
      XCTAssertEqual(outcome.output, "", arguments)
      XCTAssertTrue(outcome.errors.contains(words), "\(words) not in \(outcome.errors)")
    }
    for arguments in [
      "gemm m=1 n=2 k=3 --dtype fp16 --weight-dtype fp8", "gemm m=1 n=2 k=3 dtype=fp16 --dtype fp16",
      "attention query=4 heads=2 head_dim=8 --dtype bf16 --kv-dtype fp8", "rope rows=2 heads=1 head_dim=8 --dtype fp16",
      "rope rows=2 heads=1 head_dim=63 rotary_dim=62 --dtype fp16",
    ] {
      XCTAssertEqual(roofline("kernel \(arguments) --hardware h100-sxm").exitCode, 0, arguments)
    }
  }

  /// Softmax was fitted on the A100 PCIe, launched eagerly in fp32; ReLU was not, and takes nobody's constants.
  func testSoftmaxIsTimedByItsConstantsAndReluByNone() throws {
    let rest = "rows=4096 width=4096 --dtype fp32 --hardware a100-pcie-40gb --time calibrated --launch eager"
    let softmax = output("kernel softmax \(rest)")
    XCTAssertTrue(softmax.contains("times    row pytorch-eager softmax"), softmax)
    let relu = output("kernel relu \(rest)")
    XCTAssertTrue(relu.contains("no constants for relu"), relu)
    XCTAssertFalse(relu.contains("softmax"), relu)
  }

  /// As `analyze` says it: the L40S has FlashInfer's constants for a head dim of 128 alone.
  func testConstantsOfAnotherHeadDimAreSaid() throws {
    let shape = "phase=prefill batch=1 query=512 context=512 heads=32 kv_heads=8 head_dim=96"
    let run = "kernel attention \(shape) --dtype bf16 --hardware l40s --time calibrated --family attention=vllm-fa2"
    let note = "vllm-fa2: constants of head dim"
    XCTAssertTrue(output(run).contains("note     \(note)"), output(run))
    XCTAssertTrue(((try json(run))["notices"] as? [String])?.contains { $0.hasPrefix(note) } == true)
  }

  func testRatesAloneAreEnough() {
    let text = output("kernel gemm m=16 n=8192 k=1024 --dtype fp16 --peak 312e12 --bandwidth 1.5e12")
    XCTAssertTrue(text.contains("11.38 µs"), text)
  }

  func testFullMaskSeesAllPairs() throws {
    func tensor(_ rest: String) throws -> Int? {
      let row = try operatorEntry(
        "kernel attention query=8 context=8 heads=1 head_dim=64 \(rest) --dtype bf16 --hardware h100-sxm")
      return (row["flops"] as? [String: Int])?["tensor"]
    }
    XCTAssertEqual(try tensor("causal=false"), 4 * 64 * 64)
    XCTAssertEqual(try tensor(""), 4 * 36 * 64)
  }

  private func operatorEntry(_ command: String) throws -> [String: Any] {
    try XCTUnwrap(try json(command)["operator"] as? [String: Any])
  }
}
