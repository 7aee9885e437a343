import RooflineCore
import TestSupport
import XCTest

final class BruteForceAttentionGradientTests: XCTestCase {
  func testTheQueriesGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.queryCases, .queryGradient)
  }

  func testTheKeysGradientCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.keyCases, .keyGradient) }

  func testTheProbabilitiesGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.probabilityCases, .probabilityGradient)
  }

  func testTheValuesGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.valueCases, .valueGradient)
  }

  func testTheSoftmaxGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.softmaxCases, .softmaxGradient)
  }

  func testFusedAttentionsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.attentionCases, .attentionGradient)
  }

  // MARK: the loops are the derivative

  private struct Gradients {
    let query, key, value: DeviceTensor

    init(of problem: BruteForceAttention) {
      query = problem.activation("dQ", problem.queryShape)
      key = problem.activation("dK", problem.keyShape)
      value = problem.activation("dV", problem.keyShape)
    }
  }

  private func assertDerivatives(
    _ gradients: Gradients, of problem: BruteForceAttention, _ mask: BruteForceAttention.Mask, cap: Double? = nil
  ) {
    let (q, k, v) = (
      problem.trainingQuery.flattened, problem.trainingKey.flattened, problem.trainingValue.flattened
    )
    func loss(_ q: [Double], _ k: [Double], _ v: [Double]) -> Double {
      problem.loss(problem.plainProbabilities(q, k, mask, cap: cap), v)
    }
    let expected = [
      (gradients.query, NumericalGradient.of({ loss($0, k, v) }, at: q)),
      (gradients.key, NumericalGradient.of({ loss(q, $0, v) }, at: k)),
      (gradients.value, NumericalGradient.of({ loss(q, k, $0) }, at: v)),
    ]
    for (gradient, derivatives) in expected {
      for (found, right) in zip(gradient.flattened, derivatives) {
        XCTAssertEqual(found, right, accuracy: NumericalGradient.accuracy, "\(problem.name) \(mask) \(gradient.name)")
      }
    }
  }

  func testTheStepsTogetherAreTheDerivativeOfAttention() {
    for problem in Self.problems(BruteForceFormats.all[0]) {
      let machine = CountingMachine()
      let (gradients, p) = (Gradients(of: problem), Self.probabilities(of: problem, .full))
      let (dP, dS) = (problem.activation("dP", problem.scoreShape), problem.activation("dS", problem.scoreShape))
      problem.keyGradient(machine, p, problem.outputGradient, isScaled: false, into: gradients.value)
      problem.probabilityGradient(machine, problem.outputGradient, problem.trainingValue, into: dP)
      problem.softmaxGradient(machine, p, dP, into: dS)
      problem.queryGradient(machine, dS, problem.trainingKey, into: gradients.query)
      problem.keyGradient(machine, dS, problem.trainingQuery, isScaled: true, into: gradients.key)
      assertDerivatives(gradients, of: problem, .full)
    }
  }

  func testTheFusedLoopIsTheDerivativeOfAttentionUnderItsMask() {
    for problem in Self.problems(BruteForceFormats.all[0]) {
      for mask in [BruteForceAttention.Mask.full, .causal] {
        let gradients = Gradients(of: problem)
        let p = Self.probabilities(of: problem, mask)
        problem.gradients(CountingMachine(), p, mask, into: gradients.query, gradients.key, gradients.value)
        assertDerivatives(gradients, of: problem, mask)
      }
    }
  }

  /// Scores that pass a cap, which is low enough to bend them.
  func testTheFusedLoopIsTheDerivativeOfAttentionWithCappedScores() {
    for problem in Self.problems(BruteForceFormats.all[0]) {
      for mask in [BruteForceAttention.Mask.full, .causal] {
        let (gradients, cap) = (Gradients(of: problem), 0.7)
        let p = Self.probabilities(of: problem, mask, cap: cap)
        let scores = problem.plainScores(
          problem.trainingQuery.flattened, problem.trainingKey.flattened, mask, cap: cap)
        let capped = Self.tensor("y", of: problem, scores.map { $0 ?? 0 })
        problem.gradients(
          CountingMachine(), p, mask, into: gradients.query, gradients.key, gradients.value, capped: (capped, cap))
        assertDerivatives(gradients, of: problem, mask, cap: cap)
      }
    }
  }

  // MARK: cases

  private static func probabilities(
    of problem: BruteForceAttention, _ mask: BruteForceAttention.Mask, cap: Double? = nil
  ) -> DeviceTensor {
    tensor(
      "p", of: problem,
      problem.plainProbabilities(problem.trainingQuery.flattened, problem.trainingKey.flattened, mask, cap: cap))
  }

  /// A number for each query and key.
  private static func tensor(_ name: String, of problem: BruteForceAttention, _ values: [Double]) -> DeviceTensor {
    let p = problem.activation(name, problem.scoreShape)
    var next = 0
    for sequence in 0..<problem.batch {
      for head in 0..<problem.heads {
        for query in 0..<problem.queries {
          for key in 0..<problem.keys {
            p[[sequence, head, query, key]] = values[next]
            next += 1
          }
        }
      }
    }
    return p
  }

  private static func problems(_ formats: BruteForceFormats) -> [BruteForceAttention] {
    let shapes: [(batch: Int, queries: Int, keys: Int, heads: Int, keyValueHeads: Int, headDim: Int)] = [
      (1, 3, 3, 2, 1, 5), (2, 5, 5, 3, 3, 1), (1, 2, 7, 4, 1, 3), (3, 4, 4, 2, 2, 1), (1, 7, 7, 4, 2, 3),
    ]
    return shapes.map {
      BruteForceAttention(
        batch: $0.batch, queries: $0.queries, keys: $0.keys, heads: $0.heads, keyValueHeads: $0.keyValueHeads,
        headDim: $0.headDim, formats: formats)
    }
  }

  private static func cases(
    _ describe: (BruteForceAttention) -> Operator<Count>, isProduct: Bool = true,
    execute: @escaping (BruteForceAttention, CountingMachine) -> Void
  ) -> [BruteForceCase] {
    BruteForceFormats.all.flatMap { problems($0) }.map { problem in
      BruteForceCase(problem.name, describe(problem), matrixUnit: isProduct ? problem.trainingUnit : nil) {
        execute(problem, $0)
      }
    }
  }

  static var queryCases: [BruteForceCase] {
    cases(
      { .qkMatmulGradient(QKMatmulGradient($0.shape, by: .query, formats: $0.formats.formats)) },
      execute: {
        $0.queryGradient(
          $1, $0.activation("dS", $0.scoreShape), $0.trainingKey, into: $0.activation("dQ", $0.queryShape))
      })
  }

  static var keyCases: [BruteForceCase] {
    cases(
      { .qkMatmulGradient(QKMatmulGradient($0.shape, by: .key, formats: $0.formats.formats)) },
      execute: {
        $0.keyGradient(
          $1, $0.activation("dS", $0.scoreShape), $0.trainingQuery, isScaled: true,
          into: $0.activation("dK", $0.keyShape))
      })
  }

  static var probabilityCases: [BruteForceCase] {
    cases(
      { .svMatmulGradient(SVMatmulGradient($0.shape, by: .probabilities, formats: $0.formats.formats)) },
      execute: {
        $0.probabilityGradient(
          $1, $0.outputGradient, $0.trainingValue, into: $0.activation("dP", $0.scoreShape))
      })
  }

  static var valueCases: [BruteForceCase] {
    cases(
      { .svMatmulGradient(SVMatmulGradient($0.shape, by: .value, formats: $0.formats.formats)) },
      execute: {
        $0.keyGradient(
          $1, $0.activation("p", $0.scoreShape), $0.outputGradient, isScaled: false,
          into: $0.activation("dV", $0.keyShape))
      })
  }

  static var softmaxCases: [BruteForceCase] {
    cases(
      {
        .softmaxGradient(
          SoftmaxGradient(
            elements: Count($0.scores.flattened.count), formats: $0.formats.formats))
      }, isProduct: false,
      execute: {
        $0.softmaxGradient(
          $1, $0.activation("p", $0.scoreShape), $0.activation("dP", $0.scoreShape),
          into: $0.activation("dS", $0.scoreShape))
      })
  }

  static var attentionCases: [BruteForceCase] {
    let masks: [(loop: BruteForceAttention.Mask, described: Attention<Count>.Mask)] =
      [(.full, .full), (.causal, .causal)] + [1, 2, 5, 11].map { (.slidingWindow($0), .slidingWindow(Count($0))) }
    return BruteForceFormats.all.flatMap { problems($0) }.flatMap { problem in
      masks.flatMap { mask in
        [(false, false), (true, false), (false, true)].map { valuesAreKeys, capsScores in
          let described = Attention<Count>(
            problem.shape, mask: mask.described, capsScores: capsScores, valuesAreKeys: valuesAreKeys,
            formats: problem.formats.formats)
          return BruteForceCase(
            "\(problem.name), \(mask.loop), values are keys \(valuesAreKeys), caps \(capsScores)",
            .attentionGradient(AttentionGradient(described)), matrixUnit: problem.trainingUnit
          ) {
            problem.gradients(
              $0, problem.activation("p", problem.scoreShape), mask.loop,
              into: problem.activation("dQ", problem.queryShape), problem.activation("dK", problem.keyShape),
              valuesAreKeys ? nil : problem.activation("dV", problem.keyShape),
              capped: capsScores ? (problem.activation("y", problem.scoreShape), 0.7) : nil)
          }
        }
      }
    }
  }
}
