/// A tensor as a quantised checkpoint holds it: how its elements lie, and the tensors of scales beside it.
struct QuantizedTensor<Scalar: Term>: Hashable, Sendable {
  let format: TensorFormat
  /// Of one matrix.
  private let rows, columns: Scalar
  /// Matrices side by side in a tensor of an expert: gate and up.
  private let matrices: UInt64
  /// Experts that the tensor holds; nil of one expert's, and of what stands by itself.
  private let experts: Scalar?

  /// - Parameters:
  ///   - outputs: those of the tensor.
  ///   - isCut: whether the parameter is several tensors.
  ///   - isWhole: whether the tensor holds all experts.
  init(_ format: TensorFormat, _ outputs: Scalar, _ parameter: OperatorParameter<Scalar>, isCut: Bool, isWhole: Bool) {
    self.format = format
    let half = isCut ? nil : parameter.part
    rows = half ?? outputs
    matrices = half == nil ? 1 : 2
    columns = parameter.inputs ?? 1
    experts = isWhole ? parameter.experts?.held : nil
  }

  private init(_ tensor: QuantizedTensor, rows: Scalar) {
    format = tensor.format
    self.rows = rows
    columns = tensor.columns
    matrices = tensor.matrices
    experts = tensor.experts
  }

  /// With the outputs of another part beside its own.
  func joined(with other: QuantizedTensor?) -> QuantizedTensor {
    other.map { QuantizedTensor(self, rows: rows + $0.rows) } ?? self
  }

  var elements: ElementFormat { ElementFormat(.weightBytes, format.weight, in: format.storage) }

  private func all(_ one: Scalar) -> Scalar { experts.map { $0 * one } ?? one }

  /// Bytes beside the elements' own.
  var scaleBytes: Scalar? { format.storage.scaleBytes(rows: rows, columns: columns, matrices: matrices, of: all) }
}

extension QuantizedTensor where Scalar == Count {
  /// A tensor of scales beside it.
  struct Companion {
    /// What stands behind the module's name.
    let suffix: StaticText
    let dimensions: [Count]
    let bits: UInt64

    var elements: Count { dimensions.reduce(1, *) }

    /// What an element is.
    var format: String { "scale, \(bits) bits" }
  }

  /// The tensors beside it, as checkpoints have them.
  var companions: [Companion] {
    var companions: [Companion] = []
    if let scale = format.storage.scale {
      let dimensions =
        (experts.map { [$0] } ?? []) + [
          Count(matrices) * scale.count(rows: rows, columns: 1), scale.count(rows: 1, columns: columns),
        ]
      companions.append(Companion(suffix: format.names.scales, dimensions: dimensions, bits: scale.bits))
      if let name = format.names.zeroPoints, scale.zeroPointBits > 0 {
        companions.append(Companion(suffix: name, dimensions: dimensions, bits: scale.zeroPointBits))
      }
    }
    let names = [format.names.tensorScale, format.names.inputScale].compactMap { $0 }
    for name in names {
      companions.append(
        Companion(
          suffix: name, dimensions: [all(Count(matrices))],
          bits: 8 * UInt64(format.storage.tensorScaleBytes) / UInt64(names.count)))
    }
    return companions
  }
}
