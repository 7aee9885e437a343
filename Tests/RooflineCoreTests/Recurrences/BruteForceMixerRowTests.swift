import Foundation
import RooflineCore
import TestSupport
import XCTest

/// What stands around a recurrence: convolution, norms, gates, activations.
final class BruteForceMixerRowTests: XCTestCase {
  func testAConvolutionCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.convolutionCases, .causalConvolution)
  }

  func testAnL2NormCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.l2NormCases, .l2Norm) }

  func testAGatedNormCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.gatedNormCases, .gatedRMSNorm) }

  func testActivationsCostWhatTheirLoopsExecuteAndTouch() {
    BruteForceCase.check(Self.situCases, .situAndMul)
    BruteForceCase.check(Self.siluCases, .silu)
    BruteForceCase.check(Self.softplusCases, .softplus)
  }

  func testGatesOfADeltaRuleCostWhatTheirLoopExecutesAndTouches() {
    BruteForceCase.check(Self.deltaGateCases, .deltaGates)
  }

  func testAMixOfSnapshotsCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.bankMixCases, .bankMix) }

  private static func elementCases(
    _ make: (_ elements: Int, _ formats: BruteForceFormats) -> BruteForceCase
  ) -> [BruteForceCase] {
    [1, 7, 31].flatMap { elements in BruteForceFormats.all.map { make(elements, $0) } }
  }

  static var convolutionCases: [BruteForceCase] {
    let shapes = [(1, 1, 5, 4), (2, 3, 4, 4), (3, 5, 2, 2), (1, 9, 3, 3), (2, 2, 3, 1)]
    return shapes.enumerated().flatMap { place, shape in
      BruteForceFormats.all.enumerated().map { index, formats in
        let (batch, tokens, channels, taps) = shape
        let hasBias = index.isMultiple(of: 2)
        let state = RecurrenceCase.states[(place + index) % 3]
        let described = CausalConvolution<Count>(
          batch: Count(batch), queryTokens: Count(tokens), channels: Count(channels), taps: Count(taps),
          hasBias: hasBias, state: state, formats: formats.formats)
        return BruteForceCase("\(shape) \(state), \(formats.name)", .causalConvolution(described)) { machine in
          let x = formats.tensor("x", .activations, \.residual, batch, tokens, channels)
          let weight = formats.tensor("weight", .weights, \.residual, channels, taps)
          let bias = formats.tensor("bias", .weights, \.residual, channels)
          let kept = formats.tensor("state", .keyValueCache, \.residual, batch, channels, max(1, taps - 1))
          let y = formats.tensor("y", .activations, \.residual, batch, tokens, channels)
          for sequence in 0..<batch {
            for channel in 0..<channels {
              // What came before, then the new tokens.
              var inputs = (0..<(taps - 1)).map { state == .updated ? machine.load(kept, sequence, channel, $0) : 0 }
              inputs += (0..<tokens).map { machine.load(x, sequence, $0, channel) }
              for token in 0..<tokens {
                var sum = 0.0
                for tap in 0..<taps {
                  sum = machine.add(sum, machine.multiply(inputs[token + tap], machine.load(weight, channel, tap)))
                }
                if hasBias { sum = machine.add(sum, machine.load(bias, channel)) }
                let silu = machine.divide(sum, machine.add(1, machine.special(exp, -sum)))
                machine.store(silu, in: y, sequence, token, channel)
              }
              guard state != .dropped else { continue }
              for (place, value) in inputs.suffix(taps - 1).enumerated() {
                machine.store(value, in: kept, sequence, channel, place)
              }
              // The last token by the definition.
              let last = (0..<taps).reduce(hasBias ? bias[channel] : 0) {
                $0 + weight[channel, $1] * inputs[tokens - 1 + $1]
              }
              XCTAssertEqual(y[sequence, tokens - 1, channel], last * (1 + tanh(last / 2)) / 2, accuracy: 1e-12)
            }
          }
        }
      }
    }
  }

  static var l2NormCases: [BruteForceCase] {
    [(1, 7), (5, 2), (3, 13)].flatMap { rows, width in
      BruteForceFormats.all.map { formats in
        let described = L2Norm<Count>(rows: Count(rows), width: Count(width), formats: formats.formats)
        return BruteForceCase("\(rows)×\(width), \(formats.name)", .l2Norm(described)) { machine in
          let x = formats.tensor("x", .activations, \.residual, rows, width)
          let y = formats.tensor("y", .activations, \.residual, rows, width)
          for row in 0..<rows {
            let values = normalized(machine, (0..<width).map { machine.load(x, row, $0) })
            for (column, value) in values.enumerated() { machine.store(value, in: y, row, column) }
            XCTAssertEqual((0..<width).reduce(0) { $0 + y[row, $1] * y[row, $1] }, 1, accuracy: 1e-3)
          }
        }
      }
    }
  }

  /// x · rsqrt(Σx² + ε).
  static func normalized(_ machine: CountingMachine, _ values: [Double]) -> [Double] {
    var squares = 0.0
    for value in values { squares = machine.add(squares, machine.multiply(value, value)) }
    let root = machine.special({ 1 / $0.squareRoot() }, machine.add(squares, 1e-6))
    return values.map { machine.multiply($0, root) }
  }

  static var gatedNormCases: [BruteForceCase] {
    let shapes = [(1, 7, 1), (6, 3, 2), (4, 5, 4)]
    return shapes.flatMap { rows, width, groups in
      BruteForceFormats.all.flatMap { formats in
        [GatedRMSNorm<Count>.Gate.silu, .sigmoid].map { gate in
          let described = GatedRMSNorm<Count>(
            rows: Count(rows), width: Count(width), weightElements: Count(groups * width), gate: gate,
            formats: formats.formats)
          return BruteForceCase("\(rows)×\(width) of \(groups) \(gate), \(formats.name)", .gatedRMSNorm(described)) {
            machine in
            let x = formats.tensor("x", .activations, \.residual, rows, width)
            let z = formats.tensor("z", .activations, \.residual, rows, width)
            let weight = formats.tensor("weight", .weights, \.residual, groups, width)
            let y = formats.tensor("y", .activations, \.residual, rows, width)
            for row in 0..<rows {
              let values = (0..<width).map { machine.load(x, row, $0) }
              var squares = 0.0
              for value in values { squares = machine.add(squares, machine.multiply(value, value)) }
              let root = machine.special(
                { 1 / $0.squareRoot() }, machine.add(machine.divide(squares, Double(width)), 1e-6))
              for (column, value) in values.enumerated() {
                let scaled = machine.multiply(
                  machine.multiply(value, root), machine.load(weight, row % groups, column))
                let gateValue = machine.load(z, row, column)
                let below = machine.add(1, machine.special(exp, -gateValue))
                let gated =
                  gate == .silu
                  ? machine.multiply(scaled, machine.divide(gateValue, below)) : machine.divide(scaled, below)
                machine.store(gated, in: y, row, column)
              }
            }
          }
        }
      }
    }
  }

  static var siluCases: [BruteForceCase] {
    elementCases { elements, formats in
      let described = Silu<Count>(elements: Count(elements), formats: formats.formats)
      return BruteForceCase("\(elements), \(formats.name)", .silu(described)) { machine in
        let x = formats.tensor("x", .activations, \.residual, elements)
        let y = formats.tensor("y", .activations, \.residual, elements)
        for index in 0..<elements {
          let value = machine.load(x, index)
          machine.store(machine.divide(value, machine.add(1, machine.special(exp, -value))), in: y, index)
          XCTAssertEqual(y[index], value * (1 + tanh(value / 2)) / 2, accuracy: 1e-12)
        }
      }
    }
  }

  static var softplusCases: [BruteForceCase] {
    [(1, 3), (4, 2)].flatMap { rows, width in
      BruteForceFormats.all.flatMap { formats in
        [false, true].map { hasBias in
          let described = Softplus<Count>(
            rows: Count(rows), width: Count(width), hasBias: hasBias, formats: formats.formats)
          return BruteForceCase("\(rows)×\(width) bias \(hasBias), \(formats.name)", .softplus(described)) { machine in
            let x = formats.tensor("x", .activations, \.residual, rows, width)
            let bias = formats.tensor("bias", .weights, \.residual, width)
            let y = formats.tensor("y", .activations, \.residual, rows, width)
            for row in 0..<rows {
              for column in 0..<width {
                var value = machine.load(x, row, column)
                if hasBias { value = machine.add(value, machine.load(bias, column)) }
                let result = machine.special(log, machine.add(1, machine.special(exp, value)))
                machine.store(result, in: y, row, column)
                // softplus(x) − softplus(−x) = x.
                XCTAssertEqual(result - log1p(exp(-value)), value, accuracy: 1e-12)
              }
            }
          }
        }
      }
    }
  }

  static var deltaGateCases: [BruteForceCase] {
    [(1, 2, 1), (3, 2, 4)].flatMap { tokens, heads, channels in
      BruteForceFormats.all.map { formats in
        let described = DeltaGates<Count>(
          tokens: Count(tokens), heads: Count(heads), channels: Count(channels), formats: formats.formats)
        return BruteForceCase("\(tokens), \(heads)×\(channels), \(formats.name)", .deltaGates(described)) { machine in
          let a = formats.tensor("a", .activations, \.residual, tokens, heads, channels)
          let b = formats.tensor("b", .activations, \.residual, tokens, heads)
          let bias = formats.tensor("dt_bias", .weights, \.residual, heads, channels)
          let logarithm = formats.tensor("A_log", .weights, \.residual, heads)
          let gates = formats.tensor("gates", .activations, \.residual, tokens, heads, channels + 1)
          for token in 0..<tokens {
            for head in 0..<heads {
              for channel in 0..<channels {
                let gate = RecurrenceCase.decay(
                  machine, machine.load(a, token, head, channel), machine.load(bias, head, channel),
                  machine.load(logarithm, head))
                XCTAssertLessThan(gate, 0)
                machine.store(gate, in: gates, token, head, channel)
              }
              machine.store(
                RecurrenceCase.sigmoid(machine, machine.load(b, token, head)), in: gates, token, head, channels)
            }
          }
        }
      }
    }
  }

  static var bankMixCases: [BruteForceCase] {
    [(1, 3), (4, 5)].flatMap { rows, width in
      BruteForceFormats.all.flatMap { formats in
        [BankMix<Count>.Part.stream, .snapshot].map { part in
          let described = BankMix<Count>(part, rows: Count(rows), width: Count(width), formats: formats.formats)
          return BruteForceCase("\(part) \(rows)×\(width), \(formats.name)", .bankMix(described)) { machine in
            let x = formats.tensor("x", .activations, \.residual, rows, width)
            let own = formats.tensor("score", .activations, \.residual, rows)
            let y = formats.tensor("y", .activations, \.residual, rows, width)
            for row in 0..<rows {
              let values = (0..<width).map { machine.load(x, row, $0) }
              let score: Double
              switch part {
              case .stream: score = machine.load(own, row)
              case .snapshot:
                // The vector is in registers, the root was stored with the snapshot.
                let product = values.reduce(0) { machine.add($0, machine.multiply($1, 0.25)) }
                score = machine.multiply(product, 0.5)
              }
              // Beside others of these sums, so far.
              let (largest, others, mixed) = (max(score, 0.3), 0.7, 0.1)
              let share = machine.special(exp, machine.subtract(score, largest))
              let weight = machine.divide(share, machine.add(others, share))
              XCTAssertEqual(weight, exp(score) / (exp(score) + others * exp(largest)), accuracy: 1e-12)
              for column in 0..<width {
                let sum = machine.add(mixed, machine.multiply(weight, values[column]))
                if part == .stream { machine.store(sum, in: y, row, column) }
              }
            }
          }
        }
      }
    }
  }

  static var situCases: [BruteForceCase] {
    elementCases { elements, formats in
      let described = GatedActivation<Count>(.situ, rows: 1, width: Count(elements), formats: formats.formats)
      return BruteForceCase("\(elements), \(formats.name)", .gatedActivation(described)) { machine in
        let gate = formats.tensor("gate", .activations, \.residual, elements)
        let up = formats.tensor("up", .activations, \.residual, elements)
        let y = formats.tensor("y", .activations, \.residual, elements)
        for index in 0..<elements {
          let g = machine.load(gate, index)
          let bounded = machine.multiply(4, machine.special(tanh, machine.divide(g, 4)))
          let gated = machine.divide(bounded, machine.add(1, machine.special(exp, -g)))
          let linear = machine.multiply(25, machine.special(tanh, machine.divide(machine.load(up, index), 25)))
          machine.store(machine.multiply(gated, linear), in: y, index)
          // Near zero it is silu times up.
          XCTAssertEqual(y[index], g * (1 + tanh(g / 2)) / 2 * up[index], accuracy: 0.05)
        }
      }
    }
  }
}
