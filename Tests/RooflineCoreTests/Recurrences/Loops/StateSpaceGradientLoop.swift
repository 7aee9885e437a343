import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Mamba-2's backward pass, chunk after chunk from the last.
struct StateSpaceGradientLoop {
  let batch, tokens, heads, headDim, groups, stateSize, chunk: Int
  let isFused: Bool
  let formats: BruteForceFormats

  private var inner: Int { heads * headDim }
  private var mixing: Int { groups * stateSize }
  private var chunks: Int { (tokens + chunk - 1) / chunk }
  private var unit: CountingMachine.Unit { formats.formats.residual == .fp32 ? .vector : .tensor }

  /// A scan without chunks stands for a gradient that is not there, and fails.
  var described: Operator<Count> {
    let scan = StateSpaceScan<Count>(
      Recurrence(
        batch: Count(batch), queryTokens: Count(tokens), form: .chunks(of: Count(chunk)), state: .dropped),
      heads: Count(heads), headDim: Count(headDim), groups: Count(groups), stateSize: Count(stateSize),
      isFused: isFused, formats: formats.formats)
    return StateSpaceScanGradient(scan).map { .stateSpaceScanGradient($0) } ?? .stateSpaceScan(scan)
  }

  /// Numbers of a point at which the gradient is taken.
  private struct Point {
    /// x, B and C; step sizes, of the fused form before bias and softplus; the decays' logarithms, D, the bias.
    var inputs, steps, logarithms, skips, bias: [Double]
  }

  private func step(_ point: Point, _ sequence: Int, _ token: Int, _ head: Int) -> Double {
    let value = point.steps[(sequence * tokens + token) * heads + head]
    return isFused ? log1p(exp(value + point.bias[head])) : value
  }

  private func input(_ point: Point, _ sequence: Int, _ token: Int, _ column: Int) -> Double {
    point.inputs[(sequence * tokens + token) * (inner + 2 * mixing) + column]
  }

  /// Σ dY·y, step by step.
  private func loss(_ point: Point, _ dY: DeviceTensor) -> Double {
    var loss = 0.0
    for sequence in 0..<batch {
      for head in 0..<heads {
        let place = inner + head / (heads / groups) * stateSize
        for column in 0..<headDim {
          var state = Array(repeating: 0.0, count: stateSize)
          for token in 0..<tokens {
            let (dt, x) = (step(point, sequence, token, head), input(point, sequence, token, head * headDim + column))
            var y = point.skips[head] * x
            for n in 0..<stateSize {
              let decay = exp(-exp(point.logarithms[head]) * dt)
              state[n] = decay * state[n] + dt * x * input(point, sequence, token, place + n)
              y += state[n] * input(point, sequence, token, place + mixing + n)
            }
            loss += dY[sequence, token, head, column] * y
          }
        }
      }
    }
    return loss
  }

  /// The tensors of the kernel.
  private struct Tensors {
    let inputs, steps, logarithms, skips, bias, dY: DeviceTensor
    let scores, edges, states, keptSteps: DeviceTensor
    let dInputs, dSteps, dLogarithms, dSkips, dBias: DeviceTensor

    init(_ loop: StateSpaceGradientLoop) {
      let (formats, batch, tokens, heads) = (loop.formats, loop.batch, loop.tokens, loop.heads)
      func vector(_ name: String, _ home: DeviceTensor.Home = .activations) -> DeviceTensor {
        formats.tensor(name, home, \.residual, heads)
      }
      func steps(_ name: String) -> DeviceTensor {
        formats.tensor(name, .activations, \.residual, batch, tokens, heads)
      }
      let width = loop.inner + 2 * loop.mixing
      inputs = formats.tensor("xbc", .activations, \.residual, batch, tokens, width)
      dInputs = formats.tensor("dxbc", .activations, \.residual, batch, tokens, width)
      dY = formats.tensor("dY", .activations, \.residual, batch, tokens, heads, loop.headDim)
      (self.steps, keptSteps, dSteps) = (steps("dt"), steps("Δ"), steps("ddt"))
      (logarithms, skips, bias) = (vector("A_log", .weights), vector("D", .weights), vector("dt_bias", .weights))
      (dLogarithms, dSkips, dBias) = (vector("dA_log"), vector("dD"), vector("dBias"))
      let (chunks, size) = (loop.chunks, loop.chunk)
      scores = formats.tensor("scores", .activations, \.residual, batch, chunks, heads, 2, size, size)
      edges = formats.tensor("edges", .activations, \.residual, batch, chunks, heads, 2, size)
      states = DeviceTensor(
        "states", .activations, bits: 32, shape: [batch, chunks, heads, loop.headDim, loop.stateSize])
    }
  }

