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

  /// A workload that is analysed by itself.
  private struct Apart {
    let summary: PassSummary
    /// As `peaks`.
    let peak: Count?
  }

  private let sums: SummaryLanes
  /// The workloads that are too large for lanes.
  private let apart: [Int: Apart]
  /// The largest sum of activations alive at once, bytes; nil unless it was asked for.
  private let peaks: CountLanes.Lanes?
  private let model: DecoderModel
  private let step: DecoderStep
  private let shapes: Shapes

  /// - Parameters:
  ///   - step: what the workloads have in common.
  ///   - plan: which activations are alive at which row of such a pass; nil: their memory is not asked for.
  package init(
    _ model: DecoderModel, like step: borrowing DecoderStep, _ shapes: Shapes, rates: DeviceRates, time: IdealTime,
    activations plan: ActivationPlan? = nil
  ) {
    self.model = model
    self.step = copy step
    self.shapes = shapes
    var sink = SummaryLanes(rates: rates, time: time, groups: step.pipelineParallel > 1 ? model.groups.count : nil)
    if plan != nil { sink.operands = OperandLanes() }
    let pass = PassShape<CountLanes>(
      model, step, batch: CountLanes(shapes.batch), queryTokens: CountLanes(shapes.queryTokens),
      attendedKeys: CountLanes(shapes.attendedKeys))
    ForwardPass(model, step, pass).emit(into: &sink)
    var areTogether = sink.areExact
    var peaks: CountLanes.Lanes?
    if let plan, let operands = sink.operands {
      let found = plan.peak(operands)
      // A row that has other operands in this pass than in the plan's is no row of the plan's.
      areTogether = found.map { areTogether .& CountLanes($0).isExact } ?? SIMDMask(repeating: false)
      peaks = found
    }
    self.peaks = peaks
    // Last, so that they are handed on: sums of eight workloads are long to copy.
    sums = sink
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
      apart = Dictionary()
      return
    }
    var apart: [Int: Apart] = [:]
    for lane in 0..<PassBatch.width where !areTogether[lane] {
      let own = shapes.step(lane, like: step)
      apart[lane] = Apart(
        summary: PassSummary(PhaseAnalysis(model, own, rates: rates, time: time)),
        peak: plan.map { _ in ActivationPeak<Count>(model, own).bytes })
    }
    self.apart = apart
  }

  package subscript(lane: Int) -> PassSummary { apart.isEmpty ? sums[lane] : apart[lane]?.summary ?? sums[lane] }

  /// The most bytes of activations alive at once; nil unless a plan was given.
  package func activations(_ lane: Int) -> Count? {
    apart[lane]?.peak ?? peaks.map { Count(UInt64($0[lane])) }
  }

  /// How a pass goes through the stages of a pipeline.
  package func schedule(_ lane: Int, microBatches: UInt64) -> PipelineSchedule {
    var sums = PassSums(groups: model.groups.count)
    sums.seconds = self[lane].seconds
    guard step.pipelineParallel > 1 else {
      return PipelineSchedule(
        sums, stages: 1, model, microBatches: microBatches, isSuccessive: step.phase == .decode)
    }
    guard apart[lane] == nil else {
      return PipelineSchedule(
        PhaseAnalysis(model, shapes.step(lane, like: step), rates: self.sums.rates, time: self.sums.time), model,
        microBatches: microBatches)
    }
    let scopes = self.sums.scopes
    for group in model.groups.indices { sums.layers[group] = scopes.layers[group][lane] }
    sums.beforeLayers = scopes.beforeLayers[lane]
    sums.afterLayers = scopes.afterLayers[lane]
    sums.boundary = scopes.boundary[lane]
    return PipelineSchedule(
      sums, stages: step.pipelineParallel, model, microBatches: microBatches, isSuccessive: step.phase == .decode)
  }
}

/// Seconds of the rows of each scope, one occurrence each: what the stages of a pipeline are made of.
private struct ScopeLanes: Sendable {
  /// Whether anybody asks for them.
  let isAsked: Bool
  private(set) var layers: [CountLanes.Lanes]
  private(set) var beforeLayers = CountLanes.Lanes(repeating: 0)
  private(set) var afterLayers = CountLanes.Lanes(repeating: 0)
  private(set) var boundary = CountLanes.Lanes(repeating: 0)

  /// - Parameter groups: nil where nobody asks for stages.
  init(groups: Int?) {
    isAsked = groups != nil
    layers = groups.map { Array(repeating: CountLanes.Lanes(repeating: 0), count: $0) } ?? []
  }

  mutating func add(_ scope: RowScope, _ seconds: CountLanes.Lanes) {
    switch scope {
    case .layer(let group): layers[group] += seconds
    case .beforeLayers: beforeLayers += seconds
    case .afterLayers: afterLayers += seconds
    case .boundary: boundary += seconds
    }
  }
}

/// Adds up the rows of eight workloads.
private struct SummaryLanes: RowSink, Sendable {
  typealias Lanes = CountLanes.Lanes

