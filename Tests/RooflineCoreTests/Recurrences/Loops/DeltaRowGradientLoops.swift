import Foundation
import TestSupport
import XCTest

/// Steps that kernels of their own and fused ones have in common.
enum DeltaRowGradientLoops {
  /// Of y = x·r, r = rsqrt(Σx² + ε), by x.
  static func l2Norm(_ machine: CountingMachine, _ dY: [Double], _ y: [Double], _ root: Double) -> [Double] {
    var sum = 0.0
    for (d, element) in zip(dY, y) { sum = machine.add(sum, machine.multiply(d, element)) }
    return zip(dY, y).map { d, element in
      machine.multiply(root, machine.subtract(d, machine.multiply(element, sum)))
    }
  }

  /// Of −exp(A)·softplus(a + bias) by a, which is that by the bias, too; the factor is computed when the weights are loaded.
  static func decay(
    _ machine: CountingMachine, _ d: Double, _ a: Double, _ bias: Double, _ logarithm: Double
  ) -> Double {
    let sigmoid = RecurrenceCase.sigmoid(machine, machine.add(a, bias))
    return machine.multiply(machine.multiply(d, -exp(logarithm)), sigmoid)
  }

  /// Of β = sigmoid(b) by b.
  static func sigmoid(_ machine: CountingMachine, _ d: Double, _ beta: Double) -> Double {
    machine.multiply(machine.multiply(d, beta), machine.subtract(1, beta))
  }

  static func check(_ gradient: DeviceTensor, _ expected: some Sequence<Double>, _ name: String) {
    let expected = Array(expected)
    XCTAssertEqual(gradient.flattened.count, expected.count, name)
    for (found, right) in zip(gradient.flattened, expected) {
      XCTAssertEqual(found, right, accuracy: 1e-5 * max(1, abs(right)), name)
    }
  }
}
