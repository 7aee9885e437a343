import RooflineCore

/// The time of a kernel that gives each row a CTA: waves of CTAs wait for memory while bytes move, from L2 as far as it reaches.
///
/// Source: TimeModels.md, "Row kernels"; a last wave that is not full counts by its share, and rotary goes around its loop for queries
/// and keys apart.
package struct RowTimeModel: Sendable {
  package let facts: DeviceFacts
  package let constants: RowConstants
  /// Threads that an SM holds at most.
  let threadsPerSM: Double

  /// - Parameter generation: that of the GPU, which says how many threads an SM holds.
  package init(_ facts: DeviceFacts, _ constants: RowConstants, generation: GPUGeneration) {
    self.facts = facts
    self.constants = constants
    threadsPerSM = generation.threads
  }

  static let ctasPerSM = 32.0
  static let threadsPerCTA = 1024.0
  /// PyTorch's gather takes up to so many rows one after another.
  static let serialRows = 16.0

  /// Threads of a CTA, and how often they go around; nil for a kernel whose threads take an element each.
  func launch(_ call: RowwiseWork<Count>) -> (threads: Double, iterations: Double)? {
    switch call.walk {
    case .elements, .gather: return nil
    case .pairs(let queries, let keys):
      let (queries, keys) = (max(1, Double(queries)), Double(keys))
      let threads = min(queries, RowTimeModel.threadsPerCTA / 2)
      return (threads, (queries / threads).ceiling + (keys / threads).ceiling)
    case .row:
      let width = Double(call.width)
      return (min(width, RowTimeModel.threadsPerCTA), (width / RowTimeModel.threadsPerCTA).ceiling)
    }
  }

  struct Terms {
    var waves, waiting, memory, idealMemory: Double
  }

  func terms(_ call: RowwiseWork<Count>) -> Terms {
    let (bytes, rows) = (Double(call.bytes), Double(call.rows))
    let ideal = bytes / facts.bytesPerMicrosecond
    let l2Rate = constants.l2 * facts.cyclesPerMicrosecond * facts.streamingMultiprocessors
    if case .gather = call.walk {
      // Rows of the table are cold, wherever they are gathered from.
      let gathering =
        constants.gather > 0
        ? rows * Double(call.width)
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
    let share = rows / (facts.streamingMultiprocessors * perSM)
    let waves = max(1, share + constants.tail * (share.ceiling - share))
    let waiting =
      waves * (constants.cta + launch.iterations * constants.iteration) * 1e3 / facts.cyclesPerMicrosecond
    return Terms(waves: waves, waiting: waiting, memory: memory, idealMemory: ideal)
  }

  func overlapped(_ waiting: Double, _ memory: Double) -> Double {
    guard waiting > 0 else { return memory }
    let sum = Mathematics.power(waiting, constants.overlap) + Mathematics.power(memory, constants.overlap)
    return Mathematics.power(sum, 1 / constants.overlap)
  }
}

extension RowTimeModel: KernelTimeModel {
  package static let kind = KernelKind.row

  package init(_ facts: DeviceFacts, _ constants: RowConstants, _ cut: WholeKernel, generation: GPUGeneration) {
    self.init(facts, constants, generation: generation)
  }

  package static func work(_ value: Operator<Count>) -> RowwiseWork<Count>? { value.rowwise }

  package static func subject(_ call: RowwiseWork<Count>) -> KernelSubject {
    KernelSubject(.row, operation: call.kind, dtype: call.dtype)
  }

  package func timing(_ call: RowwiseWork<Count>, _ conditions: KernelConditions) -> KernelTiming {
    let terms = terms(call)
    let time = time(call, terms)
    return KernelTiming(microseconds: time, exposed: isSerial(call) ? time : time - terms.memory)
  }

  private func isSerial(_ call: RowwiseWork<Count>) -> Bool {
    guard case .gather = call.walk else { return false }
    return constants.serialRow > 0 && Double(call.rows) <= RowTimeModel.serialRows
  }

  private func time(_ call: RowwiseWork<Count>, _ terms: Terms) -> Double {
    guard isSerial(call) else {
      return max(constants.floor, constants.fixed + overlapped(terms.waiting, terms.memory))
    }
    let rows = Double(call.rows) * constants.serialRow * 1e3 / facts.cyclesPerMicrosecond
    return constants.fixed + max(rows, terms.memory)
  }

  package func choices(
    _ call: RowwiseWork<Count>, _ conditions: KernelConditions
  ) -> [(name: String, value: String)] {
    guard let launch = launch(call) else { return [] }
    return [
      ("threads a CTA", "\(Int(launch.threads))"), ("times around", "\(Int(min(launch.iterations, 1e15)))"),
      ("waves", "\((terms(call).waves * 100).rounded() / 100)"),
    ]
  }

  package func parts(_ call: RowwiseWork<Count>, _ conditions: KernelConditions) -> [TimePart] {
    let terms = terms(call)
    return TimePart.differences([
      (.roof, terms.idealMemory),
      (.fixed, terms.idealMemory + constants.fixed),
      (.dram, terms.memory + constants.fixed),
      (.latency, time(call, terms)),
    ])
  }

  package static func place(_ call: RowwiseWork<Count>) -> KernelPlace {
    let (rows, width) = (Double(call.rows), Double(call.width))
    let walk: [Double] =
      switch call.walk {
      case .pairs(let queries, let keys): [Double(queries), Double(keys)]
      case .elements, .row, .gather: []
      }
    return KernelPlace(
      call.kind.rawValue,
      sizes: call.walk == .elements ? [("elements", width)] : [("rows", rows), ("width", width)],
      order: [width, rows] + walk, identity: [width, rows],
      point: [KernelPlace.log(rows), KernelPlace.log(width), 0, 0], group: [width], of: call.kind)
  }

  package static func regimes(_ call: RowwiseWork<Count>) -> [String] { [call.kind.rawValue] }
}
