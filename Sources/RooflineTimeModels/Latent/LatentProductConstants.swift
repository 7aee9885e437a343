/// What a library reaches in the batched products of latent attention, on a GPU: µs, and shares of the datasheet's rates.
package struct LatentProductConstants: FittedConstants {
  /// What every call pays, µs.
  package var fixed = 4.0
  /// Filling and emptying a wave of tiles, µs.
  package var wave = 0.2
  /// Share of the tensor peak.
  package var tensor = 0.6
  /// Share of the DRAM bandwidth.
  package var bandwidth = 0.8
  /// How many times faster than that L2 is.
  package var l2Speedup = 3.0
  /// Share of L2 in which tensors stay.
  package var residency = 0.5
  /// Quantising the input first: µs, and cycles of an SM an element.
  package var quantization = 0.0
  package var quantizationCycles = 0.0

  package init() {}

  package static let initial = LatentProductConstants()

  package static var parameters: [FittedParameter<LatentProductConstants>] {
    [
      FittedParameter("fixedMicroseconds", 0.1...60, get: { $0.fixed }, set: { $0.fixed = $1 }),
      FittedParameter("waveMicroseconds", 0.01...10, get: { $0.wave }, set: { $0.wave = $1 }),
      FittedParameter("tensorShareOfPeak", 0.05...1.2, spread: 1.2, get: { $0.tensor }, set: { $0.tensor = $1 }),
      FittedParameter("bandwidthShare", 0.1...1.5, spread: 1.3, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
      FittedParameter("l2Speedup", 1...40, get: { $0.l2Speedup }, set: { $0.l2Speedup = $1 }),
      FittedParameter("residentShareOfL2", 0.05...4, get: { $0.residency }, set: { $0.residency = $1 }),
      FittedParameter(
        "quantizationMicroseconds", 0...20, isRequired: false, get: { $0.quantization }, set: { $0.quantization = $1 }),
      FittedParameter(
        "quantizationCyclesPerElement", 0...20, isRequired: false, get: { $0.quantizationCycles },
        set: { $0.quantizationCycles = $1 }),
    ]
  }
}
