/// The time of a kernel that gives each row a CTA: waves of CTAs wait for memory while bytes move, from L2 as far as it reaches.
///
/// Source: TimeModels.md, "Row kernels"; a last wave that is not full counts by its share, and rotary goes around its loop for queries
/// and keys apart.
public struct RowTimeModel: KernelTimeModel {
  public typealias Shape = RowCall

  public let facts: DeviceFacts
  public let constants: RowConstants
  /// Threads that an SM holds at most.
  let threadsPerSM: Double

  /// - Parameter generation: that of the GPU, which says how many threads an SM holds.
  public init(_ facts: DeviceFacts, _ constants: RowConstants, generation: GPUGeneration) {
    self.facts = facts
    self.constants = constants
    threadsPerSM = generation.threads
  }

  static let ctasPerSM = 32.0
  static let threadsPerCTA = 1024.0
  /// PyTorch's gather takes up to so many rows one after another.
  static let serialRows = 16.0

  /// Threads of a CTA, and how often they go around; nil for a kernel whose threads take an element each.
  func launch(_ call: RowCall) -> (threads: Double, iterations: Double)? {
    switch RowOperation(call.operation) {
    case nil, .residualAdd, .gelu, .embedding: return nil
    case .rotary:
      // Pairs of elements; without the heads, as if keys were as wide as queries.
      let pairs = call.headDim / 2
      let queries =
        call.heads * pairs > 0 ? call.heads * pairs : max(1, (call.width / 4).rounded(.down))
      let keys = call.heads * pairs > 0 ? call.keyValueHeads * pairs : queries
      let threads = min(queries, RowTimeModel.threadsPerCTA / 2)
      return (threads, (queries / threads).ceiling + (keys / threads).ceiling)
    case .rmsNorm, .layerNorm, .addRMSNorm, .siluAndMul, .softmax:
      return (min(call.width, RowTimeModel.threadsPerCTA), (call.width / RowTimeModel.threadsPerCTA).ceiling)
    }
  }

  struct Terms {
    var waves, waiting, memory, idealMemory: Double
  }

  func terms(_ call: RowCall) -> Terms {
    let bytes = call.bytes
    let ideal = bytes / facts.bytesPerMicrosecond
    let l2Rate = constants.l2 * facts.cyclesPerMicrosecond * facts.streamingMultiprocessors
    if call.operation == .embedding {
      // Rows of the table are cold, wherever they are gathered from.
      let gathering =
        constants.gather > 0
        ? call.rows * call.width
          / (constants.gather * facts.cyclesPerMicrosecond * facts.streamingMultiprocessors) : 0
      return Terms(waves: 1, waiting: gathering, memory: ideal / constants.bandwidth, idealMemory: ideal)
    }
    let resident = min(bytes, constants.residency * facts.l2)
    let memory =
      resident / l2Rate + (bytes - resident) / (constants.bandwidth * facts.bytesPerMicrosecond)
    guard let launch = launch(call) else {
      return Terms(waves: 1, waiting: 0, memory: memory, idealMemory: ideal)
    }
    let perSM = max(
      1, min(RowTimeModel.ctasPerSM, (threadsPerSM / (32 * (launch.threads / 32).ceiling)).rounded(.down)))
    let share = call.rows / (facts.streamingMultiprocessors * perSM)
    let waves = max(1, share + constants.tail * (share.ceiling - share))
    let waiting =
      waves * (constants.cta + launch.iterations * constants.iteration) * 1e3 / facts.cyclesPerMicrosecond
    return Terms(waves: waves, waiting: waiting, memory: memory, idealMemory: ideal)
  }

  public static func call(_ kernel: TimedKernel) -> RowCall? {
    if case .row(let call) = kernel.shape { call } else { nil }
  }

  public func timing(_ call: RowCall) -> KernelTiming {
    guard RowOperation(call.operation) != nil else { return KernelTiming(microseconds: .nan, exposed: .nan) }
    if call.operation == .embedding, constants.serialRow > 0, call.rows <= RowTimeModel.serialRows {
      let rows = call.rows * constants.serialRow * 1e3 / facts.cyclesPerMicrosecond
      let time = constants.fixed + max(rows, terms(call).memory)
      return KernelTiming(microseconds: time, exposed: time)
    }
    let terms = terms(call)
    let time = max(constants.floor, constants.fixed + overlapped(terms.waiting, terms.memory))
    return KernelTiming(microseconds: time, exposed: time - terms.memory)
  }

  private func overlapped(_ waiting: Double, _ memory: Double) -> Double {
    guard waiting > 0 else { return memory }
    let sum = Mathematics.power(waiting, constants.overlap) + Mathematics.power(memory, constants.overlap)
    return Mathematics.power(sum, 1 / constants.overlap)
  }

  public func choices(_ call: RowCall) -> [(name: String, value: String)] {
    guard let launch = launch(call) else { return [] }
    return [
      ("threads a CTA", "\(Int(launch.threads))"), ("times around", "\(Int(min(launch.iterations, 1e15)))"),
      ("waves", "\((terms(call).waves * 100).rounded() / 100)"),
    ]
  }

  public func parts(_ call: RowCall) -> [TimePart] {
    let terms = terms(call)
    return TimePart.differences([
      (.roof, terms.idealMemory),
      (.fixed, terms.idealMemory + constants.fixed),
      (.dram, terms.memory + constants.fixed),
      (.latency, microseconds(call)),
    ])
  }
}

extension RowCall {
  /// What the kernel loads and stores, weights aside: every element of every operand once; NaN for an operator that is no row kernel.
  var bytes: Double {
    switch RowOperation(operation) {
    case .siluAndMul, .residualAdd: 3 * rows * width * elementBytes
    case .addRMSNorm: 4 * rows * width * elementBytes
    case .rmsNorm, .layerNorm, .gelu, .rotary, .embedding, .softmax: 2 * rows * width * elementBytes
    case nil: .nan
    }
  }
}
