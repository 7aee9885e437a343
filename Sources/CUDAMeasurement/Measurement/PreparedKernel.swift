import RooflineCore
import RooflineMeasurement

/// A plan on a device: its memory, filled, and its kernels, loaded.
final class PreparedKernel {
  let plan: KernelPlan
  let data: TensorData
  let copies: Int
  let seed: UInt64
  private let steps: [Step]
  /// Which of cuBLASLt's algorithms multiplies: 0 is the one that it would choose.
  var choice = 0
  /// By buffer; `copies` of those that rotate, one of the others.
  private let memory: [[DeviceMemory]]
  /// Buffers that lie in memory of somebody else, who fills it.
  let given: Set<Int>

  private enum Step {
    /// Arguments by copy.
    case kernel(Kernel, LoadedKernels.Code, PlannedLaunch, [[KernelArgument]])
    /// Addresses by copy.
    case product([MatrixAlgorithm], [Addresses])
  }

  private struct Addresses {
    let left, right, output, bias: UInt64
  }

  /// What cuBLASLt may take beside the matrices, bytes: what PyTorch gives it from Hopper on.
  private static let workspaceLimit = 32 << 20

  /// Bytes behind each tensor that no kernel may touch.
  static let guardBytes = 256

  /// - Parameters:
  ///   - copies: sets of what rotates.
  ///   - algorithms: how many of cuBLASLt's to have at hand, at most.
  ///   - patterns: random elements, here and on the device.
  ///   - given: memory of buffers that others write, a set or `copies` of them.
  init(
    _ plan: KernelPlan, copies: Int, algorithms: Int, context: Context, stream: DeviceStream, loaded: LoadedKernels,
    planner: MatrixPlanner?, patterns: RandomPatterns, given: [Int: [DeviceMemory]] = [:]
  ) throws(GPUFault) {
    self.plan = plan
    self.copies = copies
    self.given = Set(given.keys)
    seed = patterns.seed
    var memory: [[DeviceMemory]] = []
    for (index, buffer) in plan.buffers.enumerated() {
      if let others = given[index] {
        memory.append(others)
        continue
      }
      var copiesOfBuffer: [DeviceMemory] = []
      for _ in 0..<(buffer.isRotated ? copies : 1) {
        copiesOfBuffer.append(
          try DeviceMemory(context, byteCount: buffer.byteCount + PreparedKernel.guardBytes))
      }
      memory.append(copiesOfBuffer)
    }
    self.memory = memory
    var steps: [Step] = []
    for step in plan.steps {
      steps.append(try PreparedKernel.prepare(step, plan, copies, algorithms, memory, loaded, planner))
    }
    self.steps = steps
    data = TensorData(plan.buffers, patterns: patterns.patterns, seed: patterns.seed)
    try fill(stream, patterns)
  }

  private static func prepare(
    _ step: PlannedStep, _ plan: KernelPlan, _ copies: Int, _ algorithms: Int, _ memory: [[DeviceMemory]],
    _ loaded: LoadedKernels,
    _ planner: MatrixPlanner?
  ) throws(GPUFault) -> Step {
    func address(_ tensor: PlannedTensor, _ copy: Int) throws(GPUFault) -> UInt64 {
      guard let index = plan.place(of: tensor) else {
        throw .unsupported(plan.launches.first?.kernel ?? plan.family, reason: "its plan has no memory for \(tensor)")
      }
      return memory[index][memory[index].count > 1 ? copy : 0].address
    }
    switch step {
    case .kernel(let launch):
      let (kernel, code) = try loaded.kernel(launch)
      if launch.geometry.sharedBytes > 48 << 10 { try kernel.allowSharedMemory(Int(launch.geometry.sharedBytes)) }
      var arguments: [[KernelArgument]] = []
      for copy in 0..<copies {
        var ofCopy: [KernelArgument] = []
        for argument in launch.arguments {
          switch argument {
          case .tensor(let tensor): ofCopy.append(.address(try address(tensor, copy)))
          case .null: ofCopy.append(.address(0))
          case .int32(let value): ofCopy.append(.int32(Int32(truncatingIfNeeded: value)))
          case .uint64(let value): ofCopy.append(.uint64(UInt64(truncatingIfNeeded: value)))
          case .float(let value): ofCopy.append(.float(value))
          }
        }
        arguments.append(ofCopy)
      }
      return .kernel(kernel, code, launch, arguments)
    case .product(let planned):
      guard let planner else {
        throw .unsupported("\(planned.product)", reason: "it needs cuBLASLt, which is missing")
      }
      let found = try planner.plans(planned.product, atMost: algorithms, workspaceLimit: workspaceLimit)
      var addresses: [Addresses] = []
      for copy in 0..<copies {
        var bias: UInt64 = 0
        if let tensor = planned.bias { bias = try address(tensor, copy) }
        addresses.append(
          Addresses(
            left: try address(planned.left, copy), right: try address(planned.right, copy),
            output: try address(planned.output, copy), bias: bias))
      }
      return .product(found, addresses)
    }
  }

  /// How many algorithms there are to choose from; 1 for kernels of this package.
  var choices: Int {
    steps.reduce(1) { most, step in if case .product(let algorithms, _) = step { algorithms.count } else { most } }
  }

  /// Queues one call on a set of what rotates.
  func launch(copy: Int, in stream: DeviceStream) throws(GPUFault) {
    for step in steps {
      switch step {
      case .kernel(let kernel, _, let launch, let arguments):
        try stream.launch(kernel, launch.geometry, arguments[copy])
      case .product(let algorithms, let addresses):
        try PreparedKernel.enqueue(algorithms[choice], addresses[copy], in: stream)
      }
    }
  }

