import RooflineCore
import RooflineMeasurement

extension KernelPlan {
  /// The matrices of just the experts that are touched: of the others nobody reads a byte.
  static func groupedGEMM(
    _ grouped: GroupedGEMM<Count>, _ device: DeviceProperties
  ) throws(Unsupported) -> KernelPlan {
    let formats = grouped.formats
    let type = try elementType([formats.activation, formats.weight, formats.residual])
    guard let format = MatrixProduct.Format(rawValue: formats.weight.rawValue), type == .f16 || type == .bf16 else {
      throw Unsupported("the kernel of experts' products multiplies fp16 and bf16")
    }
    guard !grouped.hasBias || grouped.biasColumns == grouped.n else {
      throw Unsupported("the kernel adds an expert's bias to all of its columns")
    }
    try requireTensorCores(device)
    let routing = try ExpertRouting(grouped)
    let product = MatrixProduct(
      m: try size(grouped.ownPairs, "m", limit: Int(Int32.max)), n: try size(grouped.n, "n", limit: Int(Int32.max)),
      k: try size(grouped.k, "k", limit: Int(Int32.max)), format: format, epilogue: grouped.hasBias ? .bias : .none)
    let experts = Count(UInt64(routing.rowsPerExpert.count))
    let weights = try size(experts * grouped.n * grouped.k, "the experts' matrices")
    let inputs = try size(grouped.inputRows * grouped.k, "the rows")
    let outputs = try size(grouped.ownPairs * grouped.n, "the product")
    var placements: [PlannedTensor: PlannedBuffers.Placement] = [
      .read(.input): .random(type, inputs), .read(.weight): .random(type, weights, isRotated: true),
      .written(.output): .output(type, outputs),
    ]
    if grouped.hasBias {
      placements[.read(.bias)] = .random(type, try size(experts * grouped.n, "the bias"), isRotated: true)
    }
    var buffers = try PlannedBuffers(grouped, type, placements)
    if let rows = routing.inputRows { buffers.add(.rows, rows) }
    let tile = groupedTile(product, routing, device)
    let tiles = routing.tiles(of: tile.rows)
    buffers.add(.tiles, tiles)
    let tilesAcross = (product.n + tile.columns - 1) / tile.columns
    return KernelPlan(
      grouped, buffers: buffers,
      steps: [
        .kernel(
          PlannedLaunch(
            source: "grouped_gemm.cu", kernel: "grouped_gemm_\(type.rawValue)_\(tile.rows)x\(tile.columns)",
            geometry: LaunchGeometry(
              grid: .init(try blocks(tiles.count / 3 * tilesAcross, "the tiles")), block: .init(128),
              sharedBytes: 49152),
            arguments: [
              .read(.input), routing.inputRows == nil ? .null : .workspace(.rows), .workspace(.tiles), .read(.weight),
              grouped.hasBias ? .read(.bias) : .null, .written(.output), .int32(tiles.count / 3), .int32(product.n),
              .int32(product.k),
            ]))
      ],
      routing: routing, reference: ProductReference(product, .linear, routing: routing))
  }

  /// By the rows that an expert has on average: few take the tile whose warps share out k, and more than 64 the largest, where it
  /// gives every SM a block.
  private static func groupedTile(
    _ product: MatrixProduct, _ routing: ExpertRouting, _ device: DeviceProperties
  ) -> (rows: Int, columns: Int) {
    let experts = routing.rowsPerExpert.count
    if product.m <= 16 * experts { return (16, 32) }
    let blocks = routing.tiles(of: 128).count / 3 * ((product.n + 127) / 128)
    let isFilled = blocks >= Int(clamping: device.streamingMultiprocessors)
    return product.m > 64 * experts && isFilled ? (128, 128) : (64, 64)
  }

  /// Each token's rows lie anywhere among those of its experts.
  static func expertCombine(_ combine: ExpertCombine<Count>) throws(Unsupported) -> KernelPlan {
    let grid = try RowGrid(combine.rows, combine.width, try elementType([combine.formats.residual]))
    let pairs = try size(combine.pairs, "the number of token–expert pairs", limit: Int(Int32.max))
    var generator = SplitMix(seed: UInt64(pairs))
    let order = (0..<Int32(pairs)).shuffled(using: &generator)
    // As many a token as come out even.
    let starts = (0...grid.rows).map { $0 * pairs / grid.rows }
    let places = (0..<grid.rows).flatMap { order[starts[$0]..<starts[$0 + 1]].sorted() }
    var buffers = try PlannedBuffers(combine, grid.type)
    buffers.add(.pairs, places)
    buffers.add(.starts, starts.map(Int32.init))
    let packs = (grid.width * grid.type.byteCount + 15) / 16
    let threads = min(256, (packs + 31) / 32 * 32)
    return KernelPlan(
      combine, buffers: buffers,
      steps: [
        .kernel(
          PlannedLaunch(
            source: "expert_combine.cu", kernel: "expert_combine_\(grid.type.rawValue)",
            geometry: LaunchGeometry(
              grid: .init(try blocks(grid.rows, "the tokens"), UInt32(min(65535, (packs + threads - 1) / threads))),
              block: .init(UInt32(threads))),
            arguments: [
              .read(.input), combine.isWeighted ? .read(.weights) : .null, .workspace(.pairs), .workspace(.starts),
              .written(.output), .int32(grid.width),
            ]))
      ],
      reference: ExpertCombineReference(grid: grid, isWeighted: combine.isWeighted, pairs: places, starts: starts))
  }
}

/// A token's rows, weighted, added up.
struct ExpertCombineReference: KernelReference {
  let grid: RowGrid
  let isWeighted: Bool
  /// Each token's pairs, one token's behind another's, and where those of a token begin.
  let pairs: [Int32]
  let starts: [Int]

  var outputs: [ReferenceOutput] {
    let most = (pairs.count + grid.rows - 1) / grid.rows
    return [
      ReferenceOutput(name: .output, type: grid.type, pieces: grid.rows, cost: max(1, most) * grid.width)
    ]
  }

  func piece(_ token: Int, of output: StaticName, _ data: TensorData) -> ReferencePiece {
    let (input, weights) = (data[.input], data[.weights])
    var values = [Double](repeating: 0, count: grid.width)
    var magnitudes = values
    for pair in pairs[starts[token]..<starts[token + 1]].map(Int.init) {
      let weight = isWeighted ? weights[pair] : 1
      for (column, element) in input[pair * grid.width..<(pair + 1) * grid.width].enumerated() {
        values[column] += weight * element
        magnitudes[column] += (weight * element).magnitude
      }
    }
    return ReferencePiece(
      first: token * grid.width, values: values, absoluteError: 0x1p-20 * (magnitudes.max() ?? 0))
  }
}
