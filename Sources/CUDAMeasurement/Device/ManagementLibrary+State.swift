import CGPUABI
import RooflineCore
import RooflineMeasurement

extension ManagementLibrary {
  /// What NVML says of a GPU now; nil where it does not know it.
  ///
  /// - Parameter pciBusIdentifier: how the driver names its place; for a slice (MIG) this is the whole GPU's.
  package func state(pciBusIdentifier: String) -> DeviceState? {
    guard let device = device(pciBusIdentifier) else { return nil }
    var state = load(of: device)
    let sm = Int32(abi_NVML_CLOCK_SM)
    state.maximumSMClock = number(per: 1e6) { maximumClock?(device, sm, $0) }
    state.power = number(per: 1e-3) { power?(device, $0) }
    state.powerLimit = number(per: 1e-3) { powerLimit?(device, $0) }
    var current: Int32 = 0
    var pending: Int32 = 0
    if eccMode?(device, &current, &pending) == 0 {
      state.isECCEnabled = current == Int32(abi_NVML_FEATURE_ENABLED)
    }
    var mig: UInt32 = 0
    var pendingMIG: UInt32 = 0
    if migMode?(device, &mig, &pendingMIG) == 0 { state.isMIGEnabled = mig != 0 }
    var memory = abi_nvmlMemory_t()
    if memoryInfo?(device, &memory) == 0 { state.freeMemory = memory.free }
    state.processes = processes(of: device)
    state.counters = counters(of: device)
    return state
  }

  /// What changes while kernels run, and nothing else: it is read while they do, and each call takes time.
  ///
  /// Power is the instant's; a mean of the last second would be of what was before.
  package func load(pciBusIdentifier: String) -> DeviceState? { device(pciBusIdentifier).map(load) }

  private func device(_ pciBusIdentifier: String) -> abi_nvmlDevice_t? {
    var found: abi_nvmlDevice_t?
    return deviceByPCIBusIdentifier(pciBusIdentifier, &found) == 0 ? found : nil
  }

  private func load(of device: abi_nvmlDevice_t) -> DeviceState {
    var state = DeviceState()
    let (sm, memory) = (Int32(abi_NVML_CLOCK_SM), Int32(abi_NVML_CLOCK_MEM))
    state.smClock = number(per: 1e6) { clock?(device, sm, $0) }
    state.memoryClock = number(per: 1e6) { clock?(device, memory, $0) }
    state.instantPower = fields([abi_NVML_FI_DEV_POWER_INSTANT], of: device)[0].map { $0 * 1e-3 }
    var reasons: UInt64 = 0
    let areKnown = clockReasons.contains { $0(device, &reasons) == 0 }
    state.clockReasons = areKnown ? ClockReasons(rawValue: reasons) : nil
    state.temperature = temperature(of: device)
    return state
  }

  private func number(
    per unit: Double, _ read: (UnsafeMutablePointer<UInt32>) -> abi_nvmlReturn_t?
  ) -> Double? {
    var value: UInt32 = 0
    return read(&value) == 0 ? Double(value) * unit : nil
  }

  private func temperature(of device: abi_nvmlDevice_t) -> Double? {
    let sensor = Int32(abi_NVML_TEMPERATURE_GPU)
    var versioned = abi_nvmlTemperature_v1_t()
    versioned.version = UInt32(abi_nvmlTemperature_v1)
    versioned.sensorType = sensor
    if versionedTemperature?(device, &versioned) == 0 { return Double(versioned.temperature) }
    return number(per: 1) { temperature?(device, sensor, $0) }
  }

  private func processes(of device: abi_nvmlDevice_t) -> [DeviceState.GPUProcess]? {
    guard let processes else { return nil }
    // Asked for with no room, NVML says how much it needs; a few more may start in between.
    var count: UInt32 = 0
    let asked = processes(device, &count, nil)
    guard asked == 0 || asked == Int32(abi_NVML_ERROR_INSUFFICIENT_SIZE) else { return nil }
    guard count > 0 else { return [] }
    count += 16
    var found = [abi_nvmlProcessInfo_t](repeating: abi_nvmlProcessInfo_t(), count: Int(count))
    guard processes(device, &count, &found) == 0 else { return nil }
    return found.prefix(Int(count)).map {
      DeviceState.GPUProcess(identifier: $0.pid, memory: $0.usedGpuMemory == .max ? nil : $0.usedGpuMemory)
    }
  }

  private func counters(of device: abi_nvmlDevice_t) -> DeviceState.Counters {
    var counters = DeviceState.Counters()
    let numbers = fields(
      [
        abi_NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION, abi_NVML_FI_DEV_PERF_POLICY_POWER,
        abi_NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN, abi_NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN,
        abi_NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN,
      ], of: device)
    counters.energy = numbers[0].map { $0 * 1e-3 }
    counters.powerCapped = numbers[1].map { $0 * 1e-9 }
    counters.softwareThermal = numbers[2].map { $0 * 1e-9 }
    counters.hardwareThermal = numbers[3].map { $0 * 1e-9 }
    counters.powerBrake = numbers[4].map { $0 * 1e-9 }
    return counters
  }

  /// Values of NVML's fields, nil for those that it does not tell.
  private func fields(_ identifiers: [Int], of device: abi_nvmlDevice_t) -> [Double?] {
    var values = identifiers.map { identifier in
      var value = abi_nvmlFieldValue_t()
      value.fieldId = UInt32(identifier)
      return value
    }
    guard let fieldValues, fieldValues(device, Int32(values.count), &values) == 0 else {
      return [Double?](repeating: nil, count: identifiers.count)
    }
    // What no counter can say (NaN, less than nothing) is not known.
    return values.map { field in
      field.nvmlReturn == 0 ? FieldValue.number(field).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil } : nil
    }
  }
}

/// Reads the union of a field by its type.
private enum FieldValue {
  static func number(_ field: abi_nvmlFieldValue_t) -> Double? {
    switch field.valueType {
    case UInt32(abi_NVML_VALUE_TYPE_DOUBLE): field.value.dVal
    case UInt32(abi_NVML_VALUE_TYPE_UNSIGNED_INT): Double(field.value.uiVal)
    case UInt32(abi_NVML_VALUE_TYPE_UNSIGNED_LONG): Double(field.value.ulVal)
    case UInt32(abi_NVML_VALUE_TYPE_UNSIGNED_LONG_LONG): Double(field.value.ullVal)
    case UInt32(abi_NVML_VALUE_TYPE_SIGNED_LONG_LONG): Double(field.value.sllVal)
    case UInt32(abi_NVML_VALUE_TYPE_SIGNED_INT): Double(field.value.siVal)
    case UInt32(abi_NVML_VALUE_TYPE_UNSIGNED_SHORT): Double(field.value.usVal)
    default: nil
    }
  }
}
