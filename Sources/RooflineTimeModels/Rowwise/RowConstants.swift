/// What a library's row kernel reaches on a GPU: a norm, an activation, rotary, an addition or a gather.
package struct RowConstants: FittedConstants {
  /// What every call pays, µs.
  package var fixed: Double
  /// Share of the DRAM bandwidth; less where the kernel moves more than its operands.
  package var bandwidth: Double
  /// Bytes an SM moves from and to L2 a clock.
  package var l2: Double
  /// Share of L2 in which tensors stay.
  package var residency: Double
  /// Cycles of a CTA, and of each time its threads go around their loop, in thousands: waiting for memory, one access after another.
  package var cta, iteration: Double
  /// The norm that adds waiting and moving: 1 adds them up, more lets them overlap.
  package var overlap: Double
  /// How much of a full wave a partly filled last wave costs.
  package var tail: Double
  /// Elements an SM gathers a clock; 0: as fast as its bytes move.
  package var gather: Double
  /// Cycles a row, in thousands, of PyTorch's gather of up to 16 rows, which takes them one after another; 0: no such kernel.
  package var serialRow: Double
  /// What a call from Python takes at least, µs.
  package var floor: Double

  package init(
    fixed: Double, bandwidth: Double, l2: Double, residency: Double, cta: Double, iteration: Double, overlap: Double,
    tail: Double, gather: Double = 0, serialRow: Double = 0, floor: Double = 0
  ) {
    self.fixed = fixed
    self.bandwidth = bandwidth
    self.l2 = l2
    self.residency = residency
    self.cta = cta
    self.iteration = iteration
    self.overlap = overlap
    self.tail = tail
    self.gather = gather
    self.serialRow = serialRow
    self.floor = floor
  }

  package static var parameters: [FittedParameter<RowConstants>] {
    [
      FittedParameter("fixedMicroseconds", 0.1...60, get: { $0.fixed }, set: { $0.fixed = $1 }),
      FittedParameter("bandwidthShare", 0.1...1.5, spread: 1.2, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
      FittedParameter("l2BytesPerClockPerSM", 2...200, spread: 1.3, get: { $0.l2 }, set: { $0.l2 = $1 }),
      FittedParameter("residentShareOfL2", 0.1...1.5, spread: 1.1, get: { $0.residency }, set: { $0.residency = $1 }),
      FittedParameter("ctaKilocycles", 0...5, spread: 1.1, get: { $0.cta }, set: { $0.cta = $1 }),
      FittedParameter("iterationKilocycles", 0...5, spread: 1.2, get: { $0.iteration }, set: { $0.iteration = $1 }),
      FittedParameter("overlapNorm", 1...4, spread: 1.05, get: { $0.overlap }, set: { $0.overlap = $1 }),
      FittedParameter("tailShare", 0...1, spread: 1.05, get: { $0.tail }, set: { $0.tail = $1 }),
      FittedParameter(
        "gatheredElementsPerClockPerSM", 0...50, isRequired: false, get: { $0.gather }, set: { $0.gather = $1 }),
      FittedParameter(
        "serialKilocyclesPerRow", 0...10, isRequired: false, get: { $0.serialRow }, set: { $0.serialRow = $1 }),
      FittedParameter(
        "floorMicroseconds", 0...200, spread: 1.3, isRequired: false, get: { $0.floor }, set: { $0.floor = $1 }),
    ]
  }

  package static let initial = RowConstants(
    fixed: 1.5, bandwidth: 0.9, l2: 18.5, residency: 0.58, cta: 0.58, iteration: 0.85, overlap: 1.28, tail: 0.78)
}
