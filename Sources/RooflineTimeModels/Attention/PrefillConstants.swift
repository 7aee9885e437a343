/// What a library's fused attention reaches over a prompt, on a GPU: µs, and shares of the datasheet's rates.
package struct PrefillConstants: FittedConstants {
  /// What every call pays, µs.
  package var fixed: Double
  /// Share of the tensor peak.
  package var tensor: Double
  /// What every tile pays, µs.
  package var tile: Double
  /// Share of the DRAM bandwidth; above 1 where L2 helps more than `residency` says.
  package var bandwidth: Double
  /// What 16 tokens an SM pay, µs.
  package var token: Double
  /// How much of a full wave a partly filled last wave costs.
  package var tail: Double
  /// How much longer long calls take once power limits the clock, as a share of the tensor time.
  package var sag: Double
  /// Share of L2 in which tensors stay.
  package var residency: Double
  /// How many times faster than DRAM a hit in L2 is.
  package var l2Speedup: Double
  /// How much longer the longest tile takes than its blocks say: alone at the end, it has no neighbour to hide behind.
  package var lonelyTile: Double
  /// The norm that adds tensor cores and memory: 1 adds them up, more lets them overlap.
  package var overlap: Double
  /// Transposing a single query's grouped heads, µs.
  package var swap: Double
  /// Share of the partial results' bytes that count, where keys are split.
  package var partials: Double
  /// Bringing partial results together, µs.
  package var combine: Double

  package init(
    fixed: Double, tensor: Double, tile: Double, bandwidth: Double, token: Double, tail: Double, sag: Double,
    residency: Double, l2Speedup: Double = 3, lonelyTile: Double = 1, overlap: Double = 1, swap: Double = 0,
    partials: Double = 0, combine: Double = 0
  ) {
    self.fixed = fixed
    self.tensor = tensor
    self.tile = tile
    self.bandwidth = bandwidth
    self.token = token
    self.tail = tail
    self.sag = sag
    self.residency = residency
    self.l2Speedup = l2Speedup
    self.lonelyTile = lonelyTile
    self.overlap = overlap
    self.swap = swap
    self.partials = partials
    self.combine = combine
  }

  package static var parameters: [FittedParameter<PrefillConstants>] {
    [
      FittedParameter("fixedMicroseconds", 0.5...60, get: { $0.fixed }, set: { $0.fixed = $1 }),
      FittedParameter("tensorShareOfPeak", 0.05...1.2, spread: 1.2, get: { $0.tensor }, set: { $0.tensor = $1 }),
      FittedParameter("tileMicroseconds", 0.01...10, get: { $0.tile }, set: { $0.tile = $1 }),
      FittedParameter("bandwidthShare", 0.1...2.5, spread: 1.3, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
      FittedParameter("tokenMicroseconds", 0.01...20, spread: 2, get: { $0.token }, set: { $0.token = $1 }),
      FittedParameter("tailShare", 0.05...3, get: { $0.tail }, set: { $0.tail = $1 }),
      FittedParameter("sagShare", 0...1, get: { $0.sag }, set: { $0.sag = $1 }),
      FittedParameter("residentShareOfL2", 0.05...2, get: { $0.residency }, set: { $0.residency = $1 }),
      FittedParameter(
        "l2Speedup", 1...40, isRequired: false, get: { $0.l2Speedup }, set: { $0.l2Speedup = $1 }),
      FittedParameter(
        "lonelyTileShare", 0.3...3, spread: 1.2, isRequired: false, get: { $0.lonelyTile },
        set: { $0.lonelyTile = $1 }),
      FittedParameter(
        "overlapNorm", 1...6, spread: 1.3, isRequired: false, get: { $0.overlap }, set: { $0.overlap = $1 }),
      FittedParameter("swapMicroseconds", 0...30, isRequired: false, get: { $0.swap }, set: { $0.swap = $1 }),
      FittedParameter("partialsShare", 0...3, isRequired: false, get: { $0.partials }, set: { $0.partials = $1 }),
      FittedParameter("combineMicroseconds", 0...30, isRequired: false, get: { $0.combine }, set: { $0.combine = $1 }),
    ]
  }

  package static let initial = PrefillConstants(
    fixed: 9, tensor: 0.65, tile: 1.5, bandwidth: 0.9, token: 0.7, tail: 0.9, sag: 0, residency: 0.4)

  /// Share of the exponentials' time that the tensor cores wait for.
  static let exposedExponentials = 0.2
}
