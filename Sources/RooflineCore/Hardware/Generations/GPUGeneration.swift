/// What the GPUs of one compute capability have in common: what an SM does in a clock, how much it holds, and the kernels there are
/// for it. No fact has a default, so that one which is forgotten does not compile. Of AMD's GPUs, compute units stand as SMs and
/// matrix cores as tensor cores.
///
/// FLOPs are from the vendors' architecture whitepapers (Volta, Turing, Ampere, Ada, Hopper, Blackwell; CDNA 3, CDNA 4), threads and
/// special functions from the CUDA C++ Programming Guide, "Technical specifications per compute capability" and "Arithmetic
/// instructions", where a generation names no other source.
package struct GPUGeneration: Hashable, Sendable {
  /// How hardware files name a generation.
  package enum Name: Hashable, Sendable, CustomStringConvertible {
    case capability(ComputeCapability)
    /// Of a GPU that has no compute capability, which is a notion of CUDA.
    case architecture(String)

    package var description: String {
      switch self {
      case .capability(let capability): "compute capability \(capability)"
      case .architecture(let name): name
      }
    }
  }

  package let name: Name
  /// Dense FLOPs an SM's matrix units do in a clock, multiply-accumulates times 2, by format; the 16-bit figure is with fp32
  /// accumulation. A format that is not there has no matrix unit. It bounds every tensor rate that a file may claim.
  package let tensor: [DType: Double]
  /// fp32 FLOPs of an SM's CUDA cores in a clock.
  package let vector: Double
  /// Special functions of an SM in a clock.
  package let specialFunctions: Double
  /// Where that is from.
  package let specialSource: String
  /// Threads that an SM holds at most.
  package let threads: Double
  /// The output tiles that GEMM libraries offer; nil where nobody has listed them, and no product has a calibrated time.
  package let tiles: TileList?
  /// How fast the L2 cache is, and how much of it stays with a kernel; nil where nobody has said, and what leans on it has no time model.
  package let l2: L2Reach?

  /// Every generation of which something is known, each vendor's oldest first: a generation's file and its line here make it known.
  package static let all: [GPUGeneration] = [
    .volta, .turing, .ampere, .ampereGraphics, .ada, .hopper, .blackwell, .blackwellUltra, .blackwellGraphics,
    .cdna3, .cdna4,
  ]

  /// The generation of a compute capability, or of an architecture.
  ///
  /// - Returns: nil where nothing is known of it.
  package init?(_ name: Name) {
    guard let generation = GPUGeneration.all.first(where: { $0.name == name }) else { return nil }
    self = generation
  }

  /// The generation of a compute capability.
  ///
  /// - Returns: nil where nothing is known of it.
  package init?(_ capability: ComputeCapability) { self.init(.capability(capability)) }

  /// nil of a GPU that is not NVIDIA's.
  package var capability: ComputeCapability? {
    switch name {
    case .capability(let capability): capability
    case .architecture: nil
    }
  }

  init(
    _ name: Name, tensor: [DType: Double], vector: Double, specialFunctions: Double, specialSource: String,
    threads: Double, tiles: TileList?, l2: L2Reach?
  ) {
    self.name = name
    self.tensor = tensor
    self.vector = vector
    self.specialFunctions = specialFunctions
    self.specialSource = specialSource
    self.threads = threads
    self.tiles = tiles
    self.l2 = l2
  }

  /// A generation whose special functions are the programming guide's.
  init(
    capability: ComputeCapability, tensor: [DType: Double], vector: Double, specialFunctions: Double, threads: Double,
    tiles: TileList?, l2: L2Reach?
  ) {
    self.init(
      .capability(capability), tensor: tensor, vector: vector, specialFunctions: specialFunctions,
      specialSource: "CUDA C++ Programming Guide, arithmetic instructions", threads: threads, tiles: tiles, l2: l2)
  }
}

extension HardwareSpec {
  /// What is known of the GPU's generation, by its compute capability or, without one, its architecture; nil where the file states
  /// neither, or nothing is known of it.
  package var generation: GPUGeneration? {
    let name = computeCapability.map { GPUGeneration.Name.capability($0) } ?? architecture.map { .architecture($0) }
    return name.flatMap(GPUGeneration.init)
  }
}
