import Foundation
import RooflineCore
import TestSupport
import XCTest

final class BruteForceStateSpaceTests: XCTestCase {
  /// Also: what chunks compute is what steps compute.
  func testAMamba2ScanCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.scanCases, .stateSpaceScan) }

  func testAMambaScanCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.selectiveCases, .selectiveScan) }

  /// A layer of Nemotron-3-Nano, on paper: 64 heads of 64, a state of 128, 8 groups.
  func testPublishedCountsOfALayer() {
    func scan(_ tokens: UInt64, _ form: Recurrence<Count>.Form) -> StateSpaceScan<Count> {
      StateSpaceScan(
        Recurrence(batch: 1, queryTokens: Count(tokens), form: form, state: .updated), heads: 64, headDim: 64,
        groups: 8, stateSize: 128, formats: NumberFormats(.bf16))
    }
    XCTAssertEqual(scan(1, .steps).flops.vector.value, 2_633_792)
    XCTAssertEqual(scan(4096, .chunks(of: 128)).flops.tensor.value, 13_958_643_712)
    XCTAssertEqual(scan(1, .steps).traffic.storeKVCache.value, 4 * 64 * 64 * 128)
  }

  private struct Shape {
    let batch, tokens, heads, headDim, groups, stateSize: Int
  }

  private static let shapes = [
    Shape(batch: 1, tokens: 1, heads: 1, headDim: 3, groups: 1, stateSize: 2),
    Shape(batch: 2, tokens: 5, heads: 4, headDim: 2, groups: 2, stateSize: 3),
    Shape(batch: 1, tokens: 7, heads: 3, headDim: 2, groups: 1, stateSize: 4),
  ]

  static var scanCases: [BruteForceCase] {
    shapes.enumerated().flatMap { place, shape in
      BruteForceFormats.all.enumerated().flatMap { index, formats in
        [nil, 2, 3].map { chunk in
          scanCase(shape, chunk, index.isMultiple(of: 2), RecurrenceCase.states[(index + place) % 3], formats)
        }
      }
    }
  }

  private static func scanCase(
    _ shape: Shape, _ chunk: Int?, _ isFused: Bool, _ state: Recurrence<Count>.StateTraffic,
    _ formats: BruteForceFormats
  ) -> BruteForceCase {
    let form: Recurrence<Count>.Form = chunk.map { .chunks(of: Count($0)) } ?? .steps
    let described = StateSpaceScan<Count>(
      Recurrence(batch: Count(shape.batch), queryTokens: Count(shape.tokens), form: form, state: state),
      heads: Count(shape.heads), headDim: Count(shape.headDim), groups: Count(shape.groups),
      stateSize: Count(shape.stateSize), isFused: isFused, formats: formats.formats)
    let unit = formats.formats.residual
    return BruteForceCase(
      "\(shape) chunk \(chunk ?? 0) fused \(isFused) \(state), \(formats.name)", .stateSpaceScan(described),
      matrixUnit: chunk == nil ? nil : unit
    ) { machine in
      let inner = shape.heads * shape.headDim
      let mixing = shape.groups * shape.stateSize
      let x = formats.tensor("xbc", .activations, \.residual, shape.batch, shape.tokens, inner + 2 * mixing)
      let steps = formats.tensor("dt", .activations, \.residual, shape.batch, shape.tokens, shape.heads)
      let bias = formats.tensor("dt_bias", .weights, \.residual, shape.heads)
      let logarithm = formats.tensor("A_log", .weights, \.residual, shape.heads)
      let skip = formats.tensor("D", .weights, \.residual, shape.heads)
      let states = RecurrenceCase.stateTensor(shape.batch, shape.heads, shape.headDim, shape.stateSize)
      let out = formats.tensor("out", .activations, \.residual, shape.batch, shape.tokens, shape.heads, shape.headDim)
      for sequence in 0..<shape.batch {
        func rows(from start: Int, _ width: Int) -> [[Double]] {
          (0..<shape.tokens).map { token in (0..<width).map { machine.load(x, sequence, token, start + $0) } }
        }
        let perGroup = shape.heads / shape.groups
        for group in 0..<shape.groups {
          let b = rows(from: inner + group * shape.stateSize, shape.stateSize)
          let c = rows(from: inner + mixing + group * shape.stateSize, shape.stateSize)
          let heads = (0..<perGroup).map { group * perGroup + $0 }
          let loops = heads.map { head in
            StateSpaceLoop(
              x: rows(from: head * shape.headDim, shape.headDim), b: b, c: c,
              dt: (0..<shape.tokens).map { token in
                let value = machine.load(steps, sequence, token, head)
                guard isFused else { return abs(value) }
                return machine.special(
                  log, machine.add(1, machine.special(exp, machine.add(value, machine.load(bias, head)))))
              }, a: -exp(machine.load(logarithm, head)), d: machine.load(skip, head), machine: machine,
              unit: unit == .fp32 ? .vector : .tensor)
          }
          var held = heads.map { RecurrenceCase.load(machine, states, state, sequence, $0) }
          let expected = zip(loops, held).map { $0.expected(from: $1) }
          let outputs =
            chunk.map { StateSpaceLoop.chunks(of: $0, loops, &held) }
            ?? loops.indices.map { loops[$0].steps(&held[$0]) }
          for (place, head) in heads.enumerated() {
            RecurrenceCase.assertEqual(outputs[place], expected[place].outputs, "outputs of \(shape)")
            RecurrenceCase.assertEqual(held[place], expected[place].state, "state of \(shape)")
            RecurrenceCase.store(machine, held[place], in: states, state, sequence, head)
            for (token, row) in outputs[place].enumerated() {
              for (column, value) in row.enumerated() { machine.store(value, in: out, sequence, token, head, column) }
            }
          }
        }
      }
    }
  }

  static var selectiveCases: [BruteForceCase] {
    [(1, 1, 3, 2), (2, 3, 2, 4), (1, 5, 4, 1)].enumerated().flatMap { place, shape in
      BruteForceFormats.all.enumerated().map { index, formats in
        let (batch, tokens, channels, size) = shape
        let state = RecurrenceCase.states[(place + index) % 3]
        let described = SelectiveScan<Count>(
          batch: Count(batch), queryTokens: Count(tokens), channels: Count(channels), stateSize: Count(size),
          state: state, formats: formats.formats)
        return BruteForceCase("\(shape) \(state), \(formats.name)", .selectiveScan(described)) { machine in
          let x = formats.tensor("x", .activations, \.residual, batch, tokens, channels)
          let dt = formats.tensor("dt", .activations, \.residual, batch, tokens, channels)
          let bc = formats.tensor("bc", .activations, \.residual, batch, tokens, 2 * size)
          let logarithm = formats.tensor("A_log", .weights, \.residual, channels, size)
          let skip = formats.tensor("D", .weights, \.residual, channels)
          let states = RecurrenceCase.stateTensor(batch, 1, channels, size)
          let out = formats.tensor("out", .activations, \.residual, batch, tokens, channels)
          for sequence in 0..<batch {
            var held = RecurrenceCase.load(machine, states, state, sequence, 0)
            for token in 0..<tokens {
              for channel in 0..<channels {
                let step = machine.load(dt, sequence, token, channel)
                let input = machine.load(x, sequence, token, channel)
                let learned = machine.multiply(step, input)
                var answer = 0.0
                for place in 0..<size {
                  let factor = -exp(machine.load(logarithm, channel, place))
                  let decay = machine.special(exp, machine.multiply(step, factor))
                  let added = machine.multiply(learned, machine.load(bc, sequence, token, place))
                  held[channel][place] = machine.add(machine.multiply(held[channel][place], decay), added)
                  answer = machine.add(
                    answer, machine.multiply(held[channel][place], machine.load(bc, sequence, token, size + place)))
                }
                let past = machine.multiply(machine.load(skip, channel), input)
                machine.store(machine.add(answer, past), in: out, sequence, token, channel)
              }
            }
            RecurrenceCase.store(machine, held, in: states, state, sequence, 0)
          }
        }
      }
    }
  }
}

