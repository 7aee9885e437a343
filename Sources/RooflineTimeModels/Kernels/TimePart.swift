/// A reason why a kernel takes as long as it does, and what it adds.
package struct TimePart: Hashable, Sendable {
  package enum Name: String, Hashable, Sendable, CaseIterable {
    /// The slowest of the datasheet's rates.
    case roof
    /// Launch, drain and what else every call pays.
    case fixed
    /// A last wave that is not full, and every wave's fill and epilogue.
    case waves
    /// Small tiles that keep the tensor cores waiting, or padding to whole tiles.
    case tile
    /// The share of the tensor peak that is reached, before power limits the clock.
    case rate
    /// What power limits add.
    case sag
    case l2 = "L2"
    /// The share of the DRAM bandwidth that is reached; below 0 where data stays in L2.
    case dram = "DRAM"
    /// Splitting a sum over CTAs and adding it up again.
    case split
    /// The exponentials that the tensor cores wait for.
    case exposedExp = "exposed exp"
    /// Threads waiting for memory one access after another.
    case latency
    /// Steps of a collective.
    case steps
    /// A kernel that quantises the input first.
    case quantization
    /// Parts that overlap only partly.
    case overlap
    /// What an engine's version of the kernel takes beyond the measured one, or less.
    case version
    /// What observations nearby add to the calibrated time, or take from it.
    case observed
    /// A calibrated time below the ideal is impossible in serving: what is missing is added back.
    case clamp
    /// Finding and sorting the experts of each token.
    case routing
  }

  package let name: Name
  /// Seconds; below 0 where the part makes the kernel faster.
  package let seconds: Double

  package init(_ name: Name, seconds: Double) {
    self.name = name
    self.seconds = seconds
  }

  /// Parts from the time after each of them is taken into account: part i = time with 1…i − time with 1…i−1.
  ///
  /// - Parameter microseconds: of equations whose constants are in µs.
  static func differences(_ microseconds: [(Name, Double)]) -> [TimePart] {
    var before = 0.0
    return microseconds.map { name, time in
      defer { before = time }
      return TimePart(name, seconds: (time - before) * 1e-6)
    }
  }
}
