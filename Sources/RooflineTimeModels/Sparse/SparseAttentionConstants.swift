/// What a library's attention to chosen or compressed keys reaches on a GPU.
package struct SparseAttentionConstants: FittedConstants {
  /// What every call pays, µs.
  package var fixed = 5.0
  /// What a sequence pays, µs.
  package var sequence = 0.1
  /// A tile's start, and a block of 64 keys, µs.
  package var start = 3.0
  package var block = 1.8
  /// Share of the DRAM bandwidth.
  package var bandwidth = 0.8
  /// Bringing split keys' results together, µs; 0: nothing is split.
  package var combine = 0.0

  package init() {}

  package static let initial = SparseAttentionConstants()

  package static var parameters: [FittedParameter<SparseAttentionConstants>] {
    [
      FittedParameter("fixedMicroseconds", 0.3...60, get: { $0.fixed }, set: { $0.fixed = $1 }),
      FittedParameter("sequenceMicroseconds", 0.001...10, spread: 2, get: { $0.sequence }, set: { $0.sequence = $1 }),
      FittedParameter("startMicroseconds", 0.01...30, get: { $0.start }, set: { $0.start = $1 }),
      FittedParameter("blockMicroseconds", 0.05...20, get: { $0.block }, set: { $0.block = $1 }),
      FittedParameter("bandwidthShare", 0.1...1.5, spread: 1.3, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
      FittedParameter("combineMicroseconds", 0...20, isRequired: false, get: { $0.combine }, set: { $0.combine = $1 }),
    ]
  }
}