/// Mamba-2's recurrence of one sequence and head.
private struct StateSpaceLoop {
  /// By token.
  let x, b, c: [[Double]]
  let dt: [Double]
  let a, d: Double
  let machine: CountingMachine
  let unit: CountingMachine.Unit

  private var width: Int { x[0].count }
  private var size: Int { b[0].count }

  /// As the definition has it, without a machine.
  func expected(from state: [[Double]]) -> (outputs: [[Double]], state: [[Double]]) {
    var s = state
    let outputs = x.indices.map { t in
      (0..<width).map { p in
        for n in 0..<size { s[p][n] = exp(dt[t] * a) * s[p][n] + dt[t] * x[t][p] * b[t][n] }
        return (0..<size).reduce(d * x[t][p]) { $0 + s[p][$1] * c[t][$1] }
      }
    }
    return (outputs, s)
  }

  func steps(_ state: inout [[Double]]) -> [[Double]] {
    x.indices.map { t in
      let decay = machine.special(exp, machine.multiply(dt[t], a))
      return (0..<width).map { p in
        let learned = machine.multiply(dt[t], x[t][p])
        var answer = 0.0
        for n in 0..<size {
          state[p][n] = machine.add(machine.multiply(state[p][n], decay), machine.multiply(learned, b[t][n]))
          answer = machine.add(answer, machine.multiply(state[p][n], c[t][n]))
        }
        return machine.add(answer, machine.multiply(d, x[t][p]))
      }
    }
  }

