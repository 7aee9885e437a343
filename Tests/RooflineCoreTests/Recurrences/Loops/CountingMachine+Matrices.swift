import TestSupport

extension CountingMachine {
  /// A times B, every product and addition executed.
  func product(_ a: [[Double]], _ b: [[Double]], on unit: Unit) -> [[Double]] {
    product(a.count, b.count, b[0].count, on: unit, { a[$0][$1] }, { b[$0][$1] })
  }
}

extension [[Double]] {
  /// The other way round: numbers are read in another order, and nothing is executed.
  var transposed: [[Double]] { self[0].indices.map { column in map { $0[column] } } }
}
