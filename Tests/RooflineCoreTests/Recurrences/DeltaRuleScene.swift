import Foundation
import RooflineCore
import TestSupport
import XCTest

/// A delta rule's tensors: its forward pass in chunks keeps what its backward pass reads, whose results are compared with the
/// derivatives of the rule step by step.
struct DeltaRuleScene {
  private let shape: DeltaRuleShape
  private let chunk, channels: Int
  private let isByChannel, isFused: Bool
  private let unit: CountingMachine.Unit
  private let kept: DeltaRuleKept
  /// Queries, keys and values, normalised in the kernel or before it.
  private let q, k, v: DeviceTensor
  /// Gates g and β; or what they are made of in the kernel.
  private let g, beta: DeviceTensor
  private let bias, logarithm: DeviceTensor
  private let dO, dQ, dK, dV, dG, dBeta, dBias, dLogarithm: DeviceTensor

  init(_ shape: DeltaRuleShape, chunk: Int, isByChannel: Bool, isFused: Bool, _ formats: BruteForceFormats) {
    (self.shape, self.chunk, self.isByChannel, self.isFused) = (shape, chunk, isByChannel, isFused)
    channels = isByChannel ? shape.keyDim : 1
    unit = formats.formats.residual == .fp32 ? .vector : .tensor
    kept = DeltaRuleKept(shape, chunk: chunk, isByChannel: isByChannel, formats)
    let (b, t, h, c) = (shape.batch, shape.tokens, shape.valueHeads, channels)
    func tensor(_ name: String, _ width: Int..., home: DeviceTensor.Home = .activations) -> DeviceTensor {
      DeviceTensor(name, home, bits: formats.residual, shape: width)
    }
    func pair(_ name: String, _ heads: Int, _ width: Int) -> (DeviceTensor, DeviceTensor) {
      (tensor(name, b, t, heads, width), tensor("d\(name)", b, t, heads, width))
    }
    (q, dQ) = pair("q", shape.keyHeads, shape.keyDim)
    (k, dK) = pair("k", shape.keyHeads, shape.keyDim)
    (v, dV) = pair("v", h, shape.valueDim)
    (g, dG) = pair("g", h, c)
    (beta, dBeta) = pair("beta", h, 1)
    dO = tensor("dO", b, t, h, shape.valueDim)
    (bias, dBias) = (tensor("dt_bias", h, c, home: .weights), tensor("dbias", h, c))
    (logarithm, dLogarithm) = (tensor("A_log", h, home: .weights), tensor("dA", h))
    guard !isFused else { return }
    // Gates forget, they do not amplify.
    for sequence in 0..<b {
      for token in 0..<t {
        for head in 0..<h {
          for channel in 0..<c { g[[sequence, token, head, channel]] = -abs(g[sequence, token, head, channel]) }
          beta[[sequence, token, head, 0]] = abs(beta[sequence, token, head, 0])
        }
      }
    }
  }

  // MARK: forward

  /// All tensors that a gradient is taken by, and where it is stored.
  private var inputs: [(DeviceTensor, gradient: DeviceTensor)] {
    [(q, dQ), (k, dK), (v, dV), (g, dG), (beta, dBeta)] + (isFused ? [(bias, dBias), (logarithm, dLogarithm)] : [])
  }

  private func row(_ tensor: DeviceTensor, _ values: [Double], _ sequence: Int, _ token: Int, _ head: Int) -> [Double] {
    let (heads, width) = (tensor.shape[2], tensor.shape[3])
    let start = ((sequence * shape.tokens + token) * heads + head) * width
    return Array(values[start..<start + width])
  }

  private func normalized(_ values: [Double]) -> [Double] {
    guard isFused else { return values }
    let root = self.root(values)
    return values.map { $0 * root }
  }

  private func root(_ values: [Double]) -> Double {
    var squares = 1e-6
    for value in values { squares += value * value }
    return 1 / squares.squareRoot()
  }

