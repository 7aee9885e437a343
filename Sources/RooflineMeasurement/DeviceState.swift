import RooflineCore

/// What NVML says of a GPU at one moment. Each fact may be missing: a virtual GPU or a container may hide it.
public struct DeviceState: Hashable, Sendable {
  /// Hz.
  public var smClock: Double?
  /// The highest that the SMs may run at, Hz.
  public var maximumSMClock: Double?
  /// Hz.
  public var memoryClock: Double?
  /// °C.
  public var temperature: Double?
  /// W, the mean of the last second on GPUs since Ampere (but GA100).
  public var power: Double?
  /// W, at the moment of asking; nil where the driver tells a mean alone.
  public var instantPower: Double?
  /// The limit in force, W.
  public var powerLimit: Double?
  public var clockReasons: ClockReasons?
  public var isECCEnabled: Bool?
  public var isMIGEnabled: Bool?
  /// Bytes that nobody uses.
  public var freeMemory: UInt64?
  /// What computes there; nil where NVML does not tell.
  public var processes: [GPUProcess]?
  /// Since the driver was loaded; two snapshots give what happened between them.
  public var counters = Counters()

  public init() {}

  /// A process that has a context on the GPU.
  public struct GPUProcess: Hashable, Sendable {
    public var identifier: UInt32
    /// Bytes; nil where NVML cannot tell.
    public var memory: UInt64?

    public init(identifier: UInt32, memory: UInt64?) {
      self.identifier = identifier
      self.memory = memory
    }
  }

  /// Counters that only grow.
  public struct Counters: Hashable, Sendable {
    /// J.
    public var energy: Double?
    /// Seconds spent slowed down to stay below the power limit.
    public var powerCapped: Double?
    /// Seconds spent slowed down by software for temperature.
    public var softwareThermal: Double?
    /// Seconds spent slowed down by hardware for temperature.
    public var hardwareThermal: Double?
    /// Seconds spent slowed down by an external power brake.
    public var powerBrake: Double?

    public init() {}
  }
}
