/// The constants fitted for one GPU: one entry a kernel family, phase and format.
package struct Calibration: Sendable {
  /// The GPU on which they were fitted.
  package var hardware: String
  package var path: String
  /// The day of the fit, ISO 8601.
  package var date: String
  /// Compute capability of that GPU, which says who may borrow its constants.
  package var computeCapability: ComputeCapability
  package var entries: [Entry]

  package init(hardware: String, path: String, date: String, computeCapability: ComputeCapability, entries: [Entry]) {
    self.hardware = hardware
    self.path = path
    self.date = date
    self.computeCapability = computeCapability
    self.entries = entries
  }

  /// What an entry's constants are about.
  package struct Key: Hashable, Sendable {
    package var kind: KernelKind
    package var family: KernelLibrary
    package var phase: Phase?
    /// `rmsnorm`, `all_reduce` …, where a kind has several operators.
    package var operation: OperatorKind?
    package var dtype: DType
    /// Of the KV cache, in attention.
    package var keyValueDType: DType?
    package var headDim: Int?
    /// In decode: which of the library's kernels.
    package var variant: AttentionVariant?
    /// In attention: whether a sliding window is on; nil serves both.
    package var isWindowed: Bool?
    package var launch: Launch
    /// Of a product whose operands do not both have 16 bits.
    package var format: ProductFormat?
    /// Where libraries have kernels of their own for forms of an operation.
    package var form: KernelForm?

    package init(
      kind: KernelKind, family: KernelLibrary, phase: Phase? = nil, operation: OperatorKind? = nil, dtype: DType,
      keyValueDType: DType? = nil, headDim: Int? = nil, variant: AttentionVariant? = nil, isWindowed: Bool? = nil,
      launch: Launch = .graph, format: ProductFormat? = nil, form: KernelForm? = nil
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
      self.format = format
      self.form = form
    }
  }

  package struct Entry: Sendable {
    package var key: Key
    package var constants: Constants
    package var fit: Fit
    /// Errors on shapes kept aside while fitting, from which intervals come.
    package var heldOut: HeldOutErrors?

    package init(_ key: Key, _ constants: Constants, fit: Fit, heldOut: HeldOutErrors?) {
      self.key = key
      self.constants = constants
      self.fit = fit
      self.heldOut = heldOut
    }
  }

  /// What an entry was fitted on.
  package struct Fit: Hashable, Sendable {
    /// The measurements, in words.
    package var data: String
    package var rows: Int
    package var groups: Int

    package init(data: String, rows: Int, groups: Int) {
      self.data = data
      self.rows = rows
      self.groups = groups
    }
  }
}

extension Calibration.Key {
  /// The key of a kernel of a library.
  package init(
    _ subject: KernelSubject, family: KernelLibrary, variant: AttentionVariant? = nil, launch: Launch = .graph
  ) {
    self.init(
      kind: subject.kind, family: family, phase: subject.phase, operation: subject.operation, dtype: subject.dtype,
      keyValueDType: subject.keyValueDType, headDim: subject.headDim, variant: variant,
      isWindowed: subject.isWindowed, launch: launch, format: subject.format, form: subject.form)
  }

  /// The key under which a measurement is fitted, by default; nil for an operator that no time model describes.
  package init?(_ value: Operator<Count>, family: KernelLibrary, launch: Launch = .graph, processors: Double) {
    guard let model = value.timeModel, let subject = model.subject(of: value) else { return nil }
    self.init(
      subject, family: family, variant: model.variant(of: value, of: family, processors: processors), launch: launch)
  }

  /// The model of the key's kernels; nil where a kind has models of phases and the key names none.
  package var timeModel: (any KernelTimeModel.Type)? { kind.model(of: phase) }

  /// Whether the entry is about such kernels at all; head dim and window may differ.
  ///
  /// - Parameter variant: which of the library's kernels runs.
  func serves(_ subject: KernelSubject, variant wanted: AttentionVariant?) -> Bool {
    kind == subject.kind && phase == subject.phase && format == subject.format && form == subject.form
      && (operation == nil || operation == subject.operation)
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
