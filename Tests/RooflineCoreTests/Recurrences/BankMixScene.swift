import Foundation
import RooflineCore
import TestSupport
import XCTest

/// A stream and a snapshot of it that are mixed: y = p·x + p′·x′, with p and p′ the softmax of their scores.
struct BankMixScene {
  let rows, width: Int
  let formats: BruteForceFormats
  private let epsilon = 1e-6

  func name(_ part: BankMix<Count>.Part) -> String { "\(part) \(rows)×\(width), \(formats.name)" }

  func described(_ part: BankMix<Count>.Part) -> Operator<Count> {
    .bankMixGradient(BankMixGradient(part, rows: Count(rows), width: Count(width), formats: formats.formats))
  }

  private func tensor(_ name: String, _ shape: [Int], _ home: DeviceTensor.Home = .activations) -> DeviceTensor {
    DeviceTensor(name, home, bits: formats.residual, shape: shape)
  }

  private var stream: DeviceTensor { tensor("stream", [rows, width]) }
  private var snapshot: DeviceTensor { tensor("snapshot", [rows, width]) }
  private var dY: DeviceTensor { tensor("dY", [rows, width]) }
  private var score: DeviceTensor { tensor("score", [rows]) }
  /// The weight of the snapshot's norm, and that of its score.
  private var weights: DeviceTensor { tensor("weights", [2, width], .weights) }

  private func row(_ values: [Double], _ row: Int) -> ArraySlice<Double> { values[row * width..<(row + 1) * width] }

  private func root(_ own: ArraySlice<Double>) -> Double {
    var squares = 0.0
    for element in own { squares += element * element }
    return 1 / (squares / Double(width) + epsilon).squareRoot()
  }

  /// rmsnorm(x)·γ·v of a row.
  private func ownScore(_ own: ArraySlice<Double>, _ weights: [Double]) -> Double {
    let root = self.root(own)
    var score = 0.0
    for (column, element) in own.enumerated() {
      score += element * root * weights[column] * weights[width + column]
    }
    return score
  }

  /// The shares of stream and snapshot in a row.
  private func shares(
    _ scores: [Double], _ snapshot: [Double], _ weights: [Double], _ index: Int
  ) -> (stream: Double, snapshot: Double) {
    let (left, right) = (exp(scores[index]), exp(ownScore(row(snapshot, index), weights)))
    return (left / (left + right), right / (left + right))
  }

  private func loss(_ stream: [Double], _ scores: [Double], _ snapshot: [Double], _ weights: [Double]) -> Double {
    let d = dY.flattened
    var loss = 0.0
    for index in 0..<rows {
      let shares = self.shares(scores, snapshot, weights, index)
      for place in index * width..<(index + 1) * width {
        loss += d[place] * (shares.stream * stream[place] + shares.snapshot * snapshot[place])
      }
    }
    return loss
  }

  /// What a tensor's share gives to Σ p·dp, which all of them subtract.
  private func part(_ x: [Double], _ share: Double, _ index: Int) -> Double {
    var sum = 0.0
    for (d, element) in zip(row(dY.flattened, index), row(x, index)) { sum += d * element }
    return share * sum
  }

  func streamGradient(_ machine: CountingMachine) {
    let (x, d, p) = (stream, dY, tensor("p", [rows]))
    let (dX, dScore) = (tensor("dX", [rows, width]), tensor("ds", [rows]))
    for index in 0..<rows {
      let kept = self.shares(score.flattened, snapshot.flattened, weights.flattened, index)
      p[[index]] = kept.stream
      let gradients = (0..<width).map { machine.load(d, index, $0) }
      let slope = scoreGradient(machine, gradients, x, index, others: part(snapshot.flattened, kept.snapshot, index), p)
      machine.store(slope, in: dScore, index)
      for column in 0..<width {
        machine.store(machine.multiply(machine.load(p, index), gradients[column]), in: dX, index, column)
      }
    }
    let (flat, scores, other, own) = (x.flattened, score.flattened, snapshot.flattened, weights.flattened)
    DeltaRowGradientLoops.check(dX, NumericalGradient.of({ loss($0, scores, other, own) }, at: flat), "dx")
    DeltaRowGradientLoops.check(dScore, NumericalGradient.of({ loss(flat, $0, other, own) }, at: scores), "ds")
  }

