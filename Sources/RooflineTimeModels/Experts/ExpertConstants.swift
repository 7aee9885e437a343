/// What a library's layer of routed experts reaches on a GPU.
package struct ExpertConstants: FittedConstants {
  /// What every layer pays, µs: the launches of its kernels, and their chains.
  package var launch: Double
  /// What experts on other ranks cost, µs: once, or for each expert of this rank, as the library works (`ExpertCut`).
  package var parallel: Double
  /// What more than ten choices a token, and more than 256 tokens, add, µs.
  package var manyChoices, manyTokens: Double
  /// Shares of the tensor peak and of the DRAM bandwidth in the grouped products.
  package var tensor, bandwidth: Double
  /// Share of the DRAM bandwidth of the kernels that go over rows.
  package var rowBandwidth: Double
  /// Picoseconds for each token, choice and expert.
  package var routing: Double
  /// A tile's own overhead, µs, which hides behind the next one's loop.
  package var tile: Double
  /// A CTA's walk over 128 bytes of K, µs.
  package var step: Double
  /// Share of L2 in which tensors stay from one call to the next.
  package var residency: Double
  /// Weights that an SM widens a clock; 0: none, products take them as they are.
  package var widening: Double
  /// In place of `tensor` and `bandwidth` where no tiles were searched for such experts; 0: tiles are searched for any.
  package var untunedTensor, untunedBandwidth: Double
  /// Share of the tensor peak that power leaves in serving, where weights are no constants; 1: all.
  package var sustained: Double

  package static let initial = ExpertConstants()

  package init() {
    launch = 20
    parallel = 0.03
    manyChoices = 18
    manyTokens = 8.5
    tensor = 0.65
    bandwidth = 0.86
    rowBandwidth = 0.75
    routing = 0.82
    tile = 1.3
    step = 0.11
    residency = 0.65
    widening = 0
    untunedTensor = 0
    untunedBandwidth = 0
    sustained = 1
  }

  package static var parameters: [FittedParameter<ExpertConstants>] {
    [
      FittedParameter("launchMicroseconds", 0.5...400, get: { $0.launch }, set: { $0.launch = $1 }),
      FittedParameter("parallelMicroseconds", 0...60, spread: 2, get: { $0.parallel }, set: { $0.parallel = $1 }),
      FittedParameter(
        "manyChoicesMicroseconds", 0...300, spread: 1.2, get: { $0.manyChoices }, set: { $0.manyChoices = $1 }),
      FittedParameter("manyTokensMicroseconds", 0...200, get: { $0.manyTokens }, set: { $0.manyTokens = $1 }),
      FittedParameter("tensorShareOfPeak", 0.05...1.2, spread: 1.2, get: { $0.tensor }, set: { $0.tensor = $1 }),
      FittedParameter("bandwidthShare", 0.2...1.1, spread: 1.1, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
      FittedParameter(
        "rowBandwidthShare", 0.05...1.5, spread: 1.3, get: { $0.rowBandwidth }, set: { $0.rowBandwidth = $1 }),
      FittedParameter("routingPicoseconds", 0...10, spread: 1.2, get: { $0.routing }, set: { $0.routing = $1 }),
      FittedParameter("tileMicroseconds", 0.05...20, get: { $0.tile }, set: { $0.tile = $1 }),
      FittedParameter("stepMicroseconds", 0.005...1, spread: 1.2, get: { $0.step }, set: { $0.step = $1 }),
      FittedParameter(
        "residentShareOfL2", 0.1...2, spread: 1.02, get: { $0.residency }, set: { $0.residency = $1 }),
      FittedParameter(
        "widenedWeightsPerClockPerSM", 0...1000, spread: 1.2, isRequired: false, get: { $0.widening },
        set: { $0.widening = $1 }),
      FittedParameter(
        "untunedTensorShareOfPeak", 0...1.2, spread: 1.2, isRequired: false, get: { $0.untunedTensor },
        set: { $0.untunedTensor = $1 }),
      FittedParameter(
        "untunedBandwidthShare", 0...1.1, spread: 1.1, isRequired: false, get: { $0.untunedBandwidth },
        set: { $0.untunedBandwidth = $1 }),
      FittedParameter(
        "sustainedShareOfPeak", 0.05...1, spread: 1.0001, isRequired: false, get: { $0.sustained },
        set: { $0.sustained = $1 }),
    ]
  }

  /// Choices and tokens above which a layer pays more.
  static let fewChoices = 10.0
  static let fewTokens = 256.0
  /// Result bytes that an SM writes a clock at a tile's end.
  static let epilogue = 8.0
}
