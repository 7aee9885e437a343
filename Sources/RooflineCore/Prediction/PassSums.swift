/// What some rows of a pass add up to, in numbers that can be added and multiplied by steps.
package struct PassSums: Sendable {
  /// Seconds of a layer's rows, one occurrence each, by the layers' group; NaN where a row's time is unknown.
  var layers: [Double]
  /// The same of the rows of other scopes.
  var beforeLayers = 0.0
  var afterLayers = 0.0
  var boundary = 0.0
  /// Seconds of all rows, times their occurrences.
  package internal(set) var seconds = 0.0
  /// FLOPs of matrix products, and bytes of memory traffic, times their occurrences.
  package var productFLOPs = 0.0
  package var bytes = 0.0
  /// FLOPs of all units, the same way.
  package var flops = 0.0
  /// How many kernels are started.
  package internal(set) var kernels = 0.0
  /// Whether a row has a count that does not fit in 63 bits, so that the sums mean nothing.
  package private(set) var isOverflow = false
  /// Which roof binds each row, in their order: where it is the same at two contexts and counts are straight lines, so are the
  /// times between them.
  package var binding: [UInt8] = []

  package init(groups: Int) { layers = Array(repeating: 0, count: groups) }

  package mutating func add(_ scope: RowScope, seconds row: Double, _ cost: OperatorCost, times: Count, roof: UInt8) {
    switch scope {
    case .layer(let group): layers[group] += row
    case .beforeLayers: beforeLayers += row
    case .afterLayers: afterLayers += row
    case .boundary: boundary += row
    }
    let occurrences = Double(signed: times)
    seconds += row * occurrences
    productFLOPs += Double(signed: cost.productFLOPs) * occurrences
    bytes += Double(signed: cost.traffic.total) * occurrences
    flops += Double(signed: cost.flops.total) * occurrences
    kernels += occurrences
    isOverflow = isOverflow || cost.isOverflow
    binding.append(roof)
  }

  /// Puts what draft modules take behind the layers, where the last stage of a pipeline has it.
  package mutating func addDrafts(_ seconds: Double) {
    afterLayers += seconds
    self.seconds += seconds
  }

  package static func + (left: PassSums, right: PassSums) -> PassSums {
    var sum = left
    for group in sum.layers.indices { sum.layers[group] += right.layers[group] }
    sum.beforeLayers += right.beforeLayers
    sum.afterLayers += right.afterLayers
    sum.boundary += right.boundary
    sum.seconds += right.seconds
    sum.productFLOPs += right.productFLOPs
    sum.bytes += right.bytes
    sum.flops += right.flops
    sum.kernels += right.kernels
    sum.isOverflow = left.isOverflow || right.isOverflow
    sum.binding = right.binding
    return sum
  }
}

extension PassSums {
  /// Adds up those rows of a forward pass that are chosen by their place in it.
  package init(
    _ pass: ForwardPass<Count>, _ isChosen: [Bool], groups: Int, rates: DeviceRates, time: IdealTime,
    timing: KernelTime?
  ) {
    self.init(
      zip(pass.rows, isChosen).compactMap { $1 ? $0 : nil }, groups: groups, rates: rates, time: time, timing: timing)
  }

  /// Adds up rows.
  package init(
    _ rows: [NamedOperator<Count>], groups: Int, rates: DeviceRates, time: IdealTime,
    timing: KernelTime?
  ) {
    self.init(groups: groups)
    for row in rows {
      let prediction =
        timing.map { RowPrediction(row, rates: rates, time: time, timing: $0) }
        ?? RowPrediction(row, rates: rates, time: time)
      add(
        row.scope, seconds: prediction.prediction.seconds, prediction.cost, times: row.occurrences,
        roof: PassSums.roof(of: prediction.cost, rates, time))
    }
  }

  /// The roof that decides: one for all where the parts are added up, or where the link decides.
  private static func roof(of cost: OperatorCost, _ rates: DeviceRates, _ time: IdealTime) -> UInt8 {
    guard time.overlap == .max, cost.wireSteps == 0 else { return 0 }
    let parts = OperatorPrediction.parts(cost, rates)
    let largest = Double.largest(parts)
    return parts.memory == largest ? 0 : parts.tensor == largest ? 1 : parts.vector == largest ? 2 : 3
  }
}

/// What an operator counts as the attended keys grow: FLOPs of each unit, bytes, and what goes over the wire.
package struct LinearCounts: OperatorVisitor {
  package typealias Scalar = LinearCount

  package init() {}

  package func visit<D: OperatorDefinition>(_ definition: D) -> [LinearCount] where D.Scalar == LinearCount {
    let flops = definition.flops
    return [
      flops.tensor, flops.vector, flops.special, definition.traffic.total, definition.wireBytes, definition.wireSteps,
    ]
  }
}
