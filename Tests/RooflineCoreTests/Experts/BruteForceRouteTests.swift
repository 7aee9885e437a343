import Foundation
import RooflineCore
import TestSupport
import XCTest

final class BruteForceRouteTests: XCTestCase {
  func testRoutingCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.cases, .route) }

  static var cases: [BruteForceCase] {
    var cases: [BruteForceCase] = []
    for (rows, experts, chosen) in [(1, 3, 1), (2, 4, 2), (3, 7, 3)] {
      for formats in BruteForceFormats.all {
        for scoring in Route<Count>.Scoring.allCases {
          for (hasCorrection, renormalises, scales) in [
            (false, false, false), (true, true, true), (false, true, false),
          ] {
            cases.append(
              route(
                rows, experts, chosen, formats, scoring, hasCorrection: hasCorrection, renormalises: renormalises,
                scales: scales))
          }
          cases.append(
            route(
              rows, experts, chosen, formats, scoring, hasCorrection: false, renormalises: true, scales: false,
              hasExpertScales: true))
        }
      }
    }
    return cases
  }

  private static func route(
    _ rows: Int, _ experts: Int, _ chosen: Int, _ formats: BruteForceFormats, _ scoring: Route<Count>.Scoring,
    hasCorrection: Bool, renormalises: Bool, scales: Bool, hasExpertScales: Bool = false
  ) -> BruteForceCase {
    let described = Route<Count>(
      rows: Count(rows), experts: Count(experts), chosen: Count(chosen), scoring: scoring,
      hasCorrection: hasCorrection, weighting: .init(renormalises: renormalises, scales: scales),
      hasExpertScales: hasExpertScales, formats: formats.formats)
    let name =
      "\(rows) tokens to \(chosen) of \(experts), \(scoring), \(formats.name), \(hasCorrection) \(renormalises) \(scales), \(hasExpertScales)"
    return BruteForceCase(name, .route(described)) { machine in
      let logits = formats.tensor("logits", .activations, \.residual, rows, experts)
      let correction = formats.tensor("correction", .weights, \.residual, experts)
      let expertScales = formats.tensor("scales", .weights, \.residual, experts)
      let weights = formats.tensor("weights", .activations, \.residual, rows, chosen)
      let ids = DeviceTensor("ids", .activations, bits: 32, shape: [rows, chosen])
      for row in 0..<rows {
        let values = (0..<experts).map { machine.load(logits, row, $0) }
        var scores = scoring == .softmaxOfChosen ? values : Self.scores(values, scoring, machine)
        let rank = scores.enumerated().map { index, score in
          hasCorrection ? machine.add(score, machine.load(correction, index)) : score
        }
        let order = rank.indices.sorted { rank[$0] > rank[$1] }.prefix(chosen)
        scores = order.map { scores[$0] }
        if scoring == .softmaxOfChosen { scores = Self.scores(scores, .softmax, machine) }
        if renormalises {
          let sum = scores.reduce(0.0) { machine.add($0, $1) }
          scores = scores.map { machine.divide($0, sum) }
          XCTAssertEqual(scores.reduce(0, +), 1, accuracy: 1e-12)
        }
        if scales { scores = scores.map { machine.multiply($0, 2.5) } }
        if hasExpertScales {
          let factors = (0..<experts).map { machine.load(expertScales, $0) }
          scores = zip(order, scores).map { machine.multiply($1, factors[$0]) }
        }
        for (place, (expert, score)) in zip(order, scores).enumerated() {
          machine.store(score, in: weights, row, place)
          machine.store(Double(expert), in: ids, row, place)
        }
      }
    }
  }

  private static func scores(
    _ logits: [Double], _ scoring: Route<Count>.Scoring, _ machine: CountingMachine
  ) -> [Double] {
    switch scoring {
    case .softmax, .softmaxOfChosen:
      let largest = logits.reduce(-Double.infinity) { machine.maximum($0, $1) }
      let powers = logits.map { machine.special(exp, machine.subtract($0, largest)) }
      let sum = powers.reduce(0.0) { machine.add($0, $1) }
      return powers.map { machine.divide($0, sum) }
    case .sigmoid: return logits.map { machine.divide(1, machine.add(1, machine.special(exp, -$0))) }
    case .sqrtSoftplus:
      return logits.map { logit in
        let softplus = machine.special(log, machine.add(1, machine.special(exp, logit)))
        // One operation of the CUDA cores; any other of its results does as well as a quotient's.
        return machine.divide(softplus, softplus.squareRoot())
      }
    }
  }
}
