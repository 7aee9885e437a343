/// What an SM does in a clock, by compute capability, and a compute unit of AMD's, by architecture. The dense FLOPs bound every
/// tensor rate a file may claim.
///
/// From NVIDIA's architecture whitepapers (Volta, Turing, Ampere, Ada, Hopper, Blackwell) and AMD's (CDNA 3, CDNA 4): matrix
/// multiply-accumulates per SM and clock, times 2. The 16-bit figure is with fp32 accumulation.
public struct TensorCoreGeneration: Sendable {
  let tensor: [DType: Double]
  let vector: Double
  /// Special functions of an SM in a clock: 16 since Kepler.
  public var specialFunctions = 16.0
  /// Where that is from.
  public var specialSource = "CUDA C++ Programming Guide, arithmetic instructions"

  static let known: [String: TensorCoreGeneration] = [
    "7.0": .init(tensor: [.fp16: 1024], vector: 128),
    "7.5": .init(tensor: [.fp16: 1024, .int8: 2048, .int4: 4096], vector: 128),
    "8.0": .init(tensor: [.tf32: 1024, .bf16: 2048, .fp16: 2048, .int8: 4096, .int4: 8192], vector: 128),
    "8.6": .init(tensor: [.tf32: 512, .bf16: 1024, .fp16: 1024, .int8: 2048, .int4: 4096], vector: 256),
    "8.9": .init(tensor: [.tf32: 512, .bf16: 1024, .fp16: 1024, .fp8: 2048, .int8: 2048, .int4: 4096], vector: 256),
    "9.0": .init(tensor: [.tf32: 2048, .bf16: 4096, .fp16: 4096, .fp8: 8192, .int8: 8192], vector: 256),
    "10.0": .init(
      tensor: [.tf32: 4096, .bf16: 8192, .fp16: 8192, .fp8: 16384, .int8: 16384, .fp4: 32768], vector: 256),
    // Blackwell Ultra does base-2 exponentials, nearly all that is counted, twice as fast, fp4 at three times fp8, and int8 a
    // thirtieth as fast as Blackwell, whose figure bounds it.
    "10.3": .init(
      tensor: [.tf32: 4096, .bf16: 8192, .fp16: 8192, .fp8: 16384, .int8: 16384, .fp4: 49152], vector: 256,
      specialFunctions: 32, specialSource: "NVIDIA Blackwell Ultra datasheet, attention acceleration"),
    "12.0": .init(tensor: [.tf32: 512, .bf16: 1024, .fp16: 1024, .fp8: 2048, .int8: 2048, .fp4: 4096], vector: 256),
  ]

  /// GPUs that have no compute capability.
  static let byArchitecture: [String: TensorCoreGeneration] = [
    "CDNA 3": .init(
      tensor: [.tf32: 1024, .bf16: 2048, .fp16: 2048, .fp8: 4096, .int8: 4096], vector: 256,
      specialSource: "AMD's LLVM backend, SISchedule.td: transcendentals of 64 lanes at a quarter of their rate"),
    "CDNA 4": .init(
      tensor: [.bf16: 4096, .fp16: 4096, .fp8: 8192, .int8: 8192, .fp4: 16384], vector: 256, specialFunctions: 32,
      specialSource: "AMD CDNA 4 Architecture white paper: twice the transcendental rate of CDNA 3"),
  ]
}

extension HardwareSpec {
  /// What is known of the GPU's generation; nil where the file states neither its compute capability nor, of a GPU without one, its
  /// architecture, or nothing is known of it.
  public var generation: TensorCoreGeneration? {
    guard let computeCapability else { return architecture.flatMap { TensorCoreGeneration.byArchitecture[$0] } }
    return TensorCoreGeneration.known[computeCapability]
  }

  private var generationName: String {
    computeCapability.map { "compute capability \($0)" } ?? architecture ?? "the GPU"
  }

