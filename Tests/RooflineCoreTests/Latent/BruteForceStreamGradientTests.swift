import Foundation
import RooflineCore
import TestSupport
import XCTest

/// Gradients of hyper-connections: of streams, coefficients, scales and shifts.
final class BruteForceStreamGradientTests: XCTestCase {
  func testTheCollapsesGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.collapseCases, .hyperCollapseGradient)
  }

  func testTheExpansionsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.expandCases, .hyperExpandGradient)
  }

  func testTheHeadsGradientCostsWhatItsLoopExecutesAndTouches() {
    BruteForceCase.check(Self.headCases, .hyperHeadGradient)
  }

  private static func streams(_ make: (Streams) -> BruteForceCase) -> [BruteForceCase] {
    [(1, 3, 2, 1), (2, 1, 4, 2), (3, 2, 3, 3)].flatMap { rows, width, count, iterations in
      BruteForceFormats.all.map {
        make(Streams(rows: rows, width: width, count: count, iterations: iterations, formats: $0))
      }
    }
  }

  static var collapseCases: [BruteForceCase] {
    streams { streams in
      let described = streams.described(.before(iterations: Count(streams.iterations)))
      return BruteForceCase(streams.name, described, execute: streams.collapseGradient)
    }
  }

  static var expandCases: [BruteForceCase] {
    streams { BruteForceCase($0.name, $0.described(.after), execute: $0.expandGradient) }
  }

  static var headCases: [BruteForceCase] {
    streams { BruteForceCase($0.name, $0.described(.head), execute: $0.headGradient) }
  }
}

/// The streams of some tokens, and what becomes of them.
private struct Streams {
  let rows, width, count, iterations: Int
  let formats: BruteForceFormats

  var name: String { "\(rows)×\(width), \(count) streams, \(iterations) iterations, \(formats.name)" }

  private var square: Int { count * count }

  func described(_ place: HyperConnection<Count>.Place) -> Operator<Count> {
    .hyperConnectionGradient(
      HyperConnectionGradient(
        HyperConnection(
          place, rows: Count(rows), width: Count(width), streams: Count(count), formats: formats.formats)))
  }

  private func fp32(_ name: String, _ home: DeviceTensor.Home, _ shape: Int...) -> DeviceTensor {
    DeviceTensor(name, home, bits: 32, shape: shape)
  }

  private var x: DeviceTensor { formats.tensor("x", .activations, \.residual, rows, count, width) }
  private var block: DeviceTensor { formats.tensor("block", .activations, \.residual, rows, width) }
  private var outputGradient: DeviceTensor { formats.tensor("dy", .activations, \.residual, rows, width) }
  private var streamGradient: DeviceTensor { formats.tensor("dS", .activations, \.residual, rows, count, width) }
  private var mixingGradient: DeviceTensor { fp32("dmix", .activations, rows, count + square) }

  // MARK: the definition, without a machine

  private static let epsilon = 1e-6

  private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  /// What the coefficients of a token become on their way.
  private struct Way {
    var sigmoids: [Double] = []
    var shares: [Double] = []
    var softmax: [Double] = []
    /// Of each normalisation: the sums of its lines, and what it makes.
    var sums: [[Double]] = []
    var results: [[Double]] = []
  }

  private func way(_ raw: [Double], _ scale: [Double], _ base: [Double]) -> Way {
    var way = Way()
    way.sigmoids = (0..<count).map { Self.sigmoid(raw[$0] * scale[0] + base[$0]) }
    way.shares = (0..<count).map { 2 * Self.sigmoid(raw[count + $0] * scale[1] + base[count + $0]) }
    for line in 0..<count {
      let powers = (0..<count).map { column in
        let place = 2 * count + line * count + column
        return exp(raw[place] * scale[2] + base[place])
      }
      let sum = powers.reduce(0, +)
      way.softmax += powers.map { $0 / sum }
    }
    var matrix = way.softmax.map { $0 + Self.epsilon }
    for turn in 0..<(2 * iterations - 1) {
      let sums = (0..<count).map { line in
        (0..<count).reduce(0) { $0 + matrix[place(line, $1, turn)] } + Self.epsilon
      }
      for line in 0..<count { for other in 0..<count { matrix[place(line, other, turn)] /= sums[line] } }
      way.sums.append(sums)
      way.results.append(matrix)
    }
    return way
  }

