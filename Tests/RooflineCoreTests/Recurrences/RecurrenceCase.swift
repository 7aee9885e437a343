import Foundation
import RooflineCore
import TestSupport
import XCTest

/// What the loops of recurrences have in common.
enum RecurrenceCase {
  static let states: [Recurrence<Count>.StateTraffic] = [.updated, .written, .dropped]

  /// −exp(A)·softplus(a + bias); the factor is computed when the weights are loaded.
  static func decay(_ machine: CountingMachine, _ a: Double, _ bias: Double, _ logarithm: Double) -> Double {
    let softplus = machine.special(log, machine.add(1, machine.special(exp, machine.add(a, bias))))
    return machine.multiply(-exp(logarithm), softplus)
  }

  static func sigmoid(_ machine: CountingMachine, _ x: Double) -> Double {
    machine.divide(1, machine.add(1, machine.special(exp, -x)))
  }

  static func zeros(_ rows: Int, _ columns: Int) -> [[Double]] {
    Array(repeating: Array(repeating: 0, count: columns), count: rows)
  }

  /// A state's tensor, in fp32.
  static func stateTensor(_ shape: Int...) -> DeviceTensor {
    DeviceTensor("state", .keyValueCache, bits: 32, shape: shape)
  }

  /// One state, loaded where tokens came before.
  static func load(
    _ machine: CountingMachine, _ state: DeviceTensor, _ traffic: Recurrence<Count>.StateTraffic, _ sequence: Int,
    _ head: Int
  ) -> [[Double]] {
    (0..<state.shape[2]).map { row in
      (0..<state.shape[3]).map { traffic == .updated ? machine.load(state, sequence, head, row, $0) : 0 }
    }
  }

  static func store(
    _ machine: CountingMachine, _ values: [[Double]], in state: DeviceTensor,
    _ traffic: Recurrence<Count>.StateTraffic, _ sequence: Int, _ head: Int
  ) {
    guard traffic != .dropped else { return }
    for (row, columns) in values.enumerated() {
      for (column, value) in columns.enumerated() { machine.store(value, in: state, sequence, head, row, column) }
    }
  }

  static func assertEqual(_ left: [[Double]], _ right: [[Double]], _ what: String) {
    XCTAssertEqual(left.count, right.count, what)
    for (a, b) in zip(left, right) {
      for (x, y) in zip(a, b) { XCTAssertEqual(x, y, accuracy: 1e-9 * max(1, abs(y)), what) }
    }
  }
}

extension CountingMachine {
  /// A (m×k) times B (k×n), every product and addition executed.
  func product(
    _ m: Int, _ k: Int, _ n: Int, on unit: Unit, _ a: (Int, Int) -> Double, _ b: (Int, Int) -> Double
  ) -> [[Double]] {
    (0..<m).map { i in
      (0..<n).map { j in
        (0..<k).reduce(0) { add($0, multiply(a(i, $1), b($1, j), on: unit), on: unit) }
      }
    }
  }
}
