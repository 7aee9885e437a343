import RooflineCore
import TestSupport

/// The gradients of the gated delta rule of one sequence and value head, by chunks, the last one first.
struct DeltaRuleGradientLoop {
  /// By token.
  let q, k, v, dO: [[Double]]
  let beta: [Double]
  let chunks: [DeltaRuleChunk]
  let size: Int
  let isByChannel: Bool

  struct Gradients {
    var q, k, v, g: [[Double]]
    var beta: [Double]
  }

  func gradients(_ machine: CountingMachine, on unit: CountingMachine.Unit) -> Gradients {
    var all = Gradients(q: q, k: k, v: v, g: q, beta: beta)
    // Nobody goes on from the last state.
    var dS = RecurrenceCase.zeros(k[0].count, v[0].count)
    for place in chunks.indices.reversed() {
      let start = place * size
      func rows(_ all: [[Double]]) -> [[Double]] {
        (0..<size).map { start + $0 < all.count ? all[start + $0] : all[0].map { _ in 0 } }
      }
      let learning = (0..<size).map { start + $0 < beta.count ? beta[start + $0] : 0 }
      let chunk = ChunkGradient(
        q: rows(q), k: rows(k), v: rows(v), dO: rows(dO), beta: learning, kept: chunks[place], machine: machine,
        unit: unit)
      let own = isByChannel ? chunk.byChannel(&dS) : chunk.byHead(&dS)
      for row in 0..<size where start + row < q.count {
        (all.q[start + row], all.k[start + row], all.v[start + row]) = (own.q[row], own.k[row], own.v[row])
        (all.g[start + row], all.beta[start + row]) = (own.g[row], own.beta[row])
      }
    }
    return all
  }
}

/// One chunk's products, in the order of flash-linear-attention.
private struct ChunkGradient {
  let q, k, v, dO: [[Double]]
  let beta: [Double]
  let kept: DeltaRuleChunk
  let machine: CountingMachine
  let unit: CountingMachine.Unit

  private var size: Int { q.count }
  private var inverse: [[Double]] { kept.squares[0] }
  private var scores: [[Double]] { kept.squares[1] }

  func byHead(_ dS: inout [[Double]]) -> DeltaRuleGradientLoop.Gradients {
    let (system, decays) = (kept.squares[2], kept.squares[3])
    let (since, until) = (kept.since.map { $0[0] }, kept.until.map { $0[0] })
    let learnedValues = scaled(v, by: beta)
    let learnedKeys = scaled(k, by: beta)
    let decayedKeys = scaled(learnedKeys, by: since)
    let decayedQueries = scaled(q, by: since)
    let lastingKeys = scaled(k, by: until)
    let dErrors = sum(times(transposed: scores, dO), times(lastingKeys, dS))
    let dScores = masked(times(dO, transposed: kept.errors), keepsDiagonal: true)
    let dDecayedQueries = times(dO, transposed: kept.state)
    let dLastingKeys = times(kept.errors, transposed: dS)
    let dW = negative(times(dErrors, transposed: kept.state))
    let dLearnedValues = times(transposed: inverse, dErrors)
    let dDecayedKeys = times(transposed: inverse, dW)
    let dSystem = systemGradient(sum(times(dErrors, transposed: learnedValues), times(dW, transposed: decayedKeys)))
    let dBetween = product(dSystem, decays)
    let dRaw = product(dScores, decays)
    let dQ = sum(times(dRaw, k), scaled(dDecayedQueries, by: since))
    let dLearnedKeys = sum(times(dBetween, k), scaled(dDecayedKeys, by: since))
    var dK = sum(times(transposed: dBetween, learnedKeys), times(transposed: dRaw, q))
    dK = sum(dK, scaled(dLastingKeys, by: until))
    dK = sum(dK, scaled(dLearnedKeys, by: beta))

    var end = machine.multiply(since[size - 1], inner(dS, kept.state))
    // E(i, j) of exp(γᵢ − γⱼ): added to γᵢ, subtracted from γⱼ.
    let both = sum(product(dSystem, system), product(dScores, scores))
    var dSums: [Double] = []
    for i in 0..<size {
      var toward = inner([dDecayedQueries[i]], [decayedQueries[i]])
      toward = inner([dDecayedKeys[i]], [decayedKeys[i]], from: toward)
      for j in 0..<size { toward = machine.add(toward, both[i][j]) }
      var away = inner([dLastingKeys[i]], [lastingKeys[i]])
      end = machine.add(end, away)
      for j in 0..<size { away = machine.add(away, both[j][i]) }
      dSums.append(machine.subtract(toward, away))
    }
    dSums[size - 1] = machine.add(dSums[size - 1], end)
    dS = before(dS, decayedQueries, dErrors) { _ in since[size - 1] }
    return DeltaRuleGradientLoop.Gradients(
      q: dQ, k: dK, v: scaled(dLearnedValues, by: beta), g: sumsFromTheEnd(dSums.map { [$0] }),
      beta: learning(dLearnedKeys, k, dLearnedValues))
  }

