import RooflineCore

/// A library of kernels, by the name that calibrations and measured data give it.
package struct KernelLibrary: Hashable, Sendable, ExpressibleByStringLiteral {
  package let name: String
  /// What timing chose among the algorithms that a library offers, beside the library's own choice, which engines run.
  package static func fastest(of family: String) -> String { family + fastestSuffix }
  package var isFastestOffered: Bool { name.hasSuffix(KernelLibrary.fastestSuffix) }
  private static let fastestSuffix = "-best"

  /// Whose attention kernels it runs.
  package let attention: AttentionDesign
  /// Whether the name says so; one that tells nothing is taken to run the newest that packs a group of heads.
  package let tellsAttention: Bool

  /// Attention kernels that are cut alike, whichever engine brings them.
  package enum AttentionDesign: Hashable, Sendable {
    case flashAttention2, flashAttention3, flashInfer, tensorRTLLM
  }

  package init(_ name: String) {
    self.name = name
    let told = KernelLibrary.attention(of: name)
    attention = told ?? .flashAttention3
    tellsAttention = told != nil
  }

  package init(stringLiteral name: String) { self.init(name) }

  package static func == (left: Self, right: Self) -> Bool { left.name == right.name }

  package func hash(into hasher: inout Hasher) { hasher.combine(name) }

  /// The names under which measured data know the library; its own where it is one of them or unknown.
  package var names: [KernelLibrary] {
    switch name.lowercased() {
    case "nvjet", "cublaslt": ["cublas"]
    // The fastest of cuBLASLt's algorithms; the constants of its own choice stand in until it has its own.
    case "cublaslt-best": [self, "cublas"]
    case "flash-attention-2": ["vllm-fa2"]
    case "flash-attention-3": ["vllm-fa3", "sglang-fa3"]
    case "flashinfer": ["sglang-flashinfer", "sglang", "vllm-flashinfer"]
    case "flashmla": ["trtllm-flashmla"]
    case "triton": ["sglang-triton"]
    case "flashkda": ["vllm-flashkda"]
    case "deepgemm": ["vllm-deepgemm", "sglang-deepgemm"]
    case "fla", "flash-linear-attention":
      ["vllm-fla", "vllm-fla-packed", "vllm-fla-fused-gate", "sglang-fla", "sglang-fla-packed"]
    // What PyTorch calls, as `measure --external` has it: until a GPU has constants of its own, those of the library called.
    case "torch-cublas": ["torch-cublas", "cublas"]
    case "torch-fa2": ["torch-fa2", "vllm-fa2"]
    // The kernels that `measure` brings: built like those of serving engines, whose constants stand in until it has its own.
    case "roofline": ["roofline", "vllm", "vllm-fa2", "vllm-fa3", "vllm-triton"]
    case let name: [KernelLibrary(name)]
    }
  }

  /// What a library's name tells of its attention: an engine's name is followed by that of the kernels.
  private static func attention(of name: String) -> AttentionDesign? {
    if name == "flash-attention-2" { return .flashAttention2 }
    if name == "flash-attention-3" { return .flashAttention3 }
    for part in name.split(separator: "-") {
      switch part {
      case "fa2": return .flashAttention2
      case "fa3": return .flashAttention3
      case "flashinfer": return .flashInfer
      case "trtllm": return .tensorRTLLM
      case _: continue
      }
    }
    return nil
  }
}

extension KernelLibrary {
  /// Which of the library's kernels runs a decode step.
  ///
  /// - Parameter processors: SMs of the GPU.
  func variant(_ value: Attention<Count>, processors: Double) -> AttentionVariant {
    let shape = value.shape
    let group = Double(shape.heads) / Double(shape.keyValueHeads)
    switch attention {
    case .flashAttention2: return group > 1 && !value.isWindowed ? .grouped : .ungrouped
    case .flashAttention3: return group > 1 ? .grouped : .ungrouped
    case .flashInfer: return group >= 4 ? .tensorCores : group > 1 ? .fewHeads : .ungrouped
    case .tensorRTLLM:
      let blocks = max(1, (Double(shape.attendedKeys) / 128).rounded(.down))
      let isFilling = 4 * Double(shape.batch) * Double(shape.keyValueHeads) * blocks >= processors
      let isNarrow = value.formats.keyValueCache.bits < 16
      return group > 1 && group <= 32 && (isNarrow || isFilling) ? .xqa : .masked
    }
  }
}

/// Which of its kernels a library runs for a decode step; each has constants of its own.
package enum AttentionVariant: String, Hashable, Sendable, CaseIterable {
  /// Several query heads share a KV head, or not.
  case grouped, ungrouped
  /// FlashInfer under SGLang: tensor cores from four query heads on.
  case tensorCores = "tensor-cores"
  case fewHeads = "few-heads"
  /// TensorRT-LLM's two kernels.
  case xqa, masked
  /// The two ways of an exchange between ranks.
  case dispatch, combine
}
