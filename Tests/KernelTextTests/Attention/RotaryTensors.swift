import Foundation
import RooflineCore

/// A case's tensors before and after, by a plain loop over heads.
struct RotaryTensors {
  private let shape: RotaryCase
  private let format: KernelFormat
  /// For each place the cosines of all pairs, then the sines.
  private let table: [Double]
  private var random: RandomElements
  /// Two products of elements below 2, and a conversion's half unit is relative already.
  private let error = 1e-6

  init(_ shape: RotaryCase, _ format: KernelFormat) {
    (self.shape, self.format) = (shape, format)
    random = RandomElements(seed: UInt64(shape.heads * 100 + shape.headDim))
    let half = shape.turned / 2
    table = (0..<shape.past + shape.tokens).flatMap { place in
      let angles = (0..<half).map { Double(place) * pow(10_000, -Double($0) / Double(half)) }
      return (angles.map(cos) + angles.map(sin)).map(format.rounded)
    }
  }

  mutating func inPlace(keySource: Rotary<Count>.Source) -> KernelCase {
    let query = random.next(shape.batch * shape.tokens * shape.heads * shape.headDim, format)
    let key = random.next(shape.batch * shape.capacity * shape.keyHeads * shape.headDim, format)
    var turnedQuery = query
    var turnedKey = key
    forEachToken { sequence, token in
      let queries = (sequence * shape.tokens + token) * shape.heads * shape.headDim
      turn(query, queries, into: &turnedQuery, queries, heads: shape.heads, token)
      let keys = (sequence * shape.capacity + shape.past + token) * shape.keyHeads * shape.headDim
      turn(key, keys, into: &turnedKey, keys, heads: shape.keyHeads, token)
    }
    return KernelCase(
      kernel: "rotary_\(format)", grid: (shape.tokens, shape.batch), block: shape.block,
      arguments: [
        .tensor(inPlace("query", query, becomes: turnedQuery, .query)),
        .tensor(inPlace("key", key, becomes: turnedKey, .key)), .tensor(.input(.table, format, table)),
      ] + dimensions,
      operands: shape.operands(keySource, format))
  }

  mutating func cacheWrite() -> KernelCase {
    let width = (shape.heads + 2 * shape.keyHeads) * shape.headDim
    let projected = random.next(shape.batch * shape.tokens * width, format)
    var turned = projected
    // Places of the cache that are not this step's stay as they are: poison.
    var keys = [Double](repeating: .nan, count: shape.batch * shape.capacity * shape.keyHeads * shape.headDim)
    var values = keys
    forEachToken { sequence, token in
      let start = (sequence * shape.tokens + token) * width
      turn(projected, start, into: &turned, start, heads: shape.heads, token)
      let newKeys = start + shape.heads * shape.headDim
      let place = (sequence * shape.capacity + shape.past + token) * shape.keyHeads * shape.headDim
      let newValues = newKeys + shape.keyHeads * shape.headDim
      for element in 0..<shape.keyHeads * shape.headDim {
        keys[place + element] = projected[newKeys + element]
        values[place + element] = projected[newValues + element]
      }
      turn(projected, newKeys, into: &keys, place, heads: shape.keyHeads, token)
    }
    return KernelCase(
      kernel: "rotary_kv_write_\(format)", grid: (shape.tokens, shape.batch), block: shape.block,
      arguments: [
        .tensor(
          .inPlace(
            "projected", format, projected, becomes: turned, absoluteError: error, reads: [.query, .key, .value],
            writes: [.query])),
        .tensor(.output(.key, format, keys, relativeError: 0, absoluteError: error)),
        .tensor(.output(.value, format, values, relativeError: 0)), .tensor(.input(.table, format, table)),
      ] + dimensions,
      operands: shape.operands(.fusedProjection, format))
  }

  private func inPlace(_ name: String, _ contents: [Double], becomes expected: [Double], _ operand: StaticName)
    -> KernelTensor
  {
    .inPlace(
      name, format, contents, becomes: expected, absoluteError: error, reads: [operand], writes: [operand])
  }

  private var dimensions: [KernelCase.Argument] {
    [shape.heads, shape.keyHeads, shape.headDim, shape.turned, shape.capacity, shape.past].map { .int32($0) }
  }

  private func forEachToken(_ body: (_ sequence: Int, _ token: Int) -> Void) {
    for sequence in 0..<shape.batch {
      for token in 0..<shape.tokens { body(sequence, token) }
    }
  }

  /// Turns the pairs (j, j + r/2) of each head's first r elements.
  private func turn(
    _ source: [Double], _ from: Int, into target: inout [Double], _ to: Int, heads: Int, _ token: Int
  ) {
    let half = shape.turned / 2
    let row = (shape.past + token) * shape.turned
    for head in 0..<heads {
      for pair in 0..<half {
        let (first, second) = (head * shape.headDim + pair, head * shape.headDim + half + pair)
        let (cosine, sine) = (table[row + pair], table[row + half + pair])
        target[to + first] = source[from + first] * cosine - source[from + second] * sine
        target[to + second] = source[from + first] * sine + source[from + second] * cosine
      }
    }
  }
}
