extension GPUGeneration {
  /// A10, A40: Ampere made for graphics.
  package static let ampereGraphics = GPUGeneration(
    capability: ComputeCapability(major: 8, minor: 6),
    tensor: [.tf32: 512, .bf16: 1024, .fp16: 1024, .int8: 2048, .int4: 4096],
    vector: 256, specialFunctions: 16, threads: 1536, tiles: .ada,
    l2: L2Reach(bytesPerSecond: 2e12, residentShare: 0.45))
}
