extension GPUGeneration {
  /// A100, A30.
  package static let ampere = GPUGeneration(
    capability: ComputeCapability(major: 8, minor: 0),
    tensor: [.tf32: 1024, .bf16: 2048, .fp16: 2048, .int8: 4096, .int4: 8192],
    vector: 128, specialFunctions: 16, threads: 2048, tiles: .ampere)
}

extension TileList {
  package static let ampere = TileList(
    "ampere", depth: 32, multicast: 1, tail: 1,
    tiles: [(32, 64), (64, 64), (64, 128), (64, 256), (128, 128), (128, 256)])
}
