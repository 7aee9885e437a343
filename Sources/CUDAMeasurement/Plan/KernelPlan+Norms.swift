import RooflineCore

extension KernelPlan {
  static let epsilon: Float = 1e-5

  static func rmsNorm(_ norm: RMSNorm<Count>) throws(Unsupported) -> KernelPlan {
    guard !norm.keepsRoot else { throw Unsupported("there are no kernels of a training step") }
    let rows = try RowGrid(norm.rows, norm.width, try elementType([norm.formats.residual]))
    return KernelPlan(
      norm, buffers: try PlannedBuffers(norm, rows.type),
      steps: [
        rows.launch(
          "rmsnorm", [.read(.input), .read(.weight), .written(.output), .int32(rows.width), .float(epsilon)])
      ],
      reference: NormReference(kind: .rmsNorm, grid: rows))
  }

  static func layerNorm(_ norm: LayerNorm<Count>) throws(Unsupported) -> KernelPlan {
    let rows = try RowGrid(norm.rows, norm.width, try elementType([norm.formats.residual]))
    return KernelPlan(
      norm, buffers: try PlannedBuffers(norm, rows.type),
      steps: [
        rows.launch(
          "layernorm",
          [
            .read(.input), .read(.weight), .read(.bias), .written(.output), .int32(rows.width), .float(epsilon),
          ])
      ],
      reference: NormReference(kind: .layerNorm, grid: rows))
  }

  static func addRMSNorm(_ norm: AddRMSNorm<Count>) throws(Unsupported) -> KernelPlan {
    guard !norm.keepsRoot else { throw Unsupported("there are no kernels of a training step") }
    let rows = try RowGrid(norm.rows, norm.width, try elementType([norm.formats.residual]))
    return KernelPlan(
      norm, buffers: try PlannedBuffers(norm, rows.type),
      steps: [
        rows.launch(
          "add_rmsnorm",
          [
            .read(.input), .read(.residual), .read(.weight), .written(.residual), .written(.normalized),
            .int32(rows.width), .float(epsilon),
          ])
      ],
      reference: NormReference(kind: .addRMSNorm, grid: rows))
  }
}

/// Rows of a tensor, a block of threads each.
struct RowGrid: Hashable, Sendable {
  let rows, width: Int
  let type: ElementType
  private let blocks: UInt32

  init(_ rows: Count, _ width: Count, _ type: ElementType) throws(Unsupported) {
    self.rows = try KernelPlan.size(rows, "the number of rows")
    self.width = try KernelPlan.size(width, "a row", limit: KernelPlan.widthLimit)
    self.type = type
    blocks = try KernelPlan.blocks(self.rows, "the rows")
    _ = try KernelPlan.size(rows * width, "the tensor")
  }

  /// Two packs of 16 bytes a thread where the row is wide enough: enough loads in flight, and blocks small enough that several
  /// share an SM.
  func launch(_ name: String, _ arguments: [PlannedLaunch.Argument]) -> PlannedStep {
    let packs = (width * type.byteCount + 15) / 16
    let threads = min(1024, max(32, (packs / 2 + 31) / 32 * 32))
    return .kernel(
      PlannedLaunch(
        source: "\(name).cu", kernel: "\(name)_\(type.rawValue)",
        geometry: LaunchGeometry(grid: .init(blocks), block: .init(UInt32(threads))), arguments: arguments))
  }
}

/// The norms by their definitions, row by row.
struct NormReference: KernelReference {
  enum Kind { case rmsNorm, layerNorm, addRMSNorm }

  let kind: Kind
  let grid: RowGrid

  var outputs: [ReferenceOutput] {
    let names: [StaticName] =
      switch kind {
      case .rmsNorm, .layerNorm: [.output]
      case .addRMSNorm: [.residual, .normalized]
      }
    return names.map { ReferenceOutput(name: $0, type: grid.type, pieces: grid.rows, cost: 3 * grid.width) }
  }

  func piece(_ row: Int, of output: StaticName, _ data: TensorData) -> ReferencePiece {
    let first = row * grid.width
    var x = data[.input][first..<first + grid.width]
    let epsilon = Double(KernelPlan.epsilon)
    let weight = data[.weight]
    switch kind {
    case .rmsNorm:
      return ReferencePiece(first: first, values: NormReference.scaled(x, epsilon, weight))
    case .layerNorm:
      let mean = x.reduce(0, +) / Double(x.count)
      let centred = x.map { $0 - mean }
      let bias = data[.bias]
      var piece = ReferencePiece(first: first, values: NormReference.scaled(centred, epsilon, weight))
      for column in piece.values.indices { piece.values[column] += bias[column] }
      // The mean's own rounding, scaled like the elements, and the bias may cancel what it is added to.
      piece.absoluteError = 0x1p-18 * (centred.map(\.magnitude).max() ?? 0) * NormReference.root(centred, epsilon)
      return piece
    case .addRMSNorm:
      // The norm is that of the sum as it is stored.
      let residual = data[.residual]
      for column in x.indices { x[column] = grid.type.rounded(x[column] + residual[first + column]) }
      guard output == .normalized else { return ReferencePiece(first: first, values: x) }
      return ReferencePiece(
        first: first, values: NormReference.scaled(x, epsilon, weight),
        // A sum that a float rounds first may land on the neighbouring element.
        relativeError: 0x1p-18 + 2 * grid.type.roundoff)
    }
  }

  /// 1 / √(mean of squares + ε).
  private static func root(_ x: [Double], _ epsilon: Double) -> Double {
    1 / (x.reduce(0) { $0 + $1 * $1 } / Double(x.count) + epsilon).squareRoot()
  }

  private static func scaled(_ x: [Double], _ epsilon: Double, _ weight: TensorData.Tensor) -> [Double] {
    let root = root(x, epsilon)
    return x.indices.map { x[$0] * root * weight[$0] }
  }
}
