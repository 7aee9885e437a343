/// What kernels that read and write a state or a stream reach, on a GPU: a step of a delta rule, a causal convolution.
package struct StreamConstants: FittedConstants {
  /// What every call pays, µs.
  package var fixed = 4.0
  /// A unit of work of the busiest SM, µs.
  package var unit = 0.5
  /// Share of the DRAM bandwidth.
  package var bandwidth = 0.8
  /// How many times faster than that L2 is.
  package var l2Speedup = 2.0
  /// Share of L2 in which state and stream stay.
  package var residency = 0.5
  /// The norm that adds units and bytes: 1 adds them up, more lets them overlap.
  package var overlap = 2.0
  /// Eight tokens one after another, µs; 0: there is one.
  package var token = 0.0

  package init() {}

  package static let initial = StreamConstants()

  package static var parameters: [FittedParameter<StreamConstants>] {
    [
      FittedParameter("fixedMicroseconds", 0.3...60, get: { $0.fixed }, set: { $0.fixed = $1 }),
      FittedParameter("unitMicroseconds", 0.001...20, spread: 2, get: { $0.unit }, set: { $0.unit = $1 }),
      FittedParameter("bandwidthShare", 0.1...1.5, spread: 1.2, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
      FittedParameter("l2Speedup", 0.5...40, get: { $0.l2Speedup }, set: { $0.l2Speedup = $1 }),
      FittedParameter("residentShareOfL2", 0.05...6, get: { $0.residency }, set: { $0.residency = $1 }),
      FittedParameter("overlapNorm", 1...6, spread: 1.5, get: { $0.overlap }, set: { $0.overlap = $1 }),
      FittedParameter(
        "tokenMicroseconds", 0...20, isRequired: false, get: { $0.token }, set: { $0.token = $1 }),
    ]
  }

  /// The L2 rate stays where the DRAM is another: it is stated as a multiple of the DRAM's.
  func ofDRAM(_ ratio: Double) -> StreamConstants {
    var constants = self
    constants.l2Speedup *= ratio
    return constants
  }
}

/// What such a kernel's time consists of, µs.
struct StreamTerms {
  var units, memory, tokens, idealMemory: Double

  /// - Parameters:
  ///   - bytes: read and written.
  ///   - footprint: different ones among them.
  ///   - isCold: whether none of them is in L2.
  init(
    units: Double, bytes: Double, footprint: Double, isCold: Bool, tokens: Double, _ facts: DeviceFacts,
    _ constants: StreamConstants
  ) {
    let hit = isCold ? 0 : facts.hit(footprint, residentShare: constants.residency)
    self.units = units * constants.unit
    self.tokens = tokens * constants.token
    idealMemory = bytes / facts.bytesPerMicrosecond
    memory = idealMemory / constants.bandwidth * ((1 - hit) + hit / constants.l2Speedup)
  }

  func time(_ constants: StreamConstants) -> Double {
    constants.fixed + PartialOverlap.norm(units, memory, constants.overlap) + tokens
  }

  func timing(_ constants: StreamConstants) -> KernelTiming {
    KernelTiming(microseconds: time(constants), exposed: constants.fixed + tokens)
  }

  func parts(_ constants: StreamConstants) -> [TimePart] {
    let fixed = constants.fixed + tokens
    return TimePart.differences([
      (.roof, idealMemory),
      (.fixed, idealMemory + fixed),
      (.dram, memory + fixed),
      (.latency, time(constants)),
    ])
  }
}
