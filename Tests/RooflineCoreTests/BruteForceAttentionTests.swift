import RooflineCore
import TestSupport
import XCTest

final class BruteForceAttentionTests: XCTestCase {
  func testQueryTimesKeyCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.qkMatmulCases, .qkMatmul) }

  func testSoftmaxCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.softmaxCases, .softmax) }

  func testScoreTimesValueCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.svMatmulCases, .svMatmul) }

  func testFusedAttentionCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.attentionCases, .attention) }

  func testTheThreeStepsAndTheFusedLoopAgree() {
    for problem in Self.problems(BruteForceFormats.all[0]) {
      let (machine, scores, probabilities) = (CountingMachine(), problem.scores, problem.probabilities)
      let (inSteps, atOnce) = (problem.output, problem.output)
      problem.multiplyQueriesByKeys(machine, problem.query, problem.key, into: scores)
      problem.softmax(machine, scores, into: probabilities)
      problem.multiplyByValues(machine, probabilities, problem.value, into: inSteps)
      problem.attend(machine, problem.query, problem.key, problem.value, .full, into: atOnce)
      for (left, right) in zip(inSteps.flattened, atOnce.flattened) { XCTAssertEqual(left, right, accuracy: 1e-12) }
      for row in stride(from: 0, to: probabilities.flattened.count, by: problem.keys) {
        XCTAssertEqual(probabilities.flattened[row..<row + problem.keys].reduce(0, +), 1, accuracy: 1e-12)
      }
    }
  }

  // MARK: cases

  /// Groups of 1, 2 and 4 query heads to a KV head, many queries and one, all keys new and most of them cached.
  private static func problems(_ formats: BruteForceFormats) -> [BruteForceAttention] {
    let shapes: [(batch: Int, queries: Int, keys: Int, heads: Int, keyValueHeads: Int, headDim: Int)] = [
      (1, 3, 3, 2, 1, 5), (2, 3, 5, 3, 3, 1), (1, 1, 7, 4, 1, 3), (3, 2, 5, 2, 2, 1), (1, 5, 7, 4, 2, 3),
      (1, 1, 1, 8, 2, 3),
    ]
    return shapes.map {
      BruteForceAttention(
        batch: $0.batch, queries: $0.queries, keys: $0.keys, heads: $0.heads, keyValueHeads: $0.keyValueHeads,
        headDim: $0.headDim, formats: formats)
    }
  }

  private static var problems: [BruteForceAttention] {
    BruteForceFormats.all.flatMap { formats in
      problems(formats).flatMap { problem in
        var training = problem
        training.keyValueHome = .activation
        return [problem, training]
      }
    }
  }

  private static var problemsWithSinks: [BruteForceAttention] {
    BruteForceFormats.all.flatMap { formats in
      problems(formats).map { problem in
        var problem = problem
        problem.hasSinks = true
        return problem
      }
    }
  }

  static var qkMatmulCases: [BruteForceCase] {
    problems.map { problem in
      let described = QKMatmul<Count>(
        problem.shape, keyValueHome: problem.keyValueHome, formats: problem.formats.formats)
      return BruteForceCase(problem.name, .qkMatmul(described), matrixUnit: problem.matrixUnit) {
        problem.multiplyQueriesByKeys($0, problem.query, problem.key, into: problem.scores)
      }
    }
  }

  static var softmaxCases: [BruteForceCase] {
    (problems + problemsWithSinks).map { problem in
      let scores = problem.scores
      let described = Softmax<Count>(
        elements: Count(scores.flattened.count), width: problem.shape.attendedKeys,
        sinks: problem.hasSinks ? problem.shape.heads : nil, formats: problem.formats.formats)
      return BruteForceCase("\(problem.name), sinks \(problem.hasSinks)", .softmax(described)) {
        problem.softmax($0, scores, into: problem.probabilities)
      }
    }
  }

  static var svMatmulCases: [BruteForceCase] {
    problems.map { problem in
      let described = SVMatmul<Count>(
        problem.shape, keyValueHome: problem.keyValueHome, formats: problem.formats.formats)
      return BruteForceCase(problem.name, .svMatmul(described), matrixUnit: problem.matrixUnit) {
        problem.multiplyByValues($0, problem.probabilities, problem.value, into: problem.output)
      }
    }
  }

  /// Windows of one key, inside the prompt, as long as the keys, and longer than them.
  static var attentionCases: [BruteForceCase] {
    let masks: [(loop: BruteForceAttention.Mask, described: Attention<Count>.Mask)] =
      [(.full, .full), (.causal, .causal)]
      + [1, 2, 3, 4, 5, 7, 11].map { (.slidingWindow($0), .slidingWindow(Count($0))) }
      + [1, 2, 3, 4, 5, 7, 11].map { (.chunked($0), .chunked(Count($0))) }
    return (problems + problemsWithSinks).flatMap { problem in
      masks.map { mask in
        let keeps = problem.keyValueHome == .activation
        let described = Attention<Count>(
          problem.shape, mask: mask.described, keyValueHome: problem.keyValueHome, keepsProbabilities: keeps,
          hasSinks: problem.hasSinks, formats: problem.formats.formats)
        return BruteForceCase(
          "\(problem.name), \(mask.loop), sinks \(problem.hasSinks)", .attention(described),
          matrixUnit: problem.matrixUnit
        ) {
          problem.attend(
            $0, problem.query, problem.key, problem.value, mask.loop, into: problem.output,
            keeping: keeps ? problem.probabilities : nil)
        }
      }
    }
  }
}
