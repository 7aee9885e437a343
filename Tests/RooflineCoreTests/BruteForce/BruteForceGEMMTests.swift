import RooflineCore
import TestSupport
import XCTest

final class BruteForceGEMMTests: XCTestCase {
  func testAProductCostsWhatItsLoopExecutesAndTouches() { BruteForceCase.check(Self.cases, .gemm) }

  static var cases: [BruteForceCase] {
    var cases: [BruteForceCase] = []
    for (m, n, k) in [(1, 5, 3), (2, 3, 7), (5, 2, 11), (7, 1, 3), (3, 11, 13)] {
      for formats in BruteForceFormats.all {
        for hasBias in [false, true] {
          for destination in [GEMMDestination.activation, .keyValueCache] {
            cases.append(product(m, n, k, formats, hasBias: hasBias, into: destination))
            cases.append(product(m, n, k, formats, hasBias: hasBias, into: destination, from: .cache))
          }
        }
      }
    }
    return cases
  }

  /// y = x·W + bias: a dot product starts from zero, and each of its steps multiplies and adds.
  private static func product(
    _ m: Int, _ n: Int, _ k: Int, _ formats: BruteForceFormats, hasBias: Bool, into destination: GEMMDestination,
    from source: KeyValueHome = .activation
  ) -> BruteForceCase {
    let described = GEMM<Count>(
      m: Count(m), n: Count(n), k: Count(k), formats: formats.formats, hasBias: hasBias, destination: destination,
      source: source)
    let name = "\(m)×\(k) by \(k)×\(n), \(formats.name), bias \(hasBias), from \(source) into \(destination)"
    return BruteForceCase(name, .gemm(described), matrixUnit: formats.linearUnit) { machine in
      let x =
        switch source {
        case .activation: formats.tensor("x", .activations, \.activation, m, k)
        case .cache: formats.tensor("x", .keyValueCache, \.keyValue, m, k)
        }
      let weight = formats.tensor("W", .weights, \.weight, k, n)
      let bias = formats.tensor("bias", .weights, \.residual, n)
      let y =
        switch destination {
        case .activation: formats.tensor("y", .activations, \.residual, m, n)
        case .keyValueCache: formats.tensor("y", .keyValueCache, \.keyValue, m, n)
        }
      for row in 0..<m {
        for column in 0..<n {
          var sum = 0.0
          for inner in 0..<k {
            let product = machine.multiply(
              machine.load(x, row, inner), machine.load(weight, inner, column), on: formats.linear)
            sum = machine.add(sum, product, on: formats.linear)
          }
          if hasBias { sum = machine.add(sum, machine.load(bias, column)) }
          machine.store(sum, in: y, row, column)
        }
      }
      checkByOuterProducts(y, x, weight, hasBias ? bias : nil)
    }
  }

  /// The same product as a sum of outer products, one an inner index.
  private static func checkByOuterProducts(
    _ y: DeviceTensor, _ x: DeviceTensor, _ weight: DeviceTensor, _ bias: DeviceTensor?
  ) {
    let columns = weight.shape[1]
    var expected: [[Double]] = []
    for _ in 0..<x.shape[0] { expected.append((0..<columns).map { column in bias.map { $0[column] } ?? 0 }) }
    for inner in 0..<weight.shape[0] {
      for row in expected.indices {
        for column in 0..<columns { expected[row][column] += x[row, inner] * weight[inner, column] }
      }
    }
    for (value, right) in zip(y.flattened, expected.joined()) { XCTAssertEqual(value, right, accuracy: 1e-12) }
  }
}
