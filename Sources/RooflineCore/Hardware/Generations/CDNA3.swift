extension GPUGeneration {
  /// MI300X and MI325X: 8 waves of 64 threads on each of four units.
  package static let cdna3 = GPUGeneration(
    .architecture("CDNA 3"),
    tensor: [.tf32: 1024, .bf16: 2048, .fp16: 2048, .fp8: 4096, .int8: 4096],
    vector: 256, specialFunctions: 16,
    specialSource: "AMD's LLVM backend, SISchedule.td: transcendentals of 64 lanes at a quarter of their rate",
    threads: 2048, tiles: nil, l2: nil)
}
