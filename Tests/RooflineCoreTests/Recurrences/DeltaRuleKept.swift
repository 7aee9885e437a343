import Foundation
import RooflineCore
import TestSupport

/// The sizes of a small delta rule.
struct DeltaRuleShape {
  let batch, tokens, keyHeads, valueHeads, keyDim, valueDim: Int

  static let all = [
    DeltaRuleShape(batch: 1, tokens: 1, keyHeads: 1, valueHeads: 1, keyDim: 3, valueDim: 3),
    DeltaRuleShape(batch: 2, tokens: 5, keyHeads: 1, valueHeads: 2, keyDim: 2, valueDim: 3),
    DeltaRuleShape(batch: 1, tokens: 6, keyHeads: 2, valueHeads: 2, keyDim: 3, valueDim: 2),
    DeltaRuleShape(batch: 1, tokens: 7, keyHeads: 1, valueHeads: 3, keyDim: 4, valueDim: 2),
  ]

  func keyHead(of head: Int) -> Int { head * keyHeads / valueHeads }
}

/// What a delta rule keeps for its backward pass, in memory: rows of tokens that are there, not of a last chunk's padding.
struct DeltaRuleKept {
  let size: Int
  private let tokens: Int
  private let squares, w, errors, since, until, states: DeviceTensor
  /// Of a kernel that normalises and computes gates.
  private let queries, keys, gates, roots: DeviceTensor

  init(_ shape: DeltaRuleShape, chunk: Int, isByChannel: Bool, _ formats: BruteForceFormats) {
    (size, tokens) = (chunk, shape.tokens)
    let (b, t, h) = (shape.batch, shape.tokens, shape.valueHeads)
    func tensor(_ name: String, _ shape: [Int]) -> DeviceTensor {
      DeviceTensor("kept \(name)", .activations, bits: formats.residual, shape: shape)
    }
    squares = tensor("squares", [b, h, t, isByChannel ? 2 : 4, chunk])
    w = tensor("w", [b, h, t, shape.keyDim])
    errors = tensor("errors", [b, h, t, shape.valueDim])
    let channels = isByChannel ? shape.keyDim : 1
    since = tensor("since", [b, h, t, channels])
    until = tensor("until", [b, h, t, channels])
    states = tensor("states", [b, h, (t + chunk - 1) / chunk, shape.keyDim, shape.valueDim])
    queries = tensor("queries", [b, t, shape.keyHeads, shape.keyDim])
    keys = tensor("keys", [b, t, shape.keyHeads, shape.keyDim])
    gates = tensor("gates", [b, t, h, channels + 1])
    roots = tensor("roots", [2, b, t, shape.keyHeads])
  }

  /// What a fused kernel made of its inputs; the norms' roots are left as they are.
  func storeInputs(_ machine: CountingMachine, _ loops: [[DeltaRuleLoop]], of shape: DeltaRuleShape) {
    for (sequence, heads) in loops.enumerated() {
      for (head, loop) in heads.enumerated() {
        let keyHead = shape.keyHead(of: head)
        for token in 0..<tokens {
          for (column, value) in loop.q[token].enumerated() {
            machine.store(value, in: queries, sequence, token, keyHead, column)
            machine.store(loop.k[token][column], in: keys, sequence, token, keyHead, column)
          }
          for (place, value) in (loop.g[token] + [loop.beta[token]]).enumerated() {
            machine.store(value, in: gates, sequence, token, head, place)
          }
          for which in 0..<2 {
            machine.store(roots[which, sequence, token, keyHead], in: roots, which, sequence, token, keyHead)
          }
        }
      }
    }
  }

  func setRoot(_ root: Double, of which: Int, _ sequence: Int, _ token: Int, _ keyHead: Int) {
    roots[[which, sequence, token, keyHead]] = root
  }

  func root(_ machine: CountingMachine, of which: Int, _ sequence: Int, _ token: Int, _ keyHead: Int) -> Double {
    machine.load(roots, which, sequence, token, keyHead)
  }

  /// A normalised query (0) or key (1).
  func normalized(_ machine: CountingMachine, _ which: Int, _ sequence: Int, _ token: Int, _ keyHead: Int) -> [Double] {
    let tensor = which == 0 ? queries : keys
    return (0..<tensor.shape[3]).map { machine.load(tensor, sequence, token, keyHead, $0) }
  }

  /// A token's g, and β at the end.
  func gates(_ machine: CountingMachine, _ sequence: Int, _ token: Int, _ head: Int) -> [Double] {
    (0..<gates.shape[3]).map { machine.load(gates, sequence, token, head, $0) }
  }

  // MARK: chunks

  private func forEachVector(_ body: (DeviceTensor, WritableKeyPath<DeltaRuleChunk, [[Double]]>) -> Void) {
    body(w, \.w)
    body(errors, \.errors)
    body(since, \.since)
    body(until, \.until)
  }

  func store(_ machine: CountingMachine, _ chunks: [DeltaRuleChunk], _ sequence: Int, _ head: Int) {
    for (place, chunk) in chunks.enumerated() {
      for (row, values) in chunk.state.enumerated() {
        for (column, value) in values.enumerated() {
          machine.store(value, in: states, sequence, head, place, row, column)
        }
      }
      for row in 0..<size where place * size + row < tokens {
        let token = place * size + row
        for (square, rows) in chunk.squares.enumerated() {
          for (column, value) in rows[row].enumerated() {
            machine.store(value, in: squares, sequence, head, token, square, column)
          }
        }
        forEachVector { tensor, path in
          for (column, value) in chunk[keyPath: path][row].enumerated() {
            machine.store(value, in: tensor, sequence, head, token, column)
          }
        }
      }
    }
  }

  /// Padded with zeros, but for the decay since the beginning, which stays where the last token left it.
  func load(_ machine: CountingMachine, _ sequence: Int, _ head: Int) -> [DeltaRuleChunk] {
    (0..<states.shape[2]).map { place in
      func rows(_ width: Int, _ element: (Int, Int) -> Double) -> [[Double]] {
        (0..<size).map { row in
          let token = place * size + row
          return (0..<width).map { token < tokens ? element(token, $0) : 0 }
        }
      }
      var chunk = DeltaRuleChunk(
        squares: (0..<squares.shape[3]).map { square in
          rows(size) { machine.load(squares, sequence, head, $0, square, $1) }
        },
        w: [], errors: [], since: [], until: [],
        state: (0..<states.shape[3]).map { row in
          (0..<states.shape[4]).map { machine.load(states, sequence, head, place, row, $0) }
        })
      forEachVector { tensor, path in
        chunk[keyPath: path] = rows(tensor.shape[3]) { machine.load(tensor, sequence, head, $0, $1) }
      }
      for row in 0..<size where place * size + row >= tokens { chunk.since[row] = chunk.since[row - 1] }
      return chunk
    }
  }
}
