extension GPUGeneration {
  /// L4, L40S.
  package static let ada = GPUGeneration(
    capability: ComputeCapability(major: 8, minor: 9),
    tensor: [.tf32: 512, .bf16: 1024, .fp16: 1024, .fp8: 2048, .int8: 2048, .int4: 4096],
    vector: 256, specialFunctions: 16, threads: 1536, tiles: .ada,
    l2: L2Reach(bytesPerSecond: 3.5e12, residentShare: 0.9))
}

extension TileList {
  package static let ada = TileList(
    "ada", depth: 32, multicast: 1, tail: 1,
    tiles: [
      (32, 64), (64, 64), (64, 128), (64, 256), (128, 128), (128, 256), (16, 64), (16, 128), (32, 128), (128, 64),
      (256, 128),
    ],
    grouped: ampere.grouped + [(16, 256), (128, 64)])
}
