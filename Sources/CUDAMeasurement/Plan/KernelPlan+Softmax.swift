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
    return KernelPlan(
      softmax, buffers: try PlannedBuffers(softmax, type),
      steps: [
        grid.launch(
          "softmax", [.read(.scores), .written(.probabilities), .int32(grid.width), .float(softmaxScale)])
      ],
      reference: SoftmaxReference(grid: grid))
  }
}

struct SoftmaxReference: KernelReference {
  let grid: RowGrid

  var outputs: [ReferenceOutput] {
    [ReferenceOutput(name: .probabilities, type: grid.type, pieces: grid.rows, cost: 10 * grid.width)]
  }

  func piece(_ row: Int, of output: StaticName, _ data: TensorData) -> ReferencePiece {
    let first = row * grid.width
    let scores = data[.scores][first..<first + grid.width]
    let top = scores.max() ?? 0
    let powers = scores.map { Mathematics.exponential(Double(KernelPlan.softmaxScale) * ($0 - top)) }
    let sum = powers.reduce(0, +)
    return ReferencePiece(first: first, values: powers.map { $0 / sum }, relativeError: 0x1p-16)
  }
}
