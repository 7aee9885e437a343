import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Gradients of compressed entries, and of products beside each other.
final class BruteForceCompressionGradientTests: XCTestCase {
  func testAnEntrysGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.compressionCases, .compressionGradient)
  }

  func testInputsGradientsCostWhatTheirLoopsExecuteAndTouch() {
    BruteForceCase.check(Self.inputCases, .batchedGEMMInputGradient)
  }

  func testWeightsGradientsCostWhatTheirLoopsExecuteAndTouch() {
    BruteForceCase.check(Self.weightCases, .batchedGEMMWeightGradient)
  }

  static var compressionCases: [BruteForceCase] {
    [(1, 2, 3, false), (3, 2, 1, true), (2, 4, 2, true), (4, 3, 2, false)].flatMap { entries, tokens, width, overlaps in
      BruteForceFormats.all.map { formats in
        let windows = Windows(entries: entries, tokens: tokens, width: width, overlaps: overlaps, formats: formats)
        return BruteForceCase(windows.name, .compressionGradient(windows.described), execute: windows.gradient)
      }
    }
  }

  static var inputCases: [BruteForceCase] {
    products { product in
      BruteForceCase(
        product.name, product.gradient(by: .input),
        matrixUnit: product.formats.linearUnit, execute: product.inputGradient)
    }
  }

  static var weightCases: [BruteForceCase] {
    products { product in
      BruteForceCase(
        product.name, product.gradient(by: .weight),
        matrixUnit: product.formats.formats.activation, execute: product.weightGradient)
    }
  }

  private static func products(_ make: (Products) -> BruteForceCase) -> [BruteForceCase] {
    [(1, 2, 3, 4), (3, 1, 2, 5), (2, 4, 1, 3)].flatMap { groups, m, n, k in
      BruteForceFormats.all.map { make(Products(groups: groups, m: m, n: n, k: k, formats: $0)) }
    }
  }
}

/// Entries, each the average of a window of values by a softmax over their gates and the biases of their places.
private struct Windows {
  let entries, tokens, width: Int
  let overlaps: Bool
  let formats: BruteForceFormats

  var name: String { "\(entries) of \(tokens), \(width), \(overlaps), \(formats.name)" }
  private var row: Int { overlaps ? 2 * width : width }

  var described: CompressionGradient<Count> {
    CompressionGradient(
      Compression(
        entries: Count(entries), tokensPerEntry: Count(tokens), rowWidth: Count(row), width: Count(width),
        formats: formats.formats))
  }

  private struct Place {
    let token, place, column: Int
  }

  /// The window of an entry's channel; with overlap it begins with the tokens of the entry before.
  private func window(_ entry: Int, _ channel: Int) -> [Place] {
    (0..<tokens).flatMap { place -> [Place] in
      let own = Place(token: (entry + 1) * tokens + place, place: place, column: overlaps ? width + channel : channel)
      return overlaps ? [Place(token: entry * tokens + place, place: place, column: channel), own] : [own]
    }
  }

