extension GPUGeneration {
  /// B200.
  package static let blackwell = GPUGeneration(
    capability: ComputeCapability(major: 10, minor: 0),
    tensor: [.tf32: 4096, .bf16: 8192, .fp16: 8192, .fp8: 16384, .int8: 16384, .fp4: 32768],
    vector: 256, specialFunctions: 16, threads: 2048, tiles: .blackwell,
    l2: L2Reach(bytesPerSecond: 12e12, residentShare: 0.4))
}

extension TileList {
  package static let blackwell = TileList(
    "blackwell", depth: 64, multicast: 0.5, tail: 0.8,
    tiles: pairs(of: [128, 256], with: [16, 32, 64, 96, 128, 160, 192, 224, 256], upTo: 65536),
    grouped: all([16, 32, 64, 128, 192, 256], by: [128, 256], upTo: 65536))
}
