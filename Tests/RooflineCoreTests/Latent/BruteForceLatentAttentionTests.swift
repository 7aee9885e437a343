import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Latent attention on paper: one cached row a token that all heads read, or keys and values of each head made of it.
final class BruteForceLatentAttentionTests: XCTestCase {
  func testBothFormsOfOneProblemGiveTheSameNumbers() {
    for problem in Self.problems(BruteForceFormats.all[0]) {
      let (naive, absorbed) = (problem.naive(CountingMachine()), problem.absorbed(CountingMachine()))
      XCTAssertEqual(naive.count, absorbed.count)
      for (left, right) in zip(naive, absorbed) { XCTAssertEqual(left, right, accuracy: 1e-9) }
    }
  }

  /// The naive form's products of latents by matrices over T = C tokens are the absorbed form's two.
  func testBothFormsMultiplyMatricesAlike() {
    for problem in Self.problems(BruteForceFormats.all[0]) where problem.queries == problem.keys {
      let (naive, absorbed) = (CountingMachine(), CountingMachine())
      _ = problem.up(naive)
      let lifted = problem.absorb(absorbed)
      _ = problem.lower(absorbed, lifted.flattened)
      XCTAssertEqual(naive.tensorFLOPs, absorbed.tensorFLOPs)
    }
  }

  func testAttentionToLatentsCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.cases, .attention) }

  func testScoresWithSharedPartsOfKeysCostWhatTheirLoopExecutesAndTouches() {
    BruteForceCase.check(Self.scoreCases, .qkMatmul)
  }

  func testValuesOfAnotherWidthCostWhatTheirLoopExecutesAndTouches() {
    BruteForceCase.check(Self.valueCases, .svMatmul)
  }

  // MARK: cases

  private static func problems(_ formats: BruteForceFormats) -> [LatentProblem] {
    [(1, 3, 3, 2), (2, 1, 5, 3), (1, 2, 5, 4), (2, 4, 4, 1)].map { batch, queries, keys, heads in
      LatentProblem(batch: batch, queries: queries, keys: keys, heads: heads, formats: formats)
    }
  }

  private static var all: [LatentProblem] { BruteForceFormats.all.flatMap(problems) }

  static var cases: [BruteForceCase] {
    all.flatMap { problem in
      [
        BruteForceCase(
          "absorbed, \(problem.name)",
          .attention(
            Attention(problem.absorbedShape, mask: .causal, valuesAreKeys: true, formats: problem.formats.formats)),
          matrixUnit: problem.formats.attentionUnit
        ) { problem.attendToLatents($0) },
        BruteForceCase(
          "naive, \(problem.name)",
          .attention(
            Attention(
              problem.naiveShape, mask: .causal, keyValueHome: .activation, formats: problem.formats.formats)),
          matrixUnit: problem.formats.formats.residual
        ) { problem.attendNaively($0) },
      ]
    }
  }

  private static var scoreCases: [BruteForceCase] {
    all.map { problem in
      BruteForceCase(
        problem.name,
        .qkMatmul(QKMatmul(problem.naiveShape, keyValueHome: .activation, formats: problem.formats.formats)),
        matrixUnit: problem.formats.formats.residual
      ) { problem.score($0) }
    }
  }

  private static var valueCases: [BruteForceCase] {
    all.map { problem in
      BruteForceCase(
        problem.name,
        .svMatmul(SVMatmul(problem.naiveShape, keyValueHome: .activation, formats: problem.formats.formats)),
        matrixUnit: problem.formats.formats.residual
      ) { problem.weigh($0) }
    }
  }
}