  /// What the forward pass stores: scores with decays and decays alone, decays from a chunk's beginning and to its end,
  /// the state before.
  private func keep(_ point: Point, in tensors: Tensors) {
    for sequence in 0..<batch {
      for head in 0..<heads {
        let place = inner + head / (heads / groups) * stateSize
        var state = RecurrenceCase.zeros(headDim, stateSize)
        for number in 0..<chunks {
          let own = (0..<chunk).map { number * chunk + $0 }
          let steps = own.map { $0 < tokens ? step(point, sequence, $0, head) : 0 }
          var sums: [Double] = []
          for step in steps { sums.append((sums.last ?? 0) - exp(point.logarithms[head]) * step) }
          for p in 0..<headDim {
            for n in 0..<stateSize { tensors.states[[sequence, number, head, p, n]] = state[p][n] }
          }
          for i in 0..<chunk {
            tensors.edges[[sequence, number, head, 0, i]] = exp(sums[i])
            tensors.edges[[sequence, number, head, 1, i]] = exp(sums[chunk - 1] - sums[i])
            for j in 0..<chunk {
              var score = 0.0
              for n in 0..<stateSize where own[i] < tokens && own[j] < tokens {
                let asking = input(point, sequence, own[i], place + mixing + n)
                score += asking * input(point, sequence, own[j], place + n)
              }
              let decay = i >= j ? exp(sums[i] - sums[j]) : 0
              tensors.scores[[sequence, number, head, 0, i, j]] = score * decay
              tensors.scores[[sequence, number, head, 1, i, j]] = decay
            }
          }
          for (i, token) in own.enumerated() where token < tokens {
            tensors.keptSteps[[sequence, token, head]] = steps[i]
            for p in 0..<headDim {
              let learned = steps[i] * input(point, sequence, token, head * headDim + p)
              for n in 0..<stateSize {
                let decay = exp(-exp(point.logarithms[head]) * steps[i])
                state[p][n] = decay * state[p][n] + learned * input(point, sequence, token, place + n)
              }
            }
          }
        }
      }
    }
  }

  // MARK: the backward pass

  /// Gradients that chunks add to.
  private struct Sums {
    /// Of each head.
    var decays, skips, bias: [Double]
  }

  func execute(_ machine: CountingMachine) {
    let tensors = Tensors(self)
    let point = Point(
      inputs: tensors.inputs.flattened, steps: tensors.steps.flattened, logarithms: tensors.logarithms.flattened,
      skips: tensors.skips.flattened, bias: tensors.bias.flattened)
    keep(point, in: tensors)
    let zeros = Array(repeating: 0.0, count: heads)
    var sums = Sums(decays: zeros, skips: zeros, bias: zeros)
    for sequence in 0..<batch {
      for group in 0..<groups {
        var states = Array(repeating: RecurrenceCase.zeros(headDim, stateSize), count: heads / groups)
        for number in (0..<chunks).reversed() {
          take(machine, tensors, (sequence, group, number), &states, &sums)
        }
      }
    }
    for head in 0..<heads {
      let factor = -exp(machine.load(tensors.logarithms, head))
      machine.store(machine.multiply(sums.decays[head], factor), in: tensors.dLogarithms, head)
      machine.store(sums.skips[head], in: tensors.dSkips, head)
      if isFused { machine.store(sums.bias[head], in: tensors.dBias, head) }
    }
    check(tensors, point)
  }

  private func check(_ tensors: Tensors, _ point: Point) {
    func check(_ gradient: DeviceTensor, _ path: WritableKeyPath<Point, [Double]>, _ name: String) {
      let right = NumericalGradient.of(
        { values in
          var moved = point
          moved[keyPath: path] = values
          return loss(moved, tensors.dY)
        }, at: point[keyPath: path])
      XCTAssertEqual(gradient.flattened.count, right.count, name)
      for (found, right) in zip(gradient.flattened, right) {
        XCTAssertEqual(found, right, accuracy: 1e-5 * max(1, abs(right)), name)
      }
    }
    check(tensors.dInputs, \.inputs, "x, B and C")
    check(tensors.dSteps, \.steps, "step sizes")
    check(tensors.dLogarithms, \.logarithms, "decays")
    check(tensors.dSkips, \.skips, "D")
    if isFused { check(tensors.dBias, \.bias, "bias") }
  }

