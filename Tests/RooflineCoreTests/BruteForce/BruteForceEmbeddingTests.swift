import RooflineCore
import TestSupport
import XCTest

final class BruteForceEmbeddingTests: XCTestCase {
  func testALookupCostsWhatItsLoopTouches() { BruteForceCase.check(Self.cases, .embedding) }

  /// Twenty tokens that ask for all of four rows: whoever keeps a row reads the table once, and no more.
  func testMoreTokensThanRowsReadTheTableOnce() {
    let cases = BruteForceFormats.all.map { formats in
      let described = Embedding<Count>(tokens: 20, ownRows: 20, width: 7, tableRows: 4, formats: formats.formats)
      return BruteForceCase("20 tokens of 4, \(formats.name)", .embedding(described)) { machine in
        let table = formats.tensor("table", .weights, \.weight, 4, 7)
        let ids = DeviceTensor("ids", .activations, bits: 32, shape: [20])
        let output = formats.tensor("output", .activations, \.residual, 20, 7)
        for token in 0..<20 {
          ids[[token]] = Double(token % 4)
          let row = Int(machine.load(ids, token))
          for column in 0..<7 { machine.store(machine.load(table, row, column), in: output, token, column) }
        }
      }
    }
    BruteForceCase.check(cases, .embedding)
  }

  /// The vocabulary has few rows, so that tokens repeat. The first rank's own rows are dealt out by hand.
  static var cases: [BruteForceCase] {
    var cases: [BruteForceCase] = []
    for (tokens, width, ranks, ownRows) in [
      (1, 5, 1, 1), (3, 7, 1, 3), (5, 3, 2, 3), (7, 11, 3, 3), (13, 1, 5, 3), (2, 3, 5, 1), (1, 7, 2, 1),
    ] {
      for formats in BruteForceFormats.all {
        let described = Embedding<Count>(
          tokens: Count(tokens), ownRows: Count(ownRows), width: Count(width), formats: formats.formats)
        cases.append(
          BruteForceCase("\(tokens) × \(width) on \(ranks) ranks, \(formats.name)", .embedding(described)) { machine in
            lookUp(machine, tokens: tokens, width: width, ranks: ranks, formats)
          })
      }
    }
    return cases
  }

  /// Every rank holds a few rows of the table and looks all tokens up; the ranks' outputs add up to the whole lookup.
  ///
  /// The tokens go around the ranks, the first rank first: it has as many rows as any and is the device that is counted.
  private static func lookUp(
    _ machine: CountingMachine, tokens: Int, width: Int, ranks: Int, _ formats: BruteForceFormats
  ) {
    let rowsPerRank = 2
    let table = formats.tensor("table", .weights, \.weight, ranks * rowsPerRank, width)
    let ids = DeviceTensor("ids", .activations, bits: 32, shape: [tokens])
    for token in 0..<tokens { ids[[token]] = Double(token % ranks * rowsPerRank + token / ranks % rowsPerRank) }
    var sums = Array(repeating: 0.0, count: ids.flattened.count * width)
    var gathered: [UInt64] = []
    for rank in 0..<ranks {
      let machine = rank == 0 ? machine : CountingMachine()
      let output = formats.tensor("output", .activations, \.residual, tokens, width)
      for token in 0..<tokens {
        let row = Int(machine.load(ids, token))
        for column in 0..<width {
          // A row is fetched again for every token that asks for it.
          let isOwn = row / rowsPerRank == rank
          let element = isOwn ? machine.load(table, row, column, occurrence: token) : 0
          machine.store(element, in: output, token, column)
        }
      }
      for (index, element) in output.flattened.enumerated() { sums[index] += element }
      gathered.append(machine.bytes(.loadWeight))
    }
    XCTAssertEqual(gathered.first, gathered.max(), "no rank reads more than the one that is counted")
    for token in 0..<tokens {
      for column in 0..<width { XCTAssertEqual(sums[token * width + column], table[Int(ids[token]), column]) }
    }
  }
}