  func byChannel(_ dS: inout [[Double]]) -> DeltaRuleGradientLoop.Gradients {
    let (grown, shrunk) = (kept.since, kept.until)
    let last = grown[size - 1]
    let learnedValues = scaled(v, by: beta)
    let forward = product(k, grown)
    let learnedKeys = scaled(forward, by: beta)
    let backward = product(k, shrunk)
    let queries = product(q, grown)
    let lastingKeys = backward.map { scaled($0, last) }
    let dErrors = sum(times(transposed: scores, dO), times(lastingKeys, dS))
    let dScores = masked(times(dO, transposed: kept.errors), keepsDiagonal: true)
    let dLastingKeys = times(kept.errors, transposed: dS)
    let dW = negative(times(dErrors, transposed: kept.state))
    let dLearnedValues = times(transposed: inverse, dErrors)
    let dSystem = systemGradient(sum(times(dErrors, transposed: learnedValues), times(dW, transposed: learnedKeys)))
    let dQueries = sum(times(dO, transposed: kept.state), times(dScores, backward))
    let dLearnedKeys = sum(times(transposed: inverse, dW), times(dSystem, backward))
    var dBackward = sum(times(transposed: dSystem, learnedKeys), times(transposed: dScores, queries))
    dBackward = sum(dBackward, dLastingKeys.map { scaled($0, last) })
    let dForward = scaled(dLearnedKeys, by: beta)

    var dSums = (0..<size).map { i in
      last.indices.map { j in
        machine.subtract(
          machine.add(
            machine.multiply(dQueries[i][j], queries[i][j]), machine.multiply(dLearnedKeys[i][j], learnedKeys[i][j])),
          machine.multiply(dBackward[i][j], backward[i][j]))
      }
    }
    for j in last.indices {
      var end = machine.multiply(last[j], inner([dS[j]], [kept.state[j]]))
      for i in 0..<size { end = machine.add(end, machine.multiply(dLastingKeys[i][j], lastingKeys[i][j])) }
      dSums[size - 1][j] = machine.add(dSums[size - 1][j], end)
    }
    dS = before(dS, queries, dErrors) { last[$0] }
    return DeltaRuleGradientLoop.Gradients(
      q: product(dQueries, grown), k: sum(product(dForward, grown), product(dBackward, shrunk)),
      v: scaled(dLearnedValues, by: beta), g: sumsFromTheEnd(dSums),
      beta: learning(dLearnedKeys, forward, dLearnedValues))
  }

  /// Of T = (1 + A)⁻¹: dA = −Tᵀ·dT·Tᵀ below the diagonal.
  private func systemGradient(_ dInverse: [[Double]]) -> [[Double]] {
    masked(negative(times(transposed: inverse, times(dInverse, transposed: inverse))), keepsDiagonal: false)
  }

  private func learning(_ dKeys: [[Double]], _ keys: [[Double]], _ dValues: [[Double]]) -> [Double] {
    (0..<size).map { inner([dValues[$0]], [v[$0]], from: inner([dKeys[$0]], [keys[$0]])) }
  }

  /// The gradient of the state before the chunk.
  private func before(
    _ dS: [[Double]], _ queries: [[Double]], _ dErrors: [[Double]], decay: (Int) -> Double
  ) -> [[Double]] {
    let (asked, explained) = (times(transposed: queries, dO), times(transposed: kept.w, dErrors))
    return dS.indices.map { i in
      dS[i].indices.map { j in
        machine.subtract(machine.add(machine.multiply(decay(i), dS[i][j]), asked[i][j]), explained[i][j])
      }
    }
  }

  // MARK: arithmetic

  private func times(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
    machine.product(a.count, b.count, b[0].count, on: unit) {
      a[$0][$1]
    } _: {
      b[$0][$1]
    }
  }

  private func times(_ a: [[Double]], transposed b: [[Double]]) -> [[Double]] {
    machine.product(a.count, b[0].count, b.count, on: unit) {
      a[$0][$1]
    } _: {
      b[$1][$0]
    }
  }

  private func times(transposed a: [[Double]], _ b: [[Double]]) -> [[Double]] {
    machine.product(a[0].count, a.count, b[0].count, on: unit) {
      a[$1][$0]
    } _: {
      b[$0][$1]
    }
  }

  private func sum(_ left: [[Double]], _ right: [[Double]]) -> [[Double]] {
    zip(left, right).map { a, b in a.indices.map { machine.add(a[$0], b[$0]) } }
  }

  private func scaled(_ row: [Double], _ factors: [Double]) -> [Double] {
    row.indices.map { machine.multiply(row[$0], factors[$0]) }
  }

  private func product(_ left: [[Double]], _ right: [[Double]]) -> [[Double]] {
    zip(left, right).map { scaled($0, $1) }
  }

  private func scaled(_ rows: [[Double]], by factors: [Double]) -> [[Double]] {
    zip(rows, factors).map { row, factor in row.map { machine.multiply($0, factor) } }
  }

  /// A sign is free in the sum that it goes into.
  private func negative(_ rows: [[Double]]) -> [[Double]] { rows.map { $0.map { -$0 } } }

  /// Comparisons of places, which are no FLOPs.
  private func masked(_ square: [[Double]], keepsDiagonal: Bool) -> [[Double]] {
    square.indices.map { i in square[i].indices.map { $0 < i || $0 == i && keepsDiagonal ? square[i][$0] : 0 } }
  }

  private func inner(_ left: [[Double]], _ right: [[Double]], from start: Double = 0) -> Double {
    zip(left, right).reduce(start) { sum, rows in
      zip(rows.0, rows.1).reduce(sum) { machine.add($0, machine.multiply($1.0, $1.1)) }
    }
  }

  private func sumsFromTheEnd(_ rows: [[Double]]) -> [[Double]] {
    var sum = rows[0].map { _ in 0.0 }
    return rows.reversed().map { row in
      sum = row.indices.map { machine.add(sum[$0], row[$0]) }
      return sum
    }.reversed()
  }
}
