import CGPUABI
import RooflineCore
import RooflineMeasurement

/// Memory of a device; freed when the last reference goes.
package final class DeviceMemory {
  /// Its address on the device.
  package let address: UInt64
  package let byteCount: Int
  private let context: Context
  /// The memory that it is a part of, which frees it.
  private let whole: DeviceMemory?

  package init(_ context: Context, byteCount: Int) throws(GPUFault) {
    self.context = context
    self.byteCount = byteCount
    whole = nil
    var address: abi_CUdeviceptr = 0
    try context.driver.check(
      context.driver.memoryAllocate(&address, byteCount), "cuMemAlloc of \(byteCount) bytes")
    self.address = address
  }

  /// Bytes of another memory, which stays as long as they are needed.
  private init(_ whole: DeviceMemory, from offset: Int, byteCount: Int) {
    precondition(offset >= 0 && byteCount >= 0 && offset + byteCount <= whole.byteCount, "more bytes than memory")
    (context, self.whole, self.byteCount) = (whole.context, whole, byteCount)
    address = whole.address + UInt64(offset)
  }

  /// A part of it under an address of its own.
  func part(from offset: Int, byteCount: Int) -> DeviceMemory {
    DeviceMemory(self, from: offset, byteCount: byteCount)
  }

  deinit { if whole == nil { _ = context.driver.memoryFree(address) } }

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
