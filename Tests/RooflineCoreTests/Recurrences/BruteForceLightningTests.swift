import Foundation
import RooflineCore
import TestSupport
import XCTest

final class BruteForceLightningTests: XCTestCase {
  /// Also: what blocks compute is what steps compute.
  func testLightningAttentionCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.cases, .lightningAttention)
  }

  static var cases: [BruteForceCase] {
    [(1, 1, 1, 3), (2, 5, 2, 2), (1, 7, 1, 3)].enumerated().flatMap { place, shape in
      BruteForceFormats.all.enumerated().flatMap { index, formats in
        [nil, 2, 4].map { make(shape, block: $0, RecurrenceCase.states[(index + place) % 3], formats) }
      }
    }
  }

  private static func make(
    _ shape: (batch: Int, tokens: Int, heads: Int, dim: Int), block: Int?, _ state: Recurrence<Count>.StateTraffic,
    _ formats: BruteForceFormats
  ) -> BruteForceCase {
    let form: Recurrence<Count>.Form = block.map { .chunks(of: Count($0)) } ?? .steps
    let described = LightningAttention<Count>(
      Recurrence(batch: Count(shape.batch), queryTokens: Count(shape.tokens), form: form, state: state),
      heads: Count(shape.heads), headDim: Count(shape.dim), formats: formats.formats)
    let unit = formats.formats.residual
    return BruteForceCase(
      "\(shape) block \(block ?? 0) \(state), \(formats.name)", .lightningAttention(described),
      matrixUnit: block == nil ? nil : unit
    ) { machine in
      let x = formats.tensor(
        "qkv", .activations, \.residual, shape.batch, shape.tokens, 3, shape.heads, shape.dim)
      let states = RecurrenceCase.stateTensor(shape.batch, shape.heads, shape.dim, shape.dim)
      let out = formats.tensor("out", .activations, \.residual, shape.batch, shape.tokens, shape.heads, shape.dim)
      for sequence in 0..<shape.batch {
        for head in 0..<shape.heads {
          func rows(_ part: Int) -> [[Double]] {
            (0..<shape.tokens).map { t in (0..<shape.dim).map { machine.load(x, sequence, t, part, head, $0) } }
          }
          let loop = LightningLoop(
            q: rows(0), k: rows(1), v: rows(2), decay: 0.9 - 0.1 * Double(head), machine: machine,
            unit: unit == .fp32 ? .vector : .tensor)
          var s = RecurrenceCase.load(machine, states, state, sequence, head)
          let expected = loop.expected(from: s)
          let outputs = block.map { loop.blocks(of: $0, &s) } ?? loop.steps(&s)
          RecurrenceCase.assertEqual(outputs, expected.outputs, "outputs of \(shape)")
          RecurrenceCase.assertEqual(s, expected.state, "state of \(shape)")
          RecurrenceCase.store(machine, s, in: states, state, sequence, head)
          for (token, row) in outputs.enumerated() {
            for (column, value) in row.enumerated() { machine.store(value, in: out, sequence, token, head, column) }
          }
        }
      }
    }
  }
}

private struct LightningLoop {
  let q, k, v: [[Double]]
  let decay: Double
  let machine: CountingMachine
  let unit: CountingMachine.Unit

  private var dim: Int { q[0].count }

  /// As the definition has it, without a machine.
  func expected(from state: [[Double]]) -> (outputs: [[Double]], state: [[Double]]) {
    var s = state
    let outputs = q.indices.map { t in
      for i in 0..<dim { for j in 0..<dim { s[i][j] = decay * s[i][j] + k[t][i] * v[t][j] } }
      return (0..<dim).map { j in (0..<dim).reduce(0) { $0 + s[$1][j] * q[t][$1] } }
    }
    return (outputs, s)
  }

  func steps(_ state: inout [[Double]]) -> [[Double]] {
    q.indices.map { t in
      for i in 0..<dim {
        for j in 0..<dim {
          state[i][j] = machine.add(machine.multiply(state[i][j], decay), machine.multiply(k[t][i], v[t][j]))
        }
      }
      return (0..<dim).map { j in (0..<dim).reduce(0) { machine.add($0, machine.multiply(state[$1][j], q[t][$1])) } }
    }
  }

  /// Padding at the end leaves the state as it is: the tables of powers end with the tokens.
  func blocks(of size: Int, _ state: inout [[Double]]) -> [[Double]] {
    var outputs: [[Double]] = []
    var start = 0
    while start < q.count {
      let tokens = min(size, q.count - start)
      func rows(_ all: [[Double]]) -> [[Double]] {
        (0..<size).map { $0 < tokens ? all[start + $0] : all[0].map { _ in 0 } }
      }
      let (q, k, v) = (rows(q), rows(k), rows(v))
      var scores = machine.product(size, dim, size, on: unit) {
        q[$0][$1]
      } _: {
        k[$1][$0]
      }
      for i in 0..<size {
        for j in 0..<size { scores[i][j] = machine.multiply(scores[i][j], i >= j ? pow(decay, Double(i - j)) : 0) }
      }
      let inside = machine.product(size, size, dim, on: unit) {
        scores[$0][$1]
      } _: {
        v[$0][$1]
      }
      let queries = (0..<size).map { i in q[i].map { machine.multiply($0, pow(decay, Double(i + 1))) } }
      let before = machine.product(size, dim, dim, on: unit) {
        queries[$0][$1]
      } _: {
        state[$0][$1]
      }
      let keys = (0..<size).map { i in k[i].map { machine.multiply($0, pow(decay, Double(tokens - 1 - i))) } }
      let learned = machine.product(dim, size, dim, on: unit) {
        keys[$1][$0]
      } _: {
        v[$0][$1]
      }
      let answers = (0..<size).map { i in (0..<dim).map { machine.add(inside[i][$0], before[i][$0]) } }
      for i in 0..<dim {
        for j in 0..<dim {
          state[i][j] = machine.add(machine.multiply(state[i][j], pow(decay, Double(tokens))), learned[i][j])
        }
      }
      outputs += answers.prefix(tokens)
      start += size
    }
    return outputs
  }
}
