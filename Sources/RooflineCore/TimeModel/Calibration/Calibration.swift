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
    public var kind: KernelKind
    public var family: KernelLibrary
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
      kind: KernelKind, family: KernelLibrary, phase: Phase? = nil, operation: OperatorKind? = nil, dtype: DType,
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

extension Calibration.Key {
  /// The key of a kernel of a library.
  public init(
    _ subject: KernelSubject, family: KernelLibrary, variant: AttentionVariant? = nil, launch: Launch = .graph
  ) {
    self.init(
      kind: subject.kind, family: family, phase: subject.phase, operation: subject.operation, dtype: subject.dtype,
      keyValueDType: subject.keyValueDType, headDim: subject.headDim, variant: variant,
      isWindowed: subject.isWindowed, launch: launch)
  }

  /// The key under which a measurement is fitted, by default; nil for an operator that no time model describes.
  public init?(_ value: Operator<Count>, family: KernelLibrary, launch: Launch = .graph, processors: Double) {
    guard let model = value.timeModel, let subject = model.subject(of: value) else { return nil }
    self.init(
      subject, family: family, variant: model.variant(of: value, of: family, processors: processors), launch: launch)
  }

  /// The model of the key's kernels; nil where a kind has models of phases and the key names none.
  public var timeModel: (any KernelTimeModel.Type)? { kind.model(of: phase) }

  /// Whether the entry is about such kernels at all; head dim and window may differ.
  ///
  /// - Parameter variant: which of the library's kernels runs.
  func serves(_ subject: KernelSubject, variant wanted: AttentionVariant?) -> Bool {
    kind == subject.kind && phase == subject.phase && (operation == nil || operation == subject.operation)
      && (kind == .collective || dtype.isTimedLike(subject.dtype))
      && (subject.keyValueDType.map { (keyValueDType ?? dtype).isTimedLike($0) } ?? true)
      && (variant == nil || variant == wanted)
  }

  /// 0 where the entry was fitted on exactly such kernels.
  func distance(to subject: KernelSubject) -> Double {
    var distance = 0.0
    if let headDim, let own = subject.headDim {
      distance += abs(Mathematics.binaryLogarithm(Double(own) / Double(headDim)))
    }
    // An entry that does not say serves both.
    if let isWindowed, isWindowed != subject.isWindowed {
      distance += 0.5
    } else if isWindowed == nil {
      distance += 0.1
    }
    return distance
  }
}

extension DType {
  /// Formats whose kernels take the same time: the two with 16 bits.
  func isTimedLike(_ other: DType) -> Bool {
    self == other || (self == .bf16 && other == .fp16) || (self == .fp16 && other == .bf16)
  }
}
