import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Compressed entries and residual streams on paper.
final class BruteForceCompressionTests: XCTestCase {
  func testAnEntryCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.compressionCases, .compression) }

  func testStreamsBecomeOneAtTheCostOfTheLoop() { BruteForceCase.check(Self.collapseCases, .hyperCollapse) }

  func testABlocksOutputJoinsTheStreamsAtTheCostOfTheLoop() { BruteForceCase.check(Self.expandCases, .hyperExpand) }

  func testTheHeadsSumCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.headCases, .hyperHead) }

  func testAttentionToAWindowAndEntriesCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.attentionCases, .attention)
  }

  /// Pairs by walking over queries: the window's, and the entries that are complete at a query, so many at most.
  func testEntryPairsAreThoseOfAWalkOverTheQueries() {
    for keys in 1...40 as ClosedRange<UInt64> {
      for queries in Set([1, 2, keys / 2, keys]) where queries > 0 && queries <= keys {
        for (ratio, kept) in [(2, nil), (4, nil), (4, 3), (3, 2), (8, 1), (128, nil)] as [(UInt64, UInt64?)] {
          let positions = (keys - queries + 1)...keys
          let walked = positions.reduce(0) { $0 + min($1 / ratio, kept ?? .max) }
          XCTAssertEqual(
            Attention<Count>.entryPairs(Count(queries), Count(keys), Count(ratio), kept: kept.map { Count($0) }).value,
            walked, "\(queries) of \(keys), \(ratio), \(String(describing: kept))")
        }
      }
    }
  }

  /// Twice the sum of 2^40 positions' entries does not fit; a difference of two such sums must not pass for a number.
  func testPairsThatDoNotFitAreNotZero() {
    let keys = Count(1 << 40)
    XCTAssertTrue(Attention<Count>.entryPairs(keys, keys, 4, kept: nil).isOverflow)
    XCTAssertTrue(Attention<Count>.entryPairs(1, keys, 4, kept: nil).isOverflow)
  }

  // MARK: cases

  static var compressionCases: [BruteForceCase] {
    [(1, 2, 3, false), (3, 2, 1, true), (2, 4, 2, true), (4, 3, 2, false)].flatMap { entries, tokens, width, overlaps in
      BruteForceFormats.all.map { formats in
        let row = overlaps ? 2 * width : width
        let described = Compression<Count>(
          entries: Count(entries), tokensPerEntry: Count(tokens), rowWidth: Count(row), width: Count(width),
          formats: formats.formats)
        return BruteForceCase(
          "\(entries) of \(tokens), \(width), \(overlaps), \(formats.name)", .compression(described)
        ) {
          machine in
          // The window before the first entry's is there from earlier steps.
          let values = formats.tensor("v", .activations, \.residual, (entries + 1) * tokens, row)
          let gates = formats.tensor("g", .activations, \.residual, (entries + 1) * tokens, row)
          let bias = formats.tensor("b", .weights, \.residual, tokens, row)
          let out = formats.tensor("out", .activations, \.residual, entries, width)
          for entry in 0..<entries {
            for channel in 0..<width {
              var places: [(token: Int, place: Int, column: Int)] = []
              for place in 0..<tokens {
                if overlaps { places.append((entry * tokens + place, place, channel)) }
                places.append(((entry + 1) * tokens + place, place, overlaps ? width + channel : channel))
              }
              let logits = places.map {
                machine.add(machine.load(gates, $0.token, $0.column), machine.load(bias, $0.place, $0.column))
              }
              let largest = logits.reduce(-.infinity) { machine.maximum($0, $1) }
              let powers = logits.map { machine.special(exp, machine.subtract($0, largest)) }
              let sum = powers.reduce(0) { machine.add($0, $1) }
              var average = 0.0
              for (place, power) in zip(places, powers) {
                let term = machine.multiply(machine.divide(power, sum), machine.load(values, place.token, place.column))
                average = machine.add(average, term)
              }
              machine.store(average, in: out, entry, channel)
            }
          }
        }
      }
    }
  }

  private static func streamCases(
    _ make: (_ rows: Int, _ width: Int, _ streams: Int, _ formats: BruteForceFormats) -> BruteForceCase
  ) -> [BruteForceCase] {
    [(1, 3, 2), (2, 1, 4), (3, 5, 3)].flatMap { rows, width, streams in
      BruteForceFormats.all.map { make(rows, width, streams, $0) }
    }
  }

  private static func fp32(_ name: String, _ home: DeviceTensor.Home, _ shape: Int...) -> DeviceTensor {
    DeviceTensor(name, home, bits: 32, shape: shape)
  }

  /// scale·x + shift, and a sigmoid of it.
  private static func sigmoid(_ machine: CountingMachine, _ x: Double, _ scale: Double, _ shift: Double) -> Double {
    let logit = machine.add(machine.multiply(x, scale), shift)
    return machine.divide(1, machine.add(1, machine.special(exp, -logit)))
  }

  static var collapseCases: [BruteForceCase] {
    streamCases { rows, width, n, formats in
      let iterations = 3
      let described = HyperConnection<Count>(
        .before(iterations: Count(iterations)), rows: Count(rows), width: Count(width), streams: Count(n),
        formats: formats.formats)
      return BruteForceCase("\(rows)×\(width), \(n) streams, \(formats.name)", .hyperConnection(described)) { machine in
        let x = formats.tensor("x", .activations, \.residual, rows, n, width)
        let raw = fp32("raw", .activations, rows, 2 * n + n * n)
        let (scale, base) = (fp32("scale", .weights, 3), fp32("base", .weights, 2 * n + n * n))
        let out = formats.tensor("out", .activations, \.residual, rows, width)
        let mix = fp32("mix", .activations, rows, n + n * n)
        for row in 0..<rows {
          let scales = (0..<3).map { machine.load(scale, $0) }
          let pre = (0..<n).map {
            machine.add(sigmoid(machine, machine.load(raw, row, $0), scales[0], machine.load(base, $0)), 1e-6)
          }
          for stream in 0..<n {
            let gate = sigmoid(machine, machine.load(raw, row, n + stream), scales[1], machine.load(base, n + stream))
            machine.store(machine.multiply(2, gate), in: mix, row, stream)
          }
          var matrix: [[Double]] = []
          for line in 0..<n {
            let logits = (0..<n).map { column in
              let place = 2 * n + line * n + column
              return machine.add(
                machine.multiply(machine.load(raw, row, place), scales[2]), machine.load(base, place))
            }
            let largest = logits.reduce(-.infinity) { machine.maximum($0, $1) }
            let powers = logits.map { machine.special(exp, machine.subtract($0, largest)) }
            let sum = powers.reduce(0) { machine.add($0, $1) }
            matrix.append(powers.map { machine.add(machine.divide($0, sum), 1e-6) })
          }
          func normalise(rows byRow: Bool) {
            for line in 0..<n {
              var sum = 0.0
              for other in 0..<n { sum = machine.add(sum, byRow ? matrix[line][other] : matrix[other][line]) }
              sum = machine.add(sum, 1e-6)
              for other in 0..<n {
                if byRow {
                  matrix[line][other] = machine.divide(matrix[line][other], sum)
                } else {
                  matrix[other][line] = machine.divide(matrix[other][line], sum)
                }
              }
            }
          }
          normalise(rows: false)
          for _ in 1..<iterations {
            normalise(rows: true)
            normalise(rows: false)
          }
          for (place, element) in matrix.joined().enumerated() { machine.store(element, in: mix, row, n + place) }
          for column in 0..<width {
            var sum = 0.0
            for stream in 0..<n {
              sum = machine.add(sum, machine.multiply(pre[stream], machine.load(x, row, stream, column)))
            }
            machine.store(sum, in: out, row, column)
          }
        }
      }
    }
  }

  static var expandCases: [BruteForceCase] {
    streamCases { rows, width, n, formats in
      let described = HyperConnection<Count>(
        .after, rows: Count(rows), width: Count(width), streams: Count(n), formats: formats.formats)
      return BruteForceCase("\(rows)×\(width), \(n) streams, \(formats.name)", .hyperConnection(described)) { machine in
        let x = formats.tensor("x", .activations, \.residual, rows, n, width)
        let block = formats.tensor("block", .activations, \.residual, rows, width)
        let mix = fp32("mix", .activations, rows, n + n * n)
        let out = formats.tensor("out", .activations, \.residual, rows, n, width)
        for row in 0..<rows {
          for stream in 0..<n {
            for column in 0..<width {
              var sum = 0.0
              for other in 0..<n {
                sum = machine.add(
                  sum,
                  machine.multiply(
                    machine.load(mix, row, n + other * n + stream), machine.load(x, row, other, column)))
              }
              let share = machine.multiply(machine.load(mix, row, stream), machine.load(block, row, column))
              machine.store(machine.add(sum, share), in: out, row, stream, column)
            }
          }
        }
      }
    }
  }

  static var headCases: [BruteForceCase] {
    streamCases { rows, width, n, formats in
      let described = HyperConnection<Count>(
        .head, rows: Count(rows), width: Count(width), streams: Count(n), formats: formats.formats)
      return BruteForceCase("\(rows)×\(width), \(n) streams, \(formats.name)", .hyperConnection(described)) { machine in
        let x = formats.tensor("x", .activations, \.residual, rows, n, width)
        let raw = fp32("raw", .activations, rows, n)
        let (scale, base) = (fp32("scale", .weights, 1), fp32("base", .weights, n))
        let out = formats.tensor("out", .activations, \.residual, rows, width)
        for row in 0..<rows {
          let factor = machine.load(scale, 0)
          let pre = (0..<n).map {
            machine.add(sigmoid(machine, machine.load(raw, row, $0), factor, machine.load(base, $0)), 1e-6)
          }
          for column in 0..<width {
            var sum = 0.0
            for stream in 0..<n {
              sum = machine.add(sum, machine.multiply(pre[stream], machine.load(x, row, stream, column)))
            }
            machine.store(sum, in: out, row, column)
          }
        }
      }
    }
  }

  /// One query with the largest scores' entries, or several that see all.
  static var attentionCases: [BruteForceCase] {
    [(1, 1, 9, 2, 4, 2, 1), (2, 1, 5, 3, 9, 2, 2), (1, 4, 9, 2, 3, 2, nil), (2, 3, 3, 1, 2, 4, nil)].flatMap {
      batch, queries, keys, heads, window, ratio, kept in
      BruteForceFormats.all.map { formats in
        let width = 3
        let shape = AttentionShape<Count>(
          batch: Count(batch), queryTokens: Count(queries), attendedKeys: Count(keys), heads: Count(heads),
          keyValueHeads: 1, headDim: Count(width))
        let described = Attention<Count>(
          shape,
          mask: .compressed(
            window: Count(window), tokensPerEntry: Count(ratio), kept: kept.map { Count($0) }, isSingle: queries == 1),
          valuesAreKeys: true, hasSinks: true, formats: formats.formats)
        let name = "\(batch) × \(queries) of \(keys), \(heads) heads, window \(window), ratio \(ratio), \(formats.name)"
        return BruteForceCase(name, .attention(described), matrixUnit: formats.attentionUnit) { machine in
          let q = formats.tensor("q", .activations, \.residual, batch, queries, heads, width)
          // Tokens' rows, then entries.
          let cache = formats.tensor("cache", .keyValueCache, \.keyValue, batch, keys + keys / ratio, width)
          let sinks = formats.tensor("sinks", .weights, \.residual, heads)
          let out = formats.tensor("out", .activations, \.residual, batch, queries, heads, width)
          for sequence in 0..<batch {
            for query in 0..<queries {
              let position = keys - queries + query
              var rows = Array(max(0, position + 1 - window)...position)
              rows += (0..<min((position + 1) / ratio, kept ?? .max)).map { keys + $0 }
              for head in 0..<heads {
                var scores = rows.map { place in
                  var sum = 0.0
                  for column in 0..<width {
                    let term = machine.multiply(
                      machine.load(q, sequence, query, head, column), machine.load(cache, sequence, place, column),
                      on: formats.attention)
                    sum = machine.add(sum, term, on: formats.attention)
                  }
                  return machine.multiply(sum, 1 / Double(width).squareRoot())
                }
                scores.append(machine.load(sinks, head))
                let largest = scores.reduce(-.infinity) { machine.maximum($0, $1) }
                let powers = scores.map { machine.special(exp, machine.subtract($0, largest)) }
                let sum = powers.reduce(0) { machine.add($0, $1) }
                let weights = powers.dropLast().map { machine.divide($0, sum) }
                for column in 0..<width {
                  var value = 0.0
                  for (place, weight) in zip(rows, weights) {
                    let term = machine.multiply(
                      weight, machine.load(cache, sequence, place, column), on: formats.attention)
                    value = machine.add(value, term, on: formats.attention)
                  }
                  machine.store(value, in: out, sequence, query, head, column)
                }
              }
            }
          }
        }
      }
    }
  }
}
