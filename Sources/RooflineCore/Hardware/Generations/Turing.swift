extension GPUGeneration {
  /// T4.
  package static let turing = GPUGeneration(
    capability: ComputeCapability(major: 7, minor: 5),
    tensor: [.fp16: 1024, .int8: 2048, .int4: 4096],
    vector: 128, specialFunctions: 16, threads: 1024, tiles: nil, l2: nil)
}
