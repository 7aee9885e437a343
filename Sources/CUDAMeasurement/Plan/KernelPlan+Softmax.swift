import RooflineCore

extension KernelPlan {
  /// With a scale of ½, which no score of a real model changes by more.
  static let softmaxScale: Float = 0.5

  static func softmax(_ softmax: Softmax<Count>) throws(Unsupported) -> KernelPlan {
    let type = try elementType([softmax.formats.residual])
    let grid = try RowGrid(softmax.elements.divided(roundingUpBy: softmax.width), softmax.width, type)
    guard Count(UInt64(grid.rows)) * softmax.width == softmax.elements else {
      throw Unsupported("its scores are not whole rows")
    }
    // Rows as the products before and behind it have them; what lies between them counts for nothing.
    let pitch = MatrixProduct.scorePitch(grid.width)
    let elements = try size(Count(UInt64(grid.rows)) * Count(UInt64(pitch)), "the tensor")
    return KernelPlan(
      softmax,
      buffers: try PlannedBuffers(
        softmax, type,
        [.read(.scores): .random(type, elements), .written(.probabilities): .output(type, elements)]),
      steps: [
        grid.launch(
          "softmax",
          [.read(.scores), .written(.probabilities), .int32(grid.width), .int32(pitch), .float(softmaxScale)])
      ],
      reference: SoftmaxReference(grid: grid, pitch: pitch))
  }
}

struct SoftmaxReference: KernelReference {
  let grid: RowGrid
  /// Elements from one row to the next.
  let pitch: Int

  var outputs: [ReferenceOutput] {
    [ReferenceOutput(name: .probabilities, type: grid.type, pieces: grid.rows, cost: 10 * grid.width)]
  }

  func piece(_ row: Int, of output: StaticName, _ data: TensorData) -> ReferencePiece {
    let first = row * pitch
    let scores = data[.scores][first..<first + grid.width]
    let top = scores.max() ?? 0
    let powers = scores.map { Mathematics.exponential(Double(KernelPlan.softmaxScale) * ($0 - top)) }
    let sum = powers.reduce(0, +)
    return ReferencePiece(first: first, values: powers.map { $0 / sum }, relativeError: 0x1p-16)
  }
}
