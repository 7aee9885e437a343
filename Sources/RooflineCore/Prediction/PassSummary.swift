/// A forward pass in sums alone, over the whole model on one device.
package struct PassSummary: Hashable, Sendable {
  /// Rows of the pass, each counted once.
  package let rows: Int
  /// FLOPs of all units, and those of matrix products alone.
  package let flops, productFLOPs: Double
  /// Bytes moved between memory and the GPU, and bytes sent to other GPUs.
  package let memoryBytes, wireBytes: Double
  /// All rows one after another, and what of it is bound by each roof, s; NaN where the time of a row is unknown.
  package let seconds, compute, memory, network, latency: Double

  /// All rows one after another; nil where the time of one is unknown.
  package var time: Seconds? { seconds.isNaN ? nil : Seconds(seconds) }

  /// The time of the rows with a bound; nil where the time of one is unknown.
  package func time(boundBy bound: Bound) -> Seconds? {
    let part =
      switch bound {
      case .compute: compute
      case .memory: memory
      case .network: network
      case .latency: latency
      }
    return part.isNaN ? nil : Seconds(part)
  }

  /// Whether a sum is above `Count.limit`.
  package var isOverflow: Bool {
    let limit = Double(Count.limit)
    return !(flops < limit && memoryBytes < limit && wireBytes < limit)
  }
}

extension PassSummary {
  /// The sums over rows that are kept.
  package init(_ analysis: PhaseAnalysis) {
    var (product, seconds) = (0.0, 0.0)
    var bounds = SIMD4<Double>(repeating: 0)
    for row in analysis.operators {
      let occurrences = Double(signed: row.occurrences)
      let all = row.prediction.seconds * occurrences
      product += Double(signed: row.cost.productFLOPs) * occurrences
      seconds += all
      switch row.prediction.bound {
      case .compute: bounds[0] += all
      case .memory: bounds[1] += all
      case .network: bounds[2] += all
      case .latency: bounds[3] += all
      }
    }
    let cost = analysis.model.cost
    self.init(
      rows: analysis.operators.count, flops: Double(cost.flops.total.value), productFLOPs: product,
      memoryBytes: Double(cost.traffic.total.value), wireBytes: Double(cost.wireBytes.value), seconds: seconds,
      compute: bounds[0], memory: bounds[1], network: bounds[2], latency: bounds[3])
  }
}
