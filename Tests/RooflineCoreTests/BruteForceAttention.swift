import Foundation
import RooflineCore
import TestSupport

/// A tiny attention problem, carried out whole (fused) or in three steps, on one counting machine a step.
struct BruteForceAttention {
  let batch, queries, keys, heads, keyValueHeads, headDim: Int
  let formats: BruteForceFormats
  /// In a training step keys and values are activations, and multiplied as such.
  var keyValueHome = KeyValueHome.cache
  /// Whether each head has a logit beside its scores.
  var hasSinks = false

  enum Mask: Hashable {
    case full, causal
    case slidingWindow(Int)
    case chunked(Int)
  }

  var shape: AttentionShape<Count> {
    AttentionShape(
      batch: Count(batch), queryTokens: Count(queries), attendedKeys: Count(keys), heads: Count(heads),
      keyValueHeads: Count(keyValueHeads), headDim: Count(headDim))
  }

  var name: String {
    "\(batch) × \(queries) queries, \(keys) keys, \(heads)/\(keyValueHeads) heads of \(headDim), \(formats.name), \(keyValueHome)"
  }

  // MARK: tensors

  var query: DeviceTensor { formats.tensor("q", .activations, \.residual, batch, queries, heads, headDim) }
  var key: DeviceTensor { keyOrValue("k") }
  var value: DeviceTensor { keyOrValue("v") }

  private func keyOrValue(_ name: String) -> DeviceTensor {
    switch keyValueHome {
    case .cache: formats.tensor(name, .keyValueCache, \.keyValue, batch, keys, keyValueHeads, headDim)
    case .activation: formats.tensor(name, .activations, \.residual, batch, keys, keyValueHeads, headDim)
    }
  }

  var matrixUnit: DType { keyValueHome == .cache ? formats.attentionUnit : formats.formats.residual }
  private var unit: CountingMachine.Unit { matrixUnit == .fp32 ? .vector : .tensor }

  var scores: DeviceTensor { formats.tensor("scores", .activations, \.residual, batch, heads, queries, keys) }
  var probabilities: DeviceTensor { formats.tensor("p", .activations, \.residual, batch, heads, queries, keys) }
  var output: DeviceTensor { formats.tensor("out", .activations, \.residual, batch, queries, heads, headDim) }

  var sinks: DeviceTensor { formats.tensor("sinks", .weights, \.residual, heads) }

  private var scale: Double { 1 / Double(headDim).squareRoot() }

  /// Query heads take KV heads in turn, each group of neighbours one.
  private func keyValueHead(of head: Int) -> Int {
    var owners: [Int] = []
    for owner in 0..<keyValueHeads { owners += Array(repeating: owner, count: heads / keyValueHeads) }
    return owners[head]
  }

  /// The queries are the last positions of the sequence.
  static func sees(_ query: Int, of queries: Int, _ key: Int, of keys: Int, _ mask: Mask) -> Bool {
    let position = keys - queries + query
    switch mask {
    case .full: return true
    case .causal: return key <= position
    case .slidingWindow(let window): return key <= position && position - key < window
    case .chunked(let chunk): return key <= position && key / chunk == position / chunk
    }
  }

  private func forEachRow(_ body: (_ sequence: Int, _ head: Int, _ query: Int) -> Void) {
    for sequence in 0..<batch {
      for head in 0..<heads {
        for query in 0..<queries { body(sequence, head, query) }
      }
    }
  }

  // MARK: the steps of unfused attention, over the full rectangle

  func multiplyQueriesByKeys(_ machine: CountingMachine, _ q: DeviceTensor, _ k: DeviceTensor, into s: DeviceTensor) {
    forEachRow { sequence, head, query in
      for position in 0..<keys {
        machine.store(
          score(machine, q, k, sequence, head, query, position), in: s, sequence, head, query, position)
      }
    }
  }

  func softmax(_ machine: CountingMachine, _ s: DeviceTensor, into p: DeviceTensor) {
    forEachRow { sequence, head, query in
      let row = (0..<keys).map { machine.multiply(machine.load(s, sequence, head, query, $0), scale) }
      for (position, value) in normalized(machine, row, head).enumerated() {
        machine.store(value, in: p, sequence, head, query, position)
      }
    }
  }

  func multiplyByValues(_ machine: CountingMachine, _ p: DeviceTensor, _ v: DeviceTensor, into out: DeviceTensor) {
    forEachRow { sequence, head, query in
      for column in 0..<headDim {
        var sum = 0.0
        for position in 0..<keys {
          let term = machine.multiply(
            machine.load(p, sequence, head, query, position),
            machine.load(v, sequence, position, keyValueHead(of: head), column), on: unit)
          sum = machine.add(sum, term, on: unit)
        }
        machine.store(sum, in: out, sequence, query, head, column)
      }
    }
  }

  // MARK: fused attention, over the visible pairs

  func attend(
    _ machine: CountingMachine, _ q: DeviceTensor, _ k: DeviceTensor, _ v: DeviceTensor, _ mask: Mask,
    into out: DeviceTensor, keeping probabilities: DeviceTensor? = nil
  ) {
    forEachRow { sequence, head, query in
      let visible = (0..<keys).filter { Self.sees(query, of: queries, $0, of: keys, mask) }
      let row = visible.map { machine.multiply(score(machine, q, k, sequence, head, query, $0), scale) }
      let weights = normalized(machine, row, head)
      if let probabilities {
        for (position, weight) in zip(visible, weights) {
          machine.store(weight, in: probabilities, sequence, head, query, position)
        }
      }
      for column in 0..<headDim {
        var sum = 0.0
        for (position, weight) in zip(visible, weights) {
          let element = machine.load(v, sequence, position, keyValueHead(of: head), column)
          sum = machine.add(sum, machine.multiply(weight, element, on: unit), on: unit)
        }
        machine.store(sum, in: out, sequence, query, head, column)
      }
    }
  }

  private func score(
    _ machine: CountingMachine, _ q: DeviceTensor, _ k: DeviceTensor, _ sequence: Int, _ head: Int, _ query: Int,
    _ position: Int
  ) -> Double {
    var sum = 0.0
    for column in 0..<headDim {
      let product = machine.multiply(
        machine.load(q, sequence, query, head, column),
        machine.load(k, sequence, position, keyValueHead(of: head), column), on: unit)
      sum = machine.add(sum, product, on: unit)
    }
    return sum
  }

  /// The softmax of a row that is scaled already.
  private func normalized(_ machine: CountingMachine, _ row: [Double], _ head: Int) -> [Double] {
    let sink = hasSinks ? machine.load(sinks, head) : -Double.infinity
    var largest = sink
    for element in row { largest = machine.maximum(largest, element) }
    let exponentials = row.map { machine.special(exp, machine.subtract($0, largest)) }
    var sum = 0.0
    for exponential in exponentials { sum = machine.add(sum, exponential) }
    if hasSinks { sum = machine.add(sum, machine.special(exp, machine.subtract(sink, largest))) }
    return exponentials.map { machine.divide($0, sum) }
  }
}
