import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// Measurements of a run's rows, beside their predictions.
package struct MeasuredRows: Sendable {
  /// Those of one kernel.
  package struct Times: Hashable, Sendable {
    /// s.
    package let median, least, most: Double
    package let count: Int

    init?(_ seconds: [Double]) {
      let sorted = seconds.sorted()
      guard let first = sorted.first, let last = sorted.last else { return nil }
      median = ErrorStatistics.quantile(0.5, ofSorted: sorted)
      (least, most) = (first, last)
      count = sorted.count
    }
  }

  /// What tells kernels apart.
  private enum Key: Hashable {
    case place(Comparison.Identity)
    /// Of what no time model describes.
    case columns(KernelColumns, bytes: UInt64)

    init?(_ value: Operator<Count>) {
      if let identity = Comparison.Identity(value) {
        self = .place(identity)
      } else if let columns = KernelColumns(value) {
        self = .columns(columns, bytes: value.cost.traffic.total.value)
      } else {
        return nil
      }
    }
  }

  private let times: [Key: Times]

  /// - Parameter observations: of one GPU. Where there are medians over sources ("consensus"), those alone speak; what timing chose
  ///   among a library's algorithms, where there is nothing else.
  package init(_ observations: [Observation]) {
    var seconds: [Key: (all: [Double], consensus: [Double], fastest: [Double])] = [:]
    for observation in observations {
      guard let identity = Key(observation.value) else { continue }
      guard !observation.family.isFastestOffered else {
        seconds[identity, default: ([], [], [])].fastest.append(observation.seconds)
        continue
      }
      seconds[identity, default: ([], [], [])].all.append(observation.seconds)
      if observation.source == "consensus" { seconds[identity]?.consensus.append(observation.seconds) }
    }
    times = seconds.compactMapValues { times in
      [times.consensus, times.all, times.fastest].lazy.compactMap(Times.init).first
    }
  }

  /// What was measured of an operator's kernel; nil where nobody did.
  package subscript(value: Operator<Count>) -> Times? { Key(value).flatMap { times[$0] } }
}
