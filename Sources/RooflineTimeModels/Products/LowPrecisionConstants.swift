/// What a library of low-precision products reaches on a GPU: times in µs, rates as shares of the datasheet's or per SM and clock.
package struct LowPrecisionConstants: FittedConstants {
  /// Launch and drain, with the floor of the kernel that quantises, µs.
  package var launch: Double
  /// What of `launch` is the floor of the kernel that quantises, µs; products whose input comes quantised do without.
  package var quantizationLaunch: Double
  /// Filling the pipeline of a wave, µs, and result bytes that an SM writes a clock.
  package var waveFill, epilogue: Double
  /// The tile intensity (m·n/(m+n)) at which the tensor cores run at half speed.
  package var halfIntensity: Double
  /// Shares of the tensor peak in a burst and under power limits, and the length of work half-way between them, µs.
  package var burst, sustained, clockHalfTime: Double
  /// Share of the DRAM bandwidth, of the product and of the kernel that quantises its input.
  package var bandwidth, quantizationBandwidth: Double
  /// What a row of x costs the SM that quantises it, beside its bytes, µs; 0: nothing.
  package var quantizationRow: Double
  /// Bytes an SM fetches from L2 a clock.
  package var l2: Double
  /// A CTA's walk over 128 bytes of K, µs.
  package var step: Double
  /// Bringing the partial sums of a split K together, µs.
  package var splitK: Double
  /// Share of L2 in which weights stay from one call to the next.
  package var residency: Double
  /// Weights that an SM widens a clock; 0: none, products take them as they are.
  package var widening: Double

  package init() {
    launch = 5
    quantizationLaunch = 0
    waveFill = 0.3
    epilogue = 14
    halfIntensity = 12
    burst = 0.85
    sustained = 0.7
    clockHalfTime = 500
    bandwidth = 0.82
    quantizationBandwidth = 0.55
    quantizationRow = 0
    l2 = 35
    step = 0.05
    splitK = 2.5
    residency = 0.65
    widening = 0
  }

  package static let initial = LowPrecisionConstants()

  package static var parameters: [FittedParameter<LowPrecisionConstants>] {
    [
      FittedParameter("launchMicroseconds", 0.1...400, get: { $0.launch }, set: { $0.launch = $1 }),
      FittedParameter(
        "quantizationLaunchMicroseconds", 0...100, spread: 1.0001, isRequired: false, get: { $0.quantizationLaunch },
        set: { $0.quantizationLaunch = $1 }),
      FittedParameter("waveFillMicroseconds", 0.02...10, get: { $0.waveFill }, set: { $0.waveFill = $1 }),
      FittedParameter("epilogueBytesPerClockPerSM", 1...300, get: { $0.epilogue }, set: { $0.epilogue = $1 }),
      FittedParameter("halfIntensity", 4...40, spread: 1.1, get: { $0.halfIntensity }, set: { $0.halfIntensity = $1 }),
      FittedParameter("burstShareOfPeak", 0.1...1.2, spread: 1.2, get: { $0.burst }, set: { $0.burst = $1 }),
      FittedParameter(
        "sustainedShareOfPeak", 0.1...1.2, spread: 1.2, get: { $0.sustained }, set: { $0.sustained = $1 }),
      FittedParameter(
        "clockHalfTimeMicroseconds", 10...20000, spread: 1.0001, get: { $0.clockHalfTime },
        set: { $0.clockHalfTime = $1 }),
      FittedParameter("bandwidthShare", 0.2...1.1, spread: 1.1, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
      FittedParameter("l2BytesPerClockPerSM", 3...300, spread: 1.3, get: { $0.l2 }, set: { $0.l2 = $1 }),
      FittedParameter(
        "quantizationBandwidthShare", 0.05...3, spread: 1.3, get: { $0.quantizationBandwidth },
        set: { $0.quantizationBandwidth = $1 }),
      FittedParameter(
        "quantizationRowMicroseconds", 0...20, isRequired: false, get: { $0.quantizationRow },
        set: { $0.quantizationRow = $1 }),
      FittedParameter("stepMicroseconds", 0.005...1, spread: 1.2, get: { $0.step }, set: { $0.step = $1 }),
      FittedParameter("splitKMicroseconds", 0.1...20, spread: 1.2, get: { $0.splitK }, set: { $0.splitK = $1 }),
      FittedParameter("residentShareOfL2", 0.1...2, spread: 1.02, get: { $0.residency }, set: { $0.residency = $1 }),
      FittedParameter(
        "widenedWeightsPerClockPerSM", 0...1000, spread: 1.2, isRequired: false, get: { $0.widening },
        set: { $0.widening = $1 }),
    ]
  }

  /// Elements of K that a kernel takes at a time.
  static let depth = 128.0
}