  func snapshotGradient(_ machine: CountingMachine) {
    let (x, d, weights) = (snapshot, dY.flattened, weights)
    let (p, s, r) = (tensor("p", [rows]), tensor("s", [rows]), tensor("r", [rows]))
    let (dX, dWeights) = (tensor("dX", [rows, width]), tensor("dWeights", [2, width]))
    let before = dWeights.flattened
    // Multiplied when the weights are loaded.
    let vector = (0..<width).map { machine.load(weights, 0, $0) * machine.load(weights, 1, $0) }
    var sums = vector.map { _ in 0.0 }
    for index in 0..<rows {
      let kept = shares(score.flattened, x.flattened, weights.flattened, index)
      (p[[index]], s[[index]]) = (kept.snapshot, ownScore(row(x.flattened, index), weights.flattened))
      r[[index]] = root(row(x.flattened, index))
      // The kernel reads dy once, with the stream.
      let gradients = Array(row(d, index))
      let slope = scoreGradient(machine, gradients, x, index, others: part(stream.flattened, kept.stream, index), p)
      let root = machine.load(r, index)
      let a = machine.multiply(slope, root)
      let c = machine.divide(machine.multiply(a, machine.multiply(machine.load(s, index), root)), Double(width))
      for column in 0..<width {
        let element = machine.load(x, index, column)
        let own = machine.add(
          machine.multiply(machine.load(p, index), gradients[column]), machine.multiply(a, vector[column]))
        machine.store(machine.subtract(own, machine.multiply(c, element)), in: dX, index, column)
        sums[column] = machine.add(sums[column], machine.multiply(a, element))
      }
    }
    for column in 0..<width {
      for place in 0..<2 {
        let own = machine.multiply(sums[column], machine.load(weights, 1 - place, column))
        machine.store(machine.add(machine.load(dWeights, place, column), own), in: dWeights, place, column)
      }
    }
    let (flat, scores, other, own) = (x.flattened, score.flattened, stream.flattened, weights.flattened)
    DeltaRowGradientLoops.check(dX, NumericalGradient.of({ loss(other, scores, $0, own) }, at: flat), "dx")
    let added = NumericalGradient.of({ loss(other, scores, flat, $0) }, at: own)
    DeltaRowGradientLoops.check(dWeights, zip(before, added).map { $0 + $1 }, "dweights")
  }

  /// The softmax's gradient, by the score.
  private func scoreGradient(
    _ machine: CountingMachine, _ gradients: [Double], _ x: DeviceTensor, _ index: Int, others: Double,
    _ p: DeviceTensor
  ) -> Double {
    var dP = 0.0
    for (column, d) in gradients.enumerated() {
      dP = machine.add(dP, machine.multiply(d, machine.load(x, index, column)))
    }
    let share = machine.load(p, index)
    let sum = machine.add(others, machine.multiply(share, dP))
    return machine.multiply(share, machine.subtract(dP, sum))
  }
}

extension BruteForceDeltaRowGradientTests {
  static var bankMixCases: [BruteForceCase] {
    [(1, 3), (4, 5)].flatMap { rows, width in
      BruteForceFormats.all.flatMap { formats in
        let scene = BankMixScene(rows: rows, width: width, formats: formats)
        return [
          BruteForceCase(scene.name(.stream), scene.described(.stream)) { scene.streamGradient($0) },
          BruteForceCase(scene.name(.snapshot), scene.described(.snapshot)) { scene.snapshotGradient($0) },
        ]
      }
    }
  }
}