  /// The rule of a sequence and head, of inputs in the order of `inputs`.
  private func loop(_ values: [[Double]], _ sequence: Int, _ head: Int) -> DeltaRuleLoop {
    let keyHead = shape.keyHead(of: head)
    let tokens = 0..<shape.tokens
    func rows(_ tensor: DeviceTensor, _ place: Int, _ head: Int) -> [[Double]] {
      tokens.map { row(tensor, values[place], sequence, $0, head) }
    }
    var gates = rows(g, 3, head)
    var learning = rows(beta, 4, head).map { $0[0] }
    if isFused {
      let factor = -exp(values[6][head])
      for token in tokens {
        for channel in 0..<channels {
          let z: Double = gates[token][channel] + values[5][head * channels + channel]
          gates[token][channel] = factor * log(1 + exp(z))
        }
        learning[token] = 1 / (1 + exp(-learning[token]))
      }
    }
    let (queries, keys) = (rows(q, 0, keyHead).map(normalized), rows(k, 1, keyHead).map(normalized))
    return DeltaRuleLoop(
      q: queries, k: keys, v: rows(v, 2, head), g: gates, beta: learning, isByChannel: isByChannel)
  }

  private var state: [[Double]] {
    DeviceTensor("before", .activations, bits: 32, shape: [shape.keyDim, shape.valueDim]).rows
  }

  /// Fills what is kept; a machine of its own counts it.
  func forward() {
    let machine = CountingMachine()
    let values = inputs.map { $0.0.flattened }
    let loops = (0..<shape.batch).map { sequence in
      (0..<shape.valueHeads).map { loop(values, sequence, $0) }
    }
    kept.storeInputs(machine, loops, of: shape)
    for sequence in 0..<shape.batch {
      for head in 0..<shape.valueHeads {
        var state = state
        let result = loops[sequence][head].chunks(of: chunk, machine, on: unit, &state)
        kept.store(machine, result.kept, sequence, head)
      }
      for keyHead in 0..<shape.keyHeads {
        for token in 0..<shape.tokens {
          kept.setRoot(root(row(q, values[0], sequence, token, keyHead)), of: 0, sequence, token, keyHead)
          kept.setRoot(root(row(k, values[1], sequence, token, keyHead)), of: 1, sequence, token, keyHead)
        }
      }
    }
  }

  // MARK: backward

  private func load(
    _ machine: CountingMachine, _ tensor: DeviceTensor, _ sequence: Int, _ token: Int, _ head: Int
  ) -> [Double] {
    (0..<tensor.shape[3]).map { machine.load(tensor, sequence, token, head, $0) }
  }

  func backward(_ machine: CountingMachine) {
    var gradients: [[DeltaRuleGradientLoop.Gradients]] = []
    for sequence in 0..<shape.batch {
      gradients.append([])
      for head in 0..<shape.valueHeads {
        let keyHead = shape.keyHead(of: head)
        let tokens = 0..<shape.tokens
        let loop = DeltaRuleGradientLoop(
          q: tokens.map { key(machine, 0, q, sequence, $0, keyHead) },
          k: tokens.map { key(machine, 1, k, sequence, $0, keyHead) },
          v: tokens.map { load(machine, v, sequence, $0, head) },
          dO: tokens.map { load(machine, dO, sequence, $0, head) },
          beta: tokens.map { token in
            isFused
              ? kept.gates(machine, sequence, token, head)[channels] : machine.load(beta, sequence, token, head, 0)
          },
          chunks: kept.load(machine, sequence, head), size: chunk, isByChannel: isByChannel)
        gradients[sequence].append(loop.gradients(machine, on: unit))
      }
      storeKeys(machine, gradients[sequence], sequence)
    }
    for (sequence, heads) in gradients.enumerated() {
      for (head, own) in heads.enumerated() {
        for token in 0..<shape.tokens {
          store(machine, own.v[token], in: dV, sequence, token, head)
          guard !isFused else { continue }
          store(machine, own.g[token], in: dG, sequence, token, head)
          store(machine, [own.beta[token]], in: dBeta, sequence, token, head)
        }
      }
    }
    if isFused { for head in 0..<shape.valueHeads { gates(machine, gradients.map { $0[head] }, head) } }
  }

