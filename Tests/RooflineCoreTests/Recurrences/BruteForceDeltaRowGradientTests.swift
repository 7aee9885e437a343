import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Gradients of what stands around a delta rule: norms, gates, activations, mixes of snapshots.
final class BruteForceDeltaRowGradientTests: XCTestCase {
  func testAnL2NormsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.l2NormCases, .l2NormGradient)
  }

  func testTheGatesGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.deltaGateCases, .deltaGatesGradient)
  }

  func testSitusGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.situCases, .situAndMulGradient)
  }

  func testAMixesGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.bankMixCases, .bankMixGradient)
  }

  private static func dot(_ left: [Double], _ right: [Double]) -> Double {
    zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
  }

  // MARK: L2 norm

  static var l2NormCases: [BruteForceCase] {
    [(1, 7), (5, 2), (3, 13)].flatMap { rows, width in
      BruteForceFormats.all.map { formats in
        let described = L2NormGradient<Count>(rows: Count(rows), width: Count(width), formats: formats.formats)
        return BruteForceCase("\(rows)×\(width), \(formats.name)", .l2NormGradient(described)) { machine in
          func tensor(_ name: String) -> DeviceTensor { formats.tensor(name, .activations, \.residual, rows, width) }
          let (x, y, dY, dX) = (tensor("x"), tensor("y"), tensor("dY"), tensor("dX"))
          let root = formats.tensor("root", .activations, \.residual, rows)
          // What the forward pass kept.
          func normalized(_ point: [Double]) -> [Double] {
            (0..<rows).flatMap { row in
              let own = Array(point[row * width..<(row + 1) * width])
              root[[row]] = 1 / (dot(own, own) + 1e-6).squareRoot()
              return own.map { $0 * root[row] }
            }
          }
          let right = NumericalGradient.of({ dot(dY.flattened, normalized($0)) }, at: x.flattened)
          let result = normalized(x.flattened)
          for row in 0..<rows { for column in 0..<width { y[[row, column]] = result[row * width + column] } }
          for row in 0..<rows {
            let gradient = DeltaRowGradientLoops.l2Norm(
              machine, (0..<width).map { machine.load(dY, row, $0) }, (0..<width).map { machine.load(y, row, $0) },
              machine.load(root, row))
            for (column, value) in gradient.enumerated() { machine.store(value, in: dX, row, column) }
          }
          DeltaRowGradientLoops.check(dX, right, "dx")
        }
      }
    }
  }

  // MARK: gates

  static var deltaGateCases: [BruteForceCase] {
    [(1, 2, 1), (3, 2, 4), (4, 1, 3)].flatMap { tokens, heads, channels in
      BruteForceFormats.all.map { formats in
        let described = DeltaGatesGradient<Count>(
          DeltaGates(
            tokens: Count(tokens), heads: Count(heads), channels: Count(channels), formats: formats.formats))
        return BruteForceCase(
          "\(tokens), \(heads)×\(channels), \(formats.name)", .deltaGatesGradient(described),
          execute: Gates(tokens: tokens, heads: heads, channels: channels, formats: formats).backward)
      }
    }
  }

  private struct Gates {
    let tokens, heads, channels: Int
    let formats: BruteForceFormats

    private func tensor(_ name: String, _ shape: [Int]) -> DeviceTensor {
      DeviceTensor(name, .activations, bits: formats.residual, shape: shape)
    }

    private func weight(_ name: String, _ shape: [Int]) -> DeviceTensor {
      DeviceTensor(name, .weights, bits: formats.residual, shape: shape)
    }

    /// Step by step, in the order of the gates' tensor.
    private func values(_ a: [Double], _ b: [Double], _ bias: [Double], _ logarithm: [Double]) -> [Double] {
      (0..<tokens * heads).flatMap { row in
        let head = row % heads
        let decays = (0..<channels).map { channel in
          -exp(logarithm[head]) * log(1 + exp(a[row * channels + channel] + bias[head * channels + channel]))
        }
        return decays + [1 / (1 + exp(-b[row]))]
      }
    }

    func backward(_ machine: CountingMachine) {
      let (a, b) = (tensor("a", [tokens, heads, channels]), tensor("b", [tokens, heads]))
      let (bias, logarithm) = (weight("dt_bias", [heads, channels]), weight("A_log", [heads]))
      let (d, gates) = (tensor("d", [tokens, heads, channels + 1]), tensor("gates", [tokens, heads, channels + 1]))
      let (dA, dB) = (tensor("da", [tokens, heads, channels]), tensor("db", [tokens, heads]))
      let (dBias, dLogarithm) = (tensor("dbias", [heads, channels]), tensor("dA_log", [heads]))
      let kept = values(a.flattened, b.flattened, bias.flattened, logarithm.flattened)
      for row in 0..<tokens * heads {
        for place in 0...channels { gates[[row / heads, row % heads, place]] = kept[row * (channels + 1) + place] }
      }
      for head in 0..<heads {
        var slope = 0.0
        for channel in 0..<channels {
          var sum = 0.0
          for token in 0..<tokens {
            let own = machine.load(d, token, head, channel)
            let gradient = DeltaRowGradientLoops.decay(
              machine, own, machine.load(a, token, head, channel), machine.load(bias, head, channel),
              machine.load(logarithm, head))
            machine.store(gradient, in: dA, token, head, channel)
            sum = machine.add(sum, gradient)
            slope = machine.add(slope, machine.multiply(own, machine.load(gates, token, head, channel)))
          }
          machine.store(sum, in: dBias, head, channel)
        }
        machine.store(slope, in: dLogarithm, head)
        for token in 0..<tokens {
          machine.store(
            DeltaRowGradientLoops.sigmoid(
              machine, machine.load(d, token, head, channels), machine.load(gates, token, head, channels)),
            in: dB, token, head)
        }
      }
      func right(_ tensor: DeviceTensor, _ values: @escaping ([Double]) -> [Double]) -> [Double] {
        NumericalGradient.of({ dot(d.flattened, values($0)) }, at: tensor.flattened)
      }
      let (flatA, flatB, flatBias) = (a.flattened, b.flattened, bias.flattened)
      DeltaRowGradientLoops.check(dA, right(a) { values($0, flatB, flatBias, logarithm.flattened) }, "da")
      DeltaRowGradientLoops.check(dB, right(b) { values(flatA, $0, flatBias, logarithm.flattened) }, "db")
      DeltaRowGradientLoops.check(dBias, right(bias) { values(flatA, flatB, $0, logarithm.flattened) }, "dbias")
      DeltaRowGradientLoops.check(dLogarithm, right(logarithm) { values(flatA, flatB, flatBias, $0) }, "dA")
    }
  }

  // MARK: situ

  static var situCases: [BruteForceCase] {
    let (gateBound, upBound) = (4.0, 25.0)
    return [1, 7, 31].flatMap { elements in
      BruteForceFormats.all.map { formats in
        let described = GatedActivationGradient<Count>(.situ, elements: Count(elements), formats: formats.formats)
        return BruteForceCase("\(elements), \(formats.name)", .gatedActivationGradient(described)) { machine in
          func tensor(_ name: String) -> DeviceTensor { formats.tensor(name, .activations, \.residual, elements) }
          let (gate, up, dY, dGate, dUp) = (tensor("gate"), tensor("up"), tensor("dY"), tensor("dGate"), tensor("dUp"))
          for index in 0..<elements {
            let (g, u, d) = (machine.load(gate, index), machine.load(up, index), machine.load(dY, index))
            let t = machine.special(tanh, machine.divide(g, gateBound))
            let h = machine.special(tanh, machine.divide(u, upBound))
            let sigmoid = RecurrenceCase.sigmoid(machine, g)
            let bounded = machine.multiply(gateBound, t)
            let a = machine.multiply(d, sigmoid)
            machine.store(
              machine.multiply(machine.multiply(a, bounded), machine.subtract(1, machine.multiply(h, h))), in: dUp,
              index)
            let slope = machine.add(
              machine.subtract(1, machine.multiply(t, t)),
              machine.multiply(bounded, machine.subtract(1, sigmoid)))
            machine.store(
              machine.multiply(machine.multiply(a, machine.multiply(upBound, h)), slope), in: dGate, index)
          }
          func value(_ g: [Double], _ u: [Double]) -> Double {
            g.indices.reduce(0) { sum, index in
              sum + dY[index] * gateBound * tanh(g[index] / gateBound) / (1 + exp(-g[index])) * upBound
                * tanh(u[index] / upBound)
            }
          }
          let (gates, ups) = (gate.flattened, up.flattened)
          DeltaRowGradientLoops.check(dGate, NumericalGradient.of({ value($0, ups) }, at: gates), "gate")
          DeltaRowGradientLoops.check(dUp, NumericalGradient.of({ value(gates, $0) }, at: ups), "up")
        }
      }
    }
  }
}
