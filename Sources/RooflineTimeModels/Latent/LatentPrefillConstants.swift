/// What a library's latent attention reaches over a prompt, on a GPU: µs, and shares of the datasheet's rates.
package struct LatentPrefillConstants: FittedConstants {
  /// What every call pays, µs.
  package var fixed = 10.0
  /// Share of the bf16 tensor peak.
  package var tensor = 0.65
  /// What every tile pays, µs.
  package var tile = 2.0
  /// Shares of the DRAM bandwidth, from DRAM and from L2.
  package var bandwidth = 1.0
  package var l2Bandwidth = 1.5
  /// What 16 tokens an SM pay, µs.
  package var token = 1.5
  /// How much of a full wave a partly filled last wave costs.
  package var tail = 1.0
  /// How much longer long calls take once power limits the clock, as a share of the tensor time.
  package var sag = 0.08

  package init() {}

  package static let initial = LatentPrefillConstants()

  package static var parameters: [FittedParameter<LatentPrefillConstants>] {
    [
      FittedParameter("fixedMicroseconds", 0.5...60, get: { $0.fixed }, set: { $0.fixed = $1 }),
      FittedParameter("tensorShareOfPeak", 0.05...1.5, spread: 1.2, get: { $0.tensor }, set: { $0.tensor = $1 }),
      FittedParameter("tileMicroseconds", 0.01...20, get: { $0.tile }, set: { $0.tile = $1 }),
      FittedParameter("bandwidthShare", 0.1...2.5, spread: 1.3, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
      FittedParameter(
        "l2BandwidthShare", 0.1...20, spread: 1.5, get: { $0.l2Bandwidth }, set: { $0.l2Bandwidth = $1 }),
      FittedParameter("tokenMicroseconds", 0.01...40, spread: 2, get: { $0.token }, set: { $0.token = $1 }),
      FittedParameter("tailShare", 0.05...3, get: { $0.tail }, set: { $0.tail = $1 }),
      FittedParameter("sagShare", 0...1, get: { $0.sag }, set: { $0.sag = $1 }),
    ]
  }
}
