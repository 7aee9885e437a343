import Foundation
import RooflineCore
import TestSupport

/// The backward pass of RMSNorm and a gate behind it, or in front of it.
struct GatedNormGradientLoop {
  let rows, width, groups: Int
  let isSilu, isBefore: Bool
  let formats: BruteForceFormats

  private func tensor(_ name: String) -> DeviceTensor {
    formats.tensor(name, .activations, \.residual, rows, width)
  }

  private func gate(_ z: Double) -> Double { (isSilu ? z : 1) / (1 + exp(-z)) }

  private func root(_ row: ArraySlice<Double>) -> Double {
    1 / (row.reduce(0) { $0 + $1 * $1 } / Double(width) + 1e-6).squareRoot()
  }

  private func loss(_ x: [Double], _ z: [Double], _ weight: [Double], _ dY: [Double]) -> Double {
    var loss = 0.0
    for row in 0..<rows {
      let place = row * width..<(row + 1) * width
      let gates = z.map(gate)
      let inner = isBefore ? zip(x, gates).map { $0 * $1 } : x
      let root = root(inner[place])
      for index in place {
        let normalised = inner[index] * root * weight[row % groups * width + index - place.lowerBound]
        loss += dY[index] * (isBefore ? normalised : normalised * gates[index])
      }
    }
    return loss
  }

  func execute(_ machine: CountingMachine) {
    let (x, z, dY, dX, dZ) = (tensor("x"), tensor("z"), tensor("dY"), tensor("dX"), tensor("dZ"))
    let weight = formats.tensor("weight", .weights, \.residual, groups, width)
    let gradient = formats.tensor("dWeight", .activations, \.residual, groups, width)
    let kept = formats.tensor("root", .activations, \.residual, rows)
    var ofWeight = Array(repeating: Array(repeating: 0.0, count: width), count: groups)
    for row in 0..<rows {
      kept[[row]] = root((0..<width).map { isBefore ? x[row, $0] * gate(z[row, $0]) : x[row, $0] }[...])
      let r = machine.load(kept, row)
      var elements: [Element] = []
      var sum = 0.0
      for column in 0..<width {
        let element = Element(
          machine, self, x: machine.load(x, row, column), z: machine.load(z, row, column),
          dY: machine.load(dY, row, column), weight: machine.load(weight, row % groups, column), root: r)
        let own = ofWeight[row % groups][column]
        ofWeight[row % groups][column] = machine.add(own, machine.multiply(element.dScaled, element.normalised))
        sum = machine.add(sum, machine.multiply(element.g, element.normalised))
        elements.append(element)
      }
      let share = machine.divide(sum, Double(width))
      for (column, element) in elements.enumerated() {
        let inner = machine.multiply(
          r, machine.subtract(element.g, machine.multiply(element.normalised, share)))
        let outer = isBefore ? machine.multiply(inner, element.gate) : inner
        machine.store(outer, in: dX, row, column)
        machine.store(element.gateGradient(machine, isBefore ? (inner, outer) : nil), in: dZ, row, column)
      }
    }
    for group in 0..<groups {
      for column in 0..<width { machine.store(ofWeight[group][column], in: gradient, group, column) }
    }
    let point = (x.flattened, z.flattened, weight.flattened)
    let check = BruteForceMixerGradientTests.check
    let seen = dY.flattened
    check(dX, NumericalGradient.of({ loss($0, point.1, point.2, seen) }, at: point.0), "norm's input")
    check(dZ, NumericalGradient.of({ loss(point.0, $0, point.2, seen) }, at: point.1), "gate")
    check(gradient, NumericalGradient.of({ loss(point.0, point.1, $0, seen) }, at: point.2), "weight")
  }

  private struct Element {
    let x, z, dY, share, gate, normalised: Double
    /// Gradients of what the weight scales, and of the normalised element.
    let dScaled, g: Double
    /// The product that the gate multiplies, or dY's share of it.
    let beside: Double
    let isSilu: Bool

    init(
      _ machine: CountingMachine, _ loop: GatedNormGradientLoop, x: Double, z: Double, dY: Double, weight: Double,
      root: Double
    ) {
      (self.x, self.z, self.dY, isSilu) = (x, z, dY, loop.isSilu)
      share = machine.divide(1, machine.add(1, machine.special(exp, -z)))
      gate = loop.isSilu ? machine.multiply(z, share) : share
      if loop.isBefore {
        normalised = machine.multiply(machine.multiply(x, gate), root)
        dScaled = dY
        beside = x
      } else {
        normalised = machine.multiply(x, root)
        dScaled = machine.multiply(dY, gate)
        beside = machine.multiply(normalised, weight)
      }
      g = machine.multiply(dScaled, weight)
    }

    /// - Parameter before: where the gate stands before the norm, the gradients of the gated input and of the input.
    func gateGradient(_ machine: CountingMachine, _ before: (gated: Double, input: Double)?) -> Double {
      let rest = machine.subtract(1, share)
      guard isSilu else {
        // σ′ = σ·(1 − σ).
        return machine.multiply(machine.multiply(before?.input ?? dScaled, beside), rest)
      }
      let slope = machine.add(share, machine.multiply(gate, rest))
      return machine.multiply(machine.multiply(before?.gated ?? dY, beside), slope)
    }
  }
}
