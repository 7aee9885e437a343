/// Which of its kernels a library runs for a decode step; each has constants of its own.
public enum AttentionVariant: String, Hashable, Sendable, CaseIterable {
  /// Several query heads share a KV head, or not.
  case grouped, ungrouped
  /// FlashInfer under SGLang: tensor cores from four query heads on.
  case tensorCores = "tensor-cores"
  case fewHeads = "few-heads"
  /// TensorRT-LLM's two kernels.
  case xqa, masked

  /// - Parameter processors: SMs of the GPU.
  public init(family: String, call: AttentionCall, processors: Double) {
    let group = call.group
    switch family {
    case "vllm-fa2": self = group > 1 && call.window == 0 ? .grouped : .ungrouped
    case "sglang-flashinfer": self = group >= 4 ? .tensorCores : group > 1 ? .fewHeads : .ungrouped
    case "trtllm":
      let blocks = max(1, (call.context / 128).rounded(.down))
      let isFilling = 4 * call.batch * call.keyValueHeads * blocks >= processors
      self = group > 1 && group <= 32 && (call.keyValueBytes < 2 || isFilling) ? .xqa : .masked
    default: self = group > 1 ? .grouped : .ungrouped
    }
  }
}
