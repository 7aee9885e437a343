import Foundation
import RooflineCore
import TestSupport
import XCTest

/// An indexer on paper.
final class BruteForceIndexTests: XCTestCase {
  func testScoresCostWhatTheirLoopExecutesAndTouches() {
    BruteForceCase.check(Self.scoreCases + Self.blockCases, .indexScores)
  }

  func testAChoiceTouchesScoresAndIndicesAlone() { BruteForceCase.check(Self.selectionCases, .indexSelection) }

  func testATransformCostsWhatItsButterfliesExecuteAndTouch() {
    BruteForceCase.check(Self.rotationCases, .indexRotation)
  }

  private static let shapes = [(1, 3, 3, 2), (2, 1, 5, 3), (1, 2, 7, 1), (2, 4, 4, 2)]
  private static let width = 4

  /// Where index keys lie: in the cache, or in a training step with the other activations.
  private struct Home {
    let described: KeyValueHome
    let formats: BruteForceFormats

    static func all(_ formats: BruteForceFormats) -> [Home] {
      [KeyValueHome.cache, .activation].map { Home(described: $0, formats: formats) }
    }

    var name: String { "\(formats.name), keys in \(described)" }

    var unit: DType { described == .cache ? formats.formats.keyValueCache : formats.formats.residual }

    func keys(_ name: String, _ shape: Int...) -> DeviceTensor {
      described == .cache
        ? DeviceTensor(name, .keyValueCache, bits: formats.keyValue, shape: shape)
        : DeviceTensor(name, .activations, bits: formats.residual, shape: shape)
    }

    /// Scales of keys beside them in a cache of 8 bits or less.
    func scales(_ shape: Int...) -> DeviceTensor? {
      described == .cache && formats.keyValue <= 8
        ? DeviceTensor("key scales", .keyValueCache, bits: 32, shape: shape) : nil
    }
  }

  static var scoreCases: [BruteForceCase] {
    shapes.flatMap { batch, queries, keys, heads in
      BruteForceFormats.all.flatMap(Home.all).map { home in
        let formats = home.formats
        let (tokens, attended) = (Count(queries), Count(keys))
        // Pairs by walking over them.
        let pairs = (0..<queries).reduce(0) { $0 + (keys - queries + $1 + 1) }
        let described = IndexScores<Count>(
          batch: Count(batch), queryTokens: tokens, keys: attended, pairs: Count(pairs), heads: Count(heads),
          width: Count(width), keyHome: home.described, formats: formats.formats)
        let unit: CountingMachine.Unit = home.unit == .fp32 ? .vector : .tensor
        return BruteForceCase(
          "\(batch) × \(queries) of \(keys), \(heads) heads, \(home.name)", .indexScores(described),
          matrixUnit: home.unit
        ) { machine in
          let query = formats.tensor("q", .activations, \.residual, batch, queries, heads, width)
          let weights = formats.tensor("w", .activations, \.residual, batch, queries, heads)
          let key = home.keys("k", batch, keys, width)
          let scales = home.scales(batch, keys)
          let scores = DeviceTensor("scores", .activations, bits: 32, shape: [batch, queries, keys])
          for sequence in 0..<batch {
            for row in 0..<queries {
              for position in 0...(keys - queries + row) {
                var score = 0.0
                for head in 0..<heads {
                  var product = 0.0
                  for column in 0..<width {
                    let term = machine.multiply(
                      machine.load(query, sequence, row, head, column), machine.load(key, sequence, position, column),
                      on: unit)
                    product = machine.add(product, term, on: unit)
                  }
                  let weighted = machine.multiply(
                    machine.maximum(0, product), machine.load(weights, sequence, row, head))
                  score = machine.add(score, weighted)
                }
                let scale = scales.map { machine.load($0, sequence, position) } ?? 1
                machine.store(machine.multiply(score, scale), in: scores, sequence, row, position)
              }
            }
          }
        }
      }
    }
  }