  let rates: DeviceRates
  let time: IdealTime
  /// Whether a rate is missing that any row may need.
  private let lacksRate: Bool
  /// Of which workloads every count so far is exact.
  private(set) var areExact = SIMDMask<SIMD8<Int64>>(repeating: true)
  private(set) var scopes: ScopeLanes
  /// nil where nobody asks for activations.
  var operands: OperandLanes?
  private var rows = 0
  private var flops = Lanes(repeating: 0)
  private var product = Lanes(repeating: 0)
  private var memoryBytes = Lanes(repeating: 0)
  private var wireBytes = Lanes(repeating: 0)
  private var seconds = Lanes(repeating: 0)
  private var compute = Lanes(repeating: 0)
  private var memory = Lanes(repeating: 0)
  private var network = Lanes(repeating: 0)

  /// - Parameter groups: nil where nobody asks for stages of a pipeline.
  init(rates: DeviceRates, time: IdealTime, groups: Int?) {
    self.rates = rates
    self.time = time
    lacksRate = rates.vector.isNaN || rates.special.isNaN || rates.bandwidth.isNaN
    scopes = ScopeLanes(groups: groups)
  }

  subscript(lane: Int) -> PassSummary {
    PassSummary(
      rows: rows, flops: flops[lane], productFLOPs: product[lane], memoryBytes: memoryBytes[lane],
      wireBytes: wireBytes[lane], seconds: seconds[lane], compute: compute[lane], memory: memory[lane],
      network: network[lane], latency: 0)
  }

  @inline(__always)
  mutating func row<D: OperatorDefinition>(
    _ statement: RowStatement<CountLanes>, _ definition: D
  ) where D.Scalar == CountLanes {
    add(definition, at: statement.place)
  }

  // Written out once a kind of operator, and not once a row. What else a row states is not asked for, and so never put together.
  @inline(never)
  private mutating func add<D: OperatorDefinition>(
    _ definition: D, at place: RowPlace<CountLanes>
  ) where D.Scalar == CountLanes {
    rows += 1
    let times = place.occurrences.lanes
    let steps = definition.wireSteps
    // What is sent is sent in every workload, or in none.
    if steps.lanes[0] != 0 {
      let bytes = definition.wireBytes
      areExact .&= bytes.isExact
      wireBytes += bytes.lanes * times
      let own = bytes.lanes / rates.link + steps.lanes * rates.linkLatency
      let all = own * times
      seconds += all
      network += all
      if scopes.isAsked { scopes.add(place.scope, own) }
      if operands != nil {
        _ = operands?.add(definition)
        if let message = definition.asOperator.gathered { operands?.add(gathered: message) }
      }
      return
    }
    let cost = definition.flops
    let bytes = operands?.add(definition) ?? definition.memoryBytes
    let sum = cost.tensor + cost.vector + cost.special
    areExact .&= sum.isExact .& bytes.isExact
    flops += sum.lanes * times
    memoryBytes += bytes.lanes * times
    let unit = definition.matrixUnit
    let unitRate = unit.map { rates[tensor: $0] }
    if let unit {
      product += (unit.runsOnTensorCores ? cost.tensor : cost.vector).lanes * times
    }
    let parts = Roofs(
      tensor: unitRate.map { SummaryLanes.time(cost.tensor, $0) } ?? cost.tensor.lanes,
      // Of most rows no workload has work for these.
      vector: cost.vector.isAnything ? SummaryLanes.time(cost.vector, rates.vector) : cost.vector.lanes,
      special: cost.special.isAnything ? SummaryLanes.time(cost.special, rates.special) : cost.special.lanes,
      memory: SummaryLanes.time(bytes, rates.bandwidth))
    let units = parts.tensor.orLarger(parts.vector.orLarger(parts.special))
    var own =
      switch time.overlap {
      case .max: units.orLarger(parts.memory)
      case .sum: parts.tensor + parts.vector + parts.special + parts.memory
      }
    if lacksRate || unitRate?.isNaN == true {
      // What needs a rate that is missing takes NaN; without one, only counts that are not exact do, whose workloads go apart.
      let total = parts.tensor + parts.vector + parts.special + parts.memory
      own.replace(with: total, where: total .!= total)
    }
    let all = own * times
    seconds += all
    if scopes.isAsked { scopes.add(place.scope, own) }
    let isCompute = units .> parts.memory
    compute += Lanes(repeating: 0).replacing(with: all, where: isCompute)
    memory += all.replacing(with: 0, where: isCompute)
  }

  /// Work that is not there takes no time on a unit that may not exist.
  @inline(__always)
  private static func time(_ work: CountLanes, _ rate: Double) -> Lanes {
    let time = work.lanes / rate
    return rate > 0 ? time : time.replacing(with: 0, where: work.lanes .== 0)
  }
}

extension CountLanes {
  /// Counts of eight workloads; beyond 2⁵³ not exact.
  fileprivate init(_ counts: SIMD8<UInt64>) { self.init(Lanes(counts)) }
}
