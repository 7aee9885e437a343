import CGPUABI
import RooflineCore
import RooflineMeasurement

/// Work recorded once and queued as a whole with one call, so that the time between its kernels is the device's alone.
package final class Graph {
  private let stream: DeviceStream
  private let executable: abi_CUgraphExec

  /// Records what `body` queues in the stream, instead of running it.
  package init(capturing stream: DeviceStream, _ body: (DeviceStream) throws(GPUFault) -> Void) throws(GPUFault) {
    self.stream = stream
    let driver = stream.driver
    let graph = try Graph.capture(stream, body)
    defer { _ = driver.graphDestroy(graph) }
    var executable: abi_CUgraphExec?
    try driver.check(driver.graphInstantiate(&executable, graph, 0), "cuGraphInstantiate")
    self.executable = try driver.handle(executable, "cuGraphInstantiate")
  }

  /// The kernels that `body` queues in the stream; none of them runs.
  package static func kernels(
    capturing stream: DeviceStream, _ body: (DeviceStream) throws(GPUFault) -> Void
  ) throws(GPUFault) -> [GraphKernel] {
    let graph = try capture(stream, body)
    defer { _ = stream.driver.graphDestroy(graph) }
    return try GraphKernel.all(of: graph, stream.driver)
  }

  /// A graph that the caller destroys.
  private static func capture(
    _ stream: DeviceStream, _ body: (DeviceStream) throws(GPUFault) -> Void
  ) throws(GPUFault) -> abi_CUgraph {
    let driver = stream.driver
    try driver.check(
      driver.streamBeginCapture(stream.handle, Int32(abi_CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)),
      "cuStreamBeginCapture")
    var captured: abi_CUgraph?
    do {
      try body(stream)
    } catch {
      // A stream that stays in capture can run nothing anymore.
      _ = driver.streamEndCapture(stream.handle, &captured)
      if let captured { _ = driver.graphDestroy(captured) }
      throw error
    }
    try driver.check(driver.streamEndCapture(stream.handle, &captured), "cuStreamEndCapture")
    return try driver.handle(captured, "cuStreamEndCapture")
  }

  deinit { _ = stream.driver.graphExecutableDestroy(executable) }

  /// Queues all of it in the stream that it was recorded from.
  package func launch() throws(GPUFault) {
    try stream.driver.check(stream.driver.graphLaunch(executable, stream.handle), "cuGraphLaunch")
  }
}
