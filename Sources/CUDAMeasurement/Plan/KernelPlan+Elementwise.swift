import RooflineCore

extension KernelPlan {
  static func residualAdd(_ add: ResidualAdd<Count>) throws(Unsupported) -> KernelPlan {
    let type = try elementType([add.formats.residual])
    let count = try size(add.elements, "the tensor")
    return KernelPlan(
      add, buffers: try PlannedBuffers(add, type),
      steps: [
        try elementwise(
          "residual_add", type, count, [.read(.input), .read(.residual), .written(.output), .uint64(count)])
      ],
      reference: ElementwiseReference(type: type, count: count, cost: 1) { data in
        let (input, residual) = (data[.input], data[.residual])
        return { input[$0] + residual[$0] }
      })
  }

  static func gelu(_ gelu: Gelu<Count>) throws(Unsupported) -> KernelPlan {
    let type = try elementType([gelu.formats.residual])
    let count = try size(gelu.elements, "the tensor")
    return KernelPlan(
      gelu, buffers: try PlannedBuffers(gelu, type),
      steps: [try elementwise("gelu", type, count, [.read(.input), .written(.output), .uint64(count)])],
      reference: ElementwiseReference(type: type, count: count, cost: 20) { data in
        let input = data[.input]
        return { ElementwiseReference.gelu(input[$0]) }
      })
  }

  /// One pack of 16 bytes a thread.
  private static func elementwise(
    _ name: String, _ type: ElementType, _ count: Int, _ arguments: [PlannedLaunch.Argument]
  ) throws(Unsupported) -> PlannedStep {
    let packs = (count * type.byteCount + 15) / 16
    let blocks = try blocks((packs + 255) / 256, "the elements")
    return .kernel(
      PlannedLaunch(
        source: "\(name).cu", kernel: "\(name)_\(type.rawValue)",
        geometry: LaunchGeometry(grid: .init(blocks), block: .init(256)), arguments: arguments))
  }

  static func siluAndMul(_ silu: GatedActivation<Count>) throws(Unsupported) -> KernelPlan {
    let type = try elementType([silu.formats.residual])
    let rows = try RowGrid(silu.rows, silu.width, type)
    let packs = (rows.width * type.byteCount + 15) / 16
    let threads = min(256, (packs + 31) / 32 * 32)
    // The grid's second direction takes 65535 blocks; a block goes on where a wider row is left over.
    let blocks = min(65535, (packs + threads - 1) / threads)
    return KernelPlan(
      silu, buffers: try PlannedBuffers(silu, type),
      steps: [
        .kernel(
          PlannedLaunch(
            source: "silu_and_mul.cu", kernel: "silu_and_mul_\(type.rawValue)",
            geometry: LaunchGeometry(
              grid: .init(try KernelPlan.blocks(rows.rows, "the rows"), UInt32(blocks)), block: .init(UInt32(threads))),
            arguments: [
              .read(.gate), .read(.up), .written(.output), .int32(rows.width), .int32(rows.width),
            ]))
      ],
      reference: ElementwiseReference(type: type, count: rows.rows * rows.width, cost: 20) { data in
        let (gates, up) = (data[.gate], data[.up])
        return { gates[$0] / (1 + Mathematics.exponential(-gates[$0])) * up[$0] }
      })
  }
}

/// An output element from the input elements at the same place.
struct ElementwiseReference: KernelReference {
  private static let pieceLength = 1024

  let type: ElementType
  let count: Int
  let cost: Int
  /// What computes an element, given the inputs.
  let element: @Sendable (TensorData) -> (Int) -> Double

  var outputs: [ReferenceOutput] {
    [
      ReferenceOutput(
        name: .output, type: type,
        pieces: (count + ElementwiseReference.pieceLength - 1) / ElementwiseReference.pieceLength,
        cost: cost * ElementwiseReference.pieceLength)
    ]
  }

  func piece(_ index: Int, of output: StaticName, _ data: TensorData) -> ReferencePiece {
    let first = index * ElementwiseReference.pieceLength
    let values = (first..<min(count, first + ElementwiseReference.pieceLength)).map(element(data))
    return ReferencePiece(first: first, values: values, absoluteError: 0x1p-22)
  }

  /// The tanh form by its definition.
  static func gelu(_ x: Double) -> Double {
    x * (1 + Mathematics.hyperbolicTangent((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) / 2
  }
}