  private func key(
    _ machine: CountingMachine, _ which: Int, _ tensor: DeviceTensor, _ sequence: Int, _ token: Int, _ keyHead: Int
  ) -> [Double] {
    isFused
      ? kept.normalized(machine, which, sequence, token, keyHead) : load(machine, tensor, sequence, token, keyHead)
  }

  private func store(
    _ machine: CountingMachine, _ values: [Double], in tensor: DeviceTensor, _ sequence: Int, _ token: Int, _ head: Int
  ) {
    for (column, value) in values.enumerated() { machine.store(value, in: tensor, sequence, token, head, column) }
  }

  /// Value heads of a key head add up their gradients, where there are several.
  private func storeKeys(_ machine: CountingMachine, _ heads: [DeltaRuleGradientLoop.Gradients], _ sequence: Int) {
    for keyHead in 0..<shape.keyHeads {
      let own = heads.indices.filter { shape.keyHead(of: $0) == keyHead }.map { heads[$0] }
      for token in 0..<shape.tokens {
        for (which, tensor) in [dQ, dK].enumerated() {
          let rows = own.map { which == 0 ? $0.q[token] : $0.k[token] }
          var sum = rows[0]
          if rows.count > 1 {
            sum = sum.indices.map { column in rows.reduce(0) { machine.add($0, $1[column]) } }
          }
          if isFused {
            sum = DeltaRowGradientLoops.l2Norm(
              machine, sum, kept.normalized(machine, which, sequence, token, keyHead),
              kept.root(machine, of: which, sequence, token, keyHead))
          }
          store(machine, sum, in: tensor, sequence, token, keyHead)
        }
      }
    }
  }

  /// Of a head's gates, by sequence.
  private func gates(_ machine: CountingMachine, _ gradients: [DeltaRuleGradientLoop.Gradients], _ head: Int) {
    var slope = 0.0
    var sums = Array(repeating: 0.0, count: channels)
    for (sequence, own) in gradients.enumerated() {
      for token in 0..<shape.tokens {
        let made = kept.gates(machine, sequence, token, head)
        for channel in 0..<channels {
          let d = own.g[token][channel]
          let gradient = DeltaRowGradientLoops.decay(
            machine, d, machine.load(g, sequence, token, head, channel), machine.load(bias, head, channel),
            machine.load(logarithm, head))
          machine.store(gradient, in: dG, sequence, token, head, channel)
          sums[channel] = machine.add(sums[channel], gradient)
          slope = machine.add(slope, machine.multiply(d, made[channel]))
        }
        machine.store(
          DeltaRowGradientLoops.sigmoid(machine, own.beta[token], made[channels]), in: dBeta, sequence, token, head, 0)
      }
    }
    for (channel, sum) in sums.enumerated() { machine.store(sum, in: dBias, head, channel) }
    machine.store(slope, in: dLogarithm, head)
  }

  // MARK: values

  private func loss(_ values: [[Double]]) -> Double {
    var loss = 0.0
    for sequence in 0..<shape.batch {
      for head in 0..<shape.valueHeads {
        let outputs = loop(values, sequence, head).expected(from: state).outputs
        for (token, row) in outputs.enumerated() {
          for (column, output) in row.enumerated() { loss += output * dO[sequence, token, head, column] }
        }
      }
    }
    return loss
  }

  /// Every gradient is the derivative of Σ dO·O, computed step by step.
  func check() {
    let values = inputs.map { $0.0.flattened }
    for (place, input) in inputs.enumerated() {
      let right = NumericalGradient.of(
        { point in
          var moved = values
          moved[place] = point
          return loss(moved)
        }, at: values[place])
      let name = "\(input.gradient.name) of \(shape), chunk \(chunk), by channel \(isByChannel), fused \(isFused)"
      DeltaRowGradientLoops.check(input.gradient, right, name)
    }
  }
}

extension DeviceTensor {
  fileprivate var rows: [[Double]] {
    (0..<shape[0]).map { row in (0..<shape[1]).map { column in self[row, column] } }
  }
}
