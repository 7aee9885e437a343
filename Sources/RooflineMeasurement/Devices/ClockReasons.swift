import RooflineCore

/// Why a GPU's clocks are where they are: NVML's bits (`nvmlClocksEventReasons`), several at a time.
package struct ClockReasons: OptionSet, Hashable, Sendable {
  package var rawValue: UInt64

  package init(rawValue: UInt64) { self.rawValue = rawValue }

  package static let idle = ClockReasons(rawValue: 0x1)
  package static let applicationClocks = ClockReasons(rawValue: 0x2)
  package static let softwarePowerCap = ClockReasons(rawValue: 0x4)
  package static let hardwareSlowdown = ClockReasons(rawValue: 0x8)
  package static let syncBoost = ClockReasons(rawValue: 0x10)
  package static let softwareThermalSlowdown = ClockReasons(rawValue: 0x20)
  package static let hardwareThermalSlowdown = ClockReasons(rawValue: 0x40)
  package static let hardwarePowerBrake = ClockReasons(rawValue: 0x80)
  package static let displayClock = ClockReasons(rawValue: 0x100)

  /// Those under which no measurement says what the GPU can do: heat, or a power supply that gives less than it should.
  package static let faults: ClockReasons = [
    .hardwareSlowdown, .softwareThermalSlowdown, .hardwareThermalSlowdown, .hardwarePowerBrake,
  ]

  /// The known reasons among the bits in plain words.
  package var names: [String] {
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
