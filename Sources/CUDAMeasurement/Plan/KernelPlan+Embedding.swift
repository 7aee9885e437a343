import RooflineCore

extension KernelPlan {
  /// A table of just the rows that are looked up, each once, in random order; tokens whose row another device has come in
  /// between.
  static func embedding(_ gather: Embedding<Count>) throws(Unsupported) -> KernelPlan {
    let type = try elementType([gather.formats.residual, gather.formats.weight])
    let rows = try RowGrid(gather.tokens, gather.width, type)
    let own = try size(gather.ownRows, "the number of rows", limit: widthLimit)
    guard own <= rows.rows else { throw Unsupported("it looks up more rows than it has tokens") }
    var generator = SplitMix(seed: UInt64(rows.rows))
    let tokenIDs = (0..<Int32(clamping: rows.rows)).shuffled(using: &generator)
    let packs = (rows.width * type.byteCount + 15) / 16
    return KernelPlan(
      gather,
      buffers: try PlannedBuffers(
        gather, type, [.read(.tokenIDs): .own(byteCount: 4 * tokenIDs.count, .integers(tokenIDs))]),
      steps: [
        .kernel(
          PlannedLaunch(
            source: "embedding.cu", kernel: "embedding_\(type.rawValue)",
            geometry: LaunchGeometry(
              grid: .init(try blocks(rows.rows, "the tokens")), block: .init(UInt32(min(256, (packs + 31) / 32 * 32)))),
            arguments: [
              .read(.tokenIDs), .read(.rows), .written(.output), .int32(rows.width), .int32(0), .int32(own),
            ]))
      ],
      reference: EmbeddingReference(grid: rows, ownRows: own))
  }
}

struct EmbeddingReference: KernelReference {
  let grid: RowGrid
  let ownRows: Int

  var outputs: [ReferenceOutput] {
    [ReferenceOutput(name: .output, type: grid.type, pieces: grid.rows, cost: grid.width)]
  }

  func piece(_ token: Int, of output: StaticName, _ data: TensorData) -> ReferencePiece {
    let row = Int(data[.tokenIDs].integers[token])
    let values =
      row < ownRows
      ? data[.rows][row * grid.width..<(row + 1) * grid.width] : [Double](repeating: 0, count: grid.width)
    return ReferencePiece(first: token * grid.width, values: values, relativeError: 0)
  }
}
