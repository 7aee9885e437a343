import Foundation
import RooflineCore
import TestSupport
import XCTest

final class BruteForceRouteGradientTests: XCTestCase {
  func testRoutingsGradientCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.cases, .routeGradient) }

  static var cases: [BruteForceCase] {
    [(1, 3, 1), (2, 4, 2), (3, 7, 3)].flatMap { rows, experts, chosen in
      Route<Count>.Scoring.allCases.flatMap { scoring in
        [
          (false, false, false), (true, false, false), (true, true, false), (false, false, true), (true, true, true),
        ].flatMap { renormalises, scales, hasExpertScales in
          BruteForceFormats.all.map { formats in
            let routing = Routing(
              rows: rows, experts: experts, chosen: chosen, scoring: scoring, renormalises: renormalises,
              scales: scales, hasExpertScales: hasExpertScales, formats: formats)
            return BruteForceCase(routing.name, .routeGradient(routing.described), execute: routing.gradient)
          }
        }
      }
    }
  }

  /// Weights of the chosen experts, each times its expert's learned scale where there is one, and the loss Σ dW·weight.
  private struct Routing {
    let rows, experts, chosen: Int
    let scoring: Route<Count>.Scoring
    let renormalises, scales, hasExpertScales: Bool
    let formats: BruteForceFormats

    var name: String {
      "\(rows) tokens to \(chosen) of \(experts), \(scoring), \(renormalises) \(scales) \(hasExpertScales), \(formats.name)"
    }

    var described: RouteGradient<Count> {
      RouteGradient(
        Route(
          rows: Count(rows), experts: Count(experts), chosen: Count(chosen), scoring: scoring,
          weighting: .init(renormalises: renormalises, scales: scales), hasExpertScales: hasExpertScales,
          formats: formats.formats))
    }

    private static let factor = 2.5

    /// The chosen experts of a row of logits: those with the largest.
    private func order(_ logits: [Double]) -> [Int] {
      Array(logits.indices.sorted { logits[$0] > logits[$1] }.prefix(chosen))
    }

    /// The weights as the forward row has them, without a machine.
    private func weights(_ logits: [Double], _ order: [Int], _ expertScales: [Double]) -> [Double] {
      var scores: [Double]
      switch scoring {
      case .softmax:
        let sum = logits.reduce(0) { $0 + exp($1) }
        scores = order.map { exp(logits[$0]) / sum }
      case .softmaxOfChosen:
        let sum = order.reduce(0) { $0 + exp(logits[$1]) }
        scores = order.map { exp(logits[$0]) / sum }
      case .sigmoid: scores = order.map { 1 / (1 + exp(-logits[$0])) }
      case .sqrtSoftplus: scores = order.map { log(1 + exp(logits[$0])).squareRoot() }
      }
      if renormalises {
        let sum = scores.reduce(0, +)
        scores = scores.map { $0 / sum }
      }
      if hasExpertScales { scores = zip(scores, order).map { $0 * expertScales[$1] } }
      return scales ? scores.map { $0 * Self.factor } : scores
    }

    func gradient(_ machine: CountingMachine) {
      let logits = formats.tensor("logits", .activations, \.residual, rows, experts)
      let dW = formats.tensor("dW", .activations, \.residual, rows, chosen)
      let ids = DeviceTensor("ids", .activations, bits: 32, shape: [rows, chosen])
      let gradient = formats.tensor("dLogits", .activations, \.residual, rows, experts)
      let expertScales = formats.tensor("expert scales", .weights, \.residual, experts)
      let scaleGradient = formats.tensor("dScales", .activations, \.residual, experts)
      var sums = [Double](repeating: 0, count: experts)
      let held = hasExpertScales ? (0..<experts).map { machine.load(expertScales, $0) } : []
      for row in 0..<rows {
        let plain = (0..<experts).map { logits[row, $0] }
        let order = order(plain)
        for (place, expert) in order.enumerated() { ids[[row, place]] = Double(expert) }
        let known = (0..<chosen).map { Int(machine.load(ids, row, $0)) }
        var upstream = (0..<chosen).map { machine.load(dW, row, $0) }
        if scales { upstream = upstream.map { machine.multiply($0, Self.factor) } }
        let values: [Double] =
          scoring == .softmax
          ? (0..<experts).map { machine.load(logits, row, $0) } : known.map { machine.load(logits, row, $0) }
        let result = derivative(values, known, upstream, machine) { weights, upstream in
          guard hasExpertScales else { return upstream }
          return zip(known, zip(weights, upstream)).map { expert, pair in
            sums[expert] = machine.add(sums[expert], machine.multiply(pair.1, pair.0))
            return machine.multiply(pair.1, held[expert])
          }
        }
        for expert in 0..<experts { machine.store(result[expert] ?? 0, in: gradient, row, expert) }
        let right = NumericalGradient.of(
          { point in
            zip(weights(point, order, expertScales.flattened), 0..<chosen).reduce(0) { $0 + $1.0 * dW[row, $1.1] }
          }, at: plain)
        for expert in 0..<experts {
          XCTAssertEqual(gradient[row, expert], right[expert], accuracy: NumericalGradient.accuracy, name)
        }
      }
      guard hasExpertScales else { return }
      for expert in 0..<experts { machine.store(sums[expert], in: scaleGradient, expert) }
      let right = NumericalGradient.of(
        { point in
          (0..<rows).reduce(0) { sum, row in
            let plain = (0..<experts).map { logits[row, $0] }
            return zip(weights(plain, order(plain), point), 0..<chosen).reduce(sum) { $0 + $1.0 * dW[row, $1.1] }
          }
        }, at: expertScales.flattened)
      for expert in 0..<experts {
        XCTAssertEqual(scaleGradient[expert], right[expert], accuracy: NumericalGradient.accuracy, name)
      }
    }

    /// Each expert's logit's derivative; those that are missing are zero.
    ///
    /// - Parameter scaled: the gradient of weights from that of the weights times their experts' scales.
    private func derivative(
      _ values: [Double], _ known: [Int], _ upstream: [Double], _ machine: CountingMachine,
      scaled: ([Double], [Double]) -> [Double]
    ) -> [Int: Double] {
      switch scoring {
      case .softmax:
        let all = softmax(values, machine)
        let scores = known.map { all[$0] }
        let own = normalised(scores, upstream, machine, scaled)
        let dot = product(own, scores, machine)
        var result: [Int: Double] = [:]
        for expert in all.indices {
          let part = known.firstIndex(of: expert).map { own[$0] } ?? 0
          result[expert] = machine.multiply(machine.subtract(part, dot), all[expert])
        }
        return result
      case .softmaxOfChosen:
        let scores = softmax(values, machine)
        let own = normalised(scores, upstream, machine, scaled)
        let dot = product(own, scores, machine)
        return pairs(known, zip(own, scores).map { machine.multiply(machine.subtract($0, dot), $1) })
      case .sigmoid:
        let scores = values.map { machine.divide(1, machine.add(1, machine.special(exp, -$0))) }
        let own = normalised(scores, upstream, machine, scaled)
        return pairs(
          known,
          zip(own, scores).map { machine.multiply(machine.multiply($0, $1), machine.subtract(1, $1)) })
      case .sqrtSoftplus:
        let powers = values.map { machine.special(exp, $0) }
        let above = powers.map { machine.add(1, $0) }
        // A root is one operation of the CUDA cores; any other of its results does as well as a quotient's.
        let scores = above.map { value in
          let softplus = machine.special(log, value)
          return machine.divide(softplus, softplus.squareRoot())
        }
        let own = normalised(scores, upstream, machine, scaled)
        return pairs(
          known,
          own.indices.map { index in
            let numerator = machine.multiply(own[index], powers[index])
            let denominator = machine.multiply(machine.multiply(above[index], scores[index]), 2)
            return machine.divide(numerator, denominator)
          })
      }
    }

    private func pairs(_ known: [Int], _ values: [Double]) -> [Int: Double] {
      Dictionary(zip(known, values)) { first, _ in first }
    }

    private func softmax(_ values: [Double], _ machine: CountingMachine) -> [Double] {
      let largest = values.reduce(-Double.infinity) { machine.maximum($0, $1) }
      let powers = values.map { machine.special(exp, machine.subtract($0, largest)) }
      let sum = powers.reduce(0.0) { machine.add($0, $1) }
      return powers.map { machine.divide($0, sum) }
    }

    private func product(_ left: [Double], _ right: [Double], _ machine: CountingMachine) -> Double {
      zip(left, right).reduce(0.0) { machine.add($0, machine.multiply($1.0, $1.1)) }
    }

    /// The scores' gradient from that of their renormalised values.
    private func normalised(
      _ scores: [Double], _ upstream: [Double], _ machine: CountingMachine, _ scaled: ([Double], [Double]) -> [Double]
    ) -> [Double] {
      guard renormalises else { return scaled(scores, upstream) }
      let sum = scores.reduce(0.0) { machine.add($0, $1) }
      let weights = scores.map { machine.divide($0, sum) }
      let own = scaled(weights, upstream)
      let dot = product(own, weights, machine)
      return own.map { machine.divide(machine.subtract($0, dot), sum) }
    }
  }
}
