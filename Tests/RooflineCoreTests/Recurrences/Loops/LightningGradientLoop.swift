import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Lightning attention's backward pass, block after block from the last.
struct LightningGradientLoop {
  let batch, tokens, heads, dim, block: Int
  let formats: BruteForceFormats

  private var blocks: Int { (tokens + block - 1) / block }
  private var unit: CountingMachine.Unit { formats.formats.residual == .fp32 ? .vector : .tensor }

  private func decay(_ head: Int) -> Double { 0.9 - 0.1 * Double(head) }

  /// Attention without blocks stands for a gradient that is not there, and fails.
  var described: Operator<Count> {
    let attention = LightningAttention<Count>(
      Recurrence(batch: Count(batch), queryTokens: Count(tokens), form: .chunks(of: Count(block)), state: .dropped),
      heads: Count(heads), headDim: Count(dim), formats: formats.formats)
    return LightningAttentionGradient(attention).map { .lightningAttentionGradient($0) }
      ?? .lightningAttention(attention)
  }

  private func element(
    _ values: [Double], _ place: (sequence: Int, head: Int), _ token: Int, _ part: Int, _ column: Int
  ) -> Double {
    values[(((place.sequence * tokens + token) * 3 + part) * heads + place.head) * dim + column]
  }

  /// Goes through one head's tokens, and gives each its result and the state before it.
  private func run(
    _ values: [Double], _ place: (sequence: Int, head: Int), _ body: (Int, [Double], [[Double]]) -> Void
  ) {
    var state = RecurrenceCase.zeros(dim, dim)
    for token in 0..<tokens {
      let before = state
      for i in 0..<dim {
        for j in 0..<dim {
          let learned = element(values, place, token, 1, i) * element(values, place, token, 2, j)
          state[i][j] = decay(place.head) * state[i][j] + learned
        }
      }
      let result = (0..<dim).map { j in
        (0..<dim).reduce(0) { $0 + state[$1][j] * element(values, place, token, 0, $1) }
      }
      body(token, result, before)
    }
  }

  func execute(_ machine: CountingMachine) {
    func joined(_ name: String) -> DeviceTensor {
      formats.tensor(name, .activations, \.residual, batch, tokens, 3, heads, dim)
    }
    let (inputs, gradient) = (joined("qkv"), joined("dqkv"))
    let dY = formats.tensor("dO", .activations, \.residual, batch, tokens, heads, dim)
    let scores = formats.tensor("scores", .activations, \.residual, batch, blocks, heads, block, block)
    let states = DeviceTensor("states", .activations, bits: 32, shape: [batch, blocks, heads, dim, dim])
    let values = inputs.flattened
    for sequence in 0..<batch {
      for head in 0..<heads {
        let place = (sequence, head)
        run(values, place) { token, _, before in
          guard token.isMultiple(of: block) else { return }
          for i in 0..<dim { for j in 0..<dim { states[[sequence, token / block, head, i, j]] = before[i][j] } }
        }
        for number in 0..<blocks {
          for i in 0..<block {
            for j in 0..<block {
              let (row, column) = (number * block + i, number * block + j)
              var score = 0.0
              for n in 0..<dim where i >= j && row < tokens {
                score += element(values, place, row, 0, n) * element(values, place, column, 1, n)
              }
              scores[[sequence, number, head, i, j]] = i >= j ? score * pow(decay(head), Double(i - j)) : 0
            }
          }
        }
        var behind = RecurrenceCase.zeros(dim, dim)
        for number in (0..<blocks).reversed() {
          let own = (0..<block).map { number * block + $0 }
          func rows(_ element: (_ token: Int, _ column: Int) -> Double) -> [[Double]] {
            own.map { token in (0..<dim).map { token < tokens ? element(token, $0) : 0 } }
          }
          func part(_ part: Int) -> [[Double]] { rows { machine.load(inputs, sequence, $0, part, head, $1) } }
          let before = (0..<dim).map { i in (0..<dim).map { machine.load(states, sequence, number, head, i, $0) } }
          let square = (0..<block).map { i in
            (0..<block).map { machine.load(scores, sequence, number, head, i, $0) }
          }
          let loaded = HeadBlock(
            q: part(0), k: part(1), v: part(2), dY: rows { machine.load(dY, sequence, $0, head, $1) }, scores: square,
            before: before, decay: decay(head), tokens: min(block, tokens - number * block))
          let found = loaded.gradients(machine, unit, behind: &behind)
          for (i, token) in own.enumerated() where token < tokens {
            for n in 0..<dim {
              machine.store(found.q[i][n], in: gradient, sequence, token, 0, head, n)
              machine.store(found.k[i][n], in: gradient, sequence, token, 1, head, n)
              machine.store(found.v[i][n], in: gradient, sequence, token, 2, head, n)
            }
          }
        }
      }
    }
    let right = NumericalGradient.of(
      { values in
        var loss = 0.0
        for sequence in 0..<batch {
          for head in 0..<heads {
            run(values, (sequence, head)) { token, result, _ in
              for n in 0..<dim { loss += dY[sequence, token, head, n] * result[n] }
            }
          }
        }
        return loss
      }, at: values)
    for (found, right) in zip(gradient.flattened, right) {
      XCTAssertEqual(found, right, accuracy: 1e-5 * max(1, abs(right)), "queries, keys and values")
    }
  }
}

/// A block of one head: what is loaded of it.
private struct HeadBlock {
  let q, k, v, dY, scores, before: [[Double]]
  let decay: Double
  /// Tokens that are no padding: the tables of powers end with them.
  let tokens: Int

  /// - Parameter state: the gradient of the state behind the block; becomes that of the state before it.
  func gradients(
    _ machine: CountingMachine, _ unit: CountingMachine.Unit, behind state: inout [[Double]]
  ) -> (q: [[Double]], k: [[Double]], v: [[Double]]) {
    let (size, dim) = (q.count, q[0].count)
    let fromStart = (0..<size).map { pow(decay, Double($0 + 1)) }
    let toEnd = (0..<size).map { pow(decay, Double(tokens - 1 - $0)) }
    var dScores = machine.product(dY, v.transposed, on: unit)
    for i in 0..<size {
      for j in 0..<size { dScores[i][j] = machine.multiply(dScores[i][j], i >= j ? pow(decay, Double(i - j)) : 0) }
    }
    var dV = machine.product(scores.transposed, dY, on: unit)
    var dQ = machine.product(dScores, k, on: unit)
    var dK = machine.product(dScores.transposed, q, on: unit)
    let queries = zip(q, fromStart).map { row, power in row.map { machine.multiply($0, power) } }
    let keys = zip(k, toEnd).map { row, power in row.map { machine.multiply($0, power) } }
    let asked = machine.product(dY, before.transposed, on: unit)
    let learned = machine.product(v, state.transposed, on: unit)
    let values = machine.product(keys, state, on: unit)
    let passed = machine.product(queries.transposed, dY, on: unit)
    for i in 0..<size {
      for n in 0..<dim {
        dQ[i][n] = machine.add(dQ[i][n], machine.multiply(asked[i][n], fromStart[i]))
        dK[i][n] = machine.add(dK[i][n], machine.multiply(learned[i][n], toEnd[i]))
        dV[i][n] = machine.add(dV[i][n], values[i][n])
      }
    }
    for i in 0..<dim {
      for j in 0..<dim {
        state[i][j] = machine.add(machine.multiply(state[i][j], pow(decay, Double(tokens))), passed[i][j])
      }
    }
    return (dQ, dK, dV)
  }
}
