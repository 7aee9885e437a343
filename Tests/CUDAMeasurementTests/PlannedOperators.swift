import CUDAMeasurement
import RooflineCore
import RooflineMeasurement

/// Operators that have kernels, small enough for the stand-in.
enum PlannedOperators {
  static let formats: [DType] = [.fp16, .bf16, .fp32]

  /// As `roofline kernel` takes them.
  static let lines = [
    "rmsnorm rows=3 width=256", "rmsnorm rows=1 width=1", "rmsnorm rows=2 width=4097", "layernorm rows=3 width=256",
    "layernorm rows=2 width=77", "add_rmsnorm rows=3 width=256", "add_rmsnorm rows=1 width=130",
    "softmax rows=5 width=64", "softmax rows=2 width=1000", "softmax rows=3 width=77", "silu_and_mul rows=3 width=96",
    "silu_and_mul rows=1 width=5001", "gelu rows=3 width=96", "gelu rows=1 width=4099", "residual_add rows=3 width=96",
    "residual_add rows=1 width=2051", "embedding rows=6 width=40", "embedding rows=7 width=33 tp=3",
    "rope rows=6 batch=2 heads=4 kv_heads=2 head_dim=16",
    "rope rows=6 batch=2 heads=4 kv_heads=2 head_dim=16 rotary_dim=8 context=7",
    "rope rows=6 batch=2 heads=4 kv_heads=2 head_dim=16 context=9 fused=1",
    "rope rows=2 batch=2 heads=3 kv_heads=1 head_dim=20 rotary_dim=10 context=5 fused=1",
  ]

  /// Matrix products of cuBLASLt.
  static let products = [
    "gemm m=5 n=48 k=64", "gemm m=1 n=16 k=16 bias=1", "gemm m=33 n=40 k=96 bias=1", "linear_gelu m=16 n=32 k=64",
    "linear_gelu m=16 n=32 k=64 bias=1",
    "qk_matmul batch=2 query=3 context=16 heads=4 kv_heads=2 head_dim=32",
    "sv_matmul batch=2 query=3 context=16 heads=4 kv_heads=2 head_dim=32",
    "qk_matmul batch=2 query=3 context=13 heads=4 kv_heads=2 head_dim=32",
    "sv_matmul batch=2 query=3 context=13 heads=4 kv_heads=2 head_dim=32",
  ]

  /// Attention, and products of this package's own kernel: tensor cores, in two formats.
  static let tensorCoreLines = [
    "attention batch=1 query=9 context=9 heads=2 kv_heads=1 head_dim=64",
    "attention batch=1 query=5 context=70 heads=2 head_dim=32 causal=0",
    "attention batch=2 query=6 context=20 heads=4 kv_heads=2 head_dim=32 window=7",
    "attention batch=2 query=1 context=37 heads=4 kv_heads=1 head_dim=64",
    "attention batch=1 query=1 context=600 heads=4 kv_heads=2 head_dim=32",
    "attention batch=2 query=1 context=40 heads=2 head_dim=80 window=9",
    "gemm m=5 n=48 k=64 bias=1", "gemm m=70 n=33 k=17",
  ]

  /// Products of routed experts: of one token; of few and of many tokens an expert, gathered from fewer rows; of rows of their own.
  static let expertProducts = [
    "grouped_gemm m=1 n=33 k=17 experts=8 top_k=1 bias=1", "grouped_gemm m=2 n=24 k=40 experts=8 top_k=2",
    "grouped_gemm m=24 n=48 k=64 rows=12 experts=4 top_k=2 bias=1",
    "grouped_gemm m=24 n=40 k=32 rows=24 experts=8 top_k=2 touched=5",
    "grouped_gemm m=150 n=40 k=24 rows=75 experts=2 top_k=2",
  ]

  /// Routes and sums over experts, in any format.
  static let expertRows = [
    "route rows=3 experts=8 top_k=2 renormalise=1", "route rows=9 experts=129 top_k=8",
    "route rows=5 experts=32 top_k=4 of_chosen=1", "route rows=6 experts=64 top_k=6 sigmoid=1 renormalise=1 scale=1",

    "expert_combine rows=3 width=96 pairs=6", "expert_combine rows=4 width=33 pairs=3 weighted=0",
    "expert_combine rows=5 width=2051 pairs=11",
  ]

  static func task(_ line: String, _ dtype: DType) throws -> MeasurementTask {
    try task(line, NumberFormats(dtype))
  }

  static func task(_ line: String, _ formats: NumberFormats) throws -> MeasurementTask {
    let words = line.split(separator: " ").map(String.init)
    let pairs = words.dropFirst().map { $0.split(separator: "=").map(String.init) }
    let arguments = try KernelArguments(
      kind: words[0], values: Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) }))
    guard let task = MeasurementTask(names: [], try arguments.definition(formats), formats) else {
      throw Unsupported("\(line) has no columns")
    }
    return task
  }

  static let device: DeviceProperties = {
    var device = DeviceProperties(
      ordinal: 0, name: "test", uuid: "", pciBusIdentifier: "", computeCapability: .init(major: 9, minor: 0),
      streamingMultiprocessors: 132, memory: 80 << 30)
    device.sharedMemoryPerBlock = 227 << 10
    return device
  }()
}
