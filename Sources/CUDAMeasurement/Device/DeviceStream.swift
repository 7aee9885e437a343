import CGPUABI
import RooflineCore
import RooflineMeasurement

/// A queue of work on a device, independent of the default one. Errors of the work show at the next synchronization.
package final class DeviceStream {
  let context: Context
  package let handle: abi_CUstream
  var driver: Driver { context.driver }

  package init(_ context: Context) throws(GPUFault) {
    self.context = context
    let driver = context.driver
    var stream: abi_CUstream?
    try driver.check(driver.streamCreate(&stream, UInt32(abi_CU_STREAM_NON_BLOCKING)), "cuStreamCreate")
    handle = try driver.handle(stream, "cuStreamCreate")
  }

  deinit { _ = context.driver.streamDestroy(handle) }

  /// Waits until everything queued has run.
  package func synchronize() throws(GPUFault) {
    try driver.check(driver.streamSynchronize(handle), "cuStreamSynchronize")
  }

  /// Queues a copy from the beginning of one memory to that of another.
  package func copy(_ byteCount: Int, from source: DeviceMemory, to target: DeviceMemory) throws(GPUFault) {
    precondition(byteCount <= source.byteCount && byteCount <= target.byteCount, "more bytes than memory")
    try driver.check(
      driver.copyOnDevice(target.address, source.address, byteCount, handle), "cuMemcpyDtoDAsync")
  }

  /// Queues a copy between addresses inside memories that the caller keeps alive.
  func copy(_ byteCount: Int, from source: UInt64, to target: UInt64) throws(GPUFault) {
    try driver.check(driver.copyOnDevice(target, source, byteCount, handle), "cuMemcpyDtoDAsync")
  }

  /// Queues setting every byte of a memory.
  package func fill(_ memory: DeviceMemory, with byte: UInt8) throws(GPUFault) {
    try driver.check(driver.setBytes(memory.address, byte, memory.byteCount, handle), "cuMemsetD8Async")
  }

  /// Queues a kernel.
  package func launch(_ kernel: Kernel, _ geometry: LaunchGeometry, _ arguments: [KernelArgument]) throws(GPUFault) {
    // Each argument in eight bytes of its own; the driver reads as many of them as the kernel's parameter has.
    var words = arguments.map(\.bits)
    let result = words.withUnsafeMutableBytes { bytes -> abi_CUresult in
      var parameters = arguments.indices.map { index in
        bytes.baseAddress.map { $0 + index * MemoryLayout<UInt64>.stride }
      }
      return parameters.withUnsafeMutableBufferPointer { pointers in
        driver.launchKernel(
          kernel.handle, geometry.grid.x, geometry.grid.y, geometry.grid.z, geometry.block.x, geometry.block.y,
          geometry.block.z, geometry.sharedBytes, handle, pointers.baseAddress, nil)
      }
    }
    try driver.check(result, "cuLaunchKernel of \(kernel.name)")
  }
}
