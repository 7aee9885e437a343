import Foundation
import RooflineCore
import TestSupport
import XCTest

final class BruteForceRotaryTests: XCTestCase {
  func testATurnCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.cases, .rotary) }

  static var cases: [BruteForceCase] {
    var cases: [BruteForceCase] = []
    // Of a head's elements the first ones are turned, all or a part.
    for (batch, tokens, heads, keyValueHeads, headDim, turned) in [
      (1, 3, 2, 1, 10, 10), (2, 5, 3, 3, 2, 2), (3, 1, 4, 1, 6, 6), (1, 7, 4, 2, 6, 6), (5, 2, 1, 1, 6, 6),
      (2, 3, 4, 2, 8, 2), (1, 5, 2, 2, 10, 4),
    ] {
      for formats in BruteForceFormats.all {
        for source in [
          Rotary<Count>.Source.keyValueCache, .fusedProjection, .latentProjection, .indexProjection, .activation, .none,
        ] {
          let shape = AttentionShape<Count>(
            batch: Count(batch), queryTokens: Count(tokens), attendedKeys: Count(tokens + 4), heads: Count(heads),
            keyValueHeads: Count(keyValueHeads), headDim: Count(headDim))
          let name =
            "\(batch) × \(tokens), \(heads)/\(keyValueHeads) heads of \(headDim), \(turned) turned, \(formats.name), \(source)"
          let described = Rotary(shape, dim: Count(turned), keySource: source, formats: formats.formats)
          cases.append(
            BruteForceCase(name, .rotary(described)) { machine in
              let loop = Loop(
                batch: batch, tokens: tokens, headDim: headDim, turned: turned, formats: formats, machine: machine)
              loop.run(heads: heads, keyValueHeads: keyValueHeads, source)
            })
        }
      }
    }
    return cases
  }

  private struct Loop {
    let batch, tokens, headDim, turned: Int
    let formats: BruteForceFormats
    let machine: CountingMachine
    let table: DeviceTensor

    /// The cached table holds, for each position, the cosines of all pairs and then the sines.
    init(batch: Int, tokens: Int, headDim: Int, turned: Int, formats: BruteForceFormats, machine: CountingMachine) {
      (self.batch, self.tokens, self.headDim, self.turned) = (batch, tokens, headDim, turned)
      (self.formats, self.machine) = (formats, machine)
      table = formats.tensor("table", .activations, \.residual, tokens, turned)
      for position in 0..<tokens {
        for pair in 0..<turned / 2 {
          let angle = Double(position) * pow(10_000, -Double(pair) / Double(turned / 2))
          table[[position, pair]] = cos(angle)
          table[[position, turned / 2 + pair]] = sin(angle)
        }
      }
    }

    func run(heads: Int, keyValueHeads: Int, _ source: Rotary<Count>.Source) {
      let query = formats.tensor("q", .activations, \.residual, batch, tokens, heads, headDim)
      turn(query, into: query)
      let cachedKey = formats.tensor("cached k", .keyValueCache, \.keyValue, batch, tokens, keyValueHeads, headDim)
      switch source {
      case .keyValueCache:
        turn(cachedKey, into: cachedKey)
      case .activation:
        let key = formats.tensor("k", .activations, \.residual, batch, tokens, keyValueHeads, headDim)
        turn(key, into: key)
      case .none: break
      case .indexProjection:
        turn(formats.tensor("k", .activations, \.residual, batch, tokens, keyValueHeads, headDim), into: cachedKey)
        guard formats.keyValue <= 8 else { break }
        let scales = DeviceTensor("key scales", .keyValueCache, bits: 32, shape: [batch, tokens, keyValueHeads])
        for sequence in 0..<batch {
          for position in 0..<tokens {
            for head in 0..<keyValueHeads { machine.store(1, in: scales, sequence, position, head) }
          }
        }
      case .latentProjection:
        turn(formats.tensor("k", .activations, \.residual, batch, tokens, keyValueHeads, headDim), into: cachedKey)
      case .fusedProjection:
        turn(formats.tensor("k", .activations, \.residual, batch, tokens, keyValueHeads, headDim), into: cachedKey)
        let value = formats.tensor("v", .activations, \.residual, batch, tokens, keyValueHeads, headDim)
        let cached = formats.tensor("cached v", .keyValueCache, \.keyValue, batch, tokens, keyValueHeads, headDim)
        forEachVector(of: value) { sequence, position, head in
          for column in 0..<headDim {
            machine.store(
              machine.load(value, sequence, position, head, column), in: cached, sequence, position, head, column)
          }
        }
        XCTAssertEqual(value.flattened, cached.flattened)
      }
    }

    private func forEachVector(of tensor: DeviceTensor, _ body: (_ sequence: Int, _ position: Int, _ head: Int) -> Void)
    {
      for sequence in 0..<batch {
        for position in 0..<tokens {
          for head in 0..<tensor.shape[2] { body(sequence, position, head) }
        }
      }
    }

    /// Turns the pairs (j, j + r/2) of the first r elements by their position's angles; a turn keeps lengths. The others only
    /// move where the vector does.
    private func turn(_ source: DeviceTensor, into target: DeviceTensor) {
      let half = turned / 2
      forEachVector(of: source) { sequence, position, head in
        for pair in 0..<half {
          let (cosine, sine) = (machine.load(table, position, pair), machine.load(table, position, half + pair))
          let x = machine.load(source, sequence, position, head, pair)
          let y = machine.load(source, sequence, position, head, half + pair)
          let turnedX = machine.subtract(machine.multiply(x, cosine), machine.multiply(y, sine))
          let turnedY = machine.add(machine.multiply(x, sine), machine.multiply(y, cosine))
          machine.store(turnedX, in: target, sequence, position, head, pair)
          machine.store(turnedY, in: target, sequence, position, head, half + pair)
          XCTAssertEqual(turnedX * turnedX + turnedY * turnedY, x * x + y * y, accuracy: 1e-12)
          if position == 0 { XCTAssertEqual([turnedX, turnedY], [x, y]) }
        }
        guard source.name != target.name else { return }
        for column in turned..<headDim {
          machine.store(
            machine.load(source, sequence, position, head, column), in: target, sequence, position, head, column)
        }
      }
    }
  }
}
