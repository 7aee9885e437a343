import RooflineCore
import RooflineMeasurement

extension DeviceInventory {
  /// Looks at this machine: opens every library, asks for every GPU, changes nothing.
  ///
  /// - Parameter environment: says where to look, see `LibrarySearch`.
  package static func read(environment: [String: String]) -> DeviceInventory {
    let driver: Driver
    let management: ManagementLibrary?
    var managementFinding = LibraryFinding(name: "NVML")
    do {
      let library = try ManagementLibrary(environment: environment)
      management = library
      managementFinding = library.finding
    } catch {
      management = nil
      managementFinding = LibraryFinding(unusable: "NVML", error)
    }
    do {
      driver = try Driver(environment: environment)
    } catch {
      // Without a driver every version is acceptable.
      let newest = CUDAVersion(major: .max, minor: 0)
      let libraries = [compiler(environment, newest), matrixLibrary(environment, newest), managementFinding]
      let finding = LibraryFinding(unusable: "CUDA driver", error)
      if case .noLibrary = error { return DeviceInventory(driver: finding, libraries: libraries) }
      return DeviceInventory(driver: finding, libraries: libraries, fault: error)
    }
    var inventory = DeviceInventory(
      driver: driver.finding,
      libraries: [
        compiler(environment, driver.version), matrixLibrary(environment, driver.version), managementFinding,
      ])
    do {
      for ordinal in 0..<(try driver.deviceCount()) {
        inventory.devices.append(device(driver, management, ordinal))
      }
    } catch {
      inventory.fault = error
    }
    return inventory
  }

  private static func device(_ driver: Driver, _ management: ManagementLibrary?, _ ordinal: Int) -> Device {
    do {
      let properties = try driver.properties(ordinal: ordinal)
      return Device(
        ordinal: ordinal, properties: .success(properties),
        state: management?.state(pciBusIdentifier: properties.pciBusIdentifier))
    } catch {
      return Device(ordinal: ordinal, properties: .failure(error))
    }
  }

  private static func compiler(_ environment: [String: String], _ driver: CUDAVersion) -> LibraryFinding {
    do {
      return try KernelCompiler.newest(environment: environment, driver: driver).finding
    } catch {
      return LibraryFinding(unusable: "NVRTC", error)
    }
  }

  private static func matrixLibrary(_ environment: [String: String], _ driver: CUDAVersion) -> LibraryFinding {
    do {
      return try MatrixLibrary(environment: environment, driver: driver).finding
    } catch {
      return LibraryFinding(unusable: "cuBLASLt", error)
    }
  }
}

extension LibraryFinding {
  /// The finding behind a fault of opening a library.
  init(unusable name: String, _ fault: GPUFault) {
    switch fault {
    case .noLibrary(let finding): self = finding
    case .missingFunction(let library, let function):
      self.init(name: name, path: library, problem: "it has no \(function)")
    case .oldDriver(let library, let version, _):
      self.init(name: name, path: library, version: version.description, problem: "it is too old")
    case .call(let call, let code, let meaning):
      self.init(name: name, problem: "\(call) answered \(meaning.map { "\($0) (\(code))" } ?? "\(code)")")
    default: self.init(name: name, problem: "it cannot be used")
    }
  }
}
