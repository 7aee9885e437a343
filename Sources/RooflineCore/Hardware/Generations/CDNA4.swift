extension GPUGeneration {
  /// MI355X. It has no tf32: libraries emulate it.
  package static let cdna4 = GPUGeneration(
    .architecture("CDNA 4"),
    tensor: [.bf16: 4096, .fp16: 4096, .fp8: 8192, .int8: 8192, .fp4: 16384],
    vector: 256, specialFunctions: 32,
    specialSource: "AMD CDNA 4 Architecture white paper: twice the transcendental rate of CDNA 3",
    threads: 2048, tiles: nil, l2: nil)
}
