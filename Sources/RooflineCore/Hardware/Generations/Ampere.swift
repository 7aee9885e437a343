extension GPUGeneration {
  /// A100, A30.
  package static let ampere = GPUGeneration(
    capability: ComputeCapability(major: 8, minor: 0),
    tensor: [.tf32: 1024, .bf16: 2048, .fp16: 2048, .int8: 4096, .int4: 8192],
    vector: 128, specialFunctions: 16, threads: 2048, tiles: .ampere,
    l2: L2Reach(bytesPerSecond: 4e12, residentShare: 0.45))
}

extension TileList {
  package static let ampere = TileList(
    "ampere", depth: 32, multicast: 1, tail: 1,
    tiles: [(32, 64), (64, 64), (64, 128), (64, 256), (128, 128), (128, 256)],
    grouped: [(16, 128), (32, 128), (64, 128), (128, 128), (128, 256), (256, 128)],
    lowPrecision: [(16, 64), (16, 128), (32, 64), (32, 128), (64, 64), (64, 128), (128, 128), (128, 256)])
}