  private static func enqueue(
    _ algorithm: MatrixAlgorithm, _ addresses: Addresses, in stream: DeviceStream
  ) throws(GPUFault) {
    try algorithm.enqueue(
      in: stream, left: addresses.left, right: addresses.right, output: addresses.output, bias: addresses.bias)
  }

  /// Contents where there are some, 0xFF everywhere else.
  private func fill(_ stream: DeviceStream, _ patterns: RandomPatterns) throws(GPUFault) {
    for index in plan.buffers.indices where !given.contains(index) {
      for copy in memory[index] { try stream.fill(copy, with: 0xFF) }
    }
    // What the host writes goes past the stream.
    try stream.synchronize()
    for index in plan.buffers.indices where !given.contains(index) {
      for copy in memory[index].indices { try fill(index, copy: copy, stream, patterns) }
    }
    try stream.synchronize()
  }

  /// A buffer of a set with its contents.
  func fill(
    _ index: Int, copy: Int, _ stream: DeviceStream, _ patterns: RandomPatterns
  ) throws(GPUFault) {
    let buffer = plan.buffers[index]
    let target = memory(index, copy)
    switch buffer.contents {
    case .random(let type):
      try patterns.fill(
        target, buffer: index, .init(type, exponent: buffer.exponent), buffer.byteCount, in: stream)
    case .rotations(let type, _): try target.write(data.table(index), as: type)
    case .integers(let integers): try target.write(integers)
    case .poison: break
    }
  }

  /// A buffer's memory in a set.
  func memory(_ index: Int, _ copy: Int) -> DeviceMemory {
    memory[index][memory[index].count > 1 ? copy : 0]
  }

  /// A buffer's memory, of every set that there is.
  func memories(_ index: Int) -> [DeviceMemory] { memory[index] }

  var name: String { plan.launches.first?.kernel ?? plan.family }

  /// Whether cuBLASLt chose to sum parts of k in the output's format.
  var roundsPartialSums: Bool {
    steps.contains {
      if case .product(let algorithms, _) = $0 { algorithms[choice].configuration.roundsPartialSums } else { false }
    }
  }

  /// Bytes beside the operands: the plan's, and what cuBLASLt took.
  var workspaceBytes: Int {
    steps.reduce(plan.workspaceBytes) { sum, step in
      if case .product(let algorithms, _) = step { sum + algorithms[choice].configuration.workspaceBytes } else { sum }
    }
  }

  /// The kernels as they are launched. cuBLASLt's are read from a graph of one product, which is not run.
  func launchedKernels(_ stream: DeviceStream) throws(GPUFault) -> [KernelMeasurement.LaunchedKernel] {
    var launched: [KernelMeasurement.LaunchedKernel] = []
    for step in steps {
      switch step {
      case .kernel(let kernel, let code, let launch, _):
        let geometry = launch.geometry
        launched.append(
          KernelMeasurement.LaunchedKernel(
            name: launch.kernel, grid: [geometry.grid.x, geometry.grid.y, geometry.grid.z],
            block: [geometry.block.x, geometry.block.y, geometry.block.z], sharedBytes: geometry.sharedBytes,
            registers: try kernel.registers(), localBytes: try kernel.localBytes(), codeHash: code.hash,
            architecture: code.target.architecture))
      case .product(let algorithms, let addresses):
        launched += PreparedKernel.launchedKernels(algorithms[choice], addresses[0], stream)
      }
    }
    return launched
  }

  /// What the driver does not tell of cuBLASLt's kernels costs their names, not the measurement.
  private static func launchedKernels(
    _ algorithm: MatrixAlgorithm, _ addresses: Addresses, _ stream: DeviceStream
  ) -> [KernelMeasurement.LaunchedKernel] {
    let function = "cublasLtMatmul"
    let configuration = algorithm.configuration.description
    let kernels = try? Graph.kernels(capturing: stream) { stream throws(GPUFault) in
      try enqueue(algorithm, addresses, in: stream)
    }
    guard let kernels, !kernels.isEmpty else {
      return [KernelMeasurement.LaunchedKernel(name: function, configuration: configuration)]
    }
    return kernels.map { kernel in
      let (grid, block) = (kernel.geometry.grid, kernel.geometry.block)
      return KernelMeasurement.LaunchedKernel(
        name: kernel.name ?? function, configuration: configuration, grid: [grid.x, grid.y, grid.z],
        block: [block.x, block.y, block.z], sharedBytes: kernel.geometry.sharedBytes, registers: kernel.registers,
        localBytes: kernel.localBytes)
    }
  }
}

extension DeviceMemory {
  /// Writes elements to the beginning of the memory.
  func write(_ values: [Double], as type: ElementType) throws(GPUFault) {
    try write(bits: values.map(type.bits), as: type)
  }

  /// Writes elements by their bits.
  func write(bits: [UInt32], as type: ElementType) throws(GPUFault) {
    switch type.byteCount {
    case 1: try write(bits.map { UInt8(truncatingIfNeeded: $0) })
    case 2: try write(bits.map { UInt16(truncatingIfNeeded: $0) })
    default: try write(bits)
    }
  }

  /// Reads elements from one of them on.
  func elements(_ type: ElementType, count: Int, from first: Int) throws(GPUFault) -> [Double] {
    let offset = first * type.byteCount
    return switch type.byteCount {
    case 1: try read(UInt8.self, count: count, from: offset).map { type.value(of: UInt32($0)) }
    case 2: try read(UInt16.self, count: count, from: offset).map { type.value(of: UInt32($0)) }
    default: try read(UInt32.self, count: count, from: offset).map { type.value(of: $0) }
    }
  }
}
