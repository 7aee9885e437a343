import RooflineCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Finds the constants under which predictions lie nearest to measurements, in logarithms, without trusting outliers and without
/// leaving a prior for no reason.
///
/// Minimises Σ ρ(rᵢ/s) + Σ ((uⱼ − priorⱼ)/spreadⱼ)² over the constants' logarithms u, where rᵢ = ln(predicted/measured), s the
/// residuals' own scale and ρ Huber's function: squares up to 1, straight beyond, so that a row three times too slow pulls as much as
/// one that is a little off. Levenberg and Marquardt's damped steps with differences for derivatives; the same input gives the same
/// output, bit by bit.
package struct RobustFit {
  /// One constant that may move.
  package struct Parameter: Sendable {
    package var prior: Double
    package var bounds: ClosedRange<Double>
    /// One standard deviation of the prior, as a factor; nil: no prior.
    package var spread: Double?

    package init(prior: Double, bounds: ClosedRange<Double>, spread: Double?) {
      self.prior = prior
      self.bounds = bounds
      self.spread = spread
    }

    /// Constants that may be 0 are moved by the logarithm of themselves plus a hundredth of their range.
    var offset: Double { bounds.lowerBound > 0 ? 0 : 0.01 * bounds.upperBound }
    func position(_ value: Double) -> Double {
      log(min(max(value, bounds.lowerBound), bounds.upperBound) + offset)
    }
    func value(_ position: Double) -> Double {
      min(max(exp(position) - offset, bounds.lowerBound), bounds.upperBound)
    }
    var low: Double { log(bounds.lowerBound + offset) }
    var high: Double { log(bounds.upperBound + offset) }
  }

  package struct Solution: Sendable {
    package var values: [Double]
    /// Of the constants' logarithms: how far chance alone moves them.
    package var standardErrors: [Double]
    /// Which constants ended at a bound: the data want them beyond it, or say nothing about them.
    package var isAtBound: [Bool]
    package var objective: Double
    /// The scale of the residuals.
    package var scale: Double
  }

  package let parameters: [Parameter]
  /// Natural logarithms of measured times.
  let observed: [Double]
  /// How much each row counts.
  let weights: [Double]
  /// Predicted times (not logarithms) of every row under the constants.
  let predict: ([Double]) -> [Double]
  /// For constants, predictions that hold close to them, as far as slopes need: nil where `predict` serves for those, too.
  let predictNear: (([Double]) -> ([Double]) -> [Double])?

  package init(
    parameters: [Parameter], measured: [Double], weights: [Double]? = nil,
    predictNear: (([Double]) -> ([Double]) -> [Double])? = nil, predict: @escaping ([Double]) -> [Double]
  ) {
    self.predictNear = predictNear
    self.parameters = parameters
    observed = measured.map { log($0) }
    self.weights = weights ?? Array(repeating: 1, count: measured.count)
    self.predict = predict
  }

  /// The best solution from several starts.
  package func solve(from starts: [[Double]], rounds: Int = 5) -> Solution? {
    starts.map { solve(from: $0, rounds: rounds) }.min { $0.objective < $1.objective }
  }

  /// No residual is taken to be smaller than repeats of a measurement differ.
  static let smallestScale = 0.003

  package func solve(from start: [Double], rounds: Int = 5) -> Solution {
    let count = parameters.count
    var position = zip(parameters, start).map { $0.position($1) }
    let prior = parameters.map { $0.position($0.prior) }
    let stiffness = parameters.map { parameter in parameter.spread.map { 1 / (log($0) * log($0)) } ?? 0 }
    var residuals = residuals(at: position)
    var scale = RobustFit.scale(of: residuals)
    var normal: [Double] = []
    for _ in 0..<rounds {
      scale = RobustFit.scale(of: residuals)
      var damping = 1e-3
      var current = objective(residuals, position, scale, prior, stiffness)
      for _ in 0..<12 {
        let (matrix, gradient) = normalEquations(position, residuals, scale, prior, stiffness)
        normal = matrix
        var hasImproved = false
        while damping < 1e8 {
          var damped = matrix
          for index in 0..<count { damped[index * count + index] += damping * max(matrix[index * count + index], 1e-9) }
          guard let step = RobustFit.solveLinear(damped, gradient) else {
            damping *= 10
            continue
          }
          var next = position
          for index in 0..<count {
            let parameter = parameters[index]
            next[index] = min(max(position[index] - step[index], parameter.low), parameter.high)
          }
          let candidate = self.residuals(at: next)
          let value = objective(candidate, next, scale, prior, stiffness)
          if value < current {
            hasImproved = current - value > 1e-7 * current
            position = next
            residuals = candidate
            current = value
            damping = max(damping * 0.2, 1e-9)
            break
          }
          damping *= 8
        }
        if !hasImproved { break }
      }
    }
    let final = objective(residuals, position, scale, prior, stiffness)
    let inverse = RobustFit.inverseDiagonal(normal, count)
    // Every constant fitted takes a residual's worth of freedom, and makes the rest look smaller than they are.
    let freedom = residuals.count > count ? Double(residuals.count) / Double(residuals.count - count) : 1
    return Solution(
      values: zip(parameters, position).map { $0.value($1) },
      standardErrors: inverse.map { $0 > 0 ? ($0 * freedom).squareRoot() : .infinity },
      isAtBound: zip(parameters, position).map { $1 - $0.low < 1e-6 || $0.high - $1 < 1e-6 },
      // Starts are compared under one scale: by the mean loss itself.
      objective: residuals.isEmpty
        ? final
        : zip(residuals, weights).reduce(0) { $0 + abs($1.0) * $1.1 } + 0.02 * priorLoss(position, prior, stiffness),
      scale: scale)
  }

  static func logarithm(_ x: Double) -> Double { log(x) }
  static func exponential(_ x: Double) -> Double { exp(x) }

  private func residuals(at position: [Double]) -> [Double] { residuals(at: position, by: predict) }

  private func residuals(at position: [Double], by predict: ([Double]) -> [Double]) -> [Double] {
    let predicted = predict(zip(parameters, position).map { $0.value($1) })
    return zip(predicted, observed).map { $0 > 0 && $0.isFinite ? log($0) - $1 : 20 }
  }

  private func priorLoss(_ position: [Double], _ prior: [Double], _ stiffness: [Double]) -> Double {
    var loss = 0.0
    for index in position.indices {
      let away = position[index] - prior[index]
      loss += stiffness[index] * away * away
    }
    return loss
  }

  private func objective(
    _ residuals: [Double], _ position: [Double], _ scale: Double, _ prior: [Double], _ stiffness: [Double]
  ) -> Double {
    var loss = priorLoss(position, prior, stiffness)
    for (residual, weight) in zip(residuals, weights) {
      let size = abs(residual) / scale
      loss += weight * (size <= 1 ? size * size : 2 * size - 1)
    }
    return loss
  }

  /// Gauss's approximation: JᵀWJ and JᵀWr, with Huber's weights and the prior.
  private func normalEquations(
    _ position: [Double], _ residuals: [Double], _ scale: Double, _ prior: [Double], _ stiffness: [Double]
  ) -> (matrix: [Double], gradient: [Double]) {
    let count = parameters.count
    var columns: [[Double]] = []
    let predict = predictNear?(zip(parameters, position).map { $0.value($1) }) ?? self.predict
    for index in 0..<count {
      var moved = position
      // Away from the bound, where there is one.
      let step = position[index] + 2e-3 > parameters[index].high ? -2e-3 : 2e-3
      moved[index] += step
      let other = self.residuals(at: moved, by: predict)
      columns.append(zip(other, residuals).map { ($0 - $1) / step })
    }
    let rowWeights = zip(residuals, weights).map { residual, weight in
      weight / (scale * max(scale, abs(residual)))
    }
    var matrix = [Double](repeating: 0, count: count * count)
    var gradient = [Double](repeating: 0, count: count)
    for row in 0..<count {
      for column in row..<count {
        var sum = 0.0
        for index in residuals.indices { sum += columns[row][index] * columns[column][index] * rowWeights[index] }
        matrix[row * count + column] = sum
        matrix[column * count + row] = sum
      }
      for index in residuals.indices { gradient[row] += columns[row][index] * residuals[index] * rowWeights[index] }
      matrix[row * count + row] += stiffness[row]
      gradient[row] += stiffness[row] * (position[row] - prior[row])
    }
    return (matrix, gradient)
  }

  /// 1.4826 × the median |residual|: the standard deviation, were they normal.
  static func scale(of residuals: [Double]) -> Double {
    guard !residuals.isEmpty else { return smallestScale }
    let sizes = residuals.map { abs($0) }.sorted()
    return max(1.4826 * sizes[sizes.count / 2], smallestScale)
  }

  /// Gaussian elimination with the largest pivot; nil where the matrix is singular.
  static func solveLinear(_ matrix: [Double], _ right: [Double]) -> [Double]? {
    let count = right.count
    var a = matrix
    var b = right
    for column in 0..<count {
      guard let pivot = (column..<count).max(by: { abs(a[$0 * count + column]) < abs(a[$1 * count + column]) }),
        abs(a[pivot * count + column]) > 1e-300
      else { return nil }
      if pivot != column {
        for index in 0..<count { a.swapAt(pivot * count + index, column * count + index) }
        b.swapAt(pivot, column)
      }
      for row in column + 1..<max(count, column + 1) {
        let factor = a[row * count + column] / a[column * count + column]
        guard factor != 0 else { continue }
        for index in column..<count { a[row * count + index] -= factor * a[column * count + index] }
        b[row] -= factor * b[column]
      }
    }
    for row in stride(from: count - 1, through: 0, by: -1) {
      for index in row + 1..<max(count, row + 1) { b[row] -= a[row * count + index] * b[index] }
      b[row] /= a[row * count + row]
    }
    return b.allSatisfy(\.isFinite) ? b : nil
  }

  static func inverseDiagonal(_ matrix: [Double], _ count: Int) -> [Double] {
    (0..<count).map { index in
      var unit = [Double](repeating: 0, count: count)
      unit[index] = 1
      return matrix.count == count * count ? solveLinear(matrix, unit)?[index] ?? .infinity : .infinity
    }
  }
}