  /// Columns are normalised first, then rows and columns in turns.
  private func place(_ line: Int, _ other: Int, _ turn: Int) -> Int {
    turn.isMultiple(of: 2) ? other * count + line : line * count + other
  }

  private func row(_ tensor: [Double], _ row: Int, _ size: Int) -> [Double] {
    Array(tensor[row * size..<(row + 1) * size])
  }

  private func collapseLoss(_ x: [Double], _ raw: [Double], _ scale: [Double], _ base: [Double]) -> Double {
    let (dy, dmix) = (outputGradient.flattened, mixingGradient.flattened)
    var loss = 0.0
    for token in 0..<rows {
      let way = way(row(raw, token, 2 * count + square), scale, base)
      for stream in 0..<count {
        for column in 0..<width {
          loss +=
            dy[token * width + column] * (way.sigmoids[stream] + Self.epsilon)
            * x[(token * count + stream) * width + column]
        }
      }
      let mixing = way.shares + (way.results.last ?? [])
      for (place, gradient) in row(dmix, token, count + square).enumerated() { loss += gradient * mixing[place] }
    }
    return loss
  }

  private func headLoss(_ x: [Double], _ raw: [Double], _ scale: [Double], _ base: [Double]) -> Double {
    let dy = outputGradient.flattened
    var loss = 0.0
    for token in 0..<rows {
      for stream in 0..<count {
        let pre = Self.sigmoid(raw[token * count + stream] * scale[0] + base[stream]) + Self.epsilon
        for column in 0..<width {
          loss += dy[token * width + column] * pre * x[(token * count + stream) * width + column]
        }
      }
    }
    return loss
  }

  private func expandLoss(_ x: [Double], _ mix: [Double], _ block: [Double]) -> Double {
    let dS = streamGradient.flattened
    var loss = 0.0
    for token in 0..<rows {
      let own = row(mix, token, count + square)
      for stream in 0..<count {
        for column in 0..<width {
          var y = own[stream] * block[token * width + column]
          for other in 0..<count {
            y += own[count + other * count + stream] * x[(token * count + other) * width + column]
          }
          loss += dS[(token * count + stream) * width + column] * y
        }
      }
    }
    return loss
  }

  private func check(_ gradient: DeviceTensor, _ expected: [Double], _ what: String) {
    for (found, right) in zip(gradient.flattened, expected) {
      XCTAssertEqual(found, right, accuracy: 1e-6 * max(1, abs(right)), "\(what) of \(name)")
    }
  }

  // MARK: on the machine

  /// The sums of dy·x of a stream, and the stream's own gradient.
  private func pass(
    _ machine: CountingMachine, _ token: Int, _ stream: Int, _ dy: [Double], sigmoid: Double, _ x: DeviceTensor,
    into dX: DeviceTensor
  ) -> Double {
    let pre = machine.add(sigmoid, Self.epsilon)
    var sum = 0.0
    for column in 0..<width {
      sum = machine.add(sum, machine.multiply(dy[column], machine.load(x, token, stream, column)))
      machine.store(machine.multiply(pre, dy[column]), in: dX, token, stream, column)
    }
    return sum
  }

  /// Of a coefficient x·scale + shift.
  private func finish(
    _ machine: CountingMachine, _ gradient: Double, _ raw: Double, _ scale: Double, _ scaleSum: inout Double,
    _ shiftSum: inout Double
  ) -> Double {
    scaleSum = machine.add(scaleSum, machine.multiply(gradient, raw))
    shiftSum = machine.add(shiftSum, gradient)
    return machine.multiply(gradient, scale)
  }

  private func slope(_ machine: CountingMachine, _ gradient: Double, _ sigmoid: Double) -> Double {
    machine.multiply(machine.multiply(gradient, sigmoid), machine.subtract(1, sigmoid))
  }

