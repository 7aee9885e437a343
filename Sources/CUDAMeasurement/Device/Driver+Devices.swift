import CGPUABI
import RooflineCore
import RooflineMeasurement

extension Driver {
  /// Starts CUDA and counts the GPUs; 0 where there is none, which is no fault.
  package func deviceCount() throws(GPUFault) -> Int {
    do {
      try check(initialize(0), "cuInit")
      var count: Int32 = 0
      try check(deviceGetCount(&count), "cuDeviceGetCount")
      return Int(count)
    } catch {
      if case .call(_, let code, _) = error, code == Int32(abi_CUDA_ERROR_NO_DEVICE) { return 0 }
      throw error
    }
  }

  func device(ordinal: Int) throws(GPUFault) -> abi_CUdevice {
    let count = try deviceCount()
    guard (0..<count).contains(ordinal) else { throw .noSuchDevice(ordinal: ordinal, count: count) }
    var device: abi_CUdevice = 0
    try check(deviceGet(&device, Int32(ordinal)), "cuDeviceGet")
    return device
  }

  /// The facts of a GPU; no context is made, and nothing on the GPU changes.
  package func properties(ordinal: Int) throws(GPUFault) -> DeviceProperties {
    let device = try device(ordinal: ordinal)
    var name = [CChar](repeating: 0, count: 256)
    try check(deviceGetName(&name, Int32(name.count), device), "cuDeviceGetName")
    var bus = [CChar](repeating: 0, count: 32)
    try check(deviceGetPCIBusIdentifier(&bus, Int32(bus.count), device), "cuDeviceGetPCIBusId")
    var uuid = abi_CUuuid()
    try check(deviceGetUUID(&uuid, device), "cuDeviceGetUuid")
    var memory = 0
    try check(deviceTotalMemory(&memory, device), "cuDeviceTotalMem")
    var properties = DeviceProperties(
      ordinal: ordinal, name: CStrings.text(name),
      uuid: Driver.text(withUnsafeBytes(of: &uuid) { Array($0) }), pciBusIdentifier: CStrings.text(bus),
      computeCapability: ComputeCapability(
        major: try attribute(abi_CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device),
        minor: try attribute(abi_CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device)),
      streamingMultiprocessors: UInt64(max(0, try attribute(abi_CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, device))),
      memory: UInt64(max(0, memory)))
    // 0 is how a driver says that it does not know.
    func positive(_ which: Int) throws(GPUFault) -> Int? {
      let value = try attribute(which, device)
      return value > 0 ? value : nil
    }
    properties.clock = try positive(abi_CU_DEVICE_ATTRIBUTE_CLOCK_RATE).map { Double($0) * 1e3 }
    properties.memoryClock = try positive(abi_CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE).map { Double($0) * 1e3 }
    properties.memoryBusBits = try positive(abi_CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH).map { UInt64($0) }
    properties.l2 = try positive(abi_CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE).map { UInt64($0) }
    properties.sharedMemoryPerBlock = try positive(abi_CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)
      .map { UInt64($0) }
    properties.sharedMemoryPerMultiprocessor = try positive(
      abi_CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR
    ).map { UInt64($0) }
    properties.hasECC = try attribute(abi_CU_DEVICE_ATTRIBUTE_ECC_ENABLED, device) != 0
    return properties
  }

  private func attribute(_ which: Int, _ device: abi_CUdevice) throws(GPUFault) -> Int {
    var value: Int32 = 0
    try check(deviceGetAttribute(&value, Int32(which), device), "cuDeviceGetAttribute(\(which))")
    return Int(value)
  }

  /// `GPU-` and the bytes in groups of 4, 2, 2, 2 and 6, as `nvidia-smi` writes them.
  static func text(_ uuid: [UInt8]) -> String {
    var text = "GPU"
    for (index, byte) in uuid.enumerated() {
      if [0, 4, 6, 8, 10].contains(index) { text += "-" }
      text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return text
  }
}
