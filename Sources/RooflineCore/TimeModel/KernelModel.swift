/// A time model of any kind with its constants put in: what predicts the kernels of one calibration entry on one GPU.
public enum KernelModel: Sendable {
  case gemm(GEMMTimeModel)
  case prefill(PrefillTimeModel)
  case decode(DecodeTimeModel)
  case row(RowTimeModel)
  case collective(CollectiveTimeModel)

  /// - Parameter capability: compute capability of the GPU, which decides the tiles a GEMM library offers.
  /// - Returns: nil where nothing is known of such a GPU's tiles.
  public init?(_ constants: Calibration.Constants, facts: DeviceFacts, capability: String) {
    switch constants {
    case .gemm(let constants):
      guard let list = TileList(capability: capability) else { return nil }
      self = .gemm(GEMMTimeModel(facts, constants, list))
    case .prefill(let constants, let cut): self = .prefill(PrefillTimeModel(facts, constants, cut))
    case .decode(let constants, let cut): self = .decode(DecodeTimeModel(facts, constants, cut))
    case .row(let constants): self = .row(RowTimeModel(facts, constants, capability: capability))
    case .collective(let constants): self = .collective(CollectiveTimeModel(facts, constants))
    }
  }

  /// NaN where the kernel is of another kind.
  @inline(__always) public func timing(_ kernel: TimedKernel) -> KernelTiming {
    switch (self, kernel.shape) {
    case (.gemm(let model), .gemm(let shape)): model.timing(shape)
    case (.prefill(let model), .prefill(let call)): model.timing(call)
    case (.decode(let model), .decode(let call)): model.timing(call)
    case (.row(let model), .row(let call)): model.timing(call)
    case (.collective(let model), .collective(let call)): model.timing(call)
    default: KernelTiming(microseconds: .nan, exposed: .nan)
    }
  }

  public func microseconds(_ kernel: TimedKernel) -> Double { timing(kernel).microseconds }

  public func parts(_ kernel: TimedKernel) -> [TimePart] {
    switch (self, kernel.shape) {
    case (.gemm(let model), .gemm(let shape)): model.parts(shape)
    case (.prefill(let model), .prefill(let call)): model.parts(call)
    case (.decode(let model), .decode(let call)): model.parts(call)
    case (.row(let model), .row(let call)): model.parts(call)
    case (.collective(let model), .collective(let call)): model.parts(call)
    default: []
    }
  }

  public func choices(_ kernel: TimedKernel) -> [(name: String, value: String)] {
    switch (self, kernel.shape) {
    case (.gemm(let model), .gemm(let shape)): model.choices(shape)
    case (.prefill(let model), .prefill(let call)): model.choices(call)
    case (.decode(let model), .decode(let call)): model.choices(call)
    case (.row(let model), .row(let call)): model.choices(call)
    case (.collective(let model), .collective(let call)): model.choices(call)
    default: []
    }
  }
}

extension TileList {
  /// What the libraries of today offer on a GPU.
  public init?(capability: String) {
    switch capability {
    case "8.0": self = .ampere
    case "8.6", "8.9", "12.0": self = .ada
    case "9.0": self = .hopper
    case "10.0", "10.3": self = .blackwell
    default: return nil
    }
  }
}
