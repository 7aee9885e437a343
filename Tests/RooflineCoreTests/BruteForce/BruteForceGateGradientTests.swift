import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Gradients of gates, caps and scales, element by element.
final class BruteForceGateGradientTests: XCTestCase {
  func testGeluAndMulsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.geluCases, .geluAndMulGradient)
  }

  func testTheCapsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.capCases, .softcapGradient)
  }

  func testTheGatesGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.gateCases, .sigmoidGateGradient)
  }

  func testTheScalesGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.scaleCases, .expertScaleGradient)
  }

  private static func check(_ gradient: DeviceTensor, _ expected: [Double], accuracy: Double = 1e-6) {
    for (found, right) in zip(gradient.flattened, expected) {
      XCTAssertEqual(found, right, accuracy: accuracy * max(1, abs(right)))
    }
  }

  private static func each(_ sizes: [Int], _ make: (Int, BruteForceFormats) -> BruteForceCase) -> [BruteForceCase] {
    sizes.flatMap { size in BruteForceFormats.all.map { make(size, $0) } }
  }

  static var geluCases: [BruteForceCase] {
    each([1, 2, 7]) { elements, formats in
      let described = GatedActivationGradient<Count>(.gelu, elements: Count(elements), formats: formats.formats)
      return BruteForceCase("\(elements), \(formats.name)", .gatedActivationGradient(described)) {
        gelu($0, elements, formats)
      }
    }
  }

  private static let (a, b) = ((2 / Double.pi).squareRoot(), 0.044715)

  /// y = gelu(g)·u and the loss Σ dY·y.
  private static func gelu(_ machine: CountingMachine, _ elements: Int, _ formats: BruteForceFormats) {
    func tensor(_ name: String) -> DeviceTensor { formats.tensor(name, .activations, \.residual, elements) }
    let (gate, up, dY, dGate, dUp) = (tensor("gate"), tensor("up"), tensor("dY"), tensor("dGate"), tensor("dUp"))
    for index in 0..<elements {
      let (g, u, d) = (machine.load(gate, index), machine.load(up, index), machine.load(dY, index))
      let cubic = machine.multiply(b, machine.multiply(g, g))
      let inner = machine.multiply(machine.multiply(a, g), machine.add(1, cubic))
      let t = machine.special(tanh, inner)
      let half = machine.multiply(0.5, machine.add(1, t))
      machine.store(machine.multiply(d, machine.multiply(g, half)), in: dUp, index)
      let slope = machine.multiply(a, machine.add(1, machine.multiply(3, cubic)))
      let bend = machine.multiply(machine.subtract(1, machine.multiply(t, t)), slope)
      let derivative = machine.add(half, machine.multiply(machine.multiply(0.5, g), bend))
      machine.store(machine.multiply(machine.multiply(d, u), derivative), in: dGate, index)
    }
    func loss(_ gate: [Double], _ up: [Double]) -> Double {
      gate.indices.reduce(0) { sum, index in
        let g = gate[index]
        return sum + dY[index] * 0.5 * g * (1 + tanh(a * (g + b * g * g * g))) * up[index]
      }
    }
    check(dGate, NumericalGradient.of({ loss($0, up.flattened) }, at: gate.flattened))
    check(dUp, NumericalGradient.of({ loss(gate.flattened, $0) }, at: up.flattened))
  }

  static var capCases: [BruteForceCase] {
    each([1, 3, 8]) { elements, formats in
      let described = SoftcapGradient<Count>(elements: Count(elements), formats: formats.formats)
      return BruteForceCase("\(elements), \(formats.name)", .softcapGradient(described)) { machine in
        let cap = 2.5
        let x = formats.tensor("x", .activations, \.residual, elements)
        let y = formats.tensor("y", .activations, \.residual, elements)
        for index in 0..<elements { y[[index]] = cap * tanh(x[index] / cap) }
        let dY = formats.tensor("dY", .activations, \.residual, elements)
        let dX = formats.tensor("dX", .activations, \.residual, elements)
        for index in 0..<elements {
          let share = machine.multiply(machine.load(y, index), 1 / cap)
          let rest = machine.subtract(1, machine.multiply(share, share))
          machine.store(machine.multiply(machine.load(dY, index), rest), in: dX, index)
        }
        let right = NumericalGradient.of(
          { point in point.indices.reduce(0) { $0 + dY[$1] * cap * tanh(point[$1] / cap) } }, at: x.flattened)
        check(dX, right)
      }
    }
  }

  static var gateCases: [BruteForceCase] {
    [(1, 1), (2, 5), (7, 3)].flatMap { gates, width in
      BruteForceFormats.all.map { formats in
        let described = SigmoidGateGradient<Count>(
          gates: Count(gates), width: Count(width), formats: formats.formats)
        return BruteForceCase("\(gates) × \(width), \(formats.name)", .sigmoidGateGradient(described)) {
          gate($0, gates, width, formats)
        }
      }
    }
  }

  /// y = x·σ(gate) of each gate's elements, and the loss Σ dY·y.
  private static func gate(_ machine: CountingMachine, _ gates: Int, _ width: Int, _ formats: BruteForceFormats) {
    func tensor(_ name: String) -> DeviceTensor { formats.tensor(name, .activations, \.residual, gates, width) }
    let (x, dY, dX) = (tensor("x"), tensor("dY"), tensor("dX"))
    let gate = formats.tensor("gate", .activations, \.residual, gates)
    let dGate = formats.tensor("dGate", .activations, \.residual, gates)
    for row in 0..<gates {
      let sigmoid = machine.divide(1, machine.add(1, machine.special(exp, -machine.load(gate, row))))
      var sum = 0.0
      for column in 0..<width {
        let d = machine.load(dY, row, column)
        machine.store(machine.multiply(d, sigmoid), in: dX, row, column)
        sum = machine.add(sum, machine.multiply(d, machine.load(x, row, column)))
      }
      let slope = machine.multiply(sigmoid, machine.subtract(1, sigmoid))
      machine.store(machine.multiply(sum, slope), in: dGate, row)
    }
    func loss(_ x: [Double], _ gate: [Double]) -> Double {
      x.indices.reduce(0) { sum, index in
        sum + dY[index / width, index % width] * x[index] / (1 + exp(-gate[index / width]))
      }
    }
    check(dX, NumericalGradient.of({ loss($0, gate.flattened) }, at: x.flattened))
    check(dGate, NumericalGradient.of({ loss(x.flattened, $0) }, at: gate.flattened))
  }

  static var scaleCases: [BruteForceCase] {
    [(1, 1, 3), (3, 1, 2), (2, 3, 5)].flatMap { tokens, chosen, width in
      BruteForceFormats.all.map { formats in
        let described = ExpertScaleGradient<Count>(
          ExpertScale(
            pairs: Count(tokens * chosen), rows: Count(tokens), width: Count(width), formats: formats.formats))
        return BruteForceCase("\(tokens) × \(width) of \(chosen), \(formats.name)", .expertScaleGradient(described)) {
          scale($0, tokens, chosen, width, formats)
        }
      }
    }
  }

  /// y = w·x of each token–expert pair, and the loss Σ dY·y.
  private static func scale(
    _ machine: CountingMachine, _ tokens: Int, _ chosen: Int, _ width: Int, _ formats: BruteForceFormats
  ) {
    let x = formats.tensor("x", .activations, \.residual, tokens, width)
    let dX = formats.tensor("dX", .activations, \.residual, tokens, width)
    let weights = formats.tensor("weights", .activations, \.residual, tokens, chosen)
    let dWeights = formats.tensor("dWeights", .activations, \.residual, tokens, chosen)
    let dY = formats.tensor("dY", .activations, \.residual, tokens, chosen, width)
    for token in 0..<tokens {
      var sums = Array(repeating: 0.0, count: chosen)
      for column in 0..<width {
        var total = 0.0
        for place in 0..<chosen {
          let d = machine.load(dY, token, place, column)
          let part = machine.multiply(d, machine.load(weights, token, place))
          total = chosen > 1 ? machine.add(total, part) : part
          sums[place] = machine.add(sums[place], machine.multiply(d, machine.load(x, token, column)))
        }
        machine.store(total, in: dX, token, column)
      }
      for place in 0..<chosen { machine.store(sums[place], in: dWeights, token, place) }
    }
    func loss(_ x: [Double], _ weights: [Double]) -> Double {
      var loss = 0.0
      for token in 0..<tokens {
        for place in 0..<chosen {
          for column in 0..<width {
            loss += dY[token, place, column] * weights[token * chosen + place] * x[token * width + column]
          }
        }
      }
      return loss
    }
    check(dX, NumericalGradient.of({ loss($0, weights.flattened) }, at: x.flattened))
    check(dWeights, NumericalGradient.of({ loss(x.flattened, $0) }, at: weights.flattened))
  }
}
