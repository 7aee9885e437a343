/// The formats a model runs in.
public struct NumberFormats: Hashable, Sendable {
  /// Matrices and the embedding table.
  public let weight: DType
  /// Inputs of GEMMs.
  public let activation: DType
  /// Keys and values, or latents, as they are cached.
  public let keyValueCache: DType
  /// GEMM outputs, the residual stream, norms and their weights, biases, scores: at least 16 bits wide.
  public let residual: DType

  /// - Parameter model: the model's own format (`torch_dtype`). Activations narrower than 16 bits leave their GEMMs in it
  ///   when it has 16 bits, in bf16 otherwise.
  public init(weight: DType, activation: DType, keyValueCache: DType, model: DType) {
    self.weight = weight
    self.activation = activation
    self.keyValueCache = keyValueCache
    self.residual = activation.bits >= 16 ? activation : model.bits == 16 ? model : .bf16
  }

  /// One format for everything; what stays between operators has at least 16 bits all the same.
  public init(_ dtype: DType) {
    self.init(weight: dtype, activation: dtype, keyValueCache: dtype, model: dtype)
  }

  package var weightFormat: ElementFormat { ElementFormat(.weightBytes, weight) }
  package var activationFormat: ElementFormat { ElementFormat(.activationBytes, activation) }
  package var residualFormat: ElementFormat { ElementFormat(.residualBytes, residual) }
  package var keyValueFormat: ElementFormat { ElementFormat(.keyValueBytes, keyValueCache) }

  /// The matrix unit of the attention products: queries and probabilities are residual, keys and values cached.
  public var attentionUnit: DType { .matrixUnit(activation: residual, other: keyValueCache) }
  /// The matrix unit of products with a weight: of activations and weights the format with more bits.
  public var linearUnit: DType { .matrixUnit(activation: activation, other: weight) }
}
