import CGPUABI
import RooflineCore
import RooflineMeasurement

/// The functions of the CUDA driver, looked up once.
///
/// A value of C function pointers: Sendable with nothing unchecked. What belongs to a thread is `Context`.
package struct Driver: Sendable {
  /// CUDA 11.4, the first with every function below that must be there (`cuGraphInstantiateWithFlags`,
  /// `cuDeviceGetUuid_v2`).
  package static let minimumVersion = CUDAVersion(major: 11, minor: 4)

  /// The newest CUDA whose programs the driver runs.
  package let version: CUDAVersion
  /// What was opened.
  package let finding: LibraryFinding

  let initialize: abi_cuInit
  let getErrorName: abi_cuGetErrorName
  let deviceGetCount: abi_cuDeviceGetCount
  let deviceGet: abi_cuDeviceGet
  let deviceGetName: abi_cuDeviceGetName
  let deviceGetUUID: abi_cuDeviceGetUuid_v2
  let deviceTotalMemory: abi_cuDeviceTotalMem_v2
  let deviceGetAttribute: abi_cuDeviceGetAttribute
  let deviceGetPCIBusIdentifier: abi_cuDeviceGetPCIBusId
  let primaryContextRetain: abi_cuDevicePrimaryCtxRetain
  let primaryContextRelease: abi_cuDevicePrimaryCtxRelease_v2
  let contextSetCurrent: abi_cuCtxSetCurrent
  let memoryGetInfo: abi_cuMemGetInfo_v2
  package let memoryAllocate: abi_cuMemAlloc_v2
  let memoryFree: abi_cuMemFree_v2
  package let copyToDevice: abi_cuMemcpyHtoD_v2
  package let copyToHost: abi_cuMemcpyDtoH_v2
  package let copyOnDevice: abi_cuMemcpyDtoDAsync_v2
  package let setBytes: abi_cuMemsetD8Async
  let moduleLoad: abi_cuModuleLoadData
  let moduleUnload: abi_cuModuleUnload
  let moduleGetFunction: abi_cuModuleGetFunction
  let functionGetAttribute: abi_cuFuncGetAttribute
  let functionSetAttribute: abi_cuFuncSetAttribute
  let launchKernel: abi_cuLaunchKernel
  let streamCreate: abi_cuStreamCreate
  let streamDestroy: abi_cuStreamDestroy_v2
  let streamSynchronize: abi_cuStreamSynchronize
  let streamBeginCapture: abi_cuStreamBeginCapture_v2
  let streamEndCapture: abi_cuStreamEndCapture
  let graphInstantiate: abi_cuGraphInstantiateWithFlags
  let graphLaunch: abi_cuGraphLaunch
  let graphExecutableDestroy: abi_cuGraphExecDestroy
  let graphDestroy: abi_cuGraphDestroy
  let eventCreate: abi_cuEventCreate
  let eventDestroy: abi_cuEventDestroy_v2
  let eventRecord: abi_cuEventRecord
  let eventSynchronize: abi_cuEventSynchronize
  let eventElapsedTime: abi_cuEventElapsedTime
  // Which kernels a graph has: what an older driver lacks costs their names. Variables, so that a test can take them away.
  package var graphGetNodes: abi_cuGraphGetNodes?
  package var graphNodeGetType: abi_cuGraphNodeGetType?
  package var graphKernelGetParameters: abi_cuGraphKernelNodeGetParams_v2?
  package var kernelGetFunction: abi_cuKernelGetFunction?
  package var functionGetName: abi_cuFuncGetName?

  /// Opens the driver; asks it for nothing but its version.
  ///
  /// - Parameter environment: says where to look, see `LibrarySearch`.
  package init(environment: [String: String]) throws(GPUFault) {
    let library = try SharedLibrary("CUDA driver", candidates: LibrarySearch(environment: environment).driver)
    let driverGetVersion: abi_cuDriverGetVersion = try library.function("cuDriverGetVersion")
    getErrorName = try library.function("cuGetErrorName")
    var number: Int32 = 0
    try Driver.check(driverGetVersion(&number), "cuDriverGetVersion", getErrorName)
    version = CUDAVersion(driverNumber: Int(number))
    guard version >= Driver.minimumVersion else {
      throw .oldDriver(library: library.path, version: version, minimum: Driver.minimumVersion)
    }
    var finding = library.finding
    finding.version = version.description
    self.finding = finding
    initialize = try library.function("cuInit")
    deviceGetCount = try library.function("cuDeviceGetCount")
    deviceGet = try library.function("cuDeviceGet")
    deviceGetName = try library.function("cuDeviceGetName")
    deviceGetUUID = try library.function("cuDeviceGetUuid_v2")
    deviceTotalMemory = try library.function("cuDeviceTotalMem_v2")
    deviceGetAttribute = try library.function("cuDeviceGetAttribute")
    deviceGetPCIBusIdentifier = try library.function("cuDeviceGetPCIBusId")
    primaryContextRetain = try library.function("cuDevicePrimaryCtxRetain")
    primaryContextRelease = try library.function("cuDevicePrimaryCtxRelease_v2")
    contextSetCurrent = try library.function("cuCtxSetCurrent")
    memoryGetInfo = try library.function("cuMemGetInfo_v2")
    memoryAllocate = try library.function("cuMemAlloc_v2")
    memoryFree = try library.function("cuMemFree_v2")
    copyToDevice = try library.function("cuMemcpyHtoD_v2")
    copyToHost = try library.function("cuMemcpyDtoH_v2")
    copyOnDevice = try library.function("cuMemcpyDtoDAsync_v2")
    setBytes = try library.function("cuMemsetD8Async")
    moduleLoad = try library.function("cuModuleLoadData")
    moduleUnload = try library.function("cuModuleUnload")
    moduleGetFunction = try library.function("cuModuleGetFunction")
    functionGetAttribute = try library.function("cuFuncGetAttribute")
    functionSetAttribute = try library.function("cuFuncSetAttribute")
    launchKernel = try library.function("cuLaunchKernel")
    streamCreate = try library.function("cuStreamCreate")
    streamDestroy = try library.function("cuStreamDestroy_v2")
    streamSynchronize = try library.function("cuStreamSynchronize")
    streamBeginCapture = try library.function("cuStreamBeginCapture_v2")
    streamEndCapture = try library.function("cuStreamEndCapture")
    graphInstantiate = try library.function("cuGraphInstantiateWithFlags")
    graphLaunch = try library.function("cuGraphLaunch")
    graphExecutableDestroy = try library.function("cuGraphExecDestroy")
    graphDestroy = try library.function("cuGraphDestroy")
    eventCreate = try library.function("cuEventCreate")
    eventDestroy = try library.function("cuEventDestroy_v2")
    eventRecord = try library.function("cuEventRecord")
    eventSynchronize = try library.function("cuEventSynchronize")
    eventElapsedTime = try library.function("cuEventElapsedTime")
    graphGetNodes = library.optionalFunction("cuGraphGetNodes")
    graphNodeGetType = library.optionalFunction("cuGraphNodeGetType")
    graphKernelGetParameters = library.optionalFunction("cuGraphKernelNodeGetParams_v2")
    kernelGetFunction = library.optionalFunction("cuKernelGetFunction")
    functionGetName = library.optionalFunction("cuFuncGetName")
  }

  /// Turns a result that is an error into a fault with CUDA's name for it.
  func check(_ result: abi_CUresult, _ call: @autoclosure () -> String) throws(GPUFault) {
    try Driver.check(result, call(), getErrorName)
  }

  private static func check(
    _ result: abi_CUresult, _ call: @autoclosure () -> String, _ getErrorName: abi_cuGetErrorName
  ) throws(GPUFault) {
    guard result != Int32(abi_CUDA_SUCCESS) else { return }
    var name: UnsafePointer<CChar>?
    let isKnown = getErrorName(result, &name) == Int32(abi_CUDA_SUCCESS)
    throw .call(call(), code: result, name: isKnown ? name.map { String(cString: $0) } : nil)
  }

  /// A handle that a successful call must have filled in.
  func handle<Handle>(_ handle: Handle?, _ call: String) throws(GPUFault) -> Handle {
    guard let handle else { throw .noAnswer(call: call) }
    return handle
  }
}