  /// The largest product of each block, head by head.
  static var blockCases: [BruteForceCase] {
    [(1, 3, 3, 2, 2), (2, 1, 5, 3, 2), (1, 2, 7, 1, 3), (2, 4, 4, 2, 1), (1, 1, 6, 2, 8)].flatMap {
      batch, queries, keys, heads, block in
      BruteForceFormats.all.flatMap(Home.all).map { home in
        let formats = home.formats
        let described = IndexScores<Count>(
          batch: Count(batch), queryTokens: Count(queries), keys: Count(keys),
          pairs: Count((0..<queries).reduce(0) { $0 + (keys - queries + $1 + 1) }), heads: Count(heads),
          width: Count(width), block: Count(block), keyHome: home.described, formats: formats.formats)
        let unit: CountingMachine.Unit = home.unit == .fp32 ? .vector : .tensor
        return BruteForceCase(
          "\(batch) × \(queries) of \(keys) in blocks of \(block), \(heads) heads, \(home.name)",
          .indexScores(described), matrixUnit: home.unit
        ) { machine in
          let query = formats.tensor("q", .activations, \.residual, batch, queries, heads, width)
          let key = home.keys("k", batch, keys, width)
          let scales = home.scales(batch, keys)
          let scores = DeviceTensor("scores", .activations, bits: 32, shape: [batch, queries, heads, keys])
          for sequence in 0..<batch {
            for row in 0..<queries {
              let last = keys - queries + row
              for head in 0..<heads {
                for first in stride(from: 0, through: last, by: block) {
                  var largest = -Double.infinity
                  for position in first...min(first + block - 1, last) {
                    var product = 0.0
                    for column in 0..<width {
                      let term = machine.multiply(
                        machine.load(query, sequence, row, head, column), machine.load(key, sequence, position, column),
                        on: unit)
                      product = machine.add(product, term, on: unit)
                    }
                    if let scales { product = machine.multiply(product, machine.load(scales, sequence, position)) }
                    largest = machine.maximum(largest, product)
                  }
                  machine.store(largest, in: scores, sequence, row, head, first / block)
                }
              }
            }
          }
        }
      }
    }
  }

  static var selectionCases: [BruteForceCase] {
    shapes.flatMap { batch, queries, keys, kept in
      BruteForceFormats.all.map { formats in
        let pairs = (0..<queries).reduce(0) { $0 + (keys - queries + $1 + 1) }
        let described = IndexSelection<Count>(
          batch: Count(batch), queryTokens: Count(queries), pairs: Count(pairs), kept: Count(kept),
          keys: Count(keys), formats: formats.formats)
        return BruteForceCase("\(batch) × \(queries) of \(keys), \(kept), \(formats.name)", .indexSelection(described))
        {
          machine in
          let scores = DeviceTensor("scores", .activations, bits: 32, shape: [batch, queries, keys])
          let indices = DeviceTensor("indices", .activations, bits: 32, shape: [batch, queries, kept])
          for sequence in 0..<batch {
            for row in 0..<queries {
              var found = (0...(keys - queries + row)).map { (machine.load(scores, sequence, row, $0), $0) }
              found.sort { $0.0 > $1.0 }
              // Where there are fewer keys than places, the last place says that there are no more.
              for place in 0..<kept {
                machine.store(place < found.count ? Double(found[place].1) : -1, in: indices, sequence, row, place)
              }
            }
          }
        }
      }
    }
  }

  static var rotationCases: [BruteForceCase] {
    [(1, 1, 1), (3, 2, 2), (2, 1, 3), (5, 3, 1)].flatMap { tokens, heads, steps in
      BruteForceFormats.all.flatMap(Home.all).map { home in
        let formats = home.formats
        let width = [2, 4, 8][steps - 1]
        let described = IndexRotation<Count>(
          tokens: Count(tokens), heads: Count(heads), width: Count(width), steps: Count(steps),
          keyHome: home.described, formats: formats.formats)
        return BruteForceCase(
          "\(tokens) tokens, \(heads) heads of \(width), \(home.name)", .indexRotation(described)
        ) {
          machine in
          let query = formats.tensor("q", .activations, \.residual, tokens * heads, width)
          let new = formats.tensor("k", .activations, \.residual, tokens, width)
          let cached = home.keys("cached", tokens, width)
          let scales = home.scales(tokens)
          for row in 0..<tokens * heads {
            let values = transform(machine, (0..<width).map { machine.load(query, row, $0) })
            for column in 0..<width { machine.store(values[column], in: query, row, column) }
          }
          for row in 0..<tokens {
            let before = (0..<width).map { machine.load(new, row, $0) }
            let values = transform(machine, before)
            for column in 0..<width { machine.store(values[column], in: cached, row, column) }
            if let scales { machine.store(1, in: scales, row) }
            // A rotation keeps lengths, and done twice it is undone.
            XCTAssertEqual(
              values.reduce(0) { $0 + $1 * $1 }, before.reduce(0) { $0 + $1 * $1 }, accuracy: 1e-12)
            for (again, old) in zip(transform(CountingMachine(), values), before) {
              XCTAssertEqual(again, old, accuracy: 1e-12)
            }
          }
        }
      }
    }
  }

  /// Butterflies over pairs at growing distances, then a scaling.
  private static func transform(_ machine: CountingMachine, _ row: [Double]) -> [Double] {
    var values = row
    var distance = 1
    while distance < values.count {
      let old = values
      for index in values.indices {
        let partner = index ^ distance
        values[index] =
          index < partner ? machine.add(old[index], old[partner]) : machine.subtract(old[partner], old[index])
      }
      distance *= 2
    }
    return values.map { machine.multiply($0, 1 / Double(values.count).squareRoot()) }
  }
}
