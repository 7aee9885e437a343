import RooflineCore

@testable import CUDAMeasurement

/// Operators that have kernels, small enough for the stand-in.
enum PlannedOperators {
  static let formats: [DType] = [.fp16, .bf16, .fp32]

  /// As `roofline kernel` takes them.
  static let lines = [
    "rmsnorm rows=3 width=256", "rmsnorm rows=1 width=1", "rmsnorm rows=2 width=4097", "layernorm rows=3 width=256",
    "layernorm rows=2 width=77", "add_rmsnorm rows=3 width=256", "add_rmsnorm rows=1 width=130",
    "softmax rows=5 width=64", "softmax rows=2 width=1000", "silu_and_mul rows=3 width=96",
    "silu_and_mul rows=1 width=5001", "gelu rows=3 width=96", "gelu rows=1 width=4099", "residual_add rows=3 width=96",
    "residual_add rows=1 width=2051", "embedding rows=6 width=40", "embedding rows=7 width=33 tp=3",
    "rope rows=6 batch=2 heads=4 kv_heads=2 head_dim=16",
    "rope rows=6 batch=2 heads=4 kv_heads=2 head_dim=16 rotary_dim=8 context=7",
    "rope rows=6 batch=2 heads=4 kv_heads=2 head_dim=16 context=9 fused=1",
    "rope rows=2 batch=2 heads=3 kv_heads=1 head_dim=20 rotary_dim=10 context=5 fused=1",
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

  static let device = DeviceProperties(
    ordinal: 0, name: "test", uuid: "", pciBusIdentifier: "", computeCapability: .init(major: 9, minor: 0),
    streamingMultiprocessors: 132, memory: 80 << 30)
}
