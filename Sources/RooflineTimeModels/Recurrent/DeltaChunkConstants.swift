import RooflineCore

/// What a library reaches in a delta rule's chunks over a prompt, on a GPU: µs, and shares of the datasheet's rates.
package struct DeltaChunkConstants: FittedConstants {
  /// What every call pays, µs.
  package var fixed = 15.0
  /// A chunk after another of one head, µs.
  package var sequential = 2.0
  /// Chunks that do not wait for one another, µs a chunk and SM.
  package var parallel = 1.0
  /// Shares of the DRAM bandwidth, from DRAM and from L2.
  package var bandwidth = 0.7
  package var l2Bandwidth = 1.5
  /// Of a chain of kernels: share of L2 in which what they hand on stays, a first chunk of 64 tokens, and a head's state a SM, µs.
  package var residency = 0.0
  package var row = 0.0
  package var state = 0.0
  /// Of one fused kernel: a wave of heads, µs.
  package var wave = 0.0

  package init() {}

  package static let initial = DeltaChunkConstants()

  package static var parameters: [FittedParameter<DeltaChunkConstants>] {
    [
      FittedParameter("fixedMicroseconds", 0.5...60, get: { $0.fixed }, set: { $0.fixed = $1 }),
      FittedParameter("sequentialMicroseconds", 0.05...40, get: { $0.sequential }, set: { $0.sequential = $1 }),
      FittedParameter("parallelMicroseconds", 0.01...40, spread: 2, get: { $0.parallel }, set: { $0.parallel = $1 }),
      FittedParameter("bandwidthShare", 0.1...1.5, spread: 1.2, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
      FittedParameter("l2BandwidthShare", 0.1...20, get: { $0.l2Bandwidth }, set: { $0.l2Bandwidth = $1 }),
      FittedParameter(
        "residentShareOfL2", 0...8, isRequired: false, get: { $0.residency }, set: { $0.residency = $1 }),
      FittedParameter("rowMicroseconds", 0...60, isRequired: false, get: { $0.row }, set: { $0.row = $1 }),
      FittedParameter("stateMicroseconds", 0...20, isRequired: false, get: { $0.state }, set: { $0.state = $1 }),
      FittedParameter("waveMicroseconds", 0...40, isRequired: false, get: { $0.wave }, set: { $0.wave = $1 }),
    ]
  }
}

/// How a library runs a delta rule over a prompt: a fact of its source code.
package struct DeltaChunkCut: KernelCut {
  /// Whether one kernel does it all, or several hand chunks on through memory.
  package var isFused: Bool

  package init(isFused: Bool) { self.isFused = isFused }

  /// FlashInfer and FlashKDA are fused, flash-linear-attention's kernels are not.
  package static func standard(_ key: KernelKey) -> DeltaChunkCut {
    let parts = key.family.name.split(separator: "-")
    return DeltaChunkCut(isFused: parts.contains("flashinfer") || parts.contains("flashkda"))
  }

  package init(entry: JSONObject) throws(InputError) {
    let object = try entry.require(try entry.object("cut"), "cut", "whether one kernel does it all")
    try object.requireOnly(["fused"])
    self.init(isFused: try object.require(try object.bool("fused"), "fused", "true or false"))
  }

  package var fields: [(key: String, value: JSONValue)] { [("fused", .bool(isFused))] }
}