  func collapseGradient(_ machine: CountingMachine) {
    let coefficients = 2 * count + square
    let (x, dy, dmix) = (x, outputGradient, mixingGradient)
    let raw = fp32("raw", .activations, rows, coefficients)
    let (scale, base) = (fp32("scale", .weights, 3), fp32("base", .weights, coefficients))
    let mixing = fp32("mix", .activations, rows, count + square)
    let turns = 2 * iterations - 1
    let kept = fp32("kept", .activations, rows, 2 * count + square + (turns - 1) * (square + count))
    for token in 0..<rows {
      let way = way(row(raw.flattened, token, coefficients), scale.flattened, base.flattened)
      for (place, value) in (way.shares + (way.results.last ?? [])).enumerated() { mixing[[token, place]] = value }
      let values = way.sigmoids + way.softmax + way.sums.flatMap { $0 } + way.results.dropLast().flatMap { $0 }
      for (place, value) in values.enumerated() { kept[[token, place]] = value }
    }
    let dX = formats.tensor("dX", .activations, \.residual, rows, count, width)
    let dRaw = fp32("draw", .activations, rows, coefficients)
    let (dScale, dBase) = (fp32("dscale", .activations, 3), fp32("dbase", .activations, coefficients))
    let scales = (0..<3).map { machine.load(scale, $0) }
    var scaleSums = [Double](repeating: 0, count: 3)
    var shiftSums = [Double](repeating: 0, count: coefficients)
    for token in 0..<rows {
      let own = (0..<width).map { machine.load(dy, token, $0) }
      func store(_ gradient: Double, of kind: Int, _ place: Int) {
        let value = finish(
          machine, gradient, machine.load(raw, token, place), scales[kind], &scaleSums[kind], &shiftSums[place])
        machine.store(value, in: dRaw, token, place)
      }
      for stream in 0..<count {
        let sigmoid = machine.load(kept, token, stream)
        let sum = pass(machine, token, stream, own, sigmoid: sigmoid, x, into: dX)
        store(slope(machine, sum, sigmoid), of: 0, stream)
        let share = machine.load(mixing, token, stream)
        let half = machine.multiply(machine.load(dmix, token, stream), share)
        store(machine.multiply(half, machine.subtract(1, machine.divide(share, 2))), of: 1, count + stream)
      }
      var gradient = (0..<square).map { machine.load(dmix, token, count + $0) }
      for turn in (0..<turns).reversed() {
        let results = (0..<square).map { place in
          turn == turns - 1
            ? machine.load(mixing, token, count + place)
            : machine.load(kept, token, count + square + turns * count + turn * square + place)
        }
        for line in 0..<count {
          let sum = machine.load(kept, token, count + square + turn * count + line)
          gradient = backward(machine, gradient, results, line, turn) { machine.divide($0, sum) }
        }
      }
      let softmax = (0..<square).map { machine.load(kept, token, count + $0) }
      for line in 0..<count {
        var dot = 0.0
        for other in 0..<count {
          let place = line * count + other
          dot = machine.add(dot, machine.multiply(gradient[place], softmax[place]))
        }
        for other in 0..<count {
          let place = line * count + other
          store(
            machine.multiply(softmax[place], machine.subtract(gradient[place], dot)), of: 2, 2 * count + place)
        }
      }
    }
    for (place, sum) in scaleSums.enumerated() { machine.store(sum, in: dScale, place) }
    for (place, sum) in shiftSums.enumerated() { machine.store(sum, in: dBase, place) }
    let point = (x: x.flattened, raw: raw.flattened, scale: scale.flattened, base: base.flattened)
    check(dX, NumericalGradient.of({ collapseLoss($0, point.raw, point.scale, point.base) }, at: point.x), "dX")
    check(dRaw, NumericalGradient.of({ collapseLoss(point.x, $0, point.scale, point.base) }, at: point.raw), "draw")
    check(dScale, NumericalGradient.of({ collapseLoss(point.x, point.raw, $0, point.base) }, at: point.scale), "dscale")
    check(dBase, NumericalGradient.of({ collapseLoss(point.x, point.raw, point.scale, $0) }, at: point.base), "dbase")
  }

  /// Through the normalisation of a line: what is left of each gradient without their weighted mean, over the line's sum.
  private func backward(
    _ machine: CountingMachine, _ gradient: [Double], _ results: [Double], _ line: Int, _ turn: Int,
    over sum: (Double) -> Double
  ) -> [Double] {
    var next = gradient
    var dot = 0.0
    for other in 0..<count {
      let place = place(line, other, turn)
      dot = machine.add(dot, machine.multiply(gradient[place], results[place]))
    }
    for other in 0..<count {
      let place = place(line, other, turn)
      next[place] = sum(machine.subtract(gradient[place], dot))
    }
    return next
  }

