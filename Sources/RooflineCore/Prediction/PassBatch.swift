/// Ideal times of a model on a GPU for eight workloads that differ in batch, tokens and keys alone.
///
/// What a search over many workloads asks: the rows are stated once for the eight (`CountLanes`), each row's counts, bound and
/// time are computed and added up, and none is kept. Times are those of `PhaseAnalysis` to the last bit. A workload with a count
/// of 2⁵³ or more in one row is analysed by itself, and so is one that begins a sequence where `step` goes on with a state, or that
/// has one query where `step` has several.
package struct PassBatch: Sendable {
  /// How many workloads a batch holds.
  package static var width: Int { CountLanes.width }

  /// What the workloads differ in, a lane each.
  package struct Shapes: Hashable, Sendable {
    package var batch, queryTokens, attendedKeys: SIMD8<UInt64>

    /// Eight times the shape of one pass.
    package init(_ step: DecoderStep) {
      batch = SIMD8(repeating: step.batch)
      queryTokens = SIMD8(repeating: step.queryTokens)
      attendedKeys = SIMD8(repeating: step.attendedKeys)
    }

    /// Puts the shape of a pass into a lane.
    package mutating func set(_ lane: Int, _ step: DecoderStep) {
      batch[lane] = step.batch
      queryTokens[lane] = step.queryTokens
      attendedKeys[lane] = step.attendedKeys
    }

    fileprivate func step(_ lane: Int, like step: DecoderStep) -> DecoderStep {
      var step = step
      step.batch = batch[lane]
      step.queryTokens = queryTokens[lane]
      step.attendedKeys = attendedKeys[lane]
      return step
    }
  }

  private let sums: SummaryLanes
  /// Summaries of the workloads that are too large for lanes.
  private let apart: [Int: PassSummary]

  /// - Parameter step: what the workloads have in common.
  package init(_ model: DecoderModel, like step: DecoderStep, _ shapes: Shapes, rates: DeviceRates, time: IdealTime) {
    var sink = SummaryLanes(rates: rates, time: time)
    let pass = PassShape<CountLanes>(
      model, step, batch: CountLanes(shapes.batch), queryTokens: CountLanes(shapes.queryTokens),
      attendedKeys: CountLanes(shapes.attendedKeys))
    ForwardPass(model, step, pass).emit(into: &sink)
    sums = sink
    var areTogether = sink.areExact
    if model.keepsStates, step.phase == .prefill {
      // Whether a recurrence finds a state to go on from is no formula of lanes.
      let goOn = shapes.attendedKeys .> shapes.queryTokens
      areTogether .&= step.attendedKeys > step.queryTokens ? goOn : .!goOn
    }
    if model.hasCompressedAttention {
      // Nor is whether queries can choose differently.
      let areSingle = shapes.queryTokens .== 1
      areTogether .&= step.queryTokens == 1 ? areSingle : .!areSingle
    }
    guard any(.!areTogether) else {
      apart = [:]
      return
    }
    var apart: [Int: PassSummary] = [:]
    for lane in 0..<PassBatch.width where !areTogether[lane] {
      apart[lane] = PassSummary(
        PhaseAnalysis(model, shapes.step(lane, like: step), rates: rates, time: time))
    }
    self.apart = apart
  }

  package subscript(lane: Int) -> PassSummary { apart.isEmpty ? sums[lane] : apart[lane] ?? sums[lane] }
}

/// Adds up the rows of eight workloads.
private struct SummaryLanes: RowSink, Sendable {
  typealias Lanes = CountLanes.Lanes

  let rates: DeviceRates
  let time: IdealTime
  /// Of which workloads every count so far is exact.
  private(set) var areExact = SIMDMask<SIMD8<Int64>>(repeating: true)
  private var rows = 0
  private var flops = Lanes(repeating: 0)
  private var product = Lanes(repeating: 0)
  private var memoryBytes = Lanes(repeating: 0)
  private var wireBytes = Lanes(repeating: 0)
  private var seconds = Lanes(repeating: 0)
  private var compute = Lanes(repeating: 0)
  private var memory = Lanes(repeating: 0)
  private var network = Lanes(repeating: 0)

  init(rates: DeviceRates, time: IdealTime) {
    self.rates = rates
    self.time = time
  }

  subscript(lane: Int) -> PassSummary {
    PassSummary(
      rows: rows, flops: flops[lane], productFLOPs: product[lane], memoryBytes: memoryBytes[lane],
      wireBytes: wireBytes[lane], seconds: seconds[lane], compute: compute[lane], memory: memory[lane],
      network: network[lane], latency: 0)
  }

  // Written out once a kind of operator, and not once a row.
  @inline(never)
  mutating func row<D: OperatorDefinition>(
    _ statement: RowStatement<CountLanes>, _ definition: D
  ) where D.Scalar == CountLanes {
    rows += 1
    let times = statement.place.occurrences.lanes
    let steps = definition.wireSteps
    // What is sent is sent in every workload, or in none.
    if steps.lanes[0] != 0 {
      let bytes = definition.wireBytes
      areExact .&= bytes.isExact
      wireBytes += bytes.lanes * times
      let all = (bytes.lanes / rates.link + steps.lanes * rates.linkLatency) * times
      seconds += all
      network += all
      return
    }
    let cost = definition.flops
    let bytes = definition.memoryBytes
    let sum = cost.tensor + cost.vector + cost.special
    areExact .&= sum.isExact .& bytes.isExact
    flops += sum.lanes * times
    memoryBytes += bytes.lanes * times
    if let unit = definition.matrixUnit {
      product += (unit.runsOnTensorCores ? cost.tensor : cost.vector).lanes * times
    }
    let parts = Roofs(
      tensor: definition.matrixUnit.map { SummaryLanes.time(cost.tensor, rates[tensor: $0]) } ?? cost.tensor.lanes,
      vector: SummaryLanes.time(cost.vector, rates.vector), special: SummaryLanes.time(cost.special, rates.special),
      memory: SummaryLanes.time(bytes, rates.bandwidth))
    let units = SummaryLanes.largest(parts.tensor, SummaryLanes.largest(parts.vector, parts.special))
    let total = parts.tensor + parts.vector + parts.special + parts.memory
    let combined =
      switch time.overlap {
      case .max: SummaryLanes.largest(units, parts.memory)
      case .sum: total
      }
    let all = combined.replacing(with: total, where: total .!= total) * times
    seconds += all
    let isCompute = units .> parts.memory
    compute += Lanes(repeating: 0).replacing(with: all, where: isCompute)
    memory += all.replacing(with: 0, where: isCompute)
  }

  /// Work that is not there takes no time on a unit that may not exist.
  @inline(__always)
  private static func time(_ work: CountLanes, _ rate: Double) -> Lanes {
    // Of most rows no workload has work for most units.
    guard any(work.lanes .!= 0) else { return work.lanes }
    return (work.lanes / rate).replacing(with: 0, where: work.lanes .== 0)
  }

  @inline(__always)
  private static func largest(_ left: Lanes, _ right: Lanes) -> Lanes {
    left.replacing(with: right, where: right .> left)
  }
}

extension CountLanes {
  /// Counts of eight workloads; beyond 2⁵³ not exact.
  fileprivate init(_ counts: SIMD8<UInt64>) { self.init(Lanes(counts)) }
}
