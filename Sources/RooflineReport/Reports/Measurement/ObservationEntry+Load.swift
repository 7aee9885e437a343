import RooflineCore
import RooflineMeasurement

extension ObservationEntry {
  struct Check: Encodable {
    let comparedElements, outputElements: Int
    /// The largest error as a share of what is tolerated.
    let worstError: Double

    init(_ check: KernelMeasurement.Check) {
      comparedElements = check.compared
      outputElements = check.elements
      worstError = check.worst
    }
  }

  /// What ran for seconds, read again and again.
  struct Sustained: Encodable {
    /// Of all samples together, on the device.
    let seconds: Double
    /// Means of the last third of the time.
    @Nullable var powerWatts: Double?
    @Nullable var smClockHz: Double?
    /// That power for a call's time; null for less than two seconds of samples.
    @Nullable var joulesPerCall: Double?
    let readings: [Reading]

    struct Reading: Encodable {
      /// Since the first sample began.
      let elapsedSeconds: Double
      @Nullable var powerWatts: Double?
      @Nullable var smClockHz: Double?
    }

    /// nil for a measurement of another mode, and without NVML.
    init?(_ measurement: KernelMeasurement) {
      guard let load = measurement.load else { return nil }
      seconds = measurement.deviceTime
      _powerWatts = Nullable(wrappedValue: load.power)
      _smClockHz = Nullable(wrappedValue: load.clock)
      _joulesPerCall = Nullable(wrappedValue: measurement.callEnergy)
      readings = load.readings.map {
        Reading(elapsedSeconds: $0.elapsed, powerWatts: $0.power, smClockHz: $0.clock)
      }
    }
  }
}
