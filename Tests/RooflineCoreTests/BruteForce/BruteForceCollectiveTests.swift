import RooflineCore
import TestSupport
import XCTest

final class BruteForceCollectiveTests: XCTestCase {
  func testAllReduceSendsWhatTheRingPassesOn() { BruteForceCase.check(Self.allReduceCases, .allReduce) }

  func testAllGatherSendsWhatTheRingPassesOn() { BruteForceCase.check(Self.allGatherCases, .allGather) }

  func testReduceScatterSendsWhatTheRingPassesOn() { BruteForceCase.check(Self.reduceScatterCases, .reduceScatter) }

  func testSendPassesTheMessageOnOnce() { BruteForceCase.check(Self.sendCases, .send) }

  /// One stage hands its buffer to the next.
  static var sendCases: [BruteForceCase] {
    (1...24).map { message in
      BruteForceCase("of \(message) bytes", .send(Send<Count>(message: Count(message)))) { machine in
        let buffer = (0..<message).map { byte in byte + 1 }
        XCTAssertEqual(Array(machine.send(buffer[...])), buffer)
      }
    }
  }

  /// Messages that the ranks divide, that they do not, and that are shorter than there are ranks.
  private static func cases(_ pattern: CollectivePattern, _ run: @escaping (inout Ring) -> Void) -> [BruteForceCase] {
    [2, 3, 4, 5, 8].flatMap { ranks in
      [1, 2, 7, 12, 29, 40].map { message in
        let described = Collective<Count>(pattern, ranks: Count(ranks), message: Count(message))
        return BruteForceCase("of \(message) bytes over \(ranks) ranks", .collective(described)) { machine in
          var ring = Ring(ranks: ranks, message: message, first: machine)
          run(&ring)
          for other in ring.machines {
            XCTAssertEqual(other.sentBytes, machine.sentBytes, "the ranks send alike")
            XCTAssertEqual(other.sentMessages, machine.sentMessages, "the ranks send alike")
          }
        }
      }
    }
  }

  static var allReduceCases: [BruteForceCase] {
    cases(.allReduce) { ring in
      let sum = ring.sum
      ring.reduceScatter()
      ring.allGather()
      for buffer in ring.buffers { XCTAssertEqual(buffer, sum) }
    }
  }

  static var reduceScatterCases: [BruteForceCase] {
    cases(.reduceScatter) { ring in
      let sum = ring.sum
      ring.reduceScatter()
      for (rank, buffer) in ring.buffers.enumerated() {
        let own = ring.place(of: ring.owned(by: rank))
        XCTAssertEqual(buffer[own], sum[own])
      }
    }
  }

  static var allGatherCases: [BruteForceCase] {
    cases(.allGather) { ring in
      let whole = ring.buffers[0]
      for rank in ring.buffers.indices {
        let own = ring.place(of: ring.owned(by: rank))
        for byte in ring.buffers[rank].indices where !own.contains(byte) { ring.buffers[rank][byte] = -1 }
        ring.buffers[rank][own] = whole[own]
      }
      ring.allGather()
      for buffer in ring.buffers { XCTAssertEqual(buffer, whole) }
    }
  }

  /// Ranks in a ring that pass pieces of their buffers to the next one, all at once, step by step.
  private struct Ring {
    let ranks, pieceSize: Int
    let machines: [CountingMachine]
    /// A number for each byte of the message, then the padding of the last pieces.
    var buffers: [[Int]]

    init(ranks: Int, message: Int, first: CountingMachine) {
      self.ranks = ranks
      machines = [first] + (1..<ranks).map { _ in CountingMachine() }
      var pieceSize = 1
      while (0..<ranks).reduce(0, { size, _ in size + pieceSize }) < message { pieceSize += 1 }
      self.pieceSize = pieceSize
      var generator = SeededGenerator(seed: UInt64(message))
      buffers = (0..<ranks).map { _ in
        (0..<ranks * pieceSize).map { $0 < message ? Int.random(in: 1...99, using: &generator) : 0 }
      }
    }

    /// What every byte adds up to over the ranks.
    var sum: [Int] { buffers[0].indices.map { byte in buffers.reduce(0) { $0 + $1[byte] } } }

    /// The piece that a rank has the sum of after a reduce-scatter, and starts with in an all-gather.
    func owned(by rank: Int) -> Int { (rank + 1) % ranks }

    func place(of piece: Int) -> Range<Int> { piece * pieceSize..<(piece + 1) * pieceSize }

    /// Every rank sends a piece on; the next one does with it what `receive` says.
    private mutating func step(_ piece: (_ rank: Int) -> Int, receive: (_ own: Int, _ sent: Int) -> Int) {
      let sent = (0..<ranks).map { machines[$0].send(buffers[$0][place(of: piece($0))]) }
      for rank in 0..<ranks {
        let next = (rank + 1) % ranks
        for (byte, value) in zip(place(of: piece(rank)), sent[rank]) {
          buffers[next][byte] = receive(buffers[next][byte], value)
        }
      }
    }

    /// A piece goes around once, and every rank adds its part: whoever is last has the sum.
    mutating func reduceScatter() {
      for round in 1..<ranks { step({ [ranks] in ($0 + ranks + 1 - round) % ranks }, receive: { $0 + $1 }) }
    }

    /// A piece goes around once, and every rank keeps a copy.
    mutating func allGather() {
      for round in 1..<ranks { step({ [ranks] in ($0 + ranks + 2 - round) % ranks }, receive: { $1 }) }
    }
  }
}
