/// The formats a model, or one row of it, runs in.
public struct NumberFormats: Hashable, Sendable {
  /// Matrices and the embedding table.
  public let weight: DType
  /// Inputs of GEMMs.
  public let activation: DType
  /// Keys and values, or latents, as they are cached.
  public let keyValueCache: DType
  /// GEMM outputs, the residual stream, norms and their weights, biases, scores: at least 16 bits wide.
  public let residual: DType
  /// How the matrices lie in memory: with scales where they are a quantised checkpoint's.
  package let weightStorage: StorageFormat
  /// What blocks of a GEMM's input share; nil: nothing.
  package let activationScale: StorageFormat.BlockScale?

  /// - Parameter model: the model's own format (`torch_dtype`). Activations narrower than 16 bits leave their GEMMs in it
  ///   when it has 16 bits, in bf16 otherwise.
  public init(weight: DType, activation: DType, keyValueCache: DType, model: DType) {
    self.init(
      weight, in: weight.storage, activation: activation, nil, keyValueCache: keyValueCache,
      residual: activation.bits >= 16 ? activation : model.bits == 16 ? model : .bf16)
  }

  /// One format for everything; what stays between operators has at least 16 bits all the same.
  public init(_ dtype: DType) {
    self.init(weight: dtype, activation: dtype, keyValueCache: dtype, model: dtype)
  }

  private init(
    _ weight: DType, in storage: StorageFormat, activation: DType, _ activationScale: StorageFormat.BlockScale?,
    keyValueCache: DType, residual: DType
  ) {
    self.weight = weight
    self.activation = activation
    self.keyValueCache = keyValueCache
    self.residual = residual
    weightStorage = storage
    self.activationScale = activationScale
  }

  /// The formats of a row whose matrix a checkpoint holds in a format of its own; what flows between rows keeps its format.
  package func holding(_ tensor: TensorFormat) -> NumberFormats {
    NumberFormats(
      tensor.weight, in: tensor.storage, activation: tensor.input?.dtype ?? activation, tensor.input?.scale,
      keyValueCache: keyValueCache, residual: residual)
  }

  /// The same with keys and values in another format.
  package func caching(_ dtype: DType) -> NumberFormats {
    NumberFormats(
      weight, in: weightStorage, activation: activation, activationScale, keyValueCache: dtype, residual: residual)
  }

  /// Of three widths alone: a format's name would be hashed letter by letter, and what lies in one table hardly differs in more.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(weightStorage.bits << 16 | activation.bits << 8 | keyValueCache.bits)
  }

  package var weightFormat: ElementFormat { ElementFormat(.weightBytes, weight, in: weightStorage) }
  package var activationFormat: ElementFormat { ElementFormat(.activationBytes, activation) }
  package var residualFormat: ElementFormat { ElementFormat(.residualBytes, residual) }
  package var keyValueFormat: ElementFormat { ElementFormat(.keyValueBytes, keyValueCache) }

  /// Bytes of the scales of a GEMM's input; nil where it has none.
  func activationScaleBytes<Scalar: Term>(rows: Scalar, columns: Scalar) -> Scalar? {
    activationScale.map { $0.count(rows: rows, columns: columns).bytes(ElementFormat(.scaleBytes, in: $0.storage)) }
  }

  /// The matrix unit of the attention products: queries and probabilities are residual, keys and values cached.
  public var attentionUnit: DType { .matrixUnit(activation: residual, other: keyValueCache) }
  /// The matrix unit of products with a weight: of activations and weights the format with more bits.
  public var linearUnit: DType { @inline(__always) get { .matrixUnit(activation: activation, other: weight) } }
}
