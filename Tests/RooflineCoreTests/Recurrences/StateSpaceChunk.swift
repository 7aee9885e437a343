import TestSupport

/// A chunk of one head: what is loaded of it.
struct StateSpaceChunk {
  let x, dY, b, c: [[Double]]
  let steps: [Double]
  let scores, decays: [[Double]]
  let fromStart, toEnd: [Double]
  let before: [[Double]]
  let factor, skip: Double

  /// - Parameters:
  ///   - state: the gradient of the state behind the chunk; becomes that of the state before it.
  ///   - decay: the gradient of A so far; `ofSkip` that of D.
  func gradients(
    _ machine: CountingMachine, _ unit: CountingMachine.Unit, behind state: inout [[Double]], _ decay: inout Double,
    _ ofSkip: inout Double
  ) -> (x: [[Double]], b: [[Double]], c: [[Double]], scores: [[Double]], steps: [Double]) {
    let (size, width, inner) = (x.count, x[0].count, b[0].count)
    let inputs = zip(x, steps).map { row, step in row.map { machine.multiply($0, step) } }
    for i in 0..<size { for p in 0..<width { ofSkip = machine.add(ofSkip, machine.multiply(dY[i][p], x[i][p])) } }
    // Inside the chunk.
    let dM = machine.product(dY, inputs.transposed, on: unit)
    var dInputs = machine.product(scores.transposed, dY, on: unit)
    var dScores = RecurrenceCase.zeros(size, size)
    var (ofRows, ofColumns) = (Array(repeating: 0.0, count: size), Array(repeating: 0.0, count: size))
    for i in 0..<size {
      for j in 0..<size {
        dScores[i][j] = machine.multiply(dM[i][j], decays[i][j])
        let exponent = machine.multiply(dM[i][j], scores[i][j])
        ofRows[i] = machine.add(ofRows[i], exponent)
        ofColumns[j] = machine.add(ofColumns[j], exponent)
      }
    }
    var dSums = (0..<size).map { machine.subtract(ofRows[$0], ofColumns[$0]) }
    // From the state before.
    let weighted = zip(dY, fromStart).map { row, edge in row.map { machine.multiply($0, edge) } }
    let dC = machine.product(weighted, before, on: unit)
    for i in 0..<size {
      var sum = 0.0
      for n in 0..<inner { sum = machine.add(sum, machine.multiply(c[i][n], dC[i][n])) }
      dSums[i] = machine.add(dSums[i], sum)
    }
    let asked = machine.product(weighted.transposed, c, on: unit)
    // Into the state behind.
    let dLearned = machine.product(b, state.transposed, on: unit)
    var end = 0.0
    for i in 0..<size {
      var sum = 0.0
      for p in 0..<width {
        let own = machine.multiply(dLearned[i][p], toEnd[i])
        sum = machine.add(sum, machine.multiply(inputs[i][p], own))
        dInputs[i][p] = machine.add(dInputs[i][p], own)
      }
      dSums[i] = machine.subtract(dSums[i], sum)
      end = machine.add(end, sum)
    }
    let learned = zip(inputs, toEnd).map { row, edge in row.map { machine.multiply($0, edge) } }
    let dB = machine.product(learned, state, on: unit)
    var passed = 0.0
    for p in 0..<width {
      for n in 0..<inner {
        passed = machine.add(passed, machine.multiply(state[p][n], before[p][n]))
        state[p][n] = machine.add(machine.multiply(state[p][n], fromStart[size - 1]), asked[p][n])
      }
    }
    let both = machine.add(end, machine.multiply(passed, fromStart[size - 1]))
    dSums[size - 1] = machine.add(dSums[size - 1], both)
    // Sums of the chunk, from its end.
    var (dSteps, dX) = (steps, x)
    var exponent = 0.0
    for i in (0..<size).reversed() {
      exponent = machine.add(exponent, dSums[i])
      decay = machine.add(decay, machine.multiply(exponent, steps[i]))
      var sum = 0.0
      for p in 0..<width {
        sum = machine.add(sum, machine.multiply(dInputs[i][p], x[i][p]))
        dX[i][p] = machine.add(machine.multiply(dInputs[i][p], steps[i]), machine.multiply(skip, dY[i][p]))
      }
      dSteps[i] = machine.add(sum, machine.multiply(exponent, factor))
    }
    return (dX, dB, dC, dScores, dSteps)
  }
}
