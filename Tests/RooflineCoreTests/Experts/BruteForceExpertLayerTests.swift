import Foundation
import RooflineCore
import TestSupport
import XCTest

final class BruteForceExpertLayerTests: XCTestCase {
  func testALayerOfExpertsCostsWhatItsProductsExecuteAndTouch() { BruteForceCase.check(Self.cases, .expertLayer) }

  /// Which experts each token goes to; their union is what this routing touches.
  private static let routings: [(experts: Int, tokens: [[Int]])] = [
    (1, [[0]]), (4, [[1, 3], [3, 0], [1, 3]]), (5, [[4], [4], [2]]),
    (6, [[0, 1, 2], [2, 3, 4], [5, 0, 1], [0, 2, 4]]),
  ]

  static var cases: [BruteForceCase] {
    routings.flatMap { routing in
      BruteForceFormats.all.flatMap { formats in
        [true, false].map { layer(routing, formats, isGated: $0) }
      }
    }
  }

  private static func layer(
    _ routing: (experts: Int, tokens: [[Int]]), _ formats: BruteForceFormats, isGated: Bool
  ) -> BruteForceCase {
    let (hidden, width, tokens) = (5, 3, routing.tokens.count)
    let touched = Set(routing.tokens.joined()).count
    let described = ExpertLayer<Count>(
      visible: Count(tokens), hidden: Count(hidden), width: Count(width), isGated: isGated,
      experts: ExpertSet(
        held: Count(routing.experts), chosen: Count(routing.tokens[0].count), tokens: Count(tokens),
        touched: .stated(Double(touched))),
      load: .distinct(Double(touched)), ranks: 1, formats: formats.formats)
    let name = "\(routing.tokens) of \(routing.experts), \(formats.name), gated \(isGated)"
    return BruteForceCase(name, .expertLayer(described), matrixUnit: formats.linearUnit) { machine in
      let x = formats.tensor("x", .activations, \.residual, tokens, hidden)
      let logits = formats.tensor("logits", .activations, \.residual, tokens, routing.experts)
      let weight = formats.tensor("W", .weights, \.weight, routing.experts, isGated ? 3 : 2, hidden * width)
      let y = formats.tensor("y", .activations, \.residual, tokens, hidden)
      for (token, experts) in routing.tokens.enumerated() {
        for expert in 0..<routing.experts { _ = machine.load(logits, token, expert) }
        var sums = [Double](repeating: 0, count: hidden)
        for expert in experts {
          for matrix in 0..<(isGated ? 3 : 2) {
            for column in 0..<width {
              for inner in 0..<hidden {
                let element = machine.load(weight, expert, matrix, column * hidden + inner)
                let product = machine.multiply(machine.load(x, token, inner), element, on: formats.linear)
                sums[inner] = machine.add(sums[inner], product, on: formats.linear)
              }
            }
          }
        }
        for inner in 0..<hidden { machine.store(sums[inner], in: y, token, inner) }
      }
    }
  }
}