  private func shares(_ gates: [Double], _ bias: [Double], _ window: [Place]) -> [Double] {
    let powers = window.map { exp(gates[$0.token * row + $0.column] + bias[$0.place * row + $0.column]) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  private func loss(_ values: [Double], _ gates: [Double], _ bias: [Double]) -> Double {
    let dE = formats.tensor("dE", .activations, \.residual, entries, width)
    var loss = 0.0
    for entry in 0..<entries {
      for channel in 0..<width {
        let window = window(entry, channel)
        for (share, place) in zip(shares(gates, bias, window), window) {
          loss += dE[entry, channel] * share * values[place.token * row + place.column]
        }
      }
    }
    return loss
  }

  func gradient(_ machine: CountingMachine) {
    func tensor(_ name: String) -> DeviceTensor {
      formats.tensor(name, .activations, \.residual, (entries + 1) * tokens, row)
    }
    let (values, gates, dValues, dGates) = (tensor("v"), tensor("g"), tensor("dv"), tensor("dg"))
    let bias = formats.tensor("b", .weights, \.residual, tokens, row)
    let dBias = formats.tensor("db", .activations, \.residual, tokens, row)
    let dE = formats.tensor("dE", .activations, \.residual, entries, width)
    let kept = formats.tensor("p", .activations, \.residual, entries, width, overlaps ? 2 * tokens : tokens)
    for (token, column) in (0..<(entries + 1) * tokens).flatMap({ token in (0..<row).map { (token, $0) } }) {
      (dValues[[token, column]], dGates[[token, column]]) = (0, 0)
    }
    var sums = [Double](repeating: 0, count: tokens * row)
    for entry in 0..<entries {
      for channel in 0..<width {
        let window = window(entry, channel)
        for (index, share) in shares(gates.flattened, bias.flattened, window).enumerated() {
          kept[[entry, channel, index]] = share
        }
        let upstream = machine.load(dE, entry, channel)
        let own = window.indices.map { machine.load(kept, entry, channel, $0) }
        var slopes: [Double] = []
        var mean = 0.0
        for (share, place) in zip(own, window) {
          let slope = machine.multiply(upstream, machine.load(values, place.token, place.column))
          machine.store(machine.multiply(share, upstream), in: dValues, place.token, place.column)
          mean = machine.add(mean, machine.multiply(share, slope))
          slopes.append(slope)
        }
        for ((share, slope), place) in zip(zip(own, slopes), window) {
          let gate = machine.multiply(share, machine.subtract(slope, mean))
          machine.store(gate, in: dGates, place.token, place.column)
          sums[place.place * row + place.column] = machine.add(sums[place.place * row + place.column], gate)
        }
      }
    }
    for place in 0..<tokens {
      for column in 0..<row { machine.store(sums[place * row + column], in: dBias, place, column) }
    }
    let point = (v: values.flattened, g: gates.flattened, b: bias.flattened)
    check(dValues, NumericalGradient.of({ loss($0, point.g, point.b) }, at: point.v))
    check(dGates, NumericalGradient.of({ loss(point.v, $0, point.b) }, at: point.g))
    check(dBias, NumericalGradient.of({ loss(point.v, point.g, $0) }, at: point.b))
  }

  private func check(_ gradient: DeviceTensor, _ expected: [Double]) {
    for (found, right) in zip(gradient.flattened, expected) {
      XCTAssertEqual(found, right, accuracy: NumericalGradient.accuracy, name)
    }
  }
}

/// y_g (m×n) = x_g (m×k) · W_g (k×n), and the loss Σ dY·y.
private struct Products {
  let groups, m, n, k: Int
  let formats: BruteForceFormats

  var name: String { "\(groups) of \(m)×\(k) by \(k)×\(n), \(formats.name)" }

  func gradient(by target: GEMMGradient<Count>.Target) -> Operator<Count> {
    .gemmGradient(
      GEMMGradient(
        GEMM(m: Count(m), n: Count(n), k: Count(k), formats: formats.formats), groups: Count(groups), by: target))
  }

  private var x: DeviceTensor { formats.tensor("x", .activations, \.activation, groups, m, k) }
  private var weight: DeviceTensor { formats.tensor("W", .weights, \.weight, groups, k, n) }
  private var outputGradient: DeviceTensor { formats.tensor("dY", .activations, \.activation, groups, m, n) }

  private func loss(_ x: [Double], _ weight: [Double]) -> Double {
    let dY = outputGradient
    var loss = 0.0
    for group in 0..<groups {
      for row in 0..<m {
        for column in 0..<n {
          for inner in 0..<k {
            loss +=
              dY[group, row, column] * x[(group * m + row) * k + inner] * weight[(group * k + inner) * n + column]
          }
        }
      }
    }
    return loss
  }

  func inputGradient(_ machine: CountingMachine) {
    let unit: CountingMachine.Unit = formats.linearUnit == .fp32 ? .vector : .tensor
    let (weight, dY) = (weight, outputGradient)
    let dX = formats.tensor("dX", .activations, \.residual, groups, m, k)
    for group in 0..<groups {
      for row in 0..<m {
        for inner in 0..<k {
          var sum = 0.0
          for column in 0..<n {
            let term = machine.multiply(
              machine.load(dY, group, row, column), machine.load(weight, group, inner, column), on: unit)
            sum = machine.add(sum, term, on: unit)
          }
          machine.store(sum, in: dX, group, row, inner)
        }
      }
    }
    check(dX, NumericalGradient.of({ loss($0, weight.flattened) }, at: x.flattened))
  }

  func weightGradient(_ machine: CountingMachine) {
    let unit: CountingMachine.Unit = formats.formats.activation == .fp32 ? .vector : .tensor
    let (x, dY) = (x, outputGradient)
    let dW = formats.tensor("dW", .activations, \.weight, groups, k, n)
    for group in 0..<groups {
      for inner in 0..<k {
        for column in 0..<n {
          var sum = 0.0
          for row in 0..<m {
            let term = machine.multiply(
              machine.load(x, group, row, inner), machine.load(dY, group, row, column), on: unit)
            sum = machine.add(sum, term, on: unit)
          }
          machine.store(sum, in: dW, group, inner, column)
        }
      }
    }
    check(dW, NumericalGradient.of({ loss(x.flattened, $0) }, at: weight.flattened))
  }

  private func check(_ gradient: DeviceTensor, _ expected: [Double]) {
    for (found, right) in zip(gradient.flattened, expected) {
      XCTAssertEqual(found, right, accuracy: NumericalGradient.accuracy, name)
    }
  }
}
