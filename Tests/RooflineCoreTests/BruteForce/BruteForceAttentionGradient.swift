import Foundation
import RooflineCore
import TestSupport

/// The gradients of the tiny attention problem, in steps over the full rectangle or at once over the visible pairs.
///
/// The loss is Σ dO·output. The scale of the scores is the alpha of the products dQ and dK, which no product counts.
extension BruteForceAttention {
  func activation(_ name: String, _ shape: [Int]) -> DeviceTensor {
    DeviceTensor(name, .activations, bits: formats.residual, shape: shape)
  }

  var queryShape: [Int] { [batch, queries, heads, headDim] }
  var keyShape: [Int] { [batch, keys, keyValueHeads, headDim] }
  var scoreShape: [Int] { [batch, heads, queries, keys] }

  var outputGradient: DeviceTensor { activation("dO", queryShape) }

  /// Queries, keys and values as a training step has them.
  var trainingQuery: DeviceTensor { activation("q", queryShape) }
  var trainingKey: DeviceTensor { activation("k", keyShape) }
  var trainingValue: DeviceTensor { activation("v", keyShape) }

  /// In a training step the attention's products run on the activations' unit.
  var trainingUnit: DType { formats.formats.residual }
  private var unit: CountingMachine.Unit { trainingUnit == .fp32 ? .vector : .tensor }

  private func group(of keyValueHead: Int) -> [Int] {
    (0..<heads).filter { $0 / (heads / keyValueHeads) == keyValueHead }
  }

  private var alpha: Double { 1 / Double(headDim).squareRoot() }

  private func sees(_ query: Int, _ key: Int, _ mask: Mask) -> Bool {
    Self.sees(query, of: queries, key, of: keys, mask)
  }

  // MARK: the definition, without a machine

  /// The probabilities of given queries and keys; 0 where the mask hides a key.
  ///
  /// - Parameter cap: of the scores, by tanh; nil: none.
  func plainProbabilities(_ q: [Double], _ k: [Double], _ mask: Mask, cap: Double? = nil) -> [Double] {
    let scores = plainScores(q, k, mask, cap: cap)
    return stride(from: 0, to: scores.count, by: keys).flatMap { first -> [Double] in
      let row = scores[first..<first + keys].map { $0.map(exp) ?? 0 }
      let sum = row.reduce(0, +)
      return row.map { $0 / sum }
    }
  }

  /// The scores, capped where they are; nil where the mask hides a key.
  func plainScores(_ q: [Double], _ k: [Double], _ mask: Mask, cap: Double? = nil) -> [Double?] {
    var result: [Double?] = []
    for sequence in 0..<batch {
      for head in 0..<heads {
        for query in 0..<queries {
          result += (0..<keys).map { key -> Double? in
            guard sees(query, key, mask) else { return nil }
            var dot = 0.0
            for column in 0..<headDim {
              dot += q[place(sequence, query, head, column)] * k[keyPlace(sequence, key, head, column)]
            }
            return cap.map { $0 * tanh(dot * alpha / $0) } ?? dot * alpha
          }
        }
      }
    }
    return result
  }

  /// Σ dO·(probabilities · v).
  func loss(_ probabilities: [Double], _ v: [Double]) -> Double {
    let dO = outputGradient.flattened
    var loss = 0.0
    for sequence in 0..<batch {
      for head in 0..<heads {
        for query in 0..<queries {
          let row = ((sequence * heads + head) * queries + query) * keys
          for column in 0..<headDim {
            for key in 0..<keys {
              loss +=
                dO[place(sequence, query, head, column)] * probabilities[row + key]
                * v[keyPlace(sequence, key, head, column)]
            }
          }
        }
      }
    }
    return loss
  }

  private func place(_ sequence: Int, _ query: Int, _ head: Int, _ column: Int) -> Int {
    ((sequence * queries + query) * heads + head) * headDim + column
  }

  private func keyPlace(_ sequence: Int, _ key: Int, _ head: Int, _ column: Int) -> Int {
    ((sequence * keys + key) * keyValueHeads + head / (heads / keyValueHeads)) * headDim + column
  }

  // MARK: in steps

  /// dP = dO·Vᵀ, or with other tensors any product of queries' rows and keys' rows.
  func probabilityGradient(_ machine: CountingMachine, _ dO: DeviceTensor, _ v: DeviceTensor, into dP: DeviceTensor) {
    for sequence in 0..<batch {
      for head in 0..<heads {
        for query in 0..<queries {
          for key in 0..<keys {
            machine.store(
              product(machine, dO, v, sequence, head, query, key), in: dP, sequence, head, query, key)
          }
        }
      }
    }
  }

  private func product(
    _ machine: CountingMachine, _ left: DeviceTensor, _ right: DeviceTensor, _ sequence: Int, _ head: Int,
    _ query: Int, _ key: Int
  ) -> Double {
    var sum = 0.0
    for column in 0..<headDim {
      let element = machine.load(right, sequence, key, head / (heads / keyValueHeads), column)
      sum = machine.add(
        sum, machine.multiply(machine.load(left, sequence, query, head, column), element, on: unit), on: unit)
    }
    return sum
  }

