import RooflineCore

/// What decides which constants a kernel needs, beside its library.
package struct KernelSubject: Hashable, Sendable {
  package var kind: KernelKind
  package var phase: Phase?
  /// `rmsnorm`, `all_reduce` …, where a kind has several operators.
  package var operation: OperatorKind?
  package var dtype: DType
  /// Of the KV cache, in attention.
  package var keyValueDType: DType?
  package var headDim: Int?
  /// In attention: whether a sliding window is on, even one wider than the context.
  package var isWindowed: Bool?
  /// Of a product whose operands do not both have 16 bits.
  package var format: ProductFormat?
  /// Where libraries have kernels of their own for forms of an operation.
  package var form: KernelForm?

  package init(
    _ kind: KernelKind, phase: Phase? = nil, operation: OperatorKind? = nil, dtype: DType,
    keyValueDType: DType? = nil, headDim: Int? = nil, isWindowed: Bool? = nil, format: ProductFormat? = nil,
    form: KernelForm? = nil
  ) {
    self.kind = kind
    self.phase = phase
    self.operation = operation
    self.dtype = dtype
    self.keyValueDType = keyValueDType
    self.headDim = headDim
    self.isWindowed = isWindowed
    self.format = format
    self.form = form
  }

  /// The same, of an operator that runs as this one does, where nobody measured this one itself: a fused addition and RMSNorm has the
  /// norm's threads and passes, and two more tensors to move.
  var standIn: KernelSubject? {
    guard operation == .addRMSNorm else { return nil }
    var subject = self
    subject.operation = .rmsNorm
    return subject
  }
}
