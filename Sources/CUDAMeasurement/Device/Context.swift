import CGPUABI
import RooflineCore
import RooflineMeasurement

/// A device's primary context, which NVIDIA's own libraries share, current on the thread that made it.
///
/// CUDA keeps the current context by thread. This class and all that hangs on it are therefore not Sendable: to hand one to
/// another thread does not compile. A thread has one at a time; where it has several, `makeCurrent` says which. The last of them to go releases the context, and with it whatever memory is left.
package final class Context {
  package let properties: DeviceProperties
  package let driver: Driver
  private let device: abi_CUdevice
  private let handle: abi_CUcontext

  /// - Parameter ordinal: CUDA's number of the device.
  package init(_ driver: Driver, ordinal: Int = 0) throws(GPUFault) {
    self.driver = driver
    properties = try driver.properties(ordinal: ordinal)
    device = try driver.device(ordinal: ordinal)
    var context: abi_CUcontext?
    try driver.check(driver.primaryContextRetain(&context, device), "cuDevicePrimaryCtxRetain")
    do {
      handle = try driver.handle(context, "cuDevicePrimaryCtxRetain")
      try driver.check(driver.contextSetCurrent(handle), "cuCtxSetCurrent")
    } catch {
      _ = driver.primaryContextRelease(device)
      throw error
    }
  }

  /// Makes it the thread's again, after another GPU's.
  func makeCurrent() throws(GPUFault) { try driver.check(driver.contextSetCurrent(handle), "cuCtxSetCurrent") }

  deinit {
    _ = driver.contextSetCurrent(nil)
    _ = driver.primaryContextRelease(device)
  }

  /// Bytes that can still be had, and all.
  package func memory() throws(GPUFault) -> (free: Int, total: Int) {
    var free = 0
    var total = 0
    try driver.check(driver.memoryGetInfo(&free, &total), "cuMemGetInfo")
    return (free, total)
  }
}
