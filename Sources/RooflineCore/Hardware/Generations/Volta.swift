extension GPUGeneration {
  /// V100.
  package static let volta = GPUGeneration(
    capability: ComputeCapability(major: 7, minor: 0),
    tensor: [.fp16: 1024],
    vector: 128, specialFunctions: 16, threads: 2048, tiles: nil, l2: nil)
}
