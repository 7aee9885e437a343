import CGPUABI
import RooflineCore
import RooflineMeasurement

/// A kernel in a recorded graph: what a library launched, where only the driver knows.
package struct GraphKernel: Hashable {
  /// As the machine code has it: of a C++ function, mangled. nil where the driver does not tell (before CUDA 12.3).
  package var name: String?
  package var geometry: LaunchGeometry
  /// Of a thread.
  package var registers: Int?
  /// Bytes of a thread's local memory.
  package var localBytes: Int?

  package init(name: String? = nil, geometry: LaunchGeometry, registers: Int? = nil, localBytes: Int? = nil) {
    self.name = name
    self.geometry = geometry
    self.registers = registers
    self.localBytes = localBytes
  }

  /// A graph's kernels in the driver's order; copies and memsets are none.
  ///
  /// - Throws: `GPUFault.missingFunction` where the driver cannot list them (before CUDA 12.0).
  static func all(of graph: abi_CUgraph, _ driver: Driver) throws(GPUFault) -> [GraphKernel] {
    let getNodes = try driver.present(driver.graphGetNodes, "cuGraphGetNodes")
    let getType = try driver.present(driver.graphNodeGetType, "cuGraphNodeGetType")
    let getParameters = try driver.present(driver.graphKernelGetParameters, "cuGraphKernelNodeGetParams")
    var count = 0
    try driver.check(getNodes(graph, nil, &count), "cuGraphGetNodes")
    var nodes = [abi_CUgraphNode?](repeating: nil, count: count)
    try driver.check(getNodes(graph, &nodes, &count), "cuGraphGetNodes")
    var kernels: [GraphKernel] = []
    for case let node? in nodes {
      var type: Int32 = 0
      try driver.check(getType(node, &type), "cuGraphNodeGetType")
      guard type == Int32(abi_CU_GRAPH_NODE_TYPE_KERNEL) else { continue }
      var parameters = abi_CUDA_KERNEL_NODE_PARAMS_v2()
      try driver.check(getParameters(node, &parameters), "cuGraphKernelNodeGetParams")
      kernels.append(GraphKernel(parameters, driver))
    }
    return kernels
  }
}

extension GraphKernel {
  private init(_ parameters: abi_CUDA_KERNEL_NODE_PARAMS_v2, _ driver: Driver) {
    geometry = LaunchGeometry(
      grid: .init(parameters.gridDimX, parameters.gridDimY, parameters.gridDimZ),
      block: .init(parameters.blockDimX, parameters.blockDimY, parameters.blockDimZ),
      sharedBytes: parameters.sharedMemBytes)
    var function = parameters.func
    // A library's kernel becomes a function of the current context here.
    if function == nil, let kernel = parameters.kern, let getFunction = driver.kernelGetFunction,
      getFunction(&function, kernel) != Int32(abi_CUDA_SUCCESS)
    {
      function = nil
    }
    guard let function else { return }
    var text: UnsafePointer<CChar>?
    if let getName = driver.functionGetName, getName(&text, function) == Int32(abi_CUDA_SUCCESS) {
      name = text.map { String(cString: $0) }
    }
    func attribute(_ which: Int) -> Int? {
      var value: Int32 = 0
      let result = driver.functionGetAttribute(&value, Int32(which), function)
      return result == Int32(abi_CUDA_SUCCESS) ? Int(value) : nil
    }
    registers = attribute(abi_CU_FUNC_ATTRIBUTE_NUM_REGS)
    localBytes = attribute(abi_CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES)
  }
}

extension Driver {
  /// A function that only newer drivers have.
  fileprivate func present<Function>(_ function: Function?, _ name: String) throws(GPUFault) -> Function {
    guard let function else { throw .missingFunction(library: finding.path ?? finding.name, function: name) }
    return function
  }
}
