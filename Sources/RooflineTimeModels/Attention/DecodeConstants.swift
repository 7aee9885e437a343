/// What a library's split-KV attention reaches in a decode step, on a GPU.
package struct DecodeConstants: FittedConstants {
  /// What every call pays, µs.
  package var fixed: Double
  /// What splitting keys costs, µs: once, and a split.
  package var combine, combinePerSplit: Double
  /// What a CTA an SM pays, µs.
  package var cta: Double
  /// 128 keys one after another, µs.
  package var block: Double
  /// Shares of the DRAM bandwidth, from DRAM and from L2.
  package var bandwidth, l2Bandwidth: Double
  /// Share of L2 in which K and V stay.
  package var residency: Double
  /// Share of further CTAs' start that other CTAs' work hides.
  package var hiddenStart: Double
  /// Transposing grouped heads, µs.
  package var swap: Double
  /// Share of a block's time that a block of few keys takes at least.
  package var leastBlockShare: Double
  /// How much more reading queries and writing results costs than their bytes say.
  package var queryShare: Double

  package init(
    fixed: Double, combine: Double, combinePerSplit: Double, cta: Double, block: Double, bandwidth: Double,
    l2Bandwidth: Double, residency: Double, hiddenStart: Double = 0, swap: Double = 0, leastBlockShare: Double = 1,
    queryShare: Double = 1
  ) {
    self.fixed = fixed
    self.combine = combine
    self.combinePerSplit = combinePerSplit
    self.cta = cta
    self.block = block
    self.bandwidth = bandwidth
    self.l2Bandwidth = l2Bandwidth
    self.residency = residency
    self.hiddenStart = hiddenStart
    self.swap = swap
    self.leastBlockShare = leastBlockShare
    self.queryShare = queryShare
  }

  package static var parameters: [FittedParameter<DecodeConstants>] {
    [
      FittedParameter("fixedMicroseconds", 0.5...60, get: { $0.fixed }, set: { $0.fixed = $1 }),
      FittedParameter("combineMicroseconds", 0...20, get: { $0.combine }, set: { $0.combine = $1 }),
      FittedParameter(
        "combineMicrosecondsPerSplit", 0...1, get: { $0.combinePerSplit }, set: { $0.combinePerSplit = $1 }),
      FittedParameter("ctaMicroseconds", 0.01...10, get: { $0.cta }, set: { $0.cta = $1 }),
      FittedParameter("blockMicroseconds", 0.05...20, get: { $0.block }, set: { $0.block = $1 }),
      FittedParameter("bandwidthShare", 0.1...1.5, spread: 1.2, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
      FittedParameter(
        "l2BandwidthShare", 0.1...10, spread: 1.3, get: { $0.l2Bandwidth }, set: { $0.l2Bandwidth = $1 }),
      FittedParameter("residentShareOfL2", 0.05...2, get: { $0.residency }, set: { $0.residency = $1 }),
      FittedParameter(
        "hiddenStartShare", 0...1, isRequired: false, get: { $0.hiddenStart }, set: { $0.hiddenStart = $1 }),
      FittedParameter("swapMicroseconds", 0...30, isRequired: false, get: { $0.swap }, set: { $0.swap = $1 }),
      FittedParameter(
        "leastBlockShare", 0...1, isRequired: false, get: { $0.leastBlockShare }, set: { $0.leastBlockShare = $1 }),
      FittedParameter("queryShare", 0...40, isRequired: false, get: { $0.queryShare }, set: { $0.queryShare = $1 }),
    ]
  }

  package static let initial = DecodeConstants(
    fixed: 7, combine: 2.5, combinePerSplit: 0.06, cta: 1.3, block: 1.8, bandwidth: 0.9, l2Bandwidth: 1.8,
    residency: 0.6)

  /// Query heads of a group that one work item takes.
  static let headsPerItem = 64.0
}
