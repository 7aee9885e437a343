import Foundation
import RooflineCore
import TestSupport
import XCTest

/// The gradients of Mamba-1's scan and of lightning attention.
final class BruteForceScanGradientTests: XCTestCase {
  func testAMambaScansGradientsCostWhatTheirLoopExecutesAndTouches() {
    BruteForceCase.check(Self.selectiveCases, .selectiveScanGradient)
  }

  /// Also: what blocks compute from their end is what the steps' derivatives are.
  func testLightningAttentionsGradientsCostWhatTheirLoopExecutesAndTouches() {
    BruteForceCase.check(Self.lightningCases, .lightningAttentionGradient)
  }

  /// Beside its results: a state in fp32 and decays in bf16 of each token and channel; a square and a state of each
  /// block and head.
  func testWhatTheForwardPassStores() {
    let formats = NumberFormats(.bf16)
    let stored = [false, true].map { keeps in
      (
        SelectiveScan<Count>(
          batch: 2, queryTokens: 5, channels: 6, stateSize: 3, state: .dropped, keepsStates: keeps, formats: formats
        ).traffic.storeActivation.value,
        LightningAttention<Count>(
          Recurrence(batch: 2, queryTokens: 5, form: .chunks(of: 4), state: .dropped), heads: 3, headDim: 8,
          keepsScores: keeps, formats: formats
        ).traffic.storeActivation.value
      )
    }
    XCTAssertEqual(stored[1].0 - stored[0].0, 2 * 5 * 6 * 3 * (4 + 2))
    XCTAssertEqual(stored[1].1 - stored[0].1, 2 * 2 * 3 * (4 * 4 * 2 + 8 * 8 * 4))
  }

  private static func check(_ gradient: DeviceTensor, _ expected: [Double], _ name: String) {
    XCTAssertEqual(gradient.flattened.count, expected.count, name)
    for (found, right) in zip(gradient.flattened, expected) {
      XCTAssertEqual(found, right, accuracy: 1e-5 * max(1, abs(right)), name)
    }
  }

  // MARK: Mamba-1

  static var selectiveCases: [BruteForceCase] {
    [(1, 1, 3, 2), (2, 3, 2, 4), (1, 5, 4, 1)].flatMap { shape in
      BruteForceFormats.all.map { formats in
        let loop = SelectiveLoop(
          batch: shape.0, tokens: shape.1, channels: shape.2, size: shape.3, formats: formats)
        let described = SelectiveScan<Count>(
          batch: Count(loop.batch), queryTokens: Count(loop.tokens), channels: Count(loop.channels),
          stateSize: Count(loop.size), state: .dropped, formats: formats.formats)
        return BruteForceCase(
          "\(shape), \(formats.name)", .selectiveScanGradient(SelectiveScanGradient(described)),
          execute: loop.execute)
      }
    }
  }

  private struct SelectiveLoop {
    let batch, tokens, channels, size: Int
    let formats: BruteForceFormats

    private struct Point { var x, steps, mixing, logarithms, skips: [Double] }

    private func tensor(_ name: String, _ width: Int) -> DeviceTensor {
      formats.tensor(name, .activations, \.residual, batch, tokens, width)
    }

    /// Goes through the tokens, and gives each its state, its decays and its result.
    private func run(
      _ point: Point,
      _ body: (_ sequence: Int, _ token: Int, _ channel: Int, [Double], _ decays: [Double], _ y: Double) -> Void
    ) {
      for sequence in 0..<batch {
        for channel in 0..<channels {
          var state = Array(repeating: 0.0, count: size)
          for token in 0..<tokens {
            let row = sequence * tokens + token
            let (x, step) = (point.x[row * channels + channel], point.steps[row * channels + channel])
            let decays = (0..<size).map { exp(-exp(point.logarithms[channel * size + $0]) * step) }
            var y = point.skips[channel] * x
            for n in 0..<size {
              state[n] = decays[n] * state[n] + step * x * point.mixing[row * 2 * size + n]
              y += state[n] * point.mixing[row * 2 * size + size + n]
            }
            body(sequence, token, channel, state, decays, y)
          }
        }
      }
    }

