import RooflineCore
import TestSupport
import XCTest

final class BruteForceGEMMGradientTests: XCTestCase {
  func testTheInputsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.inputCases, .gemmInputGradient)
  }

  func testTheWeightsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.weightCases, .gemmWeightGradient)
  }

  func testTheBiasGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.biasCases, .biasGradient)
  }

  private static func cases(_ make: (_ product: Product) -> BruteForceCase) -> [BruteForceCase] {
    [(1, 5, 3), (2, 3, 7), (5, 2, 11), (7, 1, 3)].flatMap { m, n, k in
      BruteForceFormats.all.map { make(Product(m: m, n: n, k: k, formats: $0)) }
    }
  }

  static var inputCases: [BruteForceCase] {
    cases { product in
      BruteForceCase(
        product.name, .gemmGradient(GEMMGradient(product.described, by: .input)),
        matrixUnit: product.formats.linearUnit, execute: product.inputGradient)
    }
  }

  static var weightCases: [BruteForceCase] {
    cases { product in
      // Two activations are multiplied: their own unit does it.
      let unit = product.formats.formats.activation
      return BruteForceCase(
        product.name, .gemmGradient(GEMMGradient(product.described, by: .weight)), matrixUnit: unit,
        execute: { product.weightGradient($0, on: unit == .fp32 ? .vector : .tensor) })
    }
  }

  static var biasCases: [BruteForceCase] {
    cases { product in
      let described = BiasGradient<Count>(
        rows: Count(product.m), width: Count(product.n), formats: product.formats.formats)
      return BruteForceCase(product.name, .biasGradient(described), execute: product.biasGradient)
    }
  }

  /// y (m×n) = x (m×k) · W (k×n) + bias, and the loss Σ dY·y.
  private struct Product {
    let m, n, k: Int
    let formats: BruteForceFormats

    var name: String { "\(m)×\(k) by \(k)×\(n), \(formats.name)" }
    var described: GEMM<Count> { GEMM(m: Count(m), n: Count(n), k: Count(k), formats: formats.formats) }

    var x: DeviceTensor { formats.tensor("x", .activations, \.activation, m, k) }
    var weight: DeviceTensor { formats.tensor("W", .weights, \.weight, k, n) }
    var outputGradient: DeviceTensor { formats.tensor("dY", .activations, \.activation, m, n) }

    /// The loss as the definition has it, without a machine.
    private func loss(_ x: [Double], _ weight: [Double], _ bias: [Double]) -> Double {
      let outputGradient = outputGradient
      var loss = 0.0
      for row in 0..<m {
        for column in 0..<n {
          var y = bias[column]
          for inner in 0..<k { y += x[row * k + inner] * weight[inner * n + column] }
          loss += outputGradient[row, column] * y
        }
      }
      return loss
    }

    private func check(_ gradient: DeviceTensor, _ expected: [Double]) {
      for (found, right) in zip(gradient.flattened, expected) {
        XCTAssertEqual(found, right, accuracy: NumericalGradient.accuracy, name)
      }
    }

    private var noBias: [Double] { Array(repeating: 0, count: n) }

    func inputGradient(_ machine: CountingMachine) {
      let (weight, dY) = (weight, outputGradient)
      let dX = formats.tensor("dX", .activations, \.residual, m, k)
      for row in 0..<m {
        for inner in 0..<k {
          var sum = 0.0
          for column in 0..<n {
            let term = machine.multiply(
              machine.load(dY, row, column), machine.load(weight, inner, column), on: formats.linear)
            sum = machine.add(sum, term, on: formats.linear)
          }
          machine.store(sum, in: dX, row, inner)
        }
      }
      check(dX, NumericalGradient.of({ loss($0, weight.flattened, noBias) }, at: x.flattened))
    }

    func weightGradient(_ machine: CountingMachine, on unit: CountingMachine.Unit) {
      let (x, dY) = (x, outputGradient)
      // It is stored like the weights, but nothing that a forward pass reads.
      let dW = formats.tensor("dW", .activations, \.weight, k, n)
      for inner in 0..<k {
        for column in 0..<n {
          var sum = 0.0
          for row in 0..<m {
            let term = machine.multiply(machine.load(x, row, inner), machine.load(dY, row, column), on: unit)
            sum = machine.add(sum, term, on: unit)
          }
          machine.store(sum, in: dW, inner, column)
        }
      }
      check(dW, NumericalGradient.of({ loss(x.flattened, $0, noBias) }, at: weight.flattened))
    }

    func biasGradient(_ machine: CountingMachine) {
      let dY = formats.tensor("dY", .activations, \.residual, m, n)
      let dBias = formats.tensor("dBias", .activations, \.residual, n)
      for column in 0..<n {
        var sum = 0.0
        for row in 0..<m { sum = machine.add(sum, machine.load(dY, row, column)) }
        machine.store(sum, in: dBias, column)
      }
      check(dBias, NumericalGradient.of({ loss(x.flattened, weight.flattened, $0) }, at: noBias))
    }
  }
}
