import Foundation
import RooflineCore
import TestSupport

/// The gated delta rule of one sequence and value head, step by step and in chunks.
struct DeltaRuleLoop {
  /// By token.
  let q, k, v: [[Double]]
  /// By token: a gate for the head, or one for each channel of the key.
  let g: [[Double]]
  let beta: [Double]
  let isByChannel: Bool

  private var keyDim: Int { k[0].count }
  private var valueDim: Int { v[0].count }

  /// As the definition has it, without a machine.
  func expected(from state: [[Double]]) -> (outputs: [[Double]], state: [[Double]]) {
    var s = state
    var outputs: [[Double]] = []
    for t in q.indices {
      for i in 0..<keyDim { for j in 0..<valueDim { s[i][j] *= exp(g[t][isByChannel ? i : 0]) } }
      let answer = (0..<valueDim).map { j in (0..<keyDim).reduce(0) { $0 + s[$1][j] * k[t][$1] } }
      for i in 0..<keyDim { for j in 0..<valueDim { s[i][j] += beta[t] * k[t][i] * (v[t][j] - answer[j]) } }
      outputs.append((0..<valueDim).map { j in (0..<keyDim).reduce(0) { $0 + s[$1][j] * q[t][$1] } })
    }
    return (outputs, s)
  }

  func steps(_ machine: CountingMachine, _ state: inout [[Double]]) -> [[Double]] {
    q.indices.map { t in
      let decays = g[t].map { machine.special(exp, $0) }
      for i in 0..<keyDim {
        for j in 0..<valueDim { state[i][j] = machine.multiply(state[i][j], decays[isByChannel ? i : 0]) }
      }
      let answer = (0..<valueDim).map { j in
        (0..<keyDim).reduce(0) { machine.add($0, machine.multiply(state[$1][j], k[t][$1])) }
      }
      var error = (0..<valueDim).map { machine.subtract(v[t][$0], answer[$0]) }
      var key = k[t]
      if isByChannel {
        key = key.map { machine.multiply($0, beta[t]) }
      } else {
        error = error.map { machine.multiply($0, beta[t]) }
      }
      for i in 0..<keyDim {
        for j in 0..<valueDim { state[i][j] = machine.add(state[i][j], machine.multiply(key[i], error[j])) }
      }
      return (0..<valueDim).map { j in
        (0..<keyDim).reduce(0) { machine.add($0, machine.multiply(state[$1][j], q[t][$1])) }
      }
    }
  }

  /// The last chunk is padded with tokens of zeros, which are computed like the others.
  func chunks(
    of size: Int, _ machine: CountingMachine, on unit: CountingMachine.Unit, _ state: inout [[Double]]
  ) -> (outputs: [[Double]], kept: [DeltaRuleChunk]) {
    var outputs: [[Double]] = []
    var kept: [DeltaRuleChunk] = []
    var start = 0
    while start < q.count {
      func rows(_ all: [[Double]]) -> [[Double]] {
        (0..<size).map { start + $0 < all.count ? all[start + $0] : all[0].map { _ in 0 } }
      }
      let learning = (0..<size).map { start + $0 < beta.count ? beta[start + $0] : 0 }
      let chunk = Chunk(
        q: rows(q), k: rows(k), v: rows(v), g: rows(g), beta: learning, machine: machine, unit: unit)
      let answers = isByChannel ? chunk.byChannel(&state) : chunk.byHead(&state)
      outputs += answers.outputs.prefix(q.count - start)
      kept.append(answers.kept)
      start += size
    }
    return (outputs, kept)
  }
}

/// What a chunk's backward pass needs of it.
struct DeltaRuleChunk {
  /// Of Q × Q: the inverse and the scores; where a head decays also the system and the decays between tokens.
  var squares: [[[Double]]]
  /// Of each token: w, the new values, the powers of e since the chunk began, and those until it ends, by channel the reciprocals.
  var w, errors, since, until: [[Double]]
  /// The state before the chunk.
  var state: [[Double]]
}

/// One chunk's products, as the reference implementations order them.
private struct Chunk {
  let q, k, v, g: [[Double]]
  let beta: [Double]
  let machine: CountingMachine
  let unit: CountingMachine.Unit

  private var size: Int { q.count }
  private var keyDim: Int { k[0].count }
  private var valueDim: Int { v[0].count }

  func byHead(_ state: inout [[Double]]) -> (outputs: [[Double]], kept: DeltaRuleChunk) {
    let before = state
    var sums: [Double] = []
    for gate in g { sums.append(machine.add(sums.last ?? 0, gate[0])) }
    // The masked half is computed, and then replaced.
    let decays = (0..<size).map { i in
      (0..<size).map { j in
        let value = machine.special(exp, machine.subtract(sums[i], sums[j]))
        return i >= j ? value : 0
      }
    }
    let learnedValues = scaled(v, by: beta)
    let learnedKeys = scaled(k, by: beta)
    let between = machine.product(size, keyDim, size, on: unit) {
      learnedKeys[$0][$1]
    } _: {
      k[$1][$0]
    }
    var system = RecurrenceCase.zeros(size, size)
    for i in 0..<size { for j in 0..<size { system[i][j] = machine.multiply(between[i][j], decays[i][j]) } }
    let inverse = self.inverse(of: system)
    let forgotten = sums.map { machine.special(exp, $0) }
    let decayedKeys = scaled(learnedKeys, by: forgotten)
    let u = machine.product(size, size, valueDim, on: unit) {
      inverse[$0][$1]
    } _: {
      learnedValues[$0][$1]
    }
    let w = machine.product(size, size, keyDim, on: unit) {
      inverse[$0][$1]
    } _: {
      decayedKeys[$0][$1]
    }
    let scores = machine.product(size, keyDim, size, on: unit) {
      q[$0][$1]
    } _: {
      k[$1][$0]
    }
    var attention = RecurrenceCase.zeros(size, size)
    for i in 0..<size { for j in 0..<size { attention[i][j] = machine.multiply(scores[i][j], decays[i][j]) } }
    let errors = unexplained(u, w, state)
    let outputs = answers(scaled(q, by: forgotten), attention, errors, state)
    let last = machine.special(exp, sums[size - 1])
    let toTheEnd = sums.map { machine.special(exp, machine.subtract(sums[size - 1], $0)) }
    let keys = scaled(k, by: toTheEnd)
    update(&state, decay: { _ in last }, keys, errors)
    let kept = DeltaRuleChunk(
      squares: [inverse, attention, system, decays], w: w, errors: errors, since: forgotten.map { [$0] },
      until: toTheEnd.map { [$0] }, state: before)
    return (outputs, kept)
  }

