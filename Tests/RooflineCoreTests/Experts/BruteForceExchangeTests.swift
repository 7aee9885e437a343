import RooflineCore
import TestSupport
import XCTest

extension BruteForceCollectiveTests {
  func testAnExchangeSendsWhatItsLoopSends() { BruteForceCase.check(Self.allToAllCases, .allToAll) }

  /// Each row goes to `remote` of the other ranks, in turn; a rank's rows travel together.
  static var allToAllCases: [BruteForceCase] {
    var cases: [BruteForceCase] = []
    for (rows, width, ranks, remote) in [(1, 4, 2, 1), (3, 8, 4, 2), (5, 6, 3, 2), (6, 4, 8, 3)] {
      for formats in BruteForceFormats.all {
        let described = AllToAll<Count>(
          rows: Count(rows), width: Count(width), ranks: Count(ranks), remoteRanks: Double(remote),
          format: formats.formats.activationFormat)
        cases.append(
          BruteForceCase("\(rows)×\(width) to \(remote) of \(ranks), \(formats.name)", .allToAll(described)) {
            machine in
            let row = [UInt8](repeating: 1, count: width * formats.activation / 8)
            for other in 0..<(ranks - 1) {
              var message: [UInt8] = []
              for index in 0..<rows where (0..<remote).contains(where: { (index + $0) % (ranks - 1) == other }) {
                message += row
              }
              _ = machine.send(message[...])
            }
          })
      }
    }
    return cases
  }
}
