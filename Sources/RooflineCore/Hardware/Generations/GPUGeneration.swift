/// What the GPUs of one compute capability have in common: what an SM does in a clock, how much it holds, and the kernels there are
/// for it. No fact has a default, so that one which is forgotten does not compile.
///
/// FLOPs are from NVIDIA's architecture whitepapers (Volta, Turing, Ampere, Ada, Hopper, Blackwell), threads and special functions
/// from the CUDA C++ Programming Guide, "Technical specifications per compute capability" and "Arithmetic instructions".
public struct GPUGeneration: Hashable, Sendable {
  public let capability: ComputeCapability
  /// Dense FLOPs an SM's matrix units do in a clock, multiply-accumulates times 2, by format; the 16-bit figure is with fp32
  /// accumulation. A format that is not there has no matrix unit. It bounds every tensor rate that a file may claim.
  public let tensor: [DType: Double]
  /// fp32 FLOPs of an SM's CUDA cores in a clock.
  public let vector: Double
  /// Special functions of an SM in a clock.
  public let specialFunctions: Double
  /// Threads that an SM holds at most.
  public let threads: Double
  /// The output tiles that GEMM libraries offer; nil where nobody has listed them, and no product has a calibrated time.
  public let tiles: TileList?

  /// Every generation of which something is known, oldest first: a generation's file and its line here make it known.
  public static let all: [GPUGeneration] = [
    .volta, .turing, .ampere, .ampereGraphics, .ada, .hopper, .blackwell, .blackwellGraphics,
  ]

  /// The generation of a compute capability.
  ///
  /// - Returns: nil where nothing is known of it.
  public init?(_ capability: ComputeCapability) {
    guard let generation = GPUGeneration.all.first(where: { $0.capability == capability }) else { return nil }
    self = generation
  }

  init(
    capability: ComputeCapability, tensor: [DType: Double], vector: Double, specialFunctions: Double, threads: Double,
    tiles: TileList?
  ) {
    self.capability = capability
    self.tensor = tensor
    self.vector = vector
    self.specialFunctions = specialFunctions
    self.threads = threads
    self.tiles = tiles
  }
}

extension HardwareSpec {
  /// What is known of the GPU's generation; nil where the file does not state its compute capability, or nothing is known of it.
  public var generation: GPUGeneration? { computeCapability.flatMap(GPUGeneration.init) }
}
