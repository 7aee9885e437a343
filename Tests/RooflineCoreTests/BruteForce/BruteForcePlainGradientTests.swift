import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Gradients of decoders with LayerNorm, a two-matrix MLP and learned positions.
final class BruteForcePlainGradientTests: XCTestCase {
  func testTheNormsInputGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.normInputCases, .layerNormInputGradient)
  }

  func testTheNormsWeightGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.normWeightCases, .layerNormWeightGradient)
  }

  func testActivationsGradientsCostWhatTheirLoopsExecuteAndTouch() {
    BruteForceCase.check(Self.cases(.gelu), .geluGradient)
    BruteForceCase.check(Self.cases(.relu), .reluGradient)
    BruteForceCase.check(Self.cases(.squaredRelu), .squaredReluGradient)
    BruteForceCase.check(Self.cases(.silu), .siluGradient)
    BruteForceCase.check(Self.cases(.softplus), .softplusGradient)
  }

  func testThePositionsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.positionCases, .positionEmbeddingGradient)
  }

  private static func check(_ gradient: DeviceTensor, _ expected: [Double], _ name: String) {
    for (found, right) in zip(gradient.flattened, expected) {
      XCTAssertEqual(found, right, accuracy: 1e-5 * max(1, abs(right)), name)
    }
  }

  // MARK: norms

  static var normInputCases: [BruteForceCase] {
    norms.flatMap { norm in
      [false, true].map { addsResidual in
        let described = LayerNormGradient<Count>(
          rows: Count(norm.rows), width: Count(norm.width), by: .input, addsResidual: addsResidual,
          formats: norm.formats.formats)
        return BruteForceCase("\(norm.name), residual \(addsResidual)", .layerNormGradient(described)) {
          norm.inputGradient($0, addsResidual: addsResidual)
        }
      }
    }
  }

  static var normWeightCases: [BruteForceCase] {
    norms.map { norm in
      let described = LayerNormGradient<Count>(
        rows: Count(norm.rows), width: Count(norm.width), by: .weight, formats: norm.formats.formats)
      return BruteForceCase(norm.name, .layerNormGradient(described), execute: norm.weightGradient)
    }
  }

  private static var norms: [Norm] {
    [(1, 7), (2, 3), (3, 5)].flatMap { rows, width in
      BruteForceFormats.all.map { Norm(rows: rows, width: width, formats: $0) }
    }
  }

  /// y = (x − mean)·r·γ + β, and the loss Σ dY·y; where the residual stream goes on beside the norm, plus Σ dR·x.
  private struct Norm {
    let rows, width: Int
    let formats: BruteForceFormats
    private let epsilon = 1e-5

    init(rows: Int, width: Int, formats: BruteForceFormats) {
      (self.rows, self.width, self.formats) = (rows, width, formats)
    }

    var name: String { "\(rows)×\(width), \(formats.name)" }

    private func tensor(_ name: String) -> DeviceTensor {
      formats.tensor(name, .activations, \.residual, rows, width)
    }

    private var weight: DeviceTensor { formats.tensor("γ", .weights, \.residual, width) }

    private func statistics(_ x: [Double], _ row: Int) -> (mean: Double, root: Double) {
      let own = x[row * width..<(row + 1) * width]
      let mean = own.reduce(0, +) / Double(width)
      let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      return (mean, 1 / (variance + epsilon).squareRoot())
    }

    /// What the forward pass kept: each row's mean and root.
    private var kept: DeviceTensor {
      let kept = formats.tensor("kept", .activations, \.residual, rows, 2)
      for row in 0..<rows {
        (kept[[row, 0]], kept[[row, 1]]) = statistics(tensor("x").flattened, row)
      }
      return kept
    }

    private func loss(_ x: [Double], _ weight: [Double], addsResidual: Bool) -> Double {
      let (dY, dR) = (tensor("dY"), tensor("dR"))
      var loss = 0.0
      for row in 0..<rows {
        let (mean, root) = statistics(x, row)
        for column in 0..<width {
          let element = x[row * width + column]
          loss += dY[row, column] * (element - mean) * root * weight[column]
          if addsResidual { loss += dR[row, column] * element }
        }
      }
      return loss
    }

    func inputGradient(_ machine: CountingMachine, addsResidual: Bool) {
      let (x, dY, dR, dX) = (tensor("x"), tensor("dY"), tensor("dR"), tensor("dX"))
      let (weight, kept) = (weight, kept)
      for row in 0..<rows {
        let (mean, root) = (machine.load(kept, row, 0), machine.load(kept, row, 1))
        var (plain, weighted) = (0.0, 0.0)
        var normalised: [Double] = []
        var scaled: [Double] = []
        for column in 0..<width {
          let n = machine.multiply(machine.subtract(machine.load(x, row, column), mean), root)
          let g = machine.multiply(machine.load(dY, row, column), machine.load(weight, column))
          plain = machine.add(plain, g)
          weighted = machine.add(weighted, machine.multiply(g, n))
          normalised.append(n)
          scaled.append(g)
        }
        plain = machine.divide(plain, Double(width))
        weighted = machine.divide(weighted, Double(width))
        for column in 0..<width {
          let rest = machine.subtract(
            machine.subtract(scaled[column], plain), machine.multiply(normalised[column], weighted))
          let own = machine.multiply(root, rest)
          machine.store(addsResidual ? machine.add(own, machine.load(dR, row, column)) : own, in: dX, row, column)
        }
      }
      check(
        dX, NumericalGradient.of({ loss($0, weight.flattened, addsResidual: addsResidual) }, at: x.flattened), name)
    }

    func weightGradient(_ machine: CountingMachine) {
      let (x, dY, kept, weight) = (tensor("x"), tensor("dY"), kept, weight)
      let gradient = formats.tensor("dγ", .activations, \.residual, width)
      for column in 0..<width {
        var sum = 0.0
        for row in 0..<rows {
          let centred = machine.subtract(machine.load(x, row, column), machine.load(kept, row, 0))
          let n = machine.multiply(centred, machine.load(kept, row, 1))
          sum = machine.add(sum, machine.multiply(machine.load(dY, row, column), n))
        }
        machine.store(sum, in: gradient, column)
      }
      check(
        gradient, NumericalGradient.of({ loss(x.flattened, $0, addsResidual: false) }, at: weight.flattened), name)
    }
  }

  // MARK: activations

  static func cases(_ function: ActivationGradient<Count>.Function) -> [BruteForceCase] {
    [1, 2, 7].flatMap { elements in
      BruteForceFormats.all.map { formats in
        let described = ActivationGradient<Count>(function, elements: Count(elements), formats: formats.formats)
        return BruteForceCase("\(function), \(elements), \(formats.name)", .activationGradient(described)) { machine in
          func tensor(_ name: String) -> DeviceTensor { formats.tensor(name, .activations, \.residual, elements) }
          let (x, y, dY, dX) = (tensor("x"), tensor("y"), tensor("dY"), tensor("dX"))
          for index in 0..<elements {
            y[[index]] = value(function, x[index])
            let (element, d) = (machine.load(function == .softplus ? y : x, index), machine.load(dY, index))
            machine.store(step(machine, function, element, d), in: dX, index)
          }
          let right = NumericalGradient.of(
            { point in point.indices.reduce(0) { $0 + dY[$1] * value(function, point[$1]) } }, at: x.flattened)
          check(dX, right, "\(function)")
        }
      }
    }
  }

  private static let (a, b) = ((2 / Double.pi).squareRoot(), 0.044715)

  private static func value(_ function: ActivationGradient<Count>.Function, _ x: Double) -> Double {
    switch function {
    case .gelu: 0.5 * x * (1 + tanh(a * (x + b * x * x * x)))
    case .relu: max(x, 0)
    case .squaredRelu: max(x, 0) * max(x, 0)
    case .silu: x * (1 + tanh(x / 2)) / 2
    case .softplus: log1p(exp(x))
    }
  }

  private static func step(
    _ machine: CountingMachine, _ function: ActivationGradient<Count>.Function, _ x: Double, _ d: Double
  ) -> Double {
    switch function {
    case .gelu:
      let cubic = machine.multiply(b, machine.multiply(x, x))
      let t = machine.special(tanh, machine.multiply(machine.multiply(a, x), machine.add(1, cubic)))
      let half = machine.multiply(0.5, machine.add(1, t))
      let slope = machine.multiply(a, machine.add(1, machine.multiply(3, cubic)))
      let bend = machine.multiply(machine.subtract(1, machine.multiply(t, t)), slope)
      return machine.multiply(d, machine.add(half, machine.multiply(machine.multiply(0.5, x), bend)))
    case .relu: return x > 0 ? d : 0
    case .squaredRelu: return machine.multiply(machine.multiply(2, max(x, 0)), d)
    case .silu:
      let share = machine.divide(1, machine.add(1, machine.special(exp, -x)))
      let slope = machine.add(1, machine.multiply(x, machine.subtract(1, share)))
      return machine.multiply(machine.multiply(d, share), slope)
    case .softplus: return machine.multiply(d, machine.subtract(1, machine.special(exp, -x)))
    }
  }

  // MARK: positions

  static var positionCases: [BruteForceCase] {
    [(1, 1, 3), (2, 3, 2), (3, 2, 4)].flatMap { (batch: Int, places: Int, width: Int) -> [BruteForceCase] in
      BruteForceFormats.all.map { formats in
        let described = PositionEmbeddingGradient<Count>(
          rows: Count(batch * places), positions: Count(places), width: Count(width), formats: formats.formats)
        return BruteForceCase("\(batch)×\(places)×\(width), \(formats.name)", .positionEmbeddingGradient(described)) {
          machine in
          let dY = formats.tensor("dY", .activations, \.residual, batch, places, width)
          let gradient = formats.tensor("dTable", .activations, \.weight, places, width)
          for place in 0..<places {
            for column in 0..<width {
              var sum = 0.0
              for sequence in 0..<batch { sum = machine.add(sum, machine.load(dY, sequence, place, column)) }
              machine.store(sum, in: gradient, place, column)
            }
          }
        }
      }
    }
  }
}
