import RooflineCore

/// What of NVIDIA's a machine has: libraries and GPUs.
package struct DeviceInventory: Hashable, Sendable {
  package var driver: LibraryFinding
  /// NVRTC, cuBLASLt, NVML.
  package var libraries: [LibraryFinding]
  package var devices: [Device]
  /// What keeps the driver from naming its GPUs; nil where it named them, or where there is no driver or no GPU.
  package var fault: GPUFault?

  /// A GPU: what is known, or why nothing is.
  package struct Device: Hashable, Sendable {
    package var ordinal: Int
    package var properties: Result<DeviceProperties, GPUFault>
    /// nil where NVML is missing or does not know the GPU.
    package var state: DeviceState?

    package init(ordinal: Int, properties: Result<DeviceProperties, GPUFault>, state: DeviceState? = nil) {
      self.ordinal = ordinal
      self.properties = properties
      self.state = state
    }
  }

  package init(
    driver: LibraryFinding, libraries: [LibraryFinding], devices: [Device] = [], fault: GPUFault? = nil
  ) {
    self.driver = driver
    self.libraries = libraries
    self.devices = devices
    self.fault = fault
  }

  /// Everything that is wrong, the driver first; empty on a machine without a GPU.
  package var faults: [GPUFault] {
    var faults = fault.map { [$0] } ?? []
    for device in devices {
      if case .failure(let fault) = device.properties { faults.append(fault) }
    }
    return faults
  }
}
