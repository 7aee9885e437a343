/// What some rows of a decode pass add up to, in numbers that can be added and multiplied by steps.
struct PassSums: Sendable {
  /// Seconds of a layer's rows, one occurrence each, by the layers' group; NaN where a row's time is unknown.
  var layers: [Double]
  /// The same of the rows of other scopes.
  var beforeLayers = 0.0
  var afterLayers = 0.0
  var boundary = 0.0
  /// Seconds of all rows, times their occurrences.
  var seconds = 0.0
  /// FLOPs of matrix products, and bytes of memory traffic, times their occurrences.
  var productFLOPs = 0.0
  var bytes = 0.0
  /// Which roof binds each row, in their order: where it is the same at two contexts and counts are straight lines, so are the
  /// times between them.
  var binding: [UInt8] = []

  init(groups: Int) { layers = Array(repeating: 0, count: groups) }

  mutating func add(_ scope: RowScope, seconds row: Double, _ cost: OperatorCost, times: Count, roof: UInt8) {
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
    binding.append(roof)
  }

  static func + (left: PassSums, right: PassSums) -> PassSums {
    var sum = left
    for group in sum.layers.indices { sum.layers[group] += right.layers[group] }
    sum.beforeLayers += right.beforeLayers
    sum.afterLayers += right.afterLayers
    sum.boundary += right.boundary
    sum.seconds += right.seconds
    sum.productFLOPs += right.productFLOPs
    sum.bytes += right.bytes
    sum.binding = right.binding
    return sum
  }
}

/// Adds up those rows of a forward pass that are chosen by their place in it; the others cost nothing.
struct ChosenRows: RowSink {
  let isChosen: [Bool]
  let rates: DeviceRates
  let time: IdealTime
  let calibrated: CalibratedTime?
  private(set) var sums: PassSums
  private var place = 0

  init(_ isChosen: [Bool], groups: Int, rates: DeviceRates, time: IdealTime, calibrated: CalibratedTime?) {
    self.isChosen = isChosen
    sums = PassSums(groups: groups)
    self.rates = rates
    self.time = time
    self.calibrated = calibrated
  }

  mutating func row<D: OperatorDefinition>(
    _ statement: RowStatement<Count>, _ definition: D
  ) where D.Scalar == Count {
    defer { place += 1 }
    guard isChosen[place] else { return }
    let ideal = OperatorPrediction(definition.kind, OperatorCost(definition), rates: rates, time: time)
    let seconds = calibrated.map { $0.timed(definition.asOperator, ideal: ideal).seconds } ?? ideal.seconds
    sums.add(
      statement.place.scope, seconds: seconds, ideal.cost, times: statement.place.occurrences,
      roof: roof(of: ideal.cost))
  }

  /// The roof that decides: one for all where the parts are added up, or where the link decides.
  private func roof(of cost: OperatorCost) -> UInt8 {
    guard time.overlap == .max, cost.wireSteps == 0 else { return 0 }
    let parts = OperatorPrediction.parts(cost, rates)
    let largest = Double.largest(parts)
    return parts.memory == largest ? 0 : parts.tensor == largest ? 1 : parts.vector == largest ? 2 : 3
  }
}

/// Asks of every row whether its counts are straight lines in the attended keys.
struct LinearRows: RowSink {
  /// Of the rows, by their place in the pass.
  private(set) var isLinear: [Bool] = []

  mutating func row<D: OperatorDefinition>(
    _ statement: RowStatement<LinearCount>, _ definition: D
  ) where D.Scalar == LinearCount {
    let flops = definition.flops
    let counts = [
      flops.tensor, flops.vector, flops.special, definition.traffic.total, definition.wireBytes, definition.wireSteps,
    ]
    isLinear.append(statement.place.occurrences.isConstant && counts.allSatisfy(\.isLinear))
  }
}

extension OperatorCost {
  /// FLOPs of a matrix product, wherever it runs: fp32 ones share the CUDA cores with other work.
  var productFLOPs: Count { matrixUnit.map { $0.runsOnTensorCores ? flops.tensor : flops.vector } ?? 0 }
}
