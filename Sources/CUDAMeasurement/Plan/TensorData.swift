import RooflineCore

/// The inputs of a plan as the reference reads them.
///
/// Random tensors repeat a pattern of a quarter of a million elements, because a prefill's have hundreds of millions: the length is
/// prime, so that no two rows of a tensor begin alike, and each buffer begins at a place of its own.
public struct TensorData: Sendable {
  public let buffers: [PlannedBuffer]
  private let patterns: [ElementType: Pattern]
  /// Of buffers with rotations: elements as the device holds them.
  private let tables: [Int: [Double]]

  /// A repeating sequence of random elements.
  public struct Pattern: Sendable {
    public static let length = 262_139

    public let bits: [UInt32]
    let values: [Double]

    public init(_ type: ElementType, seed: UInt64) {
      var generator = SplitMix(seed: seed)
      bits = (0..<Pattern.length).map { _ in type.bits(of: generator.nextSigned() * type.randomScale) }
      values = bits.map(type.value)
    }

    /// Where a buffer's first element stands in the pattern.
    public static func start(ofBuffer index: Int) -> Int { index * 104_729 % length }
  }

  public init(_ buffers: [PlannedBuffer], patterns: [ElementType: Pattern], seed: UInt64) {
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

  /// An element of a random tensor or a table. Buffers that are written have none.
  public func value(_ buffer: Int, _ index: Int) -> Double {
    if let table = tables[buffer] { return table[index] }
    guard case .random(let type) = buffers[buffer].contents, let pattern = patterns[type] else { return .nan }
    return pattern.values[(index + Pattern.start(ofBuffer: buffer)) % Pattern.length]
  }

  /// Neighbouring elements.
  public func values(_ buffer: Int, _ range: Range<Int>) -> [Double] {
    if let table = tables[buffer] { return Array(table[range]) }
    guard case .random(let type) = buffers[buffer].contents, let pattern = patterns[type] else {
      return [Double](repeating: .nan, count: range.count)
    }
    let first = (range.lowerBound + Pattern.start(ofBuffer: buffer)) % Pattern.length
    if first + range.count <= Pattern.length { return Array(pattern.values[first..<first + range.count]) }
    return (0..<range.count).map { pattern.values[(first + $0) % Pattern.length] }
  }

  public func integers(_ buffer: Int) -> [Int32] {
    if case .integers(let integers) = buffers[buffer].contents { integers } else { [] }
  }

  /// A table of rotations as the device holds it.
  func table(_ buffer: Int) -> [Double] { tables[buffer] ?? [] }
}

/// A small generator whose sequence is known from its seed, so that a failed check can be repeated (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", 2014).
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in [−1, 1).
  mutating func nextSigned() -> Double { Double(Int64(bitPattern: next()) >> 11) * 0x1p-52 }
}
