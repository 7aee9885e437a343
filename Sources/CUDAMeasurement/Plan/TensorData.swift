import RooflineCore

/// The inputs of a plan as the reference reads them.
///
/// Random tensors repeat a pattern of a quarter of a million elements, because a prefill's have hundreds of millions: the length is
/// prime, so that no two rows of a tensor begin alike, and each buffer begins at a place of its own.
package struct TensorData {
  package let buffers: [PlannedBuffer]
  private let patterns: [Kind: Pattern]
  /// Of buffers whose contents only the device knows, because another kernel wrote them.
  private var sources: [Int: any TensorSource] = [:]
  /// Of buffers with rotations: elements as the device holds them.
  private let tables: [Int: [Double]]

  /// Random elements of a type, from −2^exponent to 2^exponent.
  package struct Kind: Hashable, Sendable {
    package let type: ElementType
    package let exponent: Int

    package init(_ type: ElementType, exponent: Int = 0) {
      self.type = type
      self.exponent = exponent
    }
  }

  /// A repeating sequence of random elements.
  package struct Pattern: Sendable {
    package static let length = 262_139

    package let bits: [UInt32]
    let values: [Double]

    package init(_ kind: Kind, seed: UInt64) {
      var generator = SplitMix(seed: seed)
      let type = kind.type
      let scale = type.randomScale * Double(sign: .plus, exponent: kind.exponent, significand: 1)
      bits = (0..<Pattern.length).map { _ in type.bits(of: generator.nextSigned() * scale) }
      values = bits.map(type.value)
    }

    /// Where a buffer's first element stands in the pattern.
    package static func start(ofBuffer index: Int) -> Int { index * 104_729 % length }
  }

  package init(_ buffers: [PlannedBuffer], patterns: [Kind: Pattern], seed: UInt64) {
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

  /// The same, some buffers read where they lie.
  func reading(_ sources: [Int: any TensorSource]) -> TensorData {
    var data = self
    data.sources = sources
    return data
  }

  /// An operand that is loaded, as the kernel finds it.
  package subscript(_ name: StaticName) -> Tensor {
    guard let index = buffers.firstIndex(where: { $0.tensor == .read(name) }) else { return .missing }
    if let source = sources[index] { return Tensor(source) }
    switch buffers[index].contents {
    case .random:
      guard let kind = buffers[index].randomKind, let pattern = patterns[kind] else { return .missing }
      return Tensor(values: pattern.values, start: Pattern.start(ofBuffer: index), integers: [])
    case .rotations: return Tensor(values: tables[index] ?? [], start: 0, integers: [])
    case .integers(let integers): return Tensor(values: [], start: 0, integers: integers)
    case .poison: return .missing
    }
  }

  /// Elements of one tensor, which repeat. Those of a tensor that is not there are no numbers.
  package struct Tensor {
    private let values: [Double]
    private let start: Int
    private let source: (any TensorSource)?
    package let integers: [Int32]

    fileprivate static var missing: Tensor { Tensor(values: [.nan], start: 0, integers: []) }

    fileprivate init(values: [Double], start: Int, integers: [Int32]) {
      self.values = values.isEmpty ? [.nan] : values
      self.start = start
      self.integers = integers
      source = nil
    }

    fileprivate init(_ source: any TensorSource) {
      (values, start, integers) = ([.nan], 0, [])
      self.source = source
    }

    package subscript(index: Int) -> Double {
      source?.elements(index..<index + 1).first ?? values[(index + start) % values.count]
    }

    /// Neighbouring elements.
    package subscript(range: Range<Int>) -> [Double] {
      if let source { return source.elements(range) }
      let first = (range.lowerBound + start) % values.count
      if first + range.count <= values.count { return Array(values[first..<first + range.count]) }
      return (0..<range.count).map { values[(first + $0) % values.count] }
    }
  }

  /// A table of rotations as the device holds it.
  func table(_ buffer: Int) -> [Double] { tables[buffer] ?? [] }
}

/// Elements that are read where they lie.
protocol TensorSource: AnyObject {
  /// So many as the range has; what cannot be read is no number.
  func elements(_ range: Range<Int>) -> [Double]
}
