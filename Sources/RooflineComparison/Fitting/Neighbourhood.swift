import RooflineTimeModels

/// Residuals of observations in the space of their shapes, and what they say about a point between them.
struct Neighbourhood: Sendable {
  /// Indices of the nearest samples, and how far away each is.
  typealias Near = [(index: Int, distance: Double)]

  struct Sample: Sendable {
    let point: SIMD4<Double>
    /// ln(measured/calibrated).
    let residual: Double
    let group: String
  }

  private let nearest: NearestPoints
  /// What is near a sample's place without its group, which is asked for again and again.
  private let known: [SIMD4<Double>: (group: Int, near: Near)]
  private let residuals: [Double]
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
  static let nearestDistance = 0.05
  static let shareOfTypical = 0.37

  init(_ samples: [Sample]) {
    let points = samples.map(\.point)
    residuals = samples.map(\.residual)
    let (groups, numbers) = Neighbourhood.numbered(samples)
    groupNumbers = numbers
    nearest = NearestPoints(points, groups: groups)
    let sorted = residuals.sorted()
    center = ErrorStatistics.quantile(0.5, ofSorted: sorted)
    typicalResidual = ErrorStatistics.quantile(0.9, ofSorted: residuals.map { abs($0) }.sorted())
    let (nearest, residuals, center) = (nearest, residuals, center)
    let around = points.indices.map { index in
      nearest.nearest(to: points[index], count: Neighbourhood.neighbours, withoutGroup: groups[index])
    }
    known = Dictionary(
      zip(points, zip(groups, around).map { (group: $0, near: $1) }), uniquingKeysWith: { first, _ in first })
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

  /// A number for each group, in the order in which they come.
  private static func numbered(_ samples: [Sample]) -> (groups: [Int], numbers: [String: Int]) {
    var numbers: [String: Int] = [:]
    let groups = samples.map { sample in
      if let number = numbers[sample.group] { return number }
      numbers[sample.group] = numbers.count
      return numbers.count - 1
    }
    return (groups, numbers)
  }

  private static func mean(
    _ near: Near, _ residuals: [Double], _ center: Double, _ stiffness: Double
  ) -> Double {
    guard stiffness.isFinite else { return center }
    var (sum, total) = (0.0, stiffness)
    for (index, distance) in near {
      let weight = 1 / (max(distance, nearestDistance) * max(distance, nearestDistance))
      sum += weight * (residuals[index] - center)
      total += weight
    }
    return total > 0 ? center + sum / total : center
  }

  private static func scale(_ near: Near, _ errors: [Double], _ typical: Double) -> Double {
    let squares = near.reduce(0) { $0 + errors[$1.index] * errors[$1.index] }
    return ((squares + shareOfTypical * typical * typical) / Double(neighbours + 1)).squareRoot()
  }

  /// How much of a correction is left so far from the nearest observation: all of it nearby, half at `reach`.
  private static func strength(_ near: Near) -> Double {
    guard let distance = near.first?.distance else { return 0 }
    let share = distance / reach
    return 1 / (1 + (share * share) * (share * share))
  }

  /// What the observations say of a kernel.
  struct Statement: Hashable, Sendable {
    /// On the calibrated time.
    let factor: Double
    /// Factors on the corrected time; wider the farther the observations are.
    let interval: ClosedRange<Double>
  }

  private func near(_ point: SIMD4<Double>, without group: Int?) -> Near {
    if let group, let own = known[point], own.group == group { return own.near }
    return nearest.nearest(to: point, count: Neighbourhood.neighbours, withoutGroup: group)
  }

  /// - Parameters:
  ///   - group: one that is left out.
  ///   - share: of measurements that the interval holds.
  func statement(at point: SIMD4<Double>, without group: String?, share: Double) -> Statement {
    let near = near(point, without: group.flatMap { groupNumbers[$0] })
    let strength = Neighbourhood.strength(near)
    let mean = Neighbourhood.mean(near, residuals, center, stiffness)
    let scale = Neighbourhood.scale(near, errors, typicalError)
    // Conformal: the share's rank among one more.
    let rank = min(Double(scores.count) - 1, (share * Double(scores.count + 1)).rounded(.up) - 1)
    let score = ErrorStatistics.quantile(max(0, rank) / Double(max(scores.count - 1, 1)), ofSorted: scores)
    let faded = (1 - strength) * 2 * typicalResidual
    let half = ((scale * score) * (scale * score) + faded * faded).squareRoot()
    // Observations lie within what a calibration may state; so does what they say.
    let least = min(half, HeldOutErrors.logarithms.upperBound)
    return Statement(
      factor: RobustFit.exponential(strength * mean),
      interval: RobustFit.exponential(-least)...RobustFit.exponential(least))
  }
}

extension Neighbourhood {
  /// Fewer samples than this do not tell which of them is off.
  private static let leastSamples = 5

  /// Samples that must be accidents: beyond what any kernel's constants are off by, or alone far from all others and from those next to
  /// them. A tenth of the samples and more are no accidents but a model that does not fit.
  static func accidents(_ samples: [Sample]) -> Set<Int> {
    let beyond = Set(samples.indices.filter { !HeldOutErrors.logarithms.contains(samples[$0].residual) })
    let rest = samples.indices.filter { !beyond.contains($0) }
    guard rest.count >= leastSamples else { return beyond }
    let residuals = rest.map { samples[$0].residual }
    let center = ErrorStatistics.quantile(0.5, ofSorted: residuals.sorted())
    let scale = RobustFit.scale(of: residuals.map { $0 - center })
    let candidates = rest.indices.filter {
      Calibrator.isAccident(ratio: RobustFit.exponential(residuals[$0] - center), scale: scale)
    }
    guard !candidates.isEmpty else { return beyond }
    let chosen = rest.map { samples[$0] }
    let nearest = NearestPoints(chosen.map(\.point), groups: numbered(chosen).groups)
    let alone = candidates.filter { place in
      let near = nearest.nearest(to: chosen[place].point, count: neighbours, withoutIndex: place)
      let around = ErrorStatistics.quantile(0.5, ofSorted: near.map { residuals[$0.index] }.sorted())
      return Calibrator.isAccident(ratio: RobustFit.exponential(residuals[place] - around), scale: scale)
    }
    return alone.count * 10 > rest.count ? beyond : beyond.union(alone.map { rest[$0] })
  }
}
