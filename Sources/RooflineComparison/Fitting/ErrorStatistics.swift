#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// How far predictions lie from measurements; shares, not percent.
package struct ErrorStatistics: Hashable, Sendable, Encodable {
  package var n: Int
  /// Mean, median and 90 % quantile of |predicted/measured − 1|.
  package var mape, medianApe, p90Ape: Double
  /// Mean of predicted/measured − 1.
  package var bias: Double
  /// Σ |predicted − measured| / Σ measured: long kernels count more.
  package var wape: Double

  /// nil without rows, and where a prediction is no finite number.
  package init?(predicted: [Double], measured: [Double]) {
    guard !predicted.isEmpty else { return nil }
    n = predicted.count
    var (sum, signed, away, total) = (0.0, 0.0, 0.0, 0.0)
    var sizes: [Double] = []
    sizes.reserveCapacity(n)
    for (prediction, measurement) in zip(predicted, measured) {
      let error = prediction / measurement - 1
      sizes.append(abs(error))
      sum += abs(error)
      signed += error
      away += abs(prediction - measurement)
      total += measurement
    }
    sizes.sort()
    mape = sum / Double(n)
    bias = signed / Double(n)
    medianApe = Self.quantile(0.5, ofSorted: sizes)
    p90Ape = Self.quantile(0.9, ofSorted: sizes)
    wape = away / total
    guard mape.isFinite, wape.isFinite, p90Ape.isFinite else { return nil }
  }

  /// The value below which a share of the sorted values lies; straight between neighbours.
  package static func quantile(_ share: Double, ofSorted values: [Double]) -> Double {
    guard let last = values.last else { return .nan }
    let place = share * Double(values.count - 1)
    let low = Int(place)
    guard low + 1 < values.count else { return last }
    return values[low] + (place - Double(low)) * (values[low + 1] - values[low])
  }
}
