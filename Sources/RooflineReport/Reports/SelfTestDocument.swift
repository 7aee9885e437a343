import RooflineCore

/// What the self-test found, for machines.
struct SelfTestDocument: Encodable {
  let schemaVersion = 1
  let hasPassed: Bool
  let device: DevicePropertiesDocument
  let readings: [Reading]
  let emptyKernel: Statistics
  let copy: Copy
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

  init(_ result: SelfTestResult) {
    hasPassed = result.hasPassed
    device = DevicePropertiesDocument(result.device)
    readings = result.readings.map { reading in
      Reading(
        expectedSeconds: reading.expected, toleranceSeconds: reading.tolerance, isRight: reading.isRight,
        isSteady: reading.isSteady, measured: Statistics(reading.measured))
    }
    emptyKernel = Statistics(result.emptyKernel)
    copy = Copy(
      checkedBytes: result.copy.checkedBytes, wrongBytes: result.copy.wrongBytes, timedBytes: result.copy.timedBytes,
      bytesPerSecond: result.copy.bandwidth, time: Statistics(result.copy.time))
    _clockReasons = Nullable(wrappedValue: result.clockReasons?.names)
    findings = result.findings.map { $0.sentence(of: result.device) }
  }
}
