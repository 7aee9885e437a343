import RooflineCore
import RooflineMeasurement

/// What the self-test found, for machines.
struct SelfTestDocument: Encodable {
  let schemaVersion = 1
  /// null where nothing was tested.
  @Nullable var hasPassed: Bool?
  /// Why nothing was tested, a sentence; null where something was.
  @Nullable var absence: String?
  @Nullable var device: DevicePropertiesDocument?
  let readings: [Reading]
  @Nullable var emptyKernel: Statistics?
  @Nullable var copy: Copy?
  @Nullable var clockReasons: [String]?
  /// One sentence each.
  let findings: [String]

  struct Reading: Encodable {
    let expectedSeconds: Double
    let toleranceSeconds: Double
    let isRight: Bool
    let isSteady: Bool
    let measured: Statistics
  }

  struct Copy: Encodable {
    let checkedBytes: UInt64
    let wrongBytes: UInt64
    let timedBytes: UInt64
    let bytesPerSecond: Double
    let time: Statistics
  }

  struct Statistics: Encodable {
    let samples: Int
    let minimumSeconds: Double
    let lowerQuartileSeconds: Double
    let medianSeconds: Double
    let upperQuartileSeconds: Double
    let maximumSeconds: Double

    init(_ statistics: SampleStatistics) {
      samples = statistics.count
      minimumSeconds = statistics.minimum
      lowerQuartileSeconds = statistics.lowerQuartile
      medianSeconds = statistics.median
      upperQuartileSeconds = statistics.upperQuartile
      maximumSeconds = statistics.maximum
    }
  }

  init(absence: String) {
    _hasPassed = Nullable(wrappedValue: nil)
    _absence = Nullable(wrappedValue: absence)
    _device = Nullable(wrappedValue: nil)
    readings = []
    _emptyKernel = Nullable(wrappedValue: nil)
    _copy = Nullable(wrappedValue: nil)
    _clockReasons = Nullable(wrappedValue: nil)
    findings = []
  }

  init(_ result: SelfTestResult) {
    _hasPassed = Nullable(wrappedValue: result.hasPassed)
    _absence = Nullable(wrappedValue: nil)
    _device = Nullable(wrappedValue: DevicePropertiesDocument(result.device))
    readings = result.readings.map { reading in
      Reading(
        expectedSeconds: reading.expected, toleranceSeconds: reading.tolerance, isRight: reading.isRight,
        isSteady: reading.isSteady, measured: Statistics(reading.measured))
    }
    _emptyKernel = Nullable(wrappedValue: Statistics(result.emptyKernel))
    _copy = Nullable(
      wrappedValue: Copy(
        checkedBytes: result.copy.checkedBytes, wrongBytes: result.copy.wrongBytes, timedBytes: result.copy.timedBytes,
        bytesPerSecond: result.copy.bandwidth, time: Statistics(result.copy.time)))
    _clockReasons = Nullable(wrappedValue: result.clockReasons?.names)
    findings = result.findings.map { $0.sentence(of: result.device) }
  }
}
