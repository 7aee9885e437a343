/// What a GEMM library reaches on a GPU: times in µs, rates as shares of the datasheet's or per SM and clock.
package struct GEMMConstants: FittedConstants {
  /// Launch and drain of the kernel, µs.
  package var launch: Double
  /// Filling the pipeline of a wave, µs.
  package var waveFill: Double
  /// Result bytes an SM writes a clock in the epilogue.
  package var epilogue: Double
  /// Share of the tensor peak in a burst.
  package var burst: Double
  /// Share of the tensor peak once power limits the clock.
  package var sustained: Double
  /// Length of work at which the rate is half-way between the two, µs.
  package var clockHalfTime: Double
  /// Share of the DRAM bandwidth.
  package var bandwidth: Double
  /// Bytes an SM fetches from L2 a clock.
  package var l2: Double
  /// Bringing the partial sums of a split K together, µs.
  package var splitK: Double
  /// Share of L2 in which weights stay from one call to the next.
  package var residency: Double
  /// How sharply weights leave L2 as they outgrow it: the power of their ratio.
  package var residencyPower: Double
  /// A quantisation kernel before the GEMM: its floor, µs. 0: none.
  package var quantizationLaunch: Double
  /// Share of the DRAM bandwidth that the quantisation kernel reaches.
  package var quantizationBandwidth: Double

  package init(
    launch: Double, waveFill: Double, epilogue: Double, burst: Double, sustained: Double, clockHalfTime: Double,
    bandwidth: Double, l2: Double, splitK: Double, residency: Double, residencyPower: Double = 4,
    quantizationLaunch: Double = 0, quantizationBandwidth: Double = 1
  ) {
    self.launch = launch
    self.waveFill = waveFill
    self.epilogue = epilogue
    self.burst = burst
    self.sustained = sustained
    self.clockHalfTime = clockHalfTime
    self.bandwidth = bandwidth
    self.l2 = l2
    self.splitK = splitK
    self.residency = residency
    self.residencyPower = residencyPower
    self.quantizationLaunch = quantizationLaunch
    self.quantizationBandwidth = quantizationBandwidth
  }

  package static var parameters: [FittedParameter<GEMMConstants>] {
    [
      FittedParameter("launchMicroseconds", 0.1...20, get: { $0.launch }, set: { $0.launch = $1 }),
      FittedParameter("waveFillMicroseconds", 0.02...10, get: { $0.waveFill }, set: { $0.waveFill = $1 }),
      FittedParameter("epilogueBytesPerClockPerSM", 1...200, get: { $0.epilogue }, set: { $0.epilogue = $1 }),
      FittedParameter("burstShareOfPeak", 0.3...1, spread: 1.1, get: { $0.burst }, set: { $0.burst = $1 }),
      FittedParameter("sustainedShareOfPeak", 0.2...1, spread: 1.15, get: { $0.sustained }, set: { $0.sustained = $1 }),
      FittedParameter(
        "clockHalfTimeMicroseconds", 10...20000, spread: 2, get: { $0.clockHalfTime }, set: { $0.clockHalfTime = $1 }),
      FittedParameter("bandwidthShare", 0.3...1, spread: 1.1, get: { $0.bandwidth }, set: { $0.bandwidth = $1 }),
      FittedParameter("l2BytesPerClockPerSM", 3...200, spread: 1.3, get: { $0.l2 }, set: { $0.l2 = $1 }),
      FittedParameter("splitKMicroseconds", 0.1...20, get: { $0.splitK }, set: { $0.splitK = $1 }),
      FittedParameter("residentShareOfL2", 0.1...2, spread: 1.2, get: { $0.residency }, set: { $0.residency = $1 }),
      FittedParameter(
        "residentPower", 1...16, isRequired: false, get: { $0.residencyPower }, set: { $0.residencyPower = $1 }),
      FittedParameter(
        "quantizationLaunchMicroseconds", 0...50, isRequired: false, get: { $0.quantizationLaunch },
        set: { $0.quantizationLaunch = $1 }),
      FittedParameter(
        "quantizationBandwidthShare", 0.05...2, isRequired: false, get: { $0.quantizationBandwidth },
        set: { $0.quantizationBandwidth = $1 }),
    ]
  }

  /// Middling values of the GPUs measured so far: where a fit without a prior begins.
  package static let initial = GEMMConstants(
    launch: 2, waveFill: 0.8, epilogue: 12, burst: 0.98, sustained: 0.8, clockHalfTime: 1000, bandwidth: 0.8, l2: 30,
    splitK: 2.2, residency: 0.65)

  /// The tile intensity (m·n/(m+n)) at which the tensor cores run at half speed, and how sharply.
  static let halfIntensity = 24.0
  static let intensityPower = 4.5
  /// The intensity of a 128 × 256 tile, against which efficiency is measured.
  static let referenceIntensity = 128.0 * 256 / (128 + 256)
  /// Bytes/µs at which partial sums of a split K are written and read again.
  static let splitKBytesPerMicrosecond = 5e12 * 1e-6
}
