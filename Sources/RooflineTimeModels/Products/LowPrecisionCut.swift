import RooflineCore

/// How a library of low-precision products chooses its tile: a fact of its source code.
package struct LowPrecisionCut: KernelCut {
  package enum Tiles: String, Hashable, Sendable, CaseIterable {
    /// The fastest of the generation's tiles and splits of K.
    case search
    /// By the rows of x, as SGLang's and vLLM's CUTLASS kernels do; K is not split.
    case sglangByRows = "by-rows-sglang"
    case vllmByRows = "by-rows-vllm"
    /// As vLLM 0.24 does on Hopper: up to 64 rows x and W change places, so that 16 rows fill a tile.
    case vllmSwapped = "by-rows-vllm-swapped"
    /// The columns that need fewest waves.
    case deepGEMM = "deepgemm"
    /// The rows and columns that need fewest waves, as DeepGEMM 2 does on Hopper.
    case deepGEMM2 = "deepgemm-2"
    /// One tile for all.
    case triton
    /// One tile for all: TensorRT-LLM's block-scaled products on compute capability 8.9.
    case flat = "32x128"
  }

  package let tiles: Tiles

  package init(_ tiles: Tiles) { self.tiles = tiles }

  package static func standard(_ key: KernelKey) -> LowPrecisionCut {
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

  /// What the library does on a generation: rules that are Hopper's alone give way to earlier ones.
  package func on(_ generation: GPUGeneration) -> LowPrecisionCut {
    switch tiles {
    case .deepGEMM2: generation == .hopper ? self : LowPrecisionCut(.deepGEMM)
    case .vllmSwapped: generation == .hopper ? self : LowPrecisionCut(.vllmByRows)
    case .search, .sglangByRows, .vllmByRows, .deepGEMM, .triton, .flat: self
    }
  }

  /// The one tile of a shape; nil where the fastest of many is looked for.
  ///
  /// - Parameters:
  ///   - m, n, k: rows and columns of the result, and what is summed over.
  ///   - isClustered: whether the generation's CTAs share what they fetch, as Hopper's and later ones do.
  ///   - processors: SMs of the GPU.
  package func tile(m: Double, n: Double, k: Double, isClustered: Bool, processors: Double) -> (m: Double, n: Double)? {
    switch tiles {
    case .search: return nil
    case .triton: return (64, 128)
    case .flat: return (32, 128)
    case .deepGEMM, .deepGEMM2:
      guard isClustered else { return (m <= 128 ? 64 : 128, 128) }
      if tiles == .deepGEMM2 { return LowPrecisionCut.fewestWaves(m, n, processors) }
      let rows = m <= 64 ? 64.0 : 128
      return (rows, LowPrecisionCut.columns((m / rows).rounded(.up), n, processors))
    case .sglangByRows, .vllmByRows, .vllmSwapped:
      let isVLLM = tiles != .sglangByRows
      if isClustered {
        if tiles == .vllmSwapped {
          if m <= 16 || m <= 64 && n <= 1280 { return (16, 64) }
          return m <= 64 ? (64, 64) : m <= 128 ? (64, 128) : m >= 8192 && k >= 6144 ? (256, 128) : (128, 128)
        }
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

  /// DeepGEMM 2's tile: fewest waves, then the fullest last one. Among equals of one side the other is the shorter; else the wider one
  /// wins, as long as it is no larger than the product.
  private static func fewestWaves(_ m: Double, _ n: Double, _ processors: Double) -> (m: Double, n: Double) {
    var best = (m: 0.0, n: 0.0, waves: Double.infinity, last: 0.0)
    func offer(_ rows: Double, _ columns: Double) {
      let tiles = (m / rows).rounded(.up) * (n / columns).rounded(.up)
      let waves = (tiles / processors).rounded(.up)
      let last = tiles - (waves - 1) * processors
      let isBetter =
        if waves != best.waves {
          waves < best.waves
        } else if last != best.last {
          last > best.last
        } else {
          rows == best.m && columns < best.n || columns == best.n && rows < best.m
            || rows != best.m && columns > best.n && columns <= n && rows <= m
        }
      if isBetter { best = (rows, columns, waves, last) }
    }
    for rows in [64.0, 128, 256] {
      for step in 1...8 { offer(rows, Double(16 * step)) }
      // Registers do not hold more.
      if rows <= 128 { for columns in [144.0, 160, 192] { offer(rows, columns) } }
    }
    return (best.m, best.n)
  }
}
