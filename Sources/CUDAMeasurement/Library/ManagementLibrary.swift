import CGPUABI
import RooflineCore
import RooflineMeasurement

/// NVML: clocks, temperature, power and the other processes of a GPU. Only read; nothing is ever set.
package struct ManagementLibrary: Sendable {
  package let finding: LibraryFinding

  let deviceByPCIBusIdentifier: abi_nvmlDeviceGetHandleByPciBusId_v2
  // A function that an older NVML lacks costs one fact, not all.
  let clock: abi_nvmlDeviceGetClock?
  let maximumClock: abi_nvmlDeviceGetClock?
  let temperature: abi_nvmlDeviceGetTemperature?
  /// Since CUDA 12.9, and from then on instead of the other.
  let versionedTemperature: abi_nvmlDeviceGetTemperatureV?
  let power: abi_nvmlDeviceGetPower?
  let powerLimit: abi_nvmlDeviceGetPower?
  /// Under its newer name and its older one, as far as they are there.
  let clockReasons: [abi_nvmlDeviceGetReasons]
  let eccMode: abi_nvmlDeviceGetEccMode?
  let migMode: abi_nvmlDeviceGetMigMode?
  let memoryInfo: abi_nvmlDeviceGetMemoryInfo?
  let processes: abi_nvmlDeviceGetComputeRunningProcesses_v3?
  let fieldValues: abi_nvmlDeviceGetFieldValues?

  /// Opens and starts NVML.
  package init(environment: [String: String]) throws(GPUFault) {
    let library = try SharedLibrary("NVML", candidates: LibrarySearch(environment: environment).managementLibrary)
    let initialize: abi_nvmlInit_v2 = try library.function("nvmlInit_v2")
    deviceByPCIBusIdentifier = try library.function("nvmlDeviceGetHandleByPciBusId_v2")
    clock = library.optionalFunction("nvmlDeviceGetClockInfo")
    maximumClock = library.optionalFunction("nvmlDeviceGetMaxClockInfo")
    temperature = library.optionalFunction("nvmlDeviceGetTemperature")
    versionedTemperature = library.optionalFunction("nvmlDeviceGetTemperatureV")
    power = library.optionalFunction("nvmlDeviceGetPowerUsage")
    powerLimit = library.optionalFunction("nvmlDeviceGetEnforcedPowerLimit")
    clockReasons = ["Event", "Throttle"].compactMap { name -> abi_nvmlDeviceGetReasons? in
      library.optionalFunction("nvmlDeviceGetCurrentClocks\(name)Reasons")
    }
    eccMode = library.optionalFunction("nvmlDeviceGetEccMode")
    migMode = library.optionalFunction("nvmlDeviceGetMigMode")
    memoryInfo = library.optionalFunction("nvmlDeviceGetMemoryInfo")
    processes = library.optionalFunction("nvmlDeviceGetComputeRunningProcesses_v3")
    fieldValues = library.optionalFunction("nvmlDeviceGetFieldValues")
    let result = initialize()
    guard result == 0 else { throw .call("nvmlInit_v2", code: result, name: nil) }
    var finding = library.finding
    var version = [CChar](repeating: 0, count: 96)
    if let readVersion: abi_nvmlSystemGetDriverVersion = library.optionalFunction("nvmlSystemGetDriverVersion"),
      readVersion(&version, UInt32(version.count)) == 0
    {
      finding.version = "driver \(CStrings.text(version))"
    }
    self.finding = finding
  }
}
