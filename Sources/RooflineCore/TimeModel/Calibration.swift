/// The constants fitted for one GPU: one entry a kernel family, phase and format.
public struct Calibration: Sendable {
  /// The GPU on which they were fitted.
  public var hardware: String
  public var path: String
  /// The day of the fit, ISO 8601.
  public var date: String
  /// Compute capability of that GPU, which says who may borrow its constants.
  public var computeCapability: ComputeCapability
  public var entries: [Entry]

  public init(hardware: String, path: String, date: String, computeCapability: ComputeCapability, entries: [Entry]) {
    self.hardware = hardware
    self.path = path
    self.date = date
    self.computeCapability = computeCapability
    self.entries = entries
  }

  /// What an entry's constants are about.
  public struct Key: Hashable, Sendable {
    public var kind: TimedKernel.Kind
    public var family: String
    public var phase: Phase?
    /// `rmsnorm`, `all_reduce` …, where a kind has several operators.
    public var operation: OperatorKind?
    public var dtype: DType
    /// Of the KV cache, in attention.
    public var keyValueDType: DType?
    public var headDim: Int?
    /// In decode: which of the library's kernels.
    public var variant: AttentionVariant?
    /// In attention: whether a sliding window is on; nil serves both.
    public var isWindowed: Bool?
    public var launch: Launch

    public init(
      kind: TimedKernel.Kind, family: String, phase: Phase? = nil, operation: OperatorKind? = nil, dtype: DType,
      keyValueDType: DType? = nil, headDim: Int? = nil, variant: AttentionVariant? = nil, isWindowed: Bool? = nil,
      launch: Launch = .graph
    ) {
      self.kind = kind
      self.family = family
      self.phase = phase
      self.operation = operation
      self.dtype = dtype
      self.keyValueDType = keyValueDType
      self.headDim = headDim
      self.variant = variant
      self.isWindowed = isWindowed
      self.launch = launch
    }
  }

  /// The constants of a key's time model.
  public enum Constants: Hashable, Sendable {
    case gemm(GEMMConstants)
    case prefill(PrefillConstants, PrefillCut)
    case decode(DecodeConstants, DecodeCut)
    case row(RowConstants)
    case collective(CollectiveConstants)
  }

  public struct Entry: Sendable {
    public var key: Key
    public var constants: Constants
    public var fit: Fit
    /// Errors on shapes kept aside while fitting, from which intervals come.
    public var heldOut: HeldOutErrors?

    public init(_ key: Key, _ constants: Constants, fit: Fit, heldOut: HeldOutErrors?) {
      self.key = key
      self.constants = constants
      self.fit = fit
      self.heldOut = heldOut
    }
  }

  /// What an entry was fitted on.
  public struct Fit: Hashable, Sendable {
    /// The measurements, in words.
    public var data: String
    public var rows: Int
    public var groups: Int

    public init(data: String, rows: Int, groups: Int) {
      self.data = data
      self.rows = rows
      self.groups = groups
    }
  }
}

extension Calibration.Constants {
  /// Constants at an end of the bounds that files and fits share.
  public var atBounds: [BoundConstant] {
    switch self {
    case .gemm(let constants): constants.atBounds
    case .prefill(let constants, _): constants.atBounds
    case .decode(let constants, _): constants.atBounds
    case .row(let constants): constants.atBounds
    case .collective(let constants): constants.atBounds
    }
  }

  /// Keys and values, in the files' order.
  public var named: [(key: String, value: Double)] {
    switch self {
    case .gemm(let constants): constants.named
    case .prefill(let constants, _): constants.named
    case .decode(let constants, _): constants.named
    case .row(let constants): constants.named
    case .collective(let constants): constants.named
    }
  }
}
