import Foundation
import RooflineCore
import TestSupport

/// Latents of 5, keys of 3 + 2 turned elements, values of 4.
struct LatentProblem {
  let batch, queries, keys, heads: Int
  let formats: BruteForceFormats
  let rank = 5
  let own = 3
  let shared = 2
  let value = 4

  var name: String { "\(batch) × \(queries) of \(keys), \(heads) heads, \(formats.name)" }

  var absorbedShape: AttentionShape<Count> {
    AttentionShape(
      batch: Count(batch), queryTokens: Count(queries), attendedKeys: Count(keys), heads: Count(heads),
      keyValueHeads: 1, headDim: Count(rank + shared), valueDim: Count(rank))
  }

  var naiveShape: AttentionShape<Count> {
    AttentionShape(
      batch: Count(batch), queryTokens: Count(queries), attendedKeys: Count(keys), heads: Count(heads),
      ownDim: Count(own), sharedDim: Count(shared), valueDim: Count(value))
  }

  private var cacheUnit: CountingMachine.Unit { formats.attention }
  private var unit: CountingMachine.Unit { formats.formats.residual == .fp32 ? .vector : .tensor }

  /// What is cached: the latent, then the shared key.
  private var cache: DeviceTensor { formats.tensor("cache", .keyValueCache, \.keyValue, batch, keys, rank + shared) }
  private var query: DeviceTensor { formats.tensor("q", .activations, \.residual, batch, queries, heads, own + shared) }
  private var keyUp: DeviceTensor { formats.tensor("wk", .weights, \.weight, heads, own, rank) }
  private var valueUp: DeviceTensor { formats.tensor("wv", .weights, \.weight, heads, value, rank) }

  private func forEachRow(_ body: (_ sequence: Int, _ head: Int, _ query: Int) -> Void) {
    for sequence in 0..<batch {
      for head in 0..<heads {
        for query in 0..<queries { body(sequence, head, query) }
      }
    }
  }

  private func softmax(_ machine: CountingMachine, _ scores: [Double]) -> [Double] {
    let scaled = scores.map { machine.multiply($0, 1 / Double(own + shared).squareRoot()) }
    let largest = scaled.reduce(-.infinity) { machine.maximum($0, $1) }
    let powers = scaled.map { machine.special(exp, machine.subtract($0, largest)) }
    let sum = powers.reduce(0) { machine.add($0, $1) }
    return powers.map { machine.divide($0, sum) }
  }

  private func dot(
    _ machine: CountingMachine, _ count: Int, on unit: CountingMachine.Unit, _ pair: (Int) -> (Double, Double)
  ) -> Double {
    (0..<count).reduce(0) { sum, index in
      let (left, right) = pair(index)
      return machine.add(sum, machine.multiply(left, right, on: unit), on: unit)
    }
  }

  private func visible(_ query: Int) -> Range<Int> { 0..<(keys - queries + query + 1) }

  // MARK: the operators as the engine describes them

  /// All heads over the one cached row.
  func attendToLatents(_ machine: CountingMachine) {
    let lifted = formats.tensor("lifted", .activations, \.residual, batch, queries, heads, rank + shared)
    let out = formats.tensor("out", .activations, \.residual, batch, queries, heads, rank)
    attend(machine, lifted, into: out)
  }

  private func attend(_ machine: CountingMachine, _ lifted: DeviceTensor, into out: DeviceTensor) {
    let cache = cache
    forEachRow { sequence, head, query in
      let scores = visible(query).map { key in
        dot(machine, rank + shared, on: cacheUnit) {
          (machine.load(lifted, sequence, query, head, $0), machine.load(cache, sequence, key, $0))
        }
      }
      let weights = softmax(machine, scores)
      for column in 0..<rank {
        let sum = dot(machine, weights.count, on: cacheUnit) {
          (weights[$0], machine.load(cache, sequence, $0, column))
        }
        machine.store(sum, in: out, sequence, query, head, column)
      }
    }
  }

  /// Beside the heads' own parts in the same memory: one operand.
  private func key(_ machine: CountingMachine, _ sequence: Int, _ key: Int, _ head: Int, _ column: Int) -> Double {
    let all = formats.tensor("keys", .activations, \.residual, batch, keys, heads * own + shared)
    return machine.load(all, sequence, key, column < own ? head * own + column : heads * own + column - own)
  }
  private var values: DeviceTensor { formats.tensor("v", .activations, \.residual, batch, keys, heads, value) }

