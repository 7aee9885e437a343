import RooflineCore

/// A plan on a device: its memory, filled, and its kernels, loaded.
final class PreparedKernel {
  let plan: KernelPlan
  let data: TensorData
  let copies: Int
  private let kernels: [(kernel: Kernel, hash: String)]
  /// By buffer; `copies` of those that rotate, one of the others.
  private let memory: [[DeviceMemory]]
  /// By copy and launch.
  private var arguments: [[[KernelArgument]]] = []

  /// Bytes behind each tensor that no kernel may touch.
  private static let guardBytes = 256

  /// - Parameters:
  ///   - copies: sets of what rotates.
  ///   - patterns: random elements, here and on the device.
  init(
    _ plan: KernelPlan, copies: Int, context: Context, stream: DeviceStream, loaded: LoadedKernels,
    patterns: RandomPatterns
  ) throws(GPUFault) {
    self.plan = plan
    self.copies = copies
    var kernels: [(kernel: Kernel, hash: String)] = []
    for launch in plan.launches {
      let kernel = try loaded.kernel(launch)
      if launch.geometry.sharedBytes > 48 << 10 {
        try kernel.kernel.allowSharedMemory(Int(launch.geometry.sharedBytes))
      }
      kernels.append(kernel)
    }
    self.kernels = kernels
    var memory: [[DeviceMemory]] = []
    for buffer in plan.buffers {
      var copiesOfBuffer: [DeviceMemory] = []
      for _ in 0..<(buffer.isRotated ? copies : 1) {
        copiesOfBuffer.append(
          try DeviceMemory(context, byteCount: buffer.byteCount + PreparedKernel.guardBytes))
      }
      memory.append(copiesOfBuffer)
    }
    self.memory = memory
    data = TensorData(plan.buffers, patterns: patterns.patterns, seed: patterns.seed)
    try fill(stream, patterns)
    for copy in 0..<copies { arguments.append(plan.launches.map { $0.arguments.map { argument($0, copy: copy) } }) }
  }

  private func argument(_ argument: PlannedLaunch.Argument, copy: Int) -> KernelArgument {
    switch argument {
    case .buffer(let index, let offset):
      .address(memory[index][plan.buffers[index].isRotated ? copy : 0].address + UInt64(offset))
    case .int32(let value): .int32(Int32(truncatingIfNeeded: value))
    case .uint64(let value): .uint64(UInt64(truncatingIfNeeded: value))
    case .float(let value): .float(value)
    }
  }

  /// Queues one call on a set of what rotates.
  func launch(copy: Int, in stream: DeviceStream) throws(GPUFault) {
    for (index, launch) in plan.launches.enumerated() {
      try stream.launch(kernels[index].kernel, launch.geometry, arguments[copy][index])
    }
  }

  /// Contents where there are some, 0xFF everywhere else.
  private func fill(_ stream: DeviceStream, _ patterns: RandomPatterns) throws(GPUFault) {
    for copiesOfBuffer in memory {
      for copy in copiesOfBuffer { try stream.fill(copy, with: 0xFF) }
    }
    // What the host writes goes past the stream.
    try stream.synchronize()
    for (index, buffer) in plan.buffers.enumerated() {
      for copy in memory[index] {
        switch buffer.contents {
        case .random(let type): try patterns.fill(copy, buffer: index, type, buffer.byteCount, in: stream)
        case .rotations(let type, _): try copy.write(data.table(index), as: type)
        case .integers(let integers): try copy.write(integers)
        case .poison: break
        }
      }
    }
    try stream.synchronize()
  }

  /// Compares the results of one call with the reference.
  ///
  /// All pieces of an output up to a limit of work, else the first, the last and random ones.
  ///
  /// - Throws: `GPUFault.wrongResult` for the first element that is wrong, or a write behind a tensor.
  func check(_ stream: DeviceStream, effort: Int) throws(GPUFault) -> KernelMeasurement.Check {
    try launch(copy: 0, in: stream)
    try stream.synchronize()
    var check = KernelMeasurement.Check(compared: 0, elements: 0, worst: 0)
    for (index, output) in plan.reference.outputs.enumerated() {
      let count = max(2, effort / max(1, output.cost))
      let pieces =
        output.pieces <= count
        ? Array(0..<output.pieces)
        : [0, output.pieces - 1] + (2..<count).map { _ in Int.random(in: 0..<output.pieces) }
      var length = 0
      for piece in pieces {
        let expected = plan.reference.piece(piece, of: index, data)
        length = max(length, expected.values.count)
        try compare(expected, output, &check)
      }
      check.elements += output.pieces == pieces.count ? 0 : (output.pieces - pieces.count) * length
    }
    check.elements += check.compared
    for (index, buffer) in plan.buffers.enumerated() {
      let behind = try memory[index][0].read(UInt8.self, count: PreparedKernel.guardBytes, from: buffer.byteCount)
      guard behind.allSatisfy({ $0 == 0xFF }) else {
        throw .wrongResult(kernel: name, detail: "it wrote behind the end of \(buffer.name.rawValue)")
      }
    }
    return check
  }

  private var name: String { plan.launches.first?.kernel ?? plan.family }

  private func compare(
    _ expected: ReferencePiece, _ output: ReferenceOutput, _ check: inout KernelMeasurement.Check
  ) throws(GPUFault) {
    let type = output.type
    let found = try memory[output.buffer][0].elements(type, count: expected.values.count, from: expected.first)
    for (offset, (value, wanted)) in zip(found, expected.values).enumerated() {
      let tolerance =
        (type.roundoff * 1.01 + expected.relativeError) * wanted.magnitude + expected.absoluteError + type.leastDistance
      let share = (value - wanted).magnitude / tolerance
      // NaN, the poison, is no error within a tolerance.
      guard share <= 1 else {
        let buffer = plan.buffers[output.buffer].name.rawValue
        throw .wrongResult(
          kernel: name,
          detail:
            "element \(expected.first + offset) of \(buffer) is \(value), not \(wanted) within \(tolerance)")
      }
      check.worst = max(check.worst, share)
    }
    check.compared += found.count
  }

  /// The kernels as they are launched.
  func launchedKernels() throws(GPUFault) -> [KernelMeasurement.LaunchedKernel] {
    var launched: [KernelMeasurement.LaunchedKernel] = []
    for (launch, kernel) in zip(plan.launches, kernels) {
      let geometry = launch.geometry
      launched.append(
        KernelMeasurement.LaunchedKernel(
          name: launch.kernel, grid: [geometry.grid.x, geometry.grid.y, geometry.grid.z],
          block: [geometry.block.x, geometry.block.y, geometry.block.z], sharedBytes: geometry.sharedBytes,
          registers: try kernel.kernel.registers(), localBytes: try kernel.kernel.localBytes(), codeHash: kernel.hash))
    }
    return launched
  }
}

extension DeviceMemory {
  /// Writes elements to the beginning of the memory.
  func write(_ values: [Double], as type: ElementType) throws(GPUFault) {
    switch type {
    case .f32: try write(values.map { Float($0) })
    case .f16, .bf16: try write(values.map { UInt16(truncatingIfNeeded: type.bits(of: $0)) })
    }
  }

  /// Reads elements from one of them on.
  func elements(_ type: ElementType, count: Int, from first: Int) throws(GPUFault) -> [Double] {
    switch type {
    case .f32: try read(Float.self, count: count, from: first * type.byteCount).map { Double($0) }
    case .f16, .bf16:
      try read(UInt16.self, count: count, from: first * type.byteCount).map { type.value(of: UInt32($0)) }
    }
  }
}
