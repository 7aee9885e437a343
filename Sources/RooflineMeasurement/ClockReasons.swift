import RooflineCore

/// Why a GPU's clocks are where they are: NVML's bits (`nvmlClocksEventReasons`), several at a time.
public struct ClockReasons: OptionSet, Hashable, Sendable {
  public var rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let idle = ClockReasons(rawValue: 0x1)
  public static let applicationClocks = ClockReasons(rawValue: 0x2)
  public static let softwarePowerCap = ClockReasons(rawValue: 0x4)
  public static let hardwareSlowdown = ClockReasons(rawValue: 0x8)
  public static let syncBoost = ClockReasons(rawValue: 0x10)
  public static let softwareThermalSlowdown = ClockReasons(rawValue: 0x20)
  public static let hardwareThermalSlowdown = ClockReasons(rawValue: 0x40)
  public static let hardwarePowerBrake = ClockReasons(rawValue: 0x80)
  public static let displayClock = ClockReasons(rawValue: 0x100)

  /// Those under which no measurement says what the GPU can do: heat, or a power supply that gives less than it should.
  public static let faults: ClockReasons = [
    .hardwareSlowdown, .softwareThermalSlowdown, .hardwareThermalSlowdown, .hardwarePowerBrake,
  ]

  /// The known reasons among the bits in plain words.
  public var names: [String] {
    let known: [(ClockReasons, String)] = [
      (.idle, "idle"), (.applicationClocks, "application clocks"), (.softwarePowerCap, "power limit"),
      (.hardwareSlowdown, "hardware slowdown"), (.syncBoost, "sync boost"),
      (.softwareThermalSlowdown, "software thermal slowdown"),
      (.hardwareThermalSlowdown, "hardware thermal slowdown"), (.hardwarePowerBrake, "hardware power brake"),
      (.displayClock, "display clock"),
    ]
    return known.filter { contains($0.0) }.map(\.1)
  }
}
