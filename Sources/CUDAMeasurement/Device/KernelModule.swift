import CGPUABI
import RooflineCore
import RooflineMeasurement

/// Loaded code: machine code (cubin), or PTX that the driver compiles.
package final class KernelModule {
  let context: Context
  private let handle: abi_CUmodule

  /// - Parameter image: a cubin, or PTX text; a zero is put behind it, which text needs.
  package init(_ context: Context, image: [UInt8]) throws(GPUFault) {
    self.context = context
    let driver = context.driver
    var module: abi_CUmodule?
    let result = (image + [0]).withUnsafeBytes { bytes in
      bytes.baseAddress.map { driver.moduleLoad(&module, $0) } ?? 0
    }
    try driver.check(result, "cuModuleLoadData")
    handle = try driver.handle(module, "cuModuleLoadData")
  }

  deinit { _ = context.driver.moduleUnload(handle) }

  /// The kernel of that name (`extern "C"`).
  package func kernel(_ name: String) throws(GPUFault) -> Kernel {
    var function: abi_CUfunction?
    let call = "cuModuleGetFunction of \(name)"
    try context.driver.check(context.driver.moduleGetFunction(&function, handle, name), call)
    return Kernel(module: self, handle: try context.driver.handle(function, call), name: name)
  }
}

/// A kernel of a loaded module, which it keeps alive.
package final class Kernel {
  package let name: String
  let handle: abi_CUfunction
  private let module: KernelModule

  init(module: KernelModule, handle: abi_CUfunction, name: String) {
    self.module = module
    self.handle = handle
    self.name = name
  }

  /// Registers of a thread.
  package func registers() throws(GPUFault) -> Int { try attribute(abi_CU_FUNC_ATTRIBUTE_NUM_REGS) }

  /// Bytes of local memory of a thread: spilled registers and arrays that no register holds.
  package func localBytes() throws(GPUFault) -> Int { try attribute(abi_CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES) }

  /// Permits launches with more than 48 KiB of dynamic shared memory.
  package func allowSharedMemory(_ byteCount: Int) throws(GPUFault) {
    let driver = module.context.driver
    try driver.check(
      driver.functionSetAttribute(
        handle, Int32(abi_CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES), Int32(clamping: byteCount)),
      "cuFuncSetAttribute of \(name)")
  }

  private func attribute(_ which: Int) throws(GPUFault) -> Int {
    let driver = module.context.driver
    var value: Int32 = 0
    try driver.check(
      driver.functionGetAttribute(&value, Int32(which), handle), "cuFuncGetAttribute of \(name)")
    return Int(value)
  }
}
