import RooflineCore
import RooflineMeasurement

/// A layer's plan on a device: its rows' memory, much of it shared, filled, and its kernels, loaded.
final class PreparedLayer {
  let plan: LayerPlan
  let copies: Int
  let rows: [PreparedKernel]
  private let context: Context

  /// - Parameter prepare: makes a row's kernels, given the memory that former rows write.
  init(
    _ plan: LayerPlan, copies: Int, context: Context,
    prepare: (KernelPlan, _ given: [Int: [DeviceMemory]]) throws(GPUFault) -> PreparedKernel
  ) throws(GPUFault) {
    self.plan = plan
    self.copies = copies
    self.context = context
    var rows: [PreparedKernel] = []
    for row in plan.rows {
      var given: [Int: [DeviceMemory]] = [:]
      for (buffer, place) in row.links {
        let byteCount = row.plan.buffers[buffer].byteCount
        given[buffer] = rows[place.row].memories(place.buffer).map { $0.part(from: place.offset, byteCount: byteCount) }
      }
      rows.append(try prepare(row.plan, given))
    }
    self.rows = rows
  }

  /// Queues the layer on a set of weights and caches.
  func launch(copy: Int, in stream: DeviceStream) throws(GPUFault) {
    for row in rows { try row.launch(copy: copy, in: stream) }
  }

  /// Kernels of a layer, a library's products counted as one.
  var nodes: Int { rows.reduce(0) { $0 + $1.plan.steps.count } }

  // MARK: results

  /// Runs the first set's layer row by row, and compares each row's results with what the reference makes of what the row has read.
  ///
  /// - Throws: as `PreparedKernel.check`.
  func check(_ stream: DeviceStream, effort: Int) throws(GPUFault) -> KernelMeasurement.Check {
    var sum = KernelMeasurement.Check(compared: 0, elements: 0, worst: 0)
    for (index, row) in rows.enumerated() {
      let sources = try sources(of: index, copy: 0, stream)
      try row.launch(copy: 0, in: stream)
      try stream.synchronize()
      sum.add(try compared(row, copy: 0, sources, effort: effort / rows.count))
    }
    return sum
  }

  /// Replays the graph, its activations poisoned before, and compares the results that no later row has overwritten, on inputs that
  /// are still there.
  func recheck(
    _ stream: DeviceStream, after last: (graph: Graph, copy: Int), effort: Int
  ) throws(GPUFault) -> KernelMeasurement.Check {
    for (index, row) in rows.enumerated() {
      for (buffer, planned) in row.plan.buffers.enumerated() where plan.rows[index].links[buffer] == nil {
        guard case .written = planned.tensor, case .poison = planned.contents else { continue }
        try stream.fill(row.memory(buffer, last.copy), with: 0xFF)
      }
    }
    try last.graph.launch()
    try stream.synchronize()
    var sum = KernelMeasurement.Check(compared: 0, elements: 0, worst: 0)
    for index in rows.indices where isIntact(index) {
      let sources = try sources(of: index, copy: last.copy, stream)
      sum.add(try compared(rows[index], copy: last.copy, sources, effort: effort / rows.count))
    }
    return sum
  }

  private func compared(
    _ row: PreparedKernel, copy: Int, _ sources: [Int: DeviceElements], effort: Int
  ) throws(GPUFault) -> KernelMeasurement.Check {
    do throws(GPUFault) {
      return try row.compared(copy: copy, row.data.reading(sources), effort: effort)
    } catch {
      // What could not be read is no wrong result.
      throw sources.values.lazy.compactMap(\.fault).first ?? error
    }
  }

  /// Where a row's inputs are to be read: those that other rows write, and as they were before those that it writes itself.
  private func sources(
    of index: Int, copy: Int, _ stream: DeviceStream
  ) throws(GPUFault) -> [Int: DeviceElements] {
    let (row, written) = (rows[index], Set(plan.written(by: index)))
    var sources: [Int: DeviceElements] = [:]
    for tensor in row.plan.readTensors {
      let isOwn = written.contains(plan.home(index, tensor.buffer))
      guard isOwn || plan.rows[index].links[tensor.buffer] != nil else { continue }
      var memory = row.memory(tensor.buffer, copy).part(from: 0, byteCount: tensor.byteCount)
      if isOwn {
        let before = try DeviceMemory(context, byteCount: tensor.byteCount)
        try stream.copy(tensor.byteCount, from: memory, to: before)
        try stream.synchronize()
        memory = before
      }
      sources[tensor.buffer] = DeviceElements(memory, tensor.type)
    }
    return sources
  }

  /// Whether a row's inputs and outputs are still there once the layer has run.
  private func isIntact(_ index: Int) -> Bool {
    let outputs = Set(plan.written(by: index))
    let inputs = Set(rows[index].plan.readTensors.map { plan.home(index, $0.buffer) })
    guard outputs.isDisjoint(with: inputs) else { return false }
    return (index + 1..<rows.count).allSatisfy { later in
      Set(plan.written(by: later)).isDisjoint(with: outputs.union(inputs))
    }
  }
}

extension LayerPlan {
  /// A buffer that a row has of its own.
  struct Home: Hashable {
    let row, buffer: Int
  }

  func home(_ row: Int, _ buffer: Int) -> Home {
    let place = place(row, buffer)
    return Home(row: place.row, buffer: place.buffer)
  }

  /// What a row writes into.
  func written(by row: Int) -> [Home] {
    let plan = rows[row].plan
    return plan.reference.outputs.compactMap { plan.place(of: .written($0.name)) }.map { home(row, $0) }
  }
}

extension KernelMeasurement.Check {
  fileprivate mutating func add(_ other: KernelMeasurement.Check) {
    compared += other.compared
    elements += other.elements
    worst = max(worst, other.worst)
  }
}
