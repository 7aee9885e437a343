extension GPUGeneration {
  /// H100, H200.
  package static let hopper = GPUGeneration(
    capability: ComputeCapability(major: 9, minor: 0),
    tensor: [.tf32: 2048, .bf16: 4096, .fp16: 4096, .fp8: 8192, .int8: 8192],
    vector: 256, specialFunctions: 16, threads: 2048, tiles: .hopper,
    l2: L2Reach(bytesPerSecond: 5.5e12, residentShare: 0.45))
}

extension TileList {
  package static let hopper = TileList(
    "hopper", depth: 64, multicast: 0.5, tail: 0.8,
    tiles: pairs(of: [64, 128, 192, 256], with: Array(stride(from: 16, through: 256, by: 16)), upTo: 36864),
    grouped: all([16, 32, 64, 128, 192, 256], by: [64, 128, 256], upTo: 36864))

  /// cuBLAS of CUDA 12.1, before it had Hopper's own kernels.
  package static let hopperClassic = TileList(
    "hopper-classic", depth: 64, multicast: 1, tail: 0.8,
    tiles: [(64, 64), (64, 128), (128, 64), (128, 128), (64, 256), (128, 256), (256, 128)],
    grouped: hopper.grouped)
}
