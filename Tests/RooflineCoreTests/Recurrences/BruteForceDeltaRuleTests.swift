import RooflineCore
import TestSupport
import XCTest

final class BruteForceDeltaRuleTests: XCTestCase {
  /// Also: what chunks compute is what steps compute.
  func testADeltaRuleCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.cases, .deltaRule) }

  /// A layer of Qwen3.5-27B, on paper: 48 value heads of 128 × 128.
  func testPublishedCountsOfALayer() {
    func rule(_ tokens: UInt64, _ form: Recurrence<Count>.Form) -> DeltaRule<Count> {
      DeltaRule(
        Recurrence(batch: 1, queryTokens: Count(tokens), form: form, state: .updated), keyHeads: 16, valueHeads: 48,
        keyDim: 128, valueDim: 128, decay: .head, formats: NumberFormats(.bf16))
    }
    XCTAssertEqual(rule(1, .steps).flops.vector.value, 5_517_312)
    XCTAssertEqual(rule(1, .steps).flops.tensor.value, 0)
    XCTAssertEqual(rule(4096, .chunks(of: 64)).flops.tensor.value, 35_433_480_192)
    XCTAssertEqual(rule(1, .steps).traffic.loadKVCache.value, 48 * 128 * 128 * 4)
  }

  private typealias Shape = DeltaRuleShape

  static var cases: [BruteForceCase] {
    DeltaRuleShape.all.enumerated().flatMap { place, shape in
      BruteForceFormats.all.enumerated().flatMap { index, formats in
        [nil, 1, 3, 4].map { chunk in
          make(
            shape, chunk: chunk, isByChannel: (index + place).isMultiple(of: 2), isFused: index % 3 == 1,
            keepsChunks: chunk != nil && index % 4 < 2, RecurrenceCase.states[(index + place) % 3], formats)
        }
      }
    }
  }

  private static func make(
    _ shape: Shape, chunk: Int?, isByChannel: Bool, isFused: Bool, keepsChunks: Bool,
    _ state: Recurrence<Count>.StateTraffic, _ formats: BruteForceFormats
  ) -> BruteForceCase {
    let form: Recurrence<Count>.Form = chunk.map { .chunks(of: Count($0)) } ?? .steps
    let described = DeltaRule<Count>(
      Recurrence(batch: Count(shape.batch), queryTokens: Count(shape.tokens), form: form, state: state),
      keyHeads: Count(shape.keyHeads), valueHeads: Count(shape.valueHeads), keyDim: Count(shape.keyDim),
      valueDim: Count(shape.valueDim), decay: isByChannel ? .channel : .head, isFused: isFused,
      keepsChunks: keepsChunks, formats: formats.formats)
    let unit = formats.formats.residual
    return BruteForceCase(
      "\(shape) chunk \(chunk ?? 0) channel \(isByChannel) fused \(isFused) keeps \(keepsChunks) \(state), \(formats.name)",
      .deltaRule(described), matrixUnit: chunk == nil ? nil : unit
    ) { machine in
      let inputs = isFused ? fusedInputs : separateInputs
      let loops = inputs(machine, shape, isByChannel, formats)
      let kept = DeltaRuleKept(shape, chunk: chunk ?? 1, isByChannel: isByChannel, formats)
      if keepsChunks, isFused { kept.storeInputs(machine, loops, of: shape) }
      let states = RecurrenceCase.stateTensor(shape.batch, shape.valueHeads, shape.keyDim, shape.valueDim)
      let out = formats.tensor(
        "out", .activations, \.residual, shape.batch, shape.tokens, shape.valueHeads, shape.valueDim)
      for sequence in 0..<shape.batch {
        for head in 0..<shape.valueHeads {
          let loop = loops[sequence][head]
          var s = RecurrenceCase.load(machine, states, state, sequence, head)
          let expected = loop.expected(from: s)
          let result = chunk.map { loop.chunks(of: $0, machine, on: unit == .fp32 ? .vector : .tensor, &s) }
          let outputs = result?.outputs ?? loop.steps(machine, &s)
          if keepsChunks, let result { kept.store(machine, result.kept, sequence, head) }
          RecurrenceCase.assertEqual(outputs, expected.outputs, "outputs of \(shape) chunk \(chunk ?? 0)")
          RecurrenceCase.assertEqual(s, expected.state, "state of \(shape) chunk \(chunk ?? 0)")
          RecurrenceCase.store(machine, s, in: states, state, sequence, head)
          for (token, row) in outputs.enumerated() {
            for (column, value) in row.enumerated() { machine.store(value, in: out, sequence, token, head, column) }
          }
        }
      }
    }
  }

  private static func separateInputs(
    _ machine: CountingMachine, _ shape: Shape, _ isByChannel: Bool, _ formats: BruteForceFormats
  ) -> [[DeltaRuleLoop]] {
    let (b, t) = (shape.batch, shape.tokens)
    let channels = isByChannel ? shape.keyDim : 1
    let q = formats.tensor("q", .activations, \.residual, b, t, shape.keyHeads, shape.keyDim)
    let k = formats.tensor("k", .activations, \.residual, b, t, shape.keyHeads, shape.keyDim)
    let v = formats.tensor("v", .activations, \.residual, b, t, shape.valueHeads, shape.valueDim)
    let gates = formats.tensor("gates", .activations, \.residual, b, t, shape.valueHeads, channels + 1)
    return (0..<b).map { sequence in
      (0..<shape.valueHeads).map { head in
        func rows(_ tensor: DeviceTensor, _ head: Int, _ width: Int) -> [[Double]] {
          (0..<t).map { token in (0..<width).map { machine.load(tensor, sequence, token, head, $0) } }
        }
        let keyHead = head * shape.keyHeads / shape.valueHeads
        let steering = rows(gates, head, channels + 1)
        return DeltaRuleLoop(
          q: rows(q, keyHead, shape.keyDim), k: rows(k, keyHead, shape.keyDim), v: rows(v, head, shape.valueDim),
          // Gates forget, they do not amplify.
          g: steering.map { $0.dropLast().map { -abs($0) } }, beta: steering.map { abs($0[channels]) },
          isByChannel: isByChannel)
      }
    }
  }

  /// The kernel normalises queries and keys, once a key head, and computes the gates.
  private static func fusedInputs(
    _ machine: CountingMachine, _ shape: Shape, _ isByChannel: Bool, _ formats: BruteForceFormats
  ) -> [[DeltaRuleLoop]] {
    let (b, t) = (shape.batch, shape.tokens)
    let channels = isByChannel ? shape.keyDim : 1
    let keys = shape.keyHeads * shape.keyDim
    let x = formats.tensor("qkv", .activations, \.residual, b, t, 2 * keys + shape.valueHeads * shape.valueDim)
    let decay = formats.tensor("a", .activations, \.residual, b, t, shape.valueHeads, channels)
    let learning = formats.tensor("b", .activations, \.residual, b, t, shape.valueHeads)
    let bias = formats.tensor("dt_bias", .weights, \.residual, shape.valueHeads, channels)
    let logarithm = formats.tensor("A_log", .weights, \.residual, shape.valueHeads)
    return (0..<b).map { sequence in
      func rows(from start: Int, _ width: Int) -> [[Double]] {
        (0..<t).map { token in (0..<width).map { machine.load(x, sequence, token, start + $0) } }
      }
      let normalized = (0..<(2 * shape.keyHeads)).map { row in
        rows(from: row * shape.keyDim, shape.keyDim).map { BruteForceMixerRowTests.normalized(machine, $0) }
      }
      return (0..<shape.valueHeads).map { head in
        let keyHead = head * shape.keyHeads / shape.valueHeads
        let g = (0..<t).map { token in
          (0..<channels).map { channel in
            RecurrenceCase.decay(
              machine, machine.load(decay, sequence, token, head, channel), machine.load(bias, head, channel),
              machine.load(logarithm, head))
          }
        }
        let beta = (0..<t).map { RecurrenceCase.sigmoid(machine, machine.load(learning, sequence, $0, head)) }
        return DeltaRuleLoop(
          q: normalized[keyHead], k: normalized[shape.keyHeads + keyHead],
          v: rows(from: 2 * keys + head * shape.valueDim, shape.valueDim), g: g, beta: beta, isByChannel: isByChannel)
      }
    }
  }
}
