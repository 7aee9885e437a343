import CGPUABI
import RooflineCore
import RooflineMeasurement

/// A mark in a stream that remembers when the device passed it, to about half a microsecond.
package final class Event {
  private let context: Context
  private let handle: abi_CUevent

  package init(_ context: Context) throws(GPUFault) {
    self.context = context
    let driver = context.driver
    var event: abi_CUevent?
    try driver.check(driver.eventCreate(&event, 0), "cuEventCreate")
    handle = try driver.handle(event, "cuEventCreate")
  }

  deinit { _ = context.driver.eventDestroy(handle) }

  /// Queues the mark.
  package func record(in stream: DeviceStream) throws(GPUFault) {
    try context.driver.check(context.driver.eventRecord(handle, stream.handle), "cuEventRecord")
  }

  /// Waits until the device has passed the mark.
  package func synchronize() throws(GPUFault) {
    try context.driver.check(context.driver.eventSynchronize(handle), "cuEventSynchronize")
  }

  /// Seconds between two marks that the device has passed.
  package func seconds(since start: Event) throws(GPUFault) -> Double {
    var milliseconds: Float = 0
    try context.driver.check(
      context.driver.eventElapsedTime(&milliseconds, start.handle, handle), "cuEventElapsedTime")
    return Double(milliseconds) * 1e-3
  }
}
