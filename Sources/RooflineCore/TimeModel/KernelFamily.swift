/// Names of kernel libraries. The same kernel goes by several.
public enum KernelFamily {
  /// The names under which measured data know a library; the name itself where it is one of them or unknown.
  public static func names(of family: String) -> [String] {
    switch family.lowercased() {
    case "nvjet", "cublaslt": ["cublas"]
    case "flash-attention-2": ["vllm-fa2"]
    case "flash-attention-3": ["vllm-fa3", "sglang-fa3"]
    case "flashinfer": ["sglang-flashinfer", "sglang"]
    // The kernels that `measure` brings: built like those of serving engines, whose constants stand in until it has its own.
    case "roofline": ["roofline", "vllm", "vllm-fa2", "vllm-fa3"]
    case let name: [name]
    }
  }
}
