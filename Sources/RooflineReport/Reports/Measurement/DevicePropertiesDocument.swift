import RooflineCore
import RooflineMeasurement

/// The facts of a GPU, for machines.
struct DevicePropertiesDocument: Encodable {
  let name: String
  /// Whether it is the tests' stand-in, of which nothing is a measurement.
  let isStandIn: Bool
  let uuid: String
  let pciBusIdentifier: String
  let computeCapability: String
  let streamingMultiprocessors: UInt64
  let memoryBytes: UInt64
  @Nullable var clockHz: Double?
  @Nullable var memoryClockHz: Double?
  @Nullable var memoryBusBits: UInt64?
  @Nullable var l2Bytes: UInt64?
  @Nullable var sharedMemoryPerBlockBytes: UInt64?
  @Nullable var hasECC: Bool?

  init(_ properties: DeviceProperties) {
    name = properties.name
    isStandIn = properties.isStandIn
    uuid = properties.uuid
    pciBusIdentifier = properties.pciBusIdentifier
    computeCapability = properties.computeCapability.description
    streamingMultiprocessors = properties.streamingMultiprocessors
    memoryBytes = properties.memory
    _clockHz = Nullable(wrappedValue: properties.clock)
    _memoryClockHz = Nullable(wrappedValue: properties.memoryClock)
    _memoryBusBits = Nullable(wrappedValue: properties.memoryBusBits)
    _l2Bytes = Nullable(wrappedValue: properties.l2)
    _sharedMemoryPerBlockBytes = Nullable(wrappedValue: properties.sharedMemoryPerBlock)
    _hasECC = Nullable(wrappedValue: properties.hasECC)
  }
}

/// What a GPU did at the moment of asking, for machines.
struct DeviceStateDocument: Encodable {
  @Nullable var smClockHz: Double?
  @Nullable var maximumSMClockHz: Double?
  @Nullable var memoryClockHz: Double?
  @Nullable var temperatureCelsius: Double?
  /// The mean of the last second on most GPUs.
  @Nullable var powerWatts: Double?
  /// At the moment of asking.
  @Nullable var instantPowerWatts: Double?
  @Nullable var powerLimitWatts: Double?
  @Nullable var clockReasons: [String]?
  @Nullable var isECCEnabled: Bool?
  @Nullable var isMIGEnabled: Bool?
  @Nullable var freeMemoryBytes: UInt64?
  @Nullable var processes: [GPUProcess]?

  struct GPUProcess: Encodable {
    let identifier: UInt32
    @Nullable var memoryBytes: UInt64?
  }

  init(_ state: DeviceState) {
    _smClockHz = Nullable(wrappedValue: state.smClock)
    _maximumSMClockHz = Nullable(wrappedValue: state.maximumSMClock)
    _memoryClockHz = Nullable(wrappedValue: state.memoryClock)
    _temperatureCelsius = Nullable(wrappedValue: state.temperature)
    _powerWatts = Nullable(wrappedValue: state.power)
    _instantPowerWatts = Nullable(wrappedValue: state.instantPower)
    _powerLimitWatts = Nullable(wrappedValue: state.powerLimit)
    _clockReasons = Nullable(wrappedValue: state.clockReasons?.names)
    _isECCEnabled = Nullable(wrappedValue: state.isECCEnabled)
    _isMIGEnabled = Nullable(wrappedValue: state.isMIGEnabled)
    _freeMemoryBytes = Nullable(wrappedValue: state.freeMemory)
    _processes = Nullable(
      wrappedValue: state.processes?.map { GPUProcess(identifier: $0.identifier, memoryBytes: $0.memory) })
  }
}

/// A GPU at work, for machines: what one call of NVML after the other tells while kernels run.
struct LoadDocument: Encodable {
  @Nullable var smClockHz: Double?
  @Nullable var memoryClockHz: Double?
  @Nullable var temperatureCelsius: Double?
  /// At the moment of asking; null where the driver tells a mean of the last second alone, which is mostly of what was before.
  @Nullable var instantPowerWatts: Double?
  @Nullable var clockReasons: [String]?

  init(_ state: DeviceState) {
    _smClockHz = Nullable(wrappedValue: state.smClock)
    _memoryClockHz = Nullable(wrappedValue: state.memoryClock)
    _temperatureCelsius = Nullable(wrappedValue: state.temperature)
    _instantPowerWatts = Nullable(wrappedValue: state.instantPower)
    _clockReasons = Nullable(wrappedValue: state.clockReasons?.names)
  }
}