  /// Heads of one group, chunk after chunk: C·Bᵀ is theirs together. The last chunk is padded with zeros.
  static func chunks(of length: Int, _ loops: [StateSpaceLoop], _ states: inout [[[Double]]]) -> [[[Double]]] {
    var outputs: [[[Double]]] = loops.map { _ in [] }
    guard let first = loops.first else { return outputs }
    var start = 0
    while start < first.x.count {
      func rows(_ all: [[Double]]) -> [[Double]] {
        (0..<length).map { start + $0 < all.count ? all[start + $0] : all[0].map { _ in 0 } }
      }
      let (b, c) = (rows(first.b), rows(first.c))
      let shared = first.machine.product(length, first.size, length, on: first.unit) {
        c[$0][$1]
      } _: {
        b[$1][$0]
      }
      for (place, loop) in loops.enumerated() {
        let dt = (0..<length).map { start + $0 < loop.dt.count ? loop.dt[start + $0] : 0 }
        let answers = loop.chunk(rows(loop.x), b, c, dt, shared, &states[place])
        outputs[place] += answers.prefix(first.x.count - start)
      }
      start += length
    }
    return outputs
  }

  private func chunk(
    _ x: [[Double]], _ b: [[Double]], _ c: [[Double]], _ dt: [Double], _ shared: [[Double]], _ state: inout [[Double]]
  ) -> [[Double]] {
    let length = x.count
    var sums: [Double] = []
    for step in dt { sums.append(machine.add(sums.last ?? 0, machine.multiply(step, a))) }
    let inputs = zip(x, dt).map { row, step in row.map { machine.multiply($0, step) } }
    var attention = RecurrenceCase.zeros(length, length)
    for i in 0..<length {
      for j in 0..<length {
        let value = machine.multiply(shared[i][j], machine.special(exp, machine.subtract(sums[i], sums[j])))
        attention[i][j] = i >= j ? value : 0
      }
    }
    let inside = machine.product(length, length, width, on: unit) {
      attention[$0][$1]
    } _: {
      inputs[$0][$1]
    }
    let before = machine.product(length, size, width, on: unit) {
      c[$0][$1]
    } _: {
      state[$1][$0]
    }
    let decays = sums.map { machine.special(exp, $0) }
    var outputs = RecurrenceCase.zeros(length, width)
    for t in 0..<length {
      for p in 0..<width {
        let both = machine.add(inside[t][p], machine.multiply(before[t][p], decays[t]))
        outputs[t][p] = machine.add(both, machine.multiply(d, x[t][p]))
      }
    }
    let toTheEnd = sums.map { machine.special(exp, machine.subtract(sums[length - 1], $0)) }
    let learned = zip(inputs, toTheEnd).map { row, decay in row.map { machine.multiply($0, decay) } }
    let added = machine.product(width, length, size, on: unit) {
      learned[$1][$0]
    } _: {
      b[$0][$1]
    }
    let last = machine.special(exp, sums[length - 1])
    for p in 0..<width {
      for n in 0..<size { state[p][n] = machine.add(machine.multiply(state[p][n], last), added[p][n]) }
    }
    return outputs
  }
}
