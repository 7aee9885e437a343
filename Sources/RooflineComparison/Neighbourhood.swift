import RooflineCore

/// Residuals of observations in the space of their shapes, and what they say about a point between them.
struct Neighbourhood: Sendable {
  struct Sample: Sendable {
    let point: SIMD4<Double>
    /// ln(measured/calibrated).
    let residual: Double
    let group: String
  }

  private let points: [SIMD4<Double>]
  private let residuals: [Double]
  private let groups: [Int]
  private let groupNumbers: [String: Int]
  /// The median residual, to which corrections shrink, and by how much.
  private let center: Double
  private let stiffness: Double
  /// Errors of every observation's residual as the others predict it, its group left out.
  private let errors: [Double]
  /// Their 90 % quantile, and that of the residuals themselves.
  private let typicalError, typicalResidual: Double
  /// |error| over its predicted scale, sorted: what an interval must allow for.
  private let scores: [Double]

  static let neighbours = 8
  static let stiffnesses: [Double] = [0, 0.3, 1, 3, 10, .infinity]
  /// The distance, in weighted doublings, at which a correction has faded by half.
  static let reach = 8.0
  static let nearest = 0.05
  static let shareOfTypical = 0.37

  /// A kernel's place: base-2 logarithms of its shape, weighted by how much the error changes with them.
  static func point(_ kernel: TimedKernel) -> SIMD4<Double> {
    func log(_ x: Double) -> Double { RobustFit.logarithm(max(x, 1)) / RobustFit.logarithm(2) }
    switch kernel.shape {
    case .gemm(let shape): return [2 * log(shape.m), 2 * log(shape.n), 0.5 * log(shape.k), 0]
    case .prefill(let call), .decode(let call):
      return [log(call.batch), log(call.context), log(call.keyValueHeads), 0.5 * log(call.group)]
    case .row(let call): return [log(call.rows), log(call.width), 0, 0]
    case .collective(let call): return [2 * log(call.ranks), log(call.bytes), 0, 0]
    }
  }

  init(_ samples: [Sample]) {
    points = samples.map(\.point)
    residuals = samples.map(\.residual)
    var numbers: [String: Int] = [:]
    groups = samples.map { sample in
      if let number = numbers[sample.group] { return number }
      numbers[sample.group] = numbers.count
      return numbers.count - 1
    }
    groupNumbers = numbers
    let sorted = residuals.sorted()
    center = ErrorStatistics.quantile(0.5, ofSorted: sorted)
    typicalResidual = ErrorStatistics.quantile(0.9, ofSorted: residuals.map { abs($0) }.sorted())
    let (points, residuals, groups, center) = (points, residuals, groups, center)
    let around = points.indices.map { index in
      Neighbourhood.around(points[index], points, groups, without: groups[index])
    }
    var best = (stiffness: Double.infinity, errors: [Double](), sum: Double.infinity)
    for stiffness in Neighbourhood.stiffnesses {
      let errors = zip(around, residuals).map { near, residual in
        Neighbourhood.mean(near, residuals, center, stiffness) - residual
      }
      let sum = errors.reduce(0) { $0 + abs($1) }
      if sum < best.sum { best = (stiffness, errors, sum) }
    }
    stiffness = best.stiffness
    let leftOut = best.errors
    errors = leftOut
    let typical = ErrorStatistics.quantile(0.9, ofSorted: leftOut.map { abs($0) }.sorted())
    typicalError = typical
    scores = zip(around, leftOut).map { near, error in
      abs(error) / max(Neighbourhood.scale(near, leftOut, typical), 1e-6)
    }.sorted()
  }

  /// The nearest observations: their indices and distances.
  private static func around(
    _ point: SIMD4<Double>, _ points: [SIMD4<Double>], _ groups: [Int], without group: Int?
  ) -> [(index: Int, distance: Double)] {
    var found: [(index: Int, distance: Double)] = []
    found.reserveCapacity(neighbours + 1)
    var limit = Double.infinity
    for index in points.indices where groups[index] != group {
      let away = points[index] - point
      let distance = (away * away).sum()
      guard distance < limit else { continue }
      let place = found.firstIndex { distance < $0.distance } ?? found.count
      found.insert((index, distance), at: place)
      if found.count > neighbours { found.removeLast() }
      if found.count == neighbours { limit = found[neighbours - 1].distance }
    }
    return found.map { ($0.index, $0.distance.squareRoot()) }
  }

  private static func mean(
    _ near: [(index: Int, distance: Double)], _ residuals: [Double], _ center: Double, _ stiffness: Double
  ) -> Double {
    guard stiffness.isFinite else { return center }
    var (sum, total) = (0.0, stiffness)
    for (index, distance) in near {
      let weight = 1 / (max(distance, nearest) * max(distance, nearest))
      sum += weight * (residuals[index] - center)
      total += weight
    }
    return total > 0 ? center + sum / total : center
  }

  private static func scale(_ near: [(index: Int, distance: Double)], _ errors: [Double], _ typical: Double) -> Double {
    let squares = near.reduce(0) { $0 + errors[$1.index] * errors[$1.index] }
    return ((squares + shareOfTypical * typical * typical) / Double(neighbours + 1)).squareRoot()
  }

  /// How much of a correction is left so far from the nearest observation: all of it nearby, half at `reach`.
  private static func strength(_ near: [(index: Int, distance: Double)]) -> Double {
    guard let distance = near.first?.distance else { return 0 }
    let share = distance / reach
    return 1 / (1 + (share * share) * (share * share))
  }

  func correction(at point: SIMD4<Double>, without group: String?) -> (factor: Double, strength: Double) {
    let near = Neighbourhood.around(point, points, groups, without: group.flatMap { groupNumbers[$0] })
    let strength = Neighbourhood.strength(near)
    let mean = Neighbourhood.mean(near, residuals, center, stiffness)
    return (RobustFit.exponential(strength * mean), strength)
  }

  /// Factors on the corrected time; wider the farther the observations are.
  func interval(at point: SIMD4<Double>, without group: String?, share: Double) -> ClosedRange<Double> {
    let near = Neighbourhood.around(point, points, groups, without: group.flatMap { groupNumbers[$0] })
    let lost = 1 - Neighbourhood.strength(near)
    let scale = Neighbourhood.scale(near, errors, typicalError)
    // Conformal: the share's rank among one more.
    let rank = min(Double(scores.count) - 1, (share * Double(scores.count + 1)).rounded(.up) - 1)
    let score = ErrorStatistics.quantile(max(0, rank) / Double(max(scores.count - 1, 1)), ofSorted: scores)
    let faded = lost * 2 * typicalResidual
    let half = ((scale * score) * (scale * score) + faded * faded).squareRoot()
    return RobustFit.exponential(-half)...RobustFit.exponential(half)
  }
}
