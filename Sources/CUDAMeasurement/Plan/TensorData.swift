import RooflineCore

/// The inputs of a plan as the reference reads them.
///
/// Random tensors repeat a pattern of a quarter of a million elements, because a prefill's have hundreds of millions: the length is
/// prime, so that no two rows of a tensor begin alike, and each buffer begins at a place of its own.
package struct TensorData: Sendable {
  package let buffers: [PlannedBuffer]
  private let patterns: [ElementType: Pattern]
  /// Of buffers with rotations: elements as the device holds them.
  private let tables: [Int: [Double]]

  /// A repeating sequence of random elements.
  package struct Pattern: Sendable {
    package static let length = 262_139

    package let bits: [UInt32]
    let values: [Double]

    package init(_ type: ElementType, seed: UInt64) {
      var generator = SplitMix(seed: seed)
      bits = (0..<Pattern.length).map { _ in type.bits(of: generator.nextSigned() * type.randomScale) }
      values = bits.map(type.value)
    }

    /// Where a buffer's first element stands in the pattern.
    package static func start(ofBuffer index: Int) -> Int { index * 104_729 % length }
  }

  package init(_ buffers: [PlannedBuffer], patterns: [ElementType: Pattern], seed: UInt64) {
    self.buffers = buffers
    self.patterns = patterns
    var tables: [Int: [Double]] = [:]
    for (index, buffer) in buffers.enumerated() {
      guard case .rotations(let type, let half) = buffer.contents else { continue }
      var generator = SplitMix(seed: seed &+ UInt64(index))
      var table = [Double](repeating: 0, count: buffer.byteCount / type.byteCount)
      for row in stride(from: 0, to: table.count, by: 2 * half) {
        for pair in row..<row + half {
          let angle = generator.nextSigned() * .pi
          table[pair] = type.rounded(Mathematics.cosine(angle))
          table[pair + half] = type.rounded(Mathematics.sine(angle))
        }
      }
      tables[index] = table
    }
    self.tables = tables
  }

  /// An operand that is loaded, as the kernel finds it.
  package subscript(_ name: StaticName) -> Tensor {
    guard let index = buffers.firstIndex(where: { $0.tensor == .read(name) }) else { return .missing }
    switch buffers[index].contents {
    case .random(let type):
      guard let pattern = patterns[type] else { return .missing }
      return Tensor(values: pattern.values, start: Pattern.start(ofBuffer: index), integers: [])
    case .rotations: return Tensor(values: tables[index] ?? [], start: 0, integers: [])
    case .integers(let integers): return Tensor(values: [], start: 0, integers: integers)
    case .poison: return .missing
    }
  }

  /// Elements of one tensor, which repeat. Those of a tensor that is not there are no numbers.
  package struct Tensor: Sendable {
    private let values: [Double]
    private let start: Int
    package let integers: [Int32]

    fileprivate static let missing = Tensor(values: [.nan], start: 0, integers: [])

    fileprivate init(values: [Double], start: Int, integers: [Int32]) {
      self.values = values.isEmpty ? [.nan] : values
      self.start = start
      self.integers = integers
    }

    package subscript(index: Int) -> Double { values[(index + start) % values.count] }

    /// Neighbouring elements.
    package subscript(range: Range<Int>) -> [Double] {
      let first = (range.lowerBound + start) % values.count
      if first + range.count <= values.count { return Array(values[first..<first + range.count]) }
      return (0..<range.count).map { values[(first + $0) % values.count] }
    }
  }

  /// A table of rotations as the device holds it.
  func table(_ buffer: Int) -> [Double] { tables[buffer] ?? [] }
}
