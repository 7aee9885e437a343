import RooflineCore
import RooflineMeasurement

/// What `devices` says, for machines: raw SI values, `null` for what is not known.
struct DevicesDocument: Encodable {
  let schemaVersion = 1
  let driver: Library
  let libraries: [Library]
  let devices: [Device]
  /// One sentence each.
  let faults: [String]

  struct Library: Encodable {
    let name: String
    let isUsable: Bool
    @Nullable var path: String?
    @Nullable var version: String?
    @Nullable var problem: String?
    let searched: [Attempt]

    struct Attempt: Encodable {
      let path: String
      let reason: String
    }

    init(_ finding: LibraryFinding) {
      name = finding.name
      isUsable = finding.path != nil && finding.problem == nil
      searched = finding.searched.map { Attempt(path: $0.path, reason: $0.reason) }
      _path = Nullable(wrappedValue: finding.path)
      _version = Nullable(wrappedValue: finding.version)
      _problem = Nullable(wrappedValue: finding.problem)
    }
  }

  struct Device: Encodable {
    let ordinal: Int
    @Nullable var properties: DevicePropertiesDocument?
    @Nullable var state: DeviceStateDocument?
    let hardware: [Match]
    /// A hardware file to fill in, where none fits.
    @Nullable var stub: HardwareStub?

    struct Match: Encodable {
      let name: String
      let path: String
      let basis: String
      let differences: [Difference]
    }

    struct Difference: Encodable {
      let fact: String
      let device: String
      let file: String
    }
  }

  init(_ inventory: DeviceInventory, matches: [Int: [HardwareMatch]]) {
    driver = Library(inventory.driver)
    libraries = inventory.libraries.map(Library.init)
    faults = inventory.faults.map(\.sentence)
    devices = inventory.devices.map { device in
      let properties = try? device.properties.get()
      let fitting = matches[device.ordinal] ?? []
      let hardware = fitting.map { match in
        Device.Match(
          name: match.name, path: match.path, basis: match.basis.rawValue,
          differences: match.differences.map {
            Device.Difference(fact: $0.fact, device: $0.device, file: $0.file)
          })
      }
      return Device(
        ordinal: device.ordinal, properties: properties.map(DevicePropertiesDocument.init),
        state: device.state.map(DeviceStateDocument.init), hardware: hardware,
        stub: fitting.isEmpty ? properties.map { HardwareStub($0, driver: inventory.driver.version) } : nil)
    }
  }
}
