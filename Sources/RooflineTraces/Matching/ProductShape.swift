import RooflineCore

/// What recorded sizes say of a product.
package struct ProductShape: Hashable {
  /// Sizes of a matrix that may be the weight, in either order.
  struct Matrix: Hashable {
    let rows, columns: Int64
  }

  /// Those that may be the weight: of a plain product the one that is.
  let matrices: [Matrix]
  /// Whether the operation is a plain product, whose weight lies there as the checkpoint has it.
  package let isPlain: Bool

  /// Which argument is the weight of operations of PyTorch; nil: none, both are activations.
  private static let plain: [String: Int?] = [
    "aten::mm": 1, "aten::addmm": 2, "aten::_addmm_activation": 2, "aten::linear": 1, "aten::matmul": 1,
    "aten::_scaled_mm": 1, "aten::bmm": nil, "aten::baddbmm": nil,
  ]

  /// nil where no two matrices are recorded.
  package init?(_ shapes: RecordedShapes) {
    let tensors = shapes.dimensions
    guard tensors.count(where: { $0.count >= 2 }) >= 2 else { return nil }
    guard let known = Self.plain[shapes.operation] else {
      isPlain = false
      matrices = tensors.filter { $0.count == 2 }.map { Matrix(rows: $0[0], columns: $0[1]) }
      return
    }
    isPlain = true
    guard let place = known, place < tensors.count, tensors[place].count == 2 else {
      matrices = []
      return
    }
    matrices = [Matrix(rows: tensors[place][0], columns: tensors[place][1])]
  }

  /// Whether a matrix of k×n, or n×k, took part.
  package func has(_ n: Int64, _ k: Int64) -> Bool {
    matrices.contains { ($0.rows == k && $0.columns == n) || ($0.rows == n && $0.columns == k) }
  }
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