  /// The decay goes into queries and keys.
  func byChannel(_ state: inout [[Double]]) -> (outputs: [[Double]], kept: DeltaRuleChunk) {
    let before = state
    var sums: [[Double]] = []
    for gate in g {
      sums.append(gate.indices.map { machine.add(sums.last?[$0] ?? 0, gate[$0]) })
    }
    let grown = sums.map { $0.map { machine.special(exp, $0) } }
    let shrunk = sums.map { $0.map { machine.special(exp, -$0) } }
    let learnedValues = scaled(v, by: beta)
    let forward = product(k, grown)
    let learnedKeys = scaled(forward, by: beta)
    let backward = product(k, shrunk)
    let queries = product(q, grown)
    var system = machine.product(size, keyDim, size, on: unit) {
      learnedKeys[$0][$1]
    } _: {
      backward[$1][$0]
    }
    mask(&system, keepsDiagonal: false)
    let inverse = self.inverse(of: system)
    let u = machine.product(size, size, valueDim, on: unit) {
      inverse[$0][$1]
    } _: {
      learnedValues[$0][$1]
    }
    let w = machine.product(size, size, keyDim, on: unit) {
      inverse[$0][$1]
    } _: {
      learnedKeys[$0][$1]
    }
    var attention = machine.product(size, keyDim, size, on: unit) {
      queries[$0][$1]
    } _: {
      backward[$1][$0]
    }
    mask(&attention, keepsDiagonal: true)
    let errors = unexplained(u, w, state)
    let outputs = answers(queries, attention, errors, state)
    let last = sums[size - 1].map { machine.special(exp, $0) }
    let keys = backward.map { row in row.indices.map { machine.multiply(row[$0], last[$0]) } }
    update(&state, decay: { last[$0] }, keys, errors)
    let kept = DeltaRuleChunk(
      squares: [inverse, attention], w: w, errors: errors, since: grown, until: shrunk, state: before)
    return (outputs, kept)
  }

  /// (1 + strictly lower triangle)⁻¹, row after row from those above it.
  private func inverse(of system: [[Double]]) -> [[Double]] {
    var result = RecurrenceCase.zeros(size, size)
    for i in 0..<size { for j in 0..<i { result[i][j] = -system[i][j] } }
    for i in 0..<size {
      let row = result[i]
      for j in 0..<i {
        // Executed over the square above, zeros and all.
        let sum = (0..<i).reduce(0) { machine.add($0, machine.multiply(row[$1], result[$1][j])) }
        result[i][j] = machine.add(row[j], sum)
      }
    }
    for i in 0..<size { result[i][i] = machine.add(result[i][i], 1) }
    return result
  }

  private func unexplained(_ u: [[Double]], _ w: [[Double]], _ state: [[Double]]) -> [[Double]] {
    let known = machine.product(size, keyDim, valueDim, on: unit) {
      w[$0][$1]
    } _: {
      state[$0][$1]
    }
    return (0..<size).map { i in (0..<valueDim).map { machine.subtract(u[i][$0], known[i][$0]) } }
  }

  private func answers(
    _ queries: [[Double]], _ attention: [[Double]], _ errors: [[Double]], _ state: [[Double]]
  ) -> [[Double]] {
    let before = machine.product(size, keyDim, valueDim, on: unit) {
      queries[$0][$1]
    } _: {
      state[$0][$1]
    }
    let inside = machine.product(size, size, valueDim, on: unit) {
      attention[$0][$1]
    } _: {
      errors[$0][$1]
    }
    return (0..<size).map { i in (0..<valueDim).map { machine.add(before[i][$0], inside[i][$0]) } }
  }

  private func update(
    _ state: inout [[Double]], decay: (Int) -> Double, _ keys: [[Double]], _ errors: [[Double]]
  ) {
    let learned = machine.product(keyDim, size, valueDim, on: unit) {
      keys[$1][$0]
    } _: {
      errors[$0][$1]
    }
    for i in 0..<keyDim {
      for j in 0..<valueDim { state[i][j] = machine.add(machine.multiply(state[i][j], decay(i)), learned[i][j]) }
    }
  }

  private func scaled(_ rows: [[Double]], by factors: [Double]) -> [[Double]] {
    zip(rows, factors).map { row, factor in row.map { machine.multiply($0, factor) } }
  }

  private func product(_ left: [[Double]], _ right: [[Double]]) -> [[Double]] {
    zip(left, right).map { a, b in a.indices.map { machine.multiply(a[$0], b[$0]) } }
  }

  /// Comparisons of places, which are no FLOPs.
  private func mask(_ square: inout [[Double]], keepsDiagonal: Bool) {
    for i in 0..<size { for j in 0..<size where j > i || j == i && !keepsDiagonal { square[i][j] = 0 } }
  }
}
