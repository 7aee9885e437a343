import CGPUABI
import RooflineCore
import RooflineMeasurement

/// Memory of a device; freed when the last reference goes.
package final class DeviceMemory {
  /// Its address on the device.
  package let address: UInt64
  package let byteCount: Int
  private let context: Context

  package init(_ context: Context, byteCount: Int) throws(GPUFault) {
    self.context = context
    self.byteCount = byteCount
    var address: abi_CUdeviceptr = 0
    try context.driver.check(
      context.driver.memoryAllocate(&address, byteCount), "cuMemAlloc of \(byteCount) bytes")
    self.address = address
  }

  deinit { _ = context.driver.memoryFree(address) }

  /// Copies values to the beginning of the memory; they are there when it returns.
  package func write<Element: BitwiseCopyable>(_ values: [Element]) throws(GPUFault) {
    precondition(values.count * MemoryLayout<Element>.stride <= byteCount, "more values than memory")
    let result = values.withUnsafeBytes { bytes in
      bytes.baseAddress.map { context.driver.copyToDevice(address, $0, bytes.count) } ?? 0
    }
    try context.driver.check(result, "cuMemcpyHtoD")
    // The copy may return when the values are on their way; other streams do not wait for it by themselves.
    try context.driver.check(context.driver.streamSynchronize(nil), "cuStreamSynchronize")
  }

  /// Copies values from the memory, from a byte of it on. Work queued in a stream before may still be running.
  package func read<Element: BitwiseCopyable>(
    _ type: Element.Type, count: Int, from offset: Int = 0
  ) throws(GPUFault) -> [Element] {
    precondition(offset + count * MemoryLayout<Element>.stride <= byteCount, "more values than memory")
    var result: abi_CUresult = 0
    let values = [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress, count > 0 {
        result = context.driver.copyToHost(base, address + UInt64(offset), count * MemoryLayout<Element>.stride)
      }
      initialized = result == 0 ? count : 0
    }
    try context.driver.check(result, "cuMemcpyDtoH")
    return values
  }
}
