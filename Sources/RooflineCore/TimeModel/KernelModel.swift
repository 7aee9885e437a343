/// A time model of any kind with its constants put in: what predicts the kernels of one calibration entry on one GPU.
public enum KernelModel: Sendable {
  case gemm(GEMMTimeModel)
  case prefill(PrefillTimeModel)
  case decode(DecodeTimeModel)
  case row(RowTimeModel)
  case collective(CollectiveTimeModel)

  /// - Parameter generation: that of the GPU, which decides the tiles a GEMM library offers.
  /// - Returns: nil where nothing is known of such a GPU's tiles.
  public init?(_ constants: Calibration.Constants, facts: DeviceFacts, generation: GPUGeneration) {
    switch constants {
    case .gemm(let constants):
      guard let tiles = generation.tiles else { return nil }
      self = .gemm(GEMMTimeModel(facts, constants, tiles))
    case .prefill(let constants, let cut): self = .prefill(PrefillTimeModel(facts, constants, cut))
    case .decode(let constants, let cut): self = .decode(DecodeTimeModel(facts, constants, cut))
    case .row(let constants): self = .row(RowTimeModel(facts, constants, generation: generation))
    case .collective(let constants): self = .collective(CollectiveTimeModel(facts, constants))
    }
  }

  /// NaN where the kernel is of another kind.
  @inline(__always) public func timing(_ kernel: TimedKernel) -> KernelTiming {
    switch self {
    case .gemm(let model): model.timing(of: kernel)
    case .prefill(let model): model.timing(of: kernel)
    case .decode(let model): model.timing(of: kernel)
    case .row(let model): model.timing(of: kernel)
    case .collective(let model): model.timing(of: kernel)
    }
  }

  public func microseconds(_ kernel: TimedKernel) -> Double { timing(kernel).microseconds }

  /// Empty where the kernel is of another kind.
  public func parts(_ kernel: TimedKernel) -> [TimePart] { model.parts(of: kernel) }

  /// Empty where the kernel is of another kind.
  public func choices(_ kernel: TimedKernel) -> [(name: String, value: String)] { model.choices(of: kernel) }

  private var model: any KernelTimeModel {
    switch self {
    case .gemm(let model): model
    case .prefill(let model): model
    case .decode(let model): model
    case .row(let model): model
    case .collective(let model): model
    }
  }
}