  func attendNaively(_ machine: CountingMachine) {
    let (query, values) = (query, values)
    let out = formats.tensor("out", .activations, \.residual, batch, queries, heads, value)
    forEachRow { sequence, head, row in
      let scores = visible(row).map { position in
        dot(machine, own + shared, on: unit) {
          (machine.load(query, sequence, row, head, $0), key(machine, sequence, position, head, $0))
        }
      }
      let weights = softmax(machine, scores)
      for column in 0..<value {
        let sum = dot(machine, weights.count, on: unit) {
          (weights[$0], machine.load(values, sequence, $0, head, column))
        }
        machine.store(sum, in: out, sequence, row, head, column)
      }
    }
  }

  func score(_ machine: CountingMachine) {
    let query = query
    let out = formats.tensor("scores", .activations, \.residual, batch, heads, queries, keys)
    forEachRow { sequence, head, row in
      for position in 0..<keys {
        let sum = dot(machine, own + shared, on: unit) {
          (machine.load(query, sequence, row, head, $0), key(machine, sequence, position, head, $0))
        }
        machine.store(sum, in: out, sequence, head, row, position)
      }
    }
  }

  func weigh(_ machine: CountingMachine) {
    let probabilities = formats.tensor("p", .activations, \.residual, batch, heads, queries, keys)
    let (values, out) = (values, formats.tensor("out", .activations, \.residual, batch, queries, heads, value))
    forEachRow { sequence, head, row in
      for column in 0..<value {
        let sum = dot(machine, keys, on: unit) {
          (machine.load(probabilities, sequence, head, row, $0), machine.load(values, sequence, $0, head, column))
        }
        machine.store(sum, in: out, sequence, row, head, column)
      }
    }
  }

  // MARK: the two forms from the same queries, latents and matrices

  /// Keys' own parts and values of each head and token, as kv_b_proj makes them.
  func up(_ machine: CountingMachine) -> (keys: [Double], values: [Double]) {
    var (keyRows, valueRows): ([Double], [Double]) = ([], [])
    let (cache, keyUp, valueUp) = (cache, keyUp, valueUp)
    for sequence in 0..<batch {
      for position in 0..<keys {
        for head in 0..<heads {
          for column in 0..<own {
            keyRows.append(
              dot(machine, rank, on: formats.linear) {
                (machine.load(cache, sequence, position, $0), machine.load(keyUp, head, column, $0))
              })
          }
          for column in 0..<value {
            valueRows.append(
              dot(machine, rank, on: formats.linear) {
                (machine.load(cache, sequence, position, $0), machine.load(valueUp, head, column, $0))
              })
          }
        }
      }
    }
    return (keyRows, valueRows)
  }

  func naive(_ machine: CountingMachine) -> [Double] {
    let (keyRows, valueRows) = up(machine)
    var result: [Double] = []
    for sequence in 0..<batch {
      for row in 0..<queries {
        for head in 0..<heads {
          let scores = visible(row).map { position in
            let place = ((sequence * keys + position) * heads + head) * own
            return dot(machine, own, on: unit) { (query[sequence, row, head, $0], keyRows[place + $0]) }
              + dot(machine, shared, on: unit) {
                (query[sequence, row, head, own + $0], cache[sequence, position, rank + $0])
              }
          }
          let weights = softmax(machine, scores)
          for column in 0..<value {
            result.append(
              dot(machine, weights.count, on: unit) {
                (weights[$0], valueRows[((sequence * keys + $0) * heads + head) * value + column])
              })
          }
        }
      }
    }
    return result
  }

  /// Queries in the latents' space, their turned part beside it.
  func absorb(_ machine: CountingMachine) -> DeviceTensor {
    let lifted = formats.tensor("lifted", .activations, \.residual, batch, queries, heads, rank + shared)
    let (query, keyUp) = (query, keyUp)
    forEachRow { sequence, head, row in
      for column in 0..<rank {
        let sum = dot(machine, own, on: formats.linear) {
          (machine.load(query, sequence, row, head, $0), machine.load(keyUp, head, $0, column))
        }
        machine.store(sum, in: lifted, sequence, row, head, column)
      }
      for column in 0..<shared {
        lifted[[sequence, row, head, rank + column]] = query[sequence, row, head, own + column]
      }
    }
    return lifted
  }

  /// From the latents' space to the heads' values.
  func lower(_ machine: CountingMachine, _ latents: [Double]) -> [Double] {
    let valueUp = valueUp
    let width = latents.count / (batch * queries * heads)
    var result: [Double] = []
    for place in 0..<batch * queries * heads {
      for column in 0..<value {
        result.append(
          dot(machine, rank, on: formats.linear) {
            (latents[place * width + $0], machine.load(valueUp, place % heads, column, $0))
          })
      }
    }
    return result
  }

  func absorbed(_ machine: CountingMachine) -> [Double] {
    let out = formats.tensor("out", .activations, \.residual, batch, queries, heads, rank)
    attend(machine, absorb(machine), into: out)
    return lower(machine, out.flattened)
  }
}
