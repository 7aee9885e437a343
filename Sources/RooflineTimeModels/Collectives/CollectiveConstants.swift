/// What a communication library reaches on a GPU's links: protocols with a latency, steps and a share of the link each, of which the
/// fastest runs.
package struct CollectiveConstants: FittedConstants {
  /// One way to move a buffer around the ring.
  package struct Ring: Hashable, Sendable {
    /// µs; µs for each rank after the first; share of the link.
    package var latency, step, share: Double

    package init(latency: Double, step: Double, share: Double) {
      self.latency = latency
      self.step = step
      self.share = share
    }
  }

  /// From small messages to large ones; a share of 0 stands for none.
  package var first, second, third, fourth: Ring
  /// Chunks beyond ranks − 1 that every rank moves: the local copy.
  package var localChunks: Double
  /// In-switch reduction (NVLS): its latency, µs, its share of the link (0: none), from how many ranks on.
  package var switchLatency, switchShare, switchRanks: Double
  /// An engine's own all-reduce: latency a call of its one-shot and two-shot kernels, µs, a rank's step, shares of the link (0: none).
  package var oneShotLatency, oneShotShare, twoShotLatency, twoShotShare, ownStep: Double
  /// Bytes up to which the engine's own kernels run.
  package var ownLimit: Double
  /// Bytes below which the engine's all-reduce is one-shot with four ranks; half of them with more; 0: whichever is faster.
  package var oneShotLimit: Double
  /// What a call from Python takes at least, µs, and the share of the DRAM bandwidth at which it copies the buffer first (0: it does
  /// not).
  package var floor, copyShare: Double

  package static let initial = CollectiveConstants(
    first: Ring(latency: 6, step: 1.8, share: 0.07), second: Ring(latency: 9, step: 1.6, share: 0.44),
    third: Ring(latency: 25, step: 1.5, share: 0.75))

  package init(
    first: Ring, second: Ring, third: Ring, fourth: Ring = Ring(latency: 0, step: 0, share: 0), localChunks: Double = 0,
    switchLatency: Double = 0, switchShare: Double = 0, switchRanks: Double = 8
  ) {
    self.first = first
    self.second = second
    self.third = third
    self.fourth = fourth
    self.localChunks = localChunks
    self.switchLatency = switchLatency
    self.switchShare = switchShare
    self.switchRanks = switchRanks
    oneShotLatency = 0
    oneShotShare = 0
    twoShotLatency = 0
    twoShotShare = 0
    ownStep = 0
    ownLimit = 0
    oneShotLimit = 0
    floor = 0
    copyShare = 0
  }

  package static var parameters: [FittedParameter<CollectiveConstants>] {
    ring("first", isRequired: true, get: { $0.first }, set: { $0.first = $1 })
      + ring("second", isRequired: true, get: { $0.second }, set: { $0.second = $1 })
      + ring("third", isRequired: true, get: { $0.third }, set: { $0.third = $1 })
      + ring("fourth", isRequired: false, get: { $0.fourth }, set: { $0.fourth = $1 })
      + [
        FittedParameter(
          "localChunks", 0...1, isRequired: false, get: { $0.localChunks }, set: { $0.localChunks = $1 }),
        FittedParameter(
          "switchLatencyMicroseconds", 0...300, isRequired: false, get: { $0.switchLatency },
          set: { $0.switchLatency = $1 }),
        FittedParameter(
          "switchShareOfLink", 0...1.6, spread: 1.1, isRequired: false, get: { $0.switchShare },
          set: { $0.switchShare = $1 }),
        FittedParameter(
          "switchLeastRanks", 2...1024, spread: 1.0001, isRequired: false, get: { $0.switchRanks },
          set: { $0.switchRanks = $1 }),
        FittedParameter(
          "oneShotLatencyMicroseconds", 0...100, isRequired: false, get: { $0.oneShotLatency },
          set: { $0.oneShotLatency = $1 }),
        FittedParameter(
          "oneShotShareOfLink", 0...1.5, isRequired: false, get: { $0.oneShotShare }, set: { $0.oneShotShare = $1 }),
        FittedParameter(
          "twoShotLatencyMicroseconds", 0...100, isRequired: false, get: { $0.twoShotLatency },
          set: { $0.twoShotLatency = $1 }),
        FittedParameter(
          "twoShotShareOfLink", 0...1.5, isRequired: false, get: { $0.twoShotShare }, set: { $0.twoShotShare = $1 }),
        FittedParameter(
          "ownStepMicroseconds", 0...20, isRequired: false, get: { $0.ownStep }, set: { $0.ownStep = $1 }),
        FittedParameter(
          "ownLimitBytes", 0...1e12, spread: 1.0001, isRequired: false, get: { $0.ownLimit }, set: { $0.ownLimit = $1 }),
        FittedParameter(
          "oneShotLimitBytes", 0...1e12, spread: 1.0001, isRequired: false, get: { $0.oneShotLimit },
          set: { $0.oneShotLimit = $1 }),
        FittedParameter(
          "copyShareOfBandwidth", 0...1.5, isRequired: false, get: { $0.copyShare }, set: { $0.copyShare = $1 }),
        FittedParameter("floorMicroseconds", 0...200, isRequired: false, get: { $0.floor }, set: { $0.floor = $1 }),
      ]
  }

  private static func ring(
    _ name: String, isRequired: Bool, get: @escaping @Sendable (Self) -> Ring,
    set: @escaping @Sendable (inout Self, Ring) -> Void
  ) -> [FittedParameter<Self>] {
    let least = isRequired ? 0.001 : 0
    return [
      FittedParameter(
        "\(name)LatencyMicroseconds", (isRequired ? 0.5 : 0)...300, isRequired: isRequired, get: { get($0).latency },
        set: { constants, value in
          var ring = get(constants)
          ring.latency = value
          set(&constants, ring)
        }),
      FittedParameter(
        "\(name)StepMicroseconds", 0...30, isRequired: isRequired, get: { get($0).step },
        set: { constants, value in
          var ring = get(constants)
          ring.step = value
          set(&constants, ring)
        }),
      FittedParameter(
        "\(name)ShareOfLink", least...1.3, spread: 1.2, isRequired: isRequired, get: { get($0).share },
        set: { constants, value in
          var ring = get(constants)
          ring.share = value
          set(&constants, ring)
        }),
    ]
  }
}
