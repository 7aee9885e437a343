extension GPUGeneration {
  /// RTX PRO 6000: Blackwell made for graphics.
  package static let blackwellGraphics = GPUGeneration(
    capability: ComputeCapability(major: 12, minor: 0),
    tensor: [.tf32: 512, .bf16: 1024, .fp16: 1024, .fp8: 2048, .int8: 2048, .fp4: 4096],
    vector: 256, specialFunctions: 16, threads: 1536, tiles: .ada, l2: L2Reach(bytesPerSecond: 7e12, residentShare: 0.9)
  )
}
