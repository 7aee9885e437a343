import RooflineCore
import TestSupport
import XCTest

final class BruteForceExpertGradientTests: XCTestCase {
  func testTheRowsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.inputCases, .groupedGEMMInputGradient)
  }

  func testTheMatricesGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.weightCases, .groupedGEMMWeightGradient)
  }

  func testTheCombinationsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.combineCases, .expertCombineGradient)
  }

  static var inputCases: [BruteForceCase] {
    products { product in
      BruteForceCase(
        product.name, .groupedGEMMGradient(GroupedGEMMGradient(product.described, by: .input)),
        matrixUnit: product.formats.linearUnit, execute: product.inputGradient)
    }
  }

  static var weightCases: [BruteForceCase] {
    products { product in
      let unit = product.formats.formats.activation
      return BruteForceCase(
        product.name, .groupedGEMMGradient(GroupedGEMMGradient(product.described, by: .weight)), matrixUnit: unit,
        execute: { product.weightGradient($0, on: unit == .fp32 ? .vector : .tensor) })
    }
  }

  private static func products(_ make: (Product) -> BruteForceCase) -> [BruteForceCase] {
    [(1, 3, 1, 5, 3, false), (3, 4, 2, 2, 5, false), (3, 4, 2, 2, 5, true), (5, 3, 3, 1, 2, false)].flatMap {
      tokens, experts, chosen, n, k, hasOwnRows in
      BruteForceFormats.all.map {
        make(
          Product(tokens: tokens, experts: experts, chosen: chosen, n: n, k: k, hasOwnRows: hasOwnRows, formats: $0))
      }
    }
  }

  /// y = x·W of each token–expert pair, and the loss Σ dY·y.
  private struct Product {
    let tokens, experts, chosen, n, k: Int
    /// Whether each pair has a row of x of its own, as in front of the second matrix.
    let hasOwnRows: Bool
    let formats: BruteForceFormats

    var name: String { "\(tokens) to \(chosen) of \(experts), \(n) by \(k), \(hasOwnRows), \(formats.name)" }

    /// Each pair's expert and its row of x.
    var pairs: [(expert: Int, row: Int)] {
      (0..<tokens).flatMap { token in
        (0..<chosen).map { place in
          (expert: (2 * token + place) % experts, row: hasOwnRows ? token * chosen + place : token)
        }
      }
    }

    var rows: Int { hasOwnRows ? tokens * chosen : tokens }

    var described: GroupedGEMM<Count> {
      let touched = Set(pairs.map(\.expert)).count
      return GroupedGEMM(
        m: Count(tokens * chosen), n: Count(n), k: Count(k), inputRows: Count(rows),
        experts: ExpertSet(held: Count(experts), chosen: Count(chosen), expected: Double(touched)),
        formats: formats.formats)
    }

    var x: DeviceTensor { formats.tensor("x", .activations, \.activation, rows, k) }
    var weight: DeviceTensor { formats.tensor("W", .weights, \.weight, experts, k, n) }
    var outputGradient: DeviceTensor { formats.tensor("dY", .activations, \.activation, tokens * chosen, n) }

    private func loss(_ x: [Double], _ weight: [Double]) -> Double {
      let outputGradient = outputGradient
      var loss = 0.0
      for (pair, place) in pairs.enumerated() {
        for column in 0..<n {
          var y = 0.0
          for inner in 0..<k { y += x[place.row * k + inner] * weight[(place.expert * k + inner) * n + column] }
          loss += outputGradient[pair, column] * y
        }
      }
      return loss
    }

    func inputGradient(_ machine: CountingMachine) {
      let (weight, dY, x) = (weight, outputGradient, x)
      let dX = formats.tensor("dX", .activations, \.residual, rows, k)
      let isShared = chosen > 1 && !hasOwnRows
      for row in 0..<rows {
        for inner in 0..<k {
          var total = 0.0
          for (pair, place) in pairs.enumerated() where place.row == row {
            var sum = 0.0
            for column in 0..<n {
              let term = machine.multiply(
                machine.load(dY, pair, column), machine.load(weight, place.expert, inner, column), on: formats.linear)
              sum = machine.add(sum, term, on: formats.linear)
            }
            total = isShared ? machine.add(total, sum) : sum
          }
          machine.store(total, in: dX, row, inner)
        }
      }
      check(dX, NumericalGradient.of({ loss($0, weight.flattened) }, at: x.flattened))
    }

    func weightGradient(_ machine: CountingMachine, on unit: CountingMachine.Unit) {
      let (weight, dY, x) = (weight, outputGradient, x)
      let gradient = formats.tensor("dW", .activations, \.weight, experts, k, n)
      for expert in 0..<experts {
        let own = pairs.enumerated().filter { $0.element.expert == expert }
        for inner in 0..<k {
          for column in 0..<n {
            guard !own.isEmpty else {
              gradient[[expert, inner, column]] = 0
              continue
            }
            var sum = 0.0
            for (pair, place) in own {
              let term = machine.multiply(
                machine.load(x, place.row, inner), machine.load(dY, pair, column), on: unit)
              sum = machine.add(sum, term, on: unit)
            }
            machine.store(sum, in: gradient, expert, inner, column)
          }
        }
      }
      check(gradient, NumericalGradient.of({ loss(x.flattened, $0) }, at: weight.flattened))
    }

    private func check(_ gradient: DeviceTensor, _ expected: [Double]) {
      for (found, right) in zip(gradient.flattened, expected) {
        XCTAssertEqual(found, right, accuracy: NumericalGradient.accuracy, name)
      }
    }
  }

  static var combineCases: [BruteForceCase] {
    [(1, 1, 3), (2, 3, 5), (5, 2, 7)].flatMap { tokens, chosen, width in
      [true, false].flatMap { isWeighted in
        BruteForceFormats.all.map { formats in
          let described = ExpertCombineGradient<Count>(
            ExpertCombine(
              pairs: Count(tokens * chosen), rows: Count(tokens), width: Count(width), isWeighted: isWeighted,
              formats: formats.formats))
          return BruteForceCase(
            "\(tokens) × \(width) of \(chosen), \(isWeighted), \(formats.name)", .expertCombineGradient(described)
          ) { combine($0, tokens, chosen, width, isWeighted, formats) }
        }
      }
    }
  }

  /// y = Σ w·row of a token's pairs, and the loss Σ dY·y.
  private static func combine(
    _ machine: CountingMachine, _ tokens: Int, _ chosen: Int, _ width: Int, _ isWeighted: Bool,
    _ formats: BruteForceFormats
  ) {
    func tensor(_ name: String, _ shape: Int...) -> DeviceTensor {
      DeviceTensor(name, .activations, bits: formats.residual, shape: shape)
    }
    let (rows, weights) = (tensor("rows", tokens, chosen, width), tensor("weights", tokens, chosen))
    let (dY, dRows) = (tensor("dY", tokens, width), tensor("dRows", tokens, chosen, width))
    let dWeights = tensor("dWeights", tokens, chosen)
    for token in 0..<tokens {
      for place in 0..<chosen {
        var sum = 0.0
        for column in 0..<width {
          let gradient = machine.load(dY, token, column)
          guard isWeighted else {
            machine.store(gradient, in: dRows, token, place, column)
            continue
          }
          machine.store(
            machine.multiply(gradient, machine.load(weights, token, place)), in: dRows, token, place, column)
          sum = machine.add(sum, machine.multiply(gradient, machine.load(rows, token, place, column)))
        }
        if isWeighted { machine.store(sum, in: dWeights, token, place) }
      }
    }
    func loss(_ rows: [Double], _ weights: [Double]) -> Double {
      var loss = 0.0
      for token in 0..<tokens {
        for place in 0..<chosen {
          let pair = token * chosen + place
          for column in 0..<width {
            loss += dY[token, column] * rows[pair * width + column] * (isWeighted ? weights[pair] : 1)
          }
        }
      }
      return loss
    }
    for (found, right) in zip(
      dRows.flattened, NumericalGradient.of({ loss($0, weights.flattened) }, at: rows.flattened))
    {
      XCTAssertEqual(found, right, accuracy: NumericalGradient.accuracy)
    }
    guard isWeighted else { return }
    for (found, right) in zip(
      dWeights.flattened, NumericalGradient.of({ loss(rows.flattened, $0) }, at: weights.flattened))
    {
      XCTAssertEqual(found, right, accuracy: NumericalGradient.accuracy)
    }
  }
}
