import RooflineCore

/// What recorded sizes say of a product.
package struct ProductShape: Hashable {
  /// Outputs and inputs of a matrix that may be the weight.
  struct Weight: Hashable {
    let outputs, inputs: Int64
  }

  /// Those that may be the weight: of a plain product the one that is.
  private let weights: [Weight]
  /// Whether the operation is a plain product, whose weight and input are known.
  package let isPlain: Bool

  /// Which arguments are input and weight of operations of PyTorch; nil: no weight, both are activations.
  private static let plain: [String: (input: Int, weight: Int)?] = [
    "aten::mm": (0, 1), "aten::addmm": (1, 2), "aten::_addmm_activation": (1, 2), "aten::linear": (0, 1),
    "aten::matmul": (0, 1), "aten::_scaled_mm": (0, 1), "aten::bmm": nil, "aten::baddbmm": nil,
  ]

  /// nil where no two matrices are recorded.
  package init?(_ shapes: RecordedShapes) {
    let tensors = shapes.dimensions
    guard tensors.count(where: { $0.count >= 2 }) >= 2 else { return nil }
    guard let known = Self.plain[shapes.operation] else {
      isPlain = false
      weights = tensors.filter { $0.count == 2 }.flatMap { Self.weights($0, inputs: nil) }
      return
    }
    isPlain = true
    guard let known, known.weight < tensors.count, tensors[known.weight].count == 2 else {
      weights = []
      return
    }
    weights = Self.weights(tensors[known.weight], inputs: tensors[known.input].last)
  }

  /// What a matrix may be: products name their weights either way round, and only the input tells which.
  private static func weights(_ matrix: [Int64], inputs: Int64?) -> [Weight] {
    let both = [Weight(outputs: matrix[1], inputs: matrix[0]), Weight(outputs: matrix[0], inputs: matrix[1])]
    let fitting = both.filter { $0.inputs == inputs }
    return fitting.isEmpty ? both : fitting
  }

  /// Whether a matrix of n outputs and k inputs took part.
  package func has(_ n: Int64, _ k: Int64) -> Bool { weights.contains(Weight(outputs: n, inputs: k)) }
}

/// The products of a pass by their shapes, with what of them engines run apart.
struct ProductRows {
  private var whole: [Int: (n: Int64, k: Int64)] = [:]
  /// Shapes of the parts that a fused product is of: `q_proj` of `qkv_proj`.
  private var parts: [Int: [(n: Int64, k: Int64)]] = [:]

  /// - Parameter separate: rows of the same pass in the separate set.
  init(_ rows: [NamedOperator<Count>], separate: [NamedOperator<Count>]) {
    let wholes: [(fused: OperatorName, parts: [OperatorName])] = [
      (.qkvProj, [.qProj, .kProj, .vProj]), (.gateUpProj, [.gateProj, .upProj]),
      ("shared_gate_up_proj", ["shared_gate_proj", "shared_up_proj"]),
    ]
    for (index, row) in rows.enumerated() {
      guard let shape = Self.shape(row.operator) else { continue }
      whole[index] = shape
      guard let names = wholes.first(where: { $0.fused == row.name })?.parts else { continue }
      parts[index] = separate.filter { names.contains($0.name) && $0.scope == row.scope }
        .compactMap { Self.shape($0.operator) }
    }
  }

  /// How a recorded product fits a row.
  enum Fit {
    case whole, part, foreign
  }

  /// nil: the row is no plain product.
  func fit(_ shape: ProductShape, row: Int) -> Fit? {
    guard let own = whole[row] else { return nil }
    if shape.has(own.n, own.k) { return .whole }
    return parts[row]?.contains { shape.has($0.n, $0.k) } == true ? .part : .foreign
  }

  static func shape(_ value: Operator<Count>) -> (n: Int64, k: Int64)? {
    switch value {
    case .gemm(let gemm): (Int64(clamping: gemm.n.value), Int64(clamping: gemm.k.value))
    case .linearGelu(let linear): (Int64(clamping: linear.gemm.n.value), Int64(clamping: linear.gemm.k.value))
    case .linearRelu(let linear): (Int64(clamping: linear.gemm.n.value), Int64(clamping: linear.gemm.k.value))
    default: nil
    }
  }
}
