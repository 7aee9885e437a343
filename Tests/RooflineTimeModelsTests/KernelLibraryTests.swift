import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// What a library's name tells, and which of its kernels it runs.
final class KernelLibraryTests: XCTestCase {
  func testANameTellsTheAttentionKernelsOfALibrary() {
    let designs: [KernelLibrary.AttentionDesign: [KernelLibrary]] = [
      .flashAttention2: ["vllm-fa2", "sglang-fa2", "flash-attention-2"],
      .flashAttention3: ["vllm-fa3", "sglang-fa3", "sglang", "a library of tomorrow", "fa22", ""],
      .flashInfer: ["sglang-flashinfer"], .tensorRTLLM: ["trtllm", "trtllm-fp8"],
    ]
    for (design, libraries) in designs {
      for library in libraries { XCTAssertEqual(library.attention, design, library.name) }
    }
  }

  func testALibraryAnswersToItsOtherNames() {
    let names: [KernelLibrary: [KernelLibrary]] = [
      "nvjet": ["cublas"], "cuBLASLt": ["cublas"], "flash-attention-2": ["vllm-fa2"],
      "flash-attention-3": ["vllm-fa3", "sglang-fa3"],
      "FlashInfer": ["sglang-flashinfer", "sglang", "vllm-flashinfer"],
      "FlashMLA": ["trtllm-flashmla"], "Triton": ["sglang-triton"], "FlashKDA": ["vllm-flashkda"],
      "cutlass": ["cutlass"],
    ]
    for (library, expected) in names { XCTAssertEqual(library.names, expected, library.name) }
  }

  /// Head groups and windows decide; in TensorRT-LLM also whether the blocks of 128 keys fill a quarter of the SMs, or the cache is of
  /// 8 bits.
  func testWhichKernelRunsADecodeStep() {
    func variant(
      _ library: KernelLibrary, group: UInt64, window: UInt64 = 0, batch: UInt64 = 1, context: UInt64 = 1000,
      keyValueDType: DType = .bf16
    ) -> AttentionVariant? {
      let value = Operator<Count>.attention(
        batch: batch, query: 1, context: context, heads: group * 2, keyValueHeads: 2, headDim: 128, window: window,
        keyValueDType: keyValueDType)
      return DecodeTimeModel.variant(of: value, of: library, processors: 132)
    }
    XCTAssertEqual(variant("vllm-fa2", group: 4), .grouped)
    XCTAssertEqual(variant("vllm-fa2", group: 4, window: 128), .ungrouped)
    XCTAssertEqual(variant("vllm-fa3", group: 4, window: 128), .grouped)
    XCTAssertEqual(variant("vllm-fa3", group: 1), .ungrouped)
    XCTAssertEqual(
      [1, 2, 3, 4, 8].map { variant("sglang-flashinfer", group: $0) },
      [
        .ungrouped, .fewHeads, .fewHeads, .tensorCores, .tensorCores,
      ])
    // 4 · batch · 2 KV heads · 7 whole blocks: 56 with one sequence, 168 with three.
    XCTAssertEqual(variant("trtllm", group: 8), .masked)
    XCTAssertEqual(variant("trtllm", group: 8, batch: 3), .xqa)
    XCTAssertEqual(variant("trtllm", group: 8, keyValueDType: .fp8), .xqa)
    XCTAssertEqual(variant("trtllm", group: 1, batch: 3), .masked)
    XCTAssertEqual(variant("trtllm", group: 33, batch: 3), .masked)
  }

  /// A kind that has models of phases has one for each; the others serve whatever phase an entry names.
  func testEveryKindAndPhaseHasOneModel() {
    for kind in KernelKind.allCases {
      for model in kind.models { XCTAssertEqual(model.kind, kind) }
      let phases = kind.models.map { $0.phase?.rawValue ?? "" }
      XCTAssertEqual(phases.count, Set(phases).count, kind.rawValue)
      XCTAssertEqual(
        kind.model(of: nil) == nil, [.attention, .mla, .linearAttention].contains(kind), kind.rawValue)
      for phase in Phase.allCases { XCTAssertNotNil(kind.model(of: phase), kind.rawValue) }
    }
  }
}