  /// Refuses a rate that the SMs cannot reach at their clock: the usual slip is the figure with sparsity, twice the dense one.
  func requirePlausibleRates() throws(InputError) {
    guard let compute, !compute.tensor.isEmpty || compute.vector != nil else { return }
    guard let generation else {
      guard let computeCapability else {
        let others = TensorCoreGeneration.byArchitecture.keys.sorted().map { "\"\($0)\"" }.joined(separator: " or ")
        throw .missingKey(
          file: path, key: "computeCapability",
          expected: "e.g. \"8.0\", which the rates are checked against, or `architecture` \(others)")
      }
      throw .wrongValue(
        file: path, key: "computeCapability", found: "\"\(computeCapability)\"",
        expected:
          "one of \(TensorCoreGeneration.known.keys.sorted { $0.count == $1.count ? $0 < $1 : $0.count < $1.count }.joined(separator: ", "))"
      )
    }
    guard let sms = compute.streamingMultiprocessors else {
      throw .missingKey(
        file: path, key: "compute.streamingMultiprocessors",
        expected: "the number of SMs, which the rates are checked against")
    }
    func check(_ key: String, _ rate: Double, _ perClock: Double, _ clock: Double?, _ clockKey: String)
      throws(InputError)
    {
      guard let clock else {
        throw .missingKey(file: path, key: "compute.\(clockKey)", expected: "the clock at which the rate is quoted, Hz")
      }
      let ceiling = Double(sms) * clock * perClock
      // Datasheets round; what lies further above is another figure (usually the one with sparsity).
      guard HardwareLimits.shareOfDerivedRate.contains(rate / ceiling) else {
        throw .implausibleRate(
          file: path, key: "compute.\(key)", rate: rate, ceiling: ceiling,
          derivation: "\(sms) SMs × \(clock / 1e9) GHz × \(Int(perClock)) FLOPs per clock")
      }
    }
    for (dtype, rate) in compute.tensor.sorted(by: { $0.key.index < $1.key.index }) {
      guard let perClock = generation.tensor[dtype] else {
        throw .wrongValue(
          file: path, key: "compute.tensorFLOPsPerSecond.\(dtype.rawValue)", found: "a rate",
          expected: "none: \(generationName) has no \(dtype.rawValue) tensor cores")
      }
      try check("tensorFLOPsPerSecond.\(dtype.rawValue)", rate, perClock, compute.tensorClock, "tensorClockHz")
    }
    if let vector = compute.vector {
      try check("vectorFLOPsPerSecond", vector, generation.vector, compute.boostClock, "boostClockHz")
    }
  }

  /// Refuses memory and links that contradict each other: a slip of units that no limit of its own finds.
  func requirePlausibleMemory() throws(InputError) {
    guard let memory else { return }
    let block = parent == nil ? "memory." : "slice."
    if let bandwidth = memory.bandwidth, !HardwareLimits.bandwidth.contains(bandwidth) {
      throw .wrongValue(
        file: path, key: "slice.bandwidthFraction", found: "a share that leaves \(bandwidth) B/s",
        expected: "one that leaves at least \(HardwareLimits.bandwidth.lowerBound) B/s")
    }
    if let l2 = memory.l2, !HardwareLimits.l2.contains(l2) {
      throw .wrongValue(
        file: path, key: "slice.l2Fraction", found: "a share that leaves \(l2) bytes of L2",
        expected: "one that leaves at least \(HardwareLimits.l2.lowerBound) bytes")
    }
    if let l2 = memory.l2, let capacity = memory.capacity, l2 >= capacity {
      throw .wrongValue(
        file: path, key: "\(block)capacityBytes", found: "\(capacity)", expected: "more than the \(l2) bytes of L2")
    }
    if let link = link?.bandwidth, let bandwidth = memory.bandwidth, link > bandwidth {
      throw .wrongValue(
        file: path, key: "link.bytesPerSecondPerDirection", found: "\(link)",
        expected: "at most the memory's \(bandwidth) B/s, which a link cannot outrun")
    }
  }
}
