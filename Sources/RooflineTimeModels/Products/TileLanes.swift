/// Four tiles side by side: what the search for the fastest works out of every tile.
struct TileLanes: Sendable {
  typealias Lanes = SIMD4<Double>

  /// Each tile's, as `GEMMTimeModel.Tile` has it.
  let tensorPerK, l2PerK: Lanes
  private let mPlaces, nPlaces: SIMD4<Int>
  /// A wave's fill and epilogue of each.
  private let fill, epiloguePerByte: Lanes

  static var width: Int { Lanes.scalarCount }

  /// Four tiles a value; what is left of the last takes forever.
  static func all(of tiles: [GEMMTimeModel.Tile]) -> [TileLanes] {
    stride(from: 0, to: tiles.count, by: width).map { TileLanes(tiles[$0..<min($0 + width, tiles.count)]) }
  }

  private init(_ tiles: ArraySlice<GEMMTimeModel.Tile>) {
    var (tensorPerK, l2PerK) = (Lanes(repeating: .infinity), Lanes(repeating: .infinity))
    var (fill, epiloguePerByte) = (Lanes(repeating: .infinity), Lanes(repeating: 0))
    var (mPlaces, nPlaces) = (SIMD4<Int>(repeating: 0), SIMD4<Int>(repeating: 0))
    for (lane, tile) in tiles.enumerated() {
      tensorPerK[lane] = tile.tensorPerK
      l2PerK[lane] = tile.l2PerK
      fill[lane] = tile.fill
      epiloguePerByte[lane] = tile.epiloguePerByte
      mPlaces[lane] = tile.mPlace
      nPlaces[lane] = tile.nPlace
    }
    (self.tensorPerK, self.l2PerK) = (tensorPerK, l2PerK)
    (self.fill, self.epiloguePerByte) = (fill, epiloguePerByte)
    (self.mPlaces, self.nPlaces) = (mPlaces, nPlaces)
  }

  /// A wave's fill and epilogue, µs.
  @inline(__always)
  func wave(_ outputBytes: Double) -> Lanes { fill + epiloguePerByte * outputBytes }

  /// Rows and columns of one of the four.
  ///
  /// - Parameter sides: every length of a side.
  func sides(_ sides: [Double], _ lane: Int) -> (m: Double, n: Double) { (sides[mPlaces[lane]], sides[nPlaces[lane]]) }

  /// How many tiles cover a result.
  ///
  /// - Parameter alongM: for each length of a side, how many lie along m.
  @inline(__always)
  func grid(_ alongM: UnsafePointer<Double>, _ alongN: UnsafePointer<Double>) -> Lanes {
    Lanes(alongM[mPlaces[0]], alongM[mPlaces[1]], alongM[mPlaces[2]], alongM[mPlaces[3]])
      * Lanes(alongN[nPlaces[0]], alongN[nPlaces[1]], alongN[nPlaces[2]], alongN[nPlaces[3]])
  }
}
