import Foundation
import RooflineCore
import TestSupport
import XCTest

final class BruteForceExpertTests: XCTestCase {
  func testGroupedProductsCostWhatTheirLoopsExecuteAndTouch() { BruteForceCase.check(Self.groupedCases, .groupedGEMM) }

  func testCombiningCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.combineCases, .expertCombine) }

  func testAGateCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.gateCases, .sigmoidGate) }

  func testClampedSwiGLUCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.clampedCases, .clampedSwiGLU) }

  func testSquaredReluCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.squaredReluCases, .squaredRelu) }

  /// Which experts each token goes to; their union is what a batch of this routing touches.
  private static let routings: [(experts: Int, tokens: [[Int]])] = [
    (1, [[0]]), (2, [[0, 1]]), (4, [[1, 3], [3, 0], [1, 3]]), (5, [[4], [4], [2]]),
    (6, [[0, 1, 2], [2, 3, 4], [5, 0, 1], [0, 2, 4]]),
  ]

  static var groupedCases: [BruteForceCase] {
    var cases: [BruteForceCase] = []
    for routing in routings {
      for formats in BruteForceFormats.all {
        for (hasBias, isGathered) in [(false, true), (true, false), (true, true)] {
          cases.append(grouped(routing, formats, hasBias: hasBias, isGathered: isGathered))
        }
      }
    }
    return cases
  }

  /// - Parameter isGathered: x has a row for each token; else each pair has a row of its own.
  private static func grouped(
    _ routing: (experts: Int, tokens: [[Int]]), _ formats: BruteForceFormats, hasBias: Bool, isGathered: Bool
  ) -> BruteForceCase {
    let (n, k) = (3, 5)
    let pairs = routing.tokens.enumerated().flatMap { token, experts in experts.map { (token, $0) } }
    let rows = isGathered ? routing.tokens.count : pairs.count
    let described = GroupedGEMM<Count>(
      m: Count(pairs.count), n: Count(n), k: Count(k), inputRows: Count(rows),
      experts: ExpertSet(
        held: Count(routing.experts), chosen: Count(routing.tokens[0].count),
        expected: Double(Set(routing.tokens.joined()).count)),
      hasBias: hasBias, formats: formats.formats)
    let name = "\(routing.tokens) of \(routing.experts), \(formats.name), bias \(hasBias), gathered \(isGathered)"
    return BruteForceCase(name, .groupedGEMM(described), matrixUnit: formats.linearUnit) { machine in
      let x = formats.tensor("x", .activations, \.activation, rows, k)
      let weight = formats.tensor("W", .weights, \.weight, routing.experts, n, k)
      let bias = formats.tensor("bias", .weights, \.residual, routing.experts, n)
      let y = formats.tensor("y", .activations, \.residual, pairs.count, n)
      for (pair, (token, expert)) in pairs.enumerated() {
        for column in 0..<n {
          var sum = 0.0
          for inner in 0..<k {
            let product = machine.multiply(
              machine.load(x, isGathered ? token : pair, inner), machine.load(weight, expert, column, inner),
              on: formats.linear)
            sum = machine.add(sum, product, on: formats.linear)
          }
          if hasBias { sum = machine.add(sum, machine.load(bias, expert, column)) }
          machine.store(sum, in: y, pair, column)
        }
      }
    }
  }

  static var combineCases: [BruteForceCase] {
    var cases: [BruteForceCase] = []
    for (rows, chosen, width) in [(1, 1, 3), (2, 2, 5), (5, 3, 2), (3, 4, 1)] {
      for formats in BruteForceFormats.all {
        for isWeighted in [false, true] {
          let described = ExpertCombine<Count>(
            pairs: Count(rows * chosen), rows: Count(rows), width: Count(width), isWeighted: isWeighted,
            formats: formats.formats)
          let name = "\(rows)×\(chosen) rows of \(width), \(formats.name), weighted \(isWeighted)"
          cases.append(
            BruteForceCase(name, .expertCombine(described)) { machine in
              let input = formats.tensor("input", .activations, \.residual, rows, chosen, width)
              let weights = formats.tensor("weights", .activations, \.residual, rows, chosen)
              let output = formats.tensor("output", .activations, \.residual, rows, width)
              for row in 0..<rows {
                for column in 0..<width {
                  var sum = 0.0
                  for pair in 0..<chosen {
                    var value = machine.load(input, row, pair, column)
                    if isWeighted { value = machine.multiply(value, machine.load(weights, row, pair)) }
                    sum = machine.add(sum, value)
                  }
                  machine.store(sum, in: output, row, column)
                }
              }
            })
        }
      }
    }
    return cases
  }

  func testScalingInputsCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.scaleCases, .expertScale) }

  static var scaleCases: [BruteForceCase] {
    [(1, 1, 3), (2, 2, 5), (5, 3, 2)].flatMap { rows, chosen, width in
      BruteForceFormats.all.map { formats in
        let described = ExpertScale<Count>(
          pairs: Count(rows * chosen), rows: Count(rows), width: Count(width), formats: formats.formats)
        return BruteForceCase("\(rows)×\(chosen) rows of \(width), \(formats.name)", .expertScale(described)) {
          machine in
          let input = formats.tensor("input", .activations, \.residual, rows, width)
          let weights = formats.tensor("weights", .activations, \.residual, rows, chosen)
          let output = formats.tensor("output", .activations, \.residual, rows, chosen, width)
          for row in 0..<rows {
            for pair in 0..<chosen {
              for column in 0..<width {
                machine.store(
                  machine.multiply(machine.load(input, row, column), machine.load(weights, row, pair)), in: output, row,
                  pair, column)
              }
            }
          }
        }
      }
    }
  }

  static var gateCases: [BruteForceCase] {
    [(1, 1), (3, 1), (2, 4), (5, 3)].flatMap { gates, each in
      BruteForceFormats.all.map { formats in
        let described = SigmoidGate<Count>(
          gates: Count(gates), width: Count(each), formats: formats.formats)
        return BruteForceCase("\(gates) gates of \(each), \(formats.name)", .sigmoidGate(described)) { machine in
          let input = formats.tensor("input", .activations, \.residual, gates, each)
          let gate = formats.tensor("gate", .activations, \.residual, gates)
          let output = formats.tensor("output", .activations, \.residual, gates, each)
          for row in 0..<gates {
            let divisor = machine.add(1, machine.special(exp, -machine.load(gate, row)))
            for column in 0..<each {
              machine.store(machine.divide(machine.load(input, row, column), divisor), in: output, row, column)
              // The sigmoid by way of tanh.
              XCTAssertEqual(
                output[row, column], input[row, column] * (1 + tanh(gate[row] / 2)) / 2, accuracy: 1e-12)
            }
          }
        }
      }
    }
  }

  static var clampedCases: [BruteForceCase] {
    elementwise { elements, formats in
      let described = GatedActivation<Count>(.swigluoai, rows: 1, width: Count(elements), formats: formats.formats)
      return BruteForceCase("\(elements), \(formats.name)", .gatedActivation(described)) { machine in
        let gate = formats.tensor("gate", .activations, \.residual, elements)
        let up = formats.tensor("up", .activations, \.residual, elements)
        let output = formats.tensor("output", .activations, \.residual, elements)
        for index in 0..<elements {
          let g = min(machine.load(gate, index), 7)
          let u = max(min(machine.load(up, index), 7), -7)
          let divisor = machine.add(1, machine.special(exp, -machine.multiply(1.702, g)))
          machine.store(machine.multiply(machine.divide(g, divisor), machine.add(u, 1)), in: output, index)
          XCTAssertEqual(output[index], g * (1 + tanh(0.851 * g)) / 2 * (u + 1), accuracy: 1e-12)
        }
      }
    }
  }

  static var squaredReluCases: [BruteForceCase] {
    elementwise { elements, formats in
      let described = SquaredRelu<Count>(elements: Count(elements), formats: formats.formats)
      return BruteForceCase("\(elements), \(formats.name)", .squaredRelu(described)) { machine in
        let input = formats.tensor("input", .activations, \.residual, elements)
        let output = formats.tensor("output", .activations, \.residual, elements)
        for index in 0..<elements {
          let positive = machine.maximum(0, machine.load(input, index))
          machine.store(machine.multiply(positive, positive), in: output, index)
        }
      }
    }
  }

  private static func elementwise(
    _ make: (_ elements: Int, _ formats: BruteForceFormats) -> BruteForceCase
  ) -> [BruteForceCase] {
    [1, 2, 7, 13].flatMap { elements in BruteForceFormats.all.map { make(elements, $0) } }
  }
}
