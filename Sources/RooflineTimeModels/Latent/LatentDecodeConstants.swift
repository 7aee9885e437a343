/// What a library's latent attention reaches in a decode step, on a GPU: µs, and shares of the datasheet's rates.
package struct LatentDecodeConstants: FittedConstants {
  /// What every call pays, µs.
  package var fixed = 6.0
  /// Bringing split keys' results together, µs; of kernels that never split, how much longer a block takes once every second SM is busy.
  package var combine = 1.3
  /// A CTA's start, and a block of keys after another, µs.
  package var cta = 4.0
  package var block = 1.6
  /// Shares of the DRAM bandwidth, from DRAM and from L2.
  package var bandwidth = 0.9
  package var l2Bandwidth = 1.0
  /// Share of L2 in which the latents stay.
  package var residency = 0.8
  /// What 16 query heads an SM pay, µs.
  package var query = 1.5
  /// Cycles in which an SM copies an element of a narrow cache to 16 bits; 0: nothing is copied.
  package var cast = 0.0

  package init() {}

  package static let initial = LatentDecodeConstants()

  package static var parameters: [FittedParameter<LatentDecodeConstants>] {
    [
      FittedParameter("fixedMicroseconds", 0.5...60, get: { $0.fixed }, set: { $0.fixed = $1 }),
      FittedParameter("combineMicroseconds", 0...20, get: { $0.combine }, set: { $0.combine = $1 }),
      FittedParameter("ctaMicroseconds", 0.01...20, get: { $0.cta }, set: { $0.cta = $1 }),
      FittedParameter("blockMicroseconds", 0.05...20, get: { $0.block }, set: { $0.block = $1 }),
      FittedParameter("bandwidthShare", 0.1...1.5, spread: 1.2, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
      FittedParameter(
        "l2BandwidthShare", 0.1...10, spread: 1.3, get: { $0.l2Bandwidth }, set: { $0.l2Bandwidth = $1 }),
      FittedParameter("residentShareOfL2", 0.05...4, get: { $0.residency }, set: { $0.residency = $1 }),
      FittedParameter("queryMicroseconds", 0.01...40, spread: 1.5, get: { $0.query }, set: { $0.query = $1 }),
      FittedParameter(
        "castCyclesPerElement", 0...10, isRequired: false, get: { $0.cast }, set: { $0.cast = $1 }),
    ]
  }
}
