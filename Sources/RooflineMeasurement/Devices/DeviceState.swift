import RooflineCore

/// What NVML says of a GPU at one moment. Each fact may be missing: a virtual GPU or a container may hide it.
package struct DeviceState: Hashable, Sendable {
  /// Hz.
  package var smClock: Double?
  /// The highest that the SMs may run at, Hz.
  package var maximumSMClock: Double?
  /// Hz.
  package var memoryClock: Double?
  /// °C.
  package var temperature: Double?
  /// W, the mean of the last second on GPUs since Ampere (but GA100).
  package var power: Double?
  /// W, at the moment of asking; nil where the driver tells a mean alone.
  package var instantPower: Double?
  /// The limit in force, W.
  package var powerLimit: Double?
  package var clockReasons: ClockReasons?
  package var isECCEnabled: Bool?
  package var isMIGEnabled: Bool?
  /// Bytes that nobody uses.
  package var freeMemory: UInt64?
  /// What computes there; nil where NVML does not tell.
  package var processes: [GPUProcess]?
  /// Since the driver was loaded; two snapshots give what happened between them.
  package var counters = Counters()

  package init() {}

  /// A process that has a context on the GPU.
  package struct GPUProcess: Hashable, Sendable {
    package var identifier: UInt32
    /// Bytes; nil where NVML cannot tell.
    package var memory: UInt64?

    package init(identifier: UInt32, memory: UInt64?) {
      self.identifier = identifier
      self.memory = memory
    }
  }

  /// Counters that only grow.
  package struct Counters: Hashable, Sendable {
    /// J.
    package var energy: Double?
    /// Seconds spent slowed down to stay below the power limit.
    package var powerCapped: Double?
    /// Seconds spent slowed down by software for temperature.
    package var softwareThermal: Double?
    /// Seconds spent slowed down by hardware for temperature.
    package var hardwareThermal: Double?
    /// Seconds spent slowed down by an external power brake.
    package var powerBrake: Double?

    package init() {}
  }
}
