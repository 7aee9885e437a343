extension GPUGeneration {
  /// B300 and GB300. Base-2 exponentials, nearly all that is counted as special, take half as long as on Blackwell (NVIDIA Blackwell
  /// Ultra datasheet); fp4 runs at three times the rate of fp8. int8 is a thirtieth as fast, so Blackwell's figure bounds it.
  package static let blackwellUltra = GPUGeneration(
    .capability(ComputeCapability(major: 10, minor: 3)),
    tensor: [.tf32: 4096, .bf16: 8192, .fp16: 8192, .fp8: 16384, .int8: 16384, .fp4: 49152],
    vector: 256, specialFunctions: 32, specialSource: "NVIDIA Blackwell Ultra datasheet, attention acceleration",
    threads: 2048, tiles: .blackwell, l2: L2Reach(bytesPerSecond: 12e12, residentShare: 0.4))
}