    func execute(_ machine: CountingMachine) {
      let (x, steps, mixing) = (tensor("x", channels), tensor("dt", channels), tensor("bc", 2 * size))
      let (dY, dX, dSteps) = (tensor("dY", channels), tensor("dX", channels), tensor("ddt", channels))
      let dMixing = tensor("dbc", 2 * size)
      let logarithms = formats.tensor("A_log", .weights, \.residual, channels, size)
      let skips = formats.tensor("D", .weights, \.residual, channels)
      let dLogarithms = formats.tensor("dA_log", .activations, \.residual, channels, size)
      let dSkips = formats.tensor("dD", .activations, \.residual, channels)
      let states = DeviceTensor("states", .activations, bits: 32, shape: [batch, tokens, channels, size])
      let decays = formats.tensor("decays", .activations, \.residual, batch, tokens, channels, size)
      let point = Point(
        x: x.flattened, steps: steps.flattened, mixing: mixing.flattened, logarithms: logarithms.flattened,
        skips: skips.flattened)
      run(point) { sequence, token, channel, state, decay, _ in
        for n in 0..<size {
          states[[sequence, token, channel, n]] = state[n]
          decays[[sequence, token, channel, n]] = decay[n]
        }
      }
      var dA = RecurrenceCase.zeros(channels, size)
      var dD = Array(repeating: 0.0, count: channels)
      for sequence in 0..<batch {
        var behind = RecurrenceCase.zeros(channels, size)
        for token in (0..<tokens).reversed() {
          var ofMixing = Array(repeating: 0.0, count: 2 * size)
          for channel in 0..<channels {
            let d = machine.load(dY, sequence, token, channel)
            let input = machine.load(x, sequence, token, channel)
            let step = machine.load(steps, sequence, token, channel)
            let learned = machine.multiply(step, input)
            dD[channel] = machine.add(dD[channel], machine.multiply(d, input))
            var (ofLearned, ofStep) = (0.0, 0.0)
            for n in 0..<size {
              let asked = machine.multiply(d, machine.load(mixing, sequence, token, size + n))
              let own = machine.add(behind[channel][n], asked)
              ofMixing[size + n] = machine.add(
                ofMixing[size + n], machine.multiply(d, machine.load(states, sequence, token, channel, n)))
              ofMixing[n] = machine.add(ofMixing[n], machine.multiply(own, learned))
              ofLearned = machine.add(
                ofLearned, machine.multiply(own, machine.load(mixing, sequence, token, n)))
              behind[channel][n] = machine.multiply(own, machine.load(decays, sequence, token, channel, n))
              let before = token > 0 ? machine.load(states, sequence, token - 1, channel, n) : 0
              let exponent = machine.multiply(behind[channel][n], before)
              ofStep = machine.add(
                ofStep, machine.multiply(exponent, -exp(machine.load(logarithms, channel, n))))
              dA[channel][n] = machine.add(dA[channel][n], machine.multiply(exponent, step))
            }
            let past = machine.multiply(machine.load(skips, channel), d)
            machine.store(machine.add(machine.multiply(ofLearned, step), past), in: dX, sequence, token, channel)
            machine.store(
              machine.add(ofStep, machine.multiply(ofLearned, input)), in: dSteps, sequence, token, channel)
          }
          for (n, sum) in ofMixing.enumerated() { machine.store(sum, in: dMixing, sequence, token, n) }
        }
      }
      for channel in 0..<channels {
        machine.store(dD[channel], in: dSkips, channel)
        for n in 0..<size {
          let factor = -exp(machine.load(logarithms, channel, n))
          machine.store(machine.multiply(dA[channel][n], factor), in: dLogarithms, channel, n)
        }
      }
      func gradient(_ path: WritableKeyPath<Point, [Double]>) -> [Double] {
        NumericalGradient.of(
          { values in
            var moved = point
            moved[keyPath: path] = values
            var loss = 0.0
            run(moved) { sequence, token, channel, _, _, y in loss += dY[sequence, token, channel] * y }
            return loss
          }, at: point[keyPath: path])
      }
      check(dX, gradient(\.x), "x")
      check(dSteps, gradient(\.steps), "step sizes")
      check(dMixing, gradient(\.mixing), "B and C")
      check(dLogarithms, gradient(\.logarithms), "decays")
      check(dSkips, gradient(\.skips), "D")
    }
  }

  // MARK: lightning attention

  static var lightningCases: [BruteForceCase] {
    [(1, 1, 1, 3), (2, 5, 2, 2), (1, 7, 1, 3)].flatMap { shape in
      BruteForceFormats.all.flatMap { formats in
        [2, 4].map { block in
          let loop = LightningGradientLoop(
            batch: shape.0, tokens: shape.1, heads: shape.2, dim: shape.3, block: block, formats: formats)
          return BruteForceCase(
            "\(shape) block \(block), \(formats.name)", loop.described, matrixUnit: formats.formats.residual,
            execute: loop.execute)
        }
      }
    }
  }
}
