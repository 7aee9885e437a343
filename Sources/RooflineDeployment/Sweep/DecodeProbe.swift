import RooflineAnalysis
import RooflineCore

/// Searches over decode steps, each a fresh pass.
struct DecodeProbe {
  private let scenario: Scenario
  private let rates: DeviceRates

  init(_ scenario: Scenario) {
    self.scenario = scenario
    rates = DeviceRates(scenario.hardware, scenario.options, ranks: scenario.workload.tensorParallel)
  }

  private func step(batch: UInt64, context: UInt64) -> PhaseAnalysis {
    var workload = scenario.workload
    workload.parallelism = Parallelism(isSequenceParallel: scenario.workload.parallelism.isSequenceParallel)
    workload.batch = batch
    workload.context = context
    return PhaseAnalysis(
      scenario.configuration.model, DecoderStep(.decode, workload), rates: rates,
      time: IdealTime(overlap: scenario.options.overlap))
  }

  /// Intensity grows with the batch towards a limit, so a product with a weight turns compute-bound once, or never. A row that
  /// groups of layers share is one line where they agree.
  var ridgeBatches: [(row: String, batch: UInt64?)] {
    let context = scenario.workload.context
    let phase = step(batch: 1, context: context)
    guard isKnown else { return [] }
    let found = phase.operators.filter(\.isWeightProduct).map { own in
      let batch = smallest { batch in
        guard let row = step(batch: batch, context: context).operators.first(where: { $0.place == own.place }),
          !row.cost.isOverflow
        else { return nil }
        return row.bound == .compute
      }
      return (row: own, batch: batch)
    }
    var lines: [(row: String, batch: UInt64?)] = []
    for (row, batch) in found {
      let agree = found.allSatisfy { $0.row.name != row.name || $0.batch == batch }
      let line = agree ? row.name.rawValue : phase.label(of: row)
      if !lines.contains(where: { $0.row == line }) { lines.append((line, batch)) }
    }
    return lines
  }

  /// Of all layers: what grows with the keys against what multiplies weights.
  var attentionContext: Sensitivity.Threshold {
    guard isKnown else { return .unknown }
    // In a pipeline, what runs at once is a micro-batch.
    let batch = scenario.workload.microBatchSize
    let shortest = Dictionary(
      step(batch: batch, context: 1).operators.map { ($0.place, $0.cost) }, uniquingKeysWith: { first, _ in first })
    let found = smallest { context in
      var attention = 0.0
      var matrices = 0.0
      for row in step(batch: batch, context: context).operators where row.scope.isLayer {
        if row.cost.isOverflow { return nil }
        let seconds = row.prediction.seconds * Double(row.occurrences.value)
        if row.isWeightProduct {
          matrices += seconds
        } else if row.cost != shortest[row.place] {
          attention += seconds
        }
      }
      return attention >= matrices
    }
    return found.map { .from($0) } ?? .never
  }

  /// Whether the rates are known that the rows of a step need.
  private var isKnown: Bool {
    step(batch: 1, context: scenario.workload.context).operators.allSatisfy {
      $0.cost.wireSteps != 0 || $0.time != nil
    }
  }

  /// The smallest number up to 2⁴⁰ with a property that, once true, stays true; nil where there is none, or where counts end
  /// before it shows.
  private func smallest(_ holds: (UInt64) -> Bool?) -> UInt64? {
    var high: UInt64 = 1
    while true {
      guard high <= 1 << 40, let isReached = holds(high) else { return nil }
      if isReached { break }
      high *= 2
    }
    var low = high / 2
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if holds(middle) == true { high = middle } else { low = middle }
    }
    return high
  }
}

extension RowPrediction {
  /// The row's own in its pass, whatever the context.
  fileprivate struct Place: Hashable {
    let name: OperatorName
    let scope: RowScope
  }

  fileprivate var place: Place { Place(name: name, scope: scope) }

  /// A matrix product with a weight of the model.
  fileprivate var isWeightProduct: Bool { row.statement.weight != .none && cost.productFLOPs > 0 }
}
