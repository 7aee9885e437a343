import RooflineCore

/// What constants are about: kernels of a library.
package struct KernelKey: Hashable, Sendable {
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

extension KernelKey {
  /// The key of a kernel of a library.
  package init(
    _ subject: KernelSubject, family: KernelLibrary, variant: AttentionVariant? = nil, launch: Launch = .graph
  ) {
    self.init(
      kind: subject.kind, family: family, phase: subject.phase, operation: subject.operation, dtype: subject.dtype,
      keyValueDType: subject.keyValueDType, headDim: subject.headDim, variant: variant,
      isWindowed: subject.isWindowed, launch: launch, format: subject.format, form: subject.form)
  }

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