  /// dS of every row, from its probabilities and their gradients.
  func softmaxGradient(_ machine: CountingMachine, _ p: DeviceTensor, _ dP: DeviceTensor, into dS: DeviceTensor) {
    for sequence in 0..<batch {
      for head in 0..<heads {
        for query in 0..<queries {
          let row = (0..<keys).map { machine.load(p, sequence, head, query, $0) }
          let gradients = (0..<keys).map { machine.load(dP, sequence, head, query, $0) }
          for (key, value) in rowGradient(machine, row, gradients).enumerated() {
            machine.store(value, in: dS, sequence, head, query, key)
          }
        }
      }
    }
  }

  private func rowGradient(_ machine: CountingMachine, _ row: [Double], _ gradients: [Double]) -> [Double] {
    var sum = 0.0
    for (p, gradient) in zip(row, gradients) { sum = machine.add(sum, machine.multiply(p, gradient)) }
    return zip(row, gradients).map { machine.multiply($0, machine.subtract($1, sum)) }
  }

  /// dQ = α·dS·K: keys' rows added up with a row's weights.
  func queryGradient(_ machine: CountingMachine, _ dS: DeviceTensor, _ k: DeviceTensor, into dQ: DeviceTensor) {
    for sequence in 0..<batch {
      for head in 0..<heads {
        for query in 0..<queries {
          for column in 0..<headDim {
            var sum = 0.0
            for key in 0..<keys {
              let element = machine.load(k, sequence, key, head / (heads / keyValueHeads), column)
              let weight = machine.load(dS, sequence, head, query, key)
              sum = machine.add(sum, machine.multiply(weight, element, on: unit), on: unit)
            }
            machine.store(alpha * sum, in: dQ, sequence, query, head, column)
          }
        }
      }
    }
  }

  /// dK = α·dSᵀ·Q or, with alpha 1, dV = Pᵀ·dO: queries' rows of a whole group of heads added up for each key.
  func keyGradient(
    _ machine: CountingMachine, _ weights: DeviceTensor, _ rows: DeviceTensor, isScaled: Bool,
    into gradient: DeviceTensor
  ) {
    for sequence in 0..<batch {
      for keyValueHead in 0..<keyValueHeads {
        for key in 0..<keys {
          for column in 0..<headDim {
            var sum = 0.0
            for head in group(of: keyValueHead) {
              for query in 0..<queries {
                let weight = machine.load(weights, sequence, head, query, key)
                let element = machine.load(rows, sequence, query, head, column)
                sum = machine.add(sum, machine.multiply(weight, element, on: unit), on: unit)
              }
            }
            machine.store(isScaled ? alpha * sum : sum, in: gradient, sequence, key, keyValueHead, column)
          }
        }
      }
    }
  }

  // MARK: at once

  /// Over the visible pairs: dP and dS are never stored.
  ///
  /// - Parameters:
  ///   - dV: nil where keys are the values, too, and both gradients are one.
  ///   - capped: the scores where they pass a cap, and the cap.
  func gradients(
    _ machine: CountingMachine, _ p: DeviceTensor, _ mask: Mask, into dQ: DeviceTensor, _ dK: DeviceTensor,
    _ dV: DeviceTensor?, capped: (scores: DeviceTensor, cap: Double)? = nil
  ) {
    let (dO, q, k) = (outputGradient, trainingQuery, trainingKey)
    let v = dV == nil ? k : trainingValue
    for sequence in 0..<batch {
      for keyValueHead in 0..<keyValueHeads {
        var keySums: [Int: [Double]] = [:]
        var valueSums: [Int: [Double]] = [:]
        for head in group(of: keyValueHead) {
          for query in 0..<queries {
            let visible = (0..<keys).filter { sees(query, $0, mask) }
            let row = visible.map { machine.load(p, sequence, head, query, $0) }
            let dP = visible.map { product(machine, dO, v, sequence, head, query, $0) }
            var dS = rowGradient(machine, row, dP)
            if let capped {
              dS = zip(dS, visible).map { gradient, key in
                let share = machine.multiply(
                  machine.load(capped.scores, sequence, head, query, key), 1 / capped.cap)
                return machine.multiply(gradient, machine.subtract(1, machine.multiply(share, share)))
              }
            }
            for column in 0..<headDim {
              let (dOut, own) = (
                machine.load(dO, sequence, query, head, column), machine.load(q, sequence, query, head, column)
              )
              var sum = 0.0
              for (index, key) in visible.enumerated() {
                let element = machine.load(k, sequence, key, keyValueHead, column)
                sum = machine.add(sum, machine.multiply(dS[index], element, on: unit), on: unit)
                add(machine, machine.multiply(dS[index], own, on: unit), to: &keySums[key], column)
                add(machine, machine.multiply(row[index], dOut, on: unit), to: &valueSums[key], column)
              }
              machine.store(alpha * sum, in: dQ, sequence, query, head, column)
            }
          }
        }
        for (key, sums) in keySums {
          for column in 0..<headDim {
            let (own, value) = (alpha * sums[column], valueSums[key, default: []][column])
            if let dV {
              machine.store(own, in: dK, sequence, key, keyValueHead, column)
              machine.store(value, in: dV, sequence, key, keyValueHead, column)
            } else {
              machine.store(machine.add(own, value), in: dK, sequence, key, keyValueHead, column)
            }
          }
        }
      }
    }
  }

  private func add(_ machine: CountingMachine, _ term: Double, to sums: inout [Double]?, _ column: Int) {
    var row = sums ?? Array(repeating: 0, count: headDim)
    row[column] = machine.add(row[column], term, on: unit)
    sums = row
  }
}
