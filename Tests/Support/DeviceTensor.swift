/// A tensor in one device's memory, filled with numbers that are the same in every run.
package final class DeviceTensor {
  /// Which kind of memory traffic it causes.
  package enum Home: Sendable { case weights, activations, keyValueCache }

  package let name: String
  package let home: Home
  /// Width of an element in memory. The values themselves are kept exactly.
  package let bits: Int
  package let shape: [Int]
  private var values: [Double]

  package init(_ name: String, _ home: Home, bits: Int, shape: [Int]) {
    self.name = name
    self.home = home
    self.bits = bits
    self.shape = shape
    var generator = SeededGenerator(seed: name.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })
    values = (0..<shape.reduce(1, *)).map { _ in Double.random(in: -1...1, using: &generator) }
  }

  /// An element, without a machine that counts it.
  package subscript(index: Int...) -> Double { self[index] }

  package subscript(index: [Int]) -> Double {
    get { values[offset(index)] }
    set { values[offset(index)] = newValue }
  }

  /// All elements, the last index running fastest.
  package var flattened: [Double] { values }

  private func offset(_ index: [Int]) -> Int {
    precondition(index.count == shape.count, "\(name) has \(shape.count) dimensions")
    var offset = 0
    for (position, size) in zip(index, shape) {
      precondition((0..<size).contains(position), "\(name) of shape \(shape) has no element \(index)")
      offset = offset * size + position
    }
    return offset
  }
}