  func headGradient(_ machine: CountingMachine) {
    let (x, dy) = (x, outputGradient)
    let raw = fp32("raw", .activations, rows, count)
    let (scale, base) = (fp32("scale", .weights, 1), fp32("base", .weights, count))
    let kept = fp32("kept", .activations, rows, count)
    for token in 0..<rows {
      for stream in 0..<count {
        kept[[token, stream]] = Self.sigmoid(raw[token, stream] * scale[0] + base[stream])
      }
    }
    let dX = formats.tensor("dX", .activations, \.residual, rows, count, width)
    let dRaw = fp32("draw", .activations, rows, count)
    let (dScale, dBase) = (fp32("dscale", .activations, 1), fp32("dbase", .activations, count))
    let factor = machine.load(scale, 0)
    var scaleSum = 0.0
    var shiftSums = [Double](repeating: 0, count: count)
    for token in 0..<rows {
      let own = (0..<width).map { machine.load(dy, token, $0) }
      for stream in 0..<count {
        let sigmoid = machine.load(kept, token, stream)
        let sum = pass(machine, token, stream, own, sigmoid: sigmoid, x, into: dX)
        let value = finish(
          machine, slope(machine, sum, sigmoid), machine.load(raw, token, stream), factor, &scaleSum,
          &shiftSums[stream])
        machine.store(value, in: dRaw, token, stream)
      }
    }
    machine.store(scaleSum, in: dScale, 0)
    for (place, sum) in shiftSums.enumerated() { machine.store(sum, in: dBase, place) }
    let point = (x: x.flattened, raw: raw.flattened, scale: scale.flattened, base: base.flattened)
    check(dX, NumericalGradient.of({ headLoss($0, point.raw, point.scale, point.base) }, at: point.x), "dX")
    check(dRaw, NumericalGradient.of({ headLoss(point.x, $0, point.scale, point.base) }, at: point.raw), "draw")
    check(dScale, NumericalGradient.of({ headLoss(point.x, point.raw, $0, point.base) }, at: point.scale), "dscale")
    check(dBase, NumericalGradient.of({ headLoss(point.x, point.raw, point.scale, $0) }, at: point.base), "dbase")
  }

  func expandGradient(_ machine: CountingMachine) {
    let (x, block, dS) = (x, block, streamGradient)
    let mix = fp32("mix", .activations, rows, count + square)
    let dX = formats.tensor("dX", .activations, \.residual, rows, count, width)
    let dBlock = formats.tensor("dblock", .activations, \.residual, rows, width)
    let dMix = fp32("dm", .activations, rows, count + square)
    for token in 0..<rows {
      var sums = [Double](repeating: 0, count: count + square)
      for column in 0..<width {
        let gradients = (0..<count).map { machine.load(dS, token, $0, column) }
        let output = machine.load(block, token, column)
        var own = 0.0
        for stream in 0..<count {
          own = machine.add(own, machine.multiply(machine.load(mix, token, stream), gradients[stream]))
          sums[stream] = machine.add(sums[stream], machine.multiply(gradients[stream], output))
        }
        machine.store(own, in: dBlock, token, column)
        for other in 0..<count {
          let element = machine.load(x, token, other, column)
          var sum = 0.0
          for stream in 0..<count {
            let place = count + other * count + stream
            sum = machine.add(sum, machine.multiply(machine.load(mix, token, place), gradients[stream]))
            sums[place] = machine.add(sums[place], machine.multiply(element, gradients[stream]))
          }
          machine.store(sum, in: dX, token, other, column)
        }
      }
      for (place, sum) in sums.enumerated() { machine.store(sum, in: dMix, token, place) }
    }
    let point = (x: x.flattened, mix: mix.flattened, block: block.flattened)
    check(dX, NumericalGradient.of({ expandLoss($0, point.mix, point.block) }, at: point.x), "dX")
    check(dMix, NumericalGradient.of({ expandLoss(point.x, $0, point.block) }, at: point.mix), "dmix")
    check(dBlock, NumericalGradient.of({ expandLoss(point.x, point.mix, $0) }, at: point.block), "dblock")
  }
}
