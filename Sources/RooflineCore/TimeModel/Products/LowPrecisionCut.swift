/// How a library of low-precision products chooses its tile: a fact of its source code.
package struct LowPrecisionCut: KernelCut {
  package enum Tiles: String, Hashable, Sendable, CaseIterable {
    /// The fastest of the generation's tiles and splits of K.
    case search
    /// By the rows of x, as SGLang's and vLLM's CUTLASS kernels do; K is not split.
    case sglangByRows = "by-rows-sglang"
    case vllmByRows = "by-rows-vllm"
    /// The columns that need fewest waves.
    case deepGEMM = "deepgemm"
    /// One tile for all.
    case triton
  }

  package let tiles: Tiles

  package init(_ tiles: Tiles) { self.tiles = tiles }

  package static func standard(_ key: Calibration.Key) -> LowPrecisionCut {
    let name = key.family.name.lowercased()
    if name.contains("deepgemm") { return LowPrecisionCut(.deepGEMM) }
    if name.contains("triton") { return LowPrecisionCut(.triton) }
    guard name.contains("cutlass") else { return LowPrecisionCut(.search) }
    return LowPrecisionCut(name.contains("vllm") ? .vllmByRows : .sglangByRows)
  }

  package init(entry: JSONObject) throws(InputError) {
    let object = try entry.require(try entry.object("cut"), "cut", "how the library chooses its tile")
    try object.requireOnly(["tiles"])
    tiles = try object.require(
      try object.choice("tiles", Tiles.self), "tiles",
      "one of \(Tiles.allCases.map(\.rawValue).joined(separator: ", "))")
  }

  package var fields: [(key: String, value: JSONValue)] { [("tiles", .string(tiles.rawValue))] }

  /// The one tile of a shape; nil where the fastest of many is looked for.
  ///
  /// - Parameters:
  ///   - isClustered: whether the generation's CTAs share what they fetch, as Hopper's and later ones do.
  ///   - processors: SMs of the GPU.
  func tile(m: Double, n: Double, isClustered: Bool, processors: Double) -> (m: Double, n: Double)? {
    switch tiles {
    case .search: return nil
    case .triton: return (64, 128)
    case .deepGEMM:
      guard isClustered else { return (m <= 128 ? 64 : 128, 128) }
      let rows = m <= 64 ? 64.0 : 128
      return (rows, LowPrecisionCut.columns((m / rows).rounded(.up), n, processors))
    case .sglangByRows, .vllmByRows:
      let isVLLM = tiles == .vllmByRows
      if isClustered {
        return m <= 64 ? (64, 64) : m <= 128 ? (64, 128) : isVLLM && m > 1024 ? (256, 128) : (128, 128)
      }
      if isVLLM { return m <= 16 ? (16, 64) : m <= 64 ? (32, 128) : m <= 256 ? (64, 128) : (128, 128) }
      return m <= 16 ? (16, 64) : m <= 64 ? (32, 64) : m <= 128 ? (64, 64) : m <= 256 ? (128, 64) : (128, 128)
    }
  }

  /// DeepGEMM's columns of a tile: those with fewest waves, then the fullest last one, then the narrowest.
  private static func columns(_ rowTiles: Double, _ n: Double, _ processors: Double) -> Double {
    var best = (columns: 0.0, waves: Double.infinity, last: 0.0)
    func offer(_ columns: Double) {
      let tiles = rowTiles * (n / columns).rounded(.up)
      let waves = (tiles / processors).rounded(.up)
      let last = tiles - (waves - 1) * processors
      if waves < best.waves || waves == best.waves && last > best.last { best = (columns, waves, last) }
    }
    offer(16)
    for step in 3...16 { offer(Double(8 * step)) }
    offer(144)
    offer(160)
    return best.columns
  }
}