  /// One chunk of a group's heads.
  private func take(
    _ machine: CountingMachine, _ tensors: Tensors, _ place: (sequence: Int, group: Int, chunk: Int),
    _ states: inout [[[Double]]], _ sums: inout Sums
  ) {
    let sequence = place.sequence
    let own = (0..<chunk).map { place.chunk * chunk + $0 }
    func rows(_ width: Int, _ element: (_ token: Int, _ column: Int) -> Double) -> [[Double]] {
      own.map { token in (0..<width).map { token < tokens ? element(token, $0) : 0 } }
    }
    let start = inner + place.group * stateSize
    let b = rows(stateSize) { machine.load(tensors.inputs, sequence, $0, start + $1) }
    let c = rows(stateSize) { machine.load(tensors.inputs, sequence, $0, start + mixing + $1) }
    var dG = RecurrenceCase.zeros(chunk, chunk)
    var (dB, dC) = (RecurrenceCase.zeros(chunk, stateSize), RecurrenceCase.zeros(chunk, stateSize))
    for index in states.indices {
      let head = place.group * states.count + index
      let steps = own.map { token in
        token < tokens ? machine.load(isFused ? tensors.keptSteps : tensors.steps, sequence, token, head) : 0
      }
      let kept = [sequence, place.chunk, head]
      func edges(_ side: Int) -> [Double] {
        (0..<chunk).map { machine.load(tensors.edges, kept[0], kept[1], kept[2], side, $0) }
      }
      func square(_ which: Int) -> [[Double]] {
        (0..<chunk).map { i in
          (0..<chunk).map { machine.load(tensors.scores, kept[0], kept[1], kept[2], which, i, $0) }
        }
      }
      let before = (0..<headDim).map { p in
        (0..<stateSize).map { machine.load(tensors.states, kept[0], kept[1], kept[2], p, $0) }
      }
      let values = StateSpaceChunk(
        x: rows(headDim) { machine.load(tensors.inputs, sequence, $0, head * headDim + $1) },
        dY: rows(headDim) { machine.load(tensors.dY, sequence, $0, head, $1) }, b: b, c: c, steps: steps,
        scores: square(0), decays: square(1), fromStart: edges(0), toEnd: edges(1), before: before,
        factor: -exp(machine.load(tensors.logarithms, head)), skip: machine.load(tensors.skips, head))
      let found = values.gradients(machine, unit, behind: &states[index], &sums.decays[head], &sums.skips[head])
      for i in 0..<chunk {
        for j in 0..<chunk { dG[i][j] = machine.add(dG[i][j], found.scores[i][j]) }
        for n in 0..<stateSize {
          dB[i][n] = machine.add(dB[i][n], found.b[i][n])
          dC[i][n] = machine.add(dC[i][n], found.c[i][n])
        }
      }
      for (i, token) in own.enumerated() where token < tokens {
        for p in 0..<headDim { machine.store(found.x[i][p], in: tensors.dInputs, sequence, token, head * headDim + p) }
        var step = found.steps[i]
        if isFused {
          // The derivative of softplus, from its result.
          step = machine.multiply(step, machine.subtract(1, machine.special(exp, -steps[i])))
          sums.bias[head] = machine.add(sums.bias[head], step)
        }
        machine.store(step, in: tensors.dSteps, sequence, token, head)
      }
    }
    let ofC = machine.product(dG, b, on: unit)
    let ofB = machine.product(dG.transposed, c, on: unit)
    for i in 0..<chunk {
      for n in 0..<stateSize {
        let (sumB, sumC) = (machine.add(dB[i][n], ofB[i][n]), machine.add(dC[i][n], ofC[i][n]))
        guard own[i] < tokens else { continue }
        machine.store(sumB, in: tensors.dInputs, sequence, own[i], start + n)
        machine.store(sumC, in: tensors.dInputs, sequence, own[i], start + mixing + n)
      }
    }
  }
}
