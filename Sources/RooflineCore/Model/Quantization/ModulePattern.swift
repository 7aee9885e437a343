/// A pattern of module names: a glob (`*.attn.*`) or what stands behind `re:`, of Python's regular expressions the part that such
/// lists use.
///
/// It runs as a set of states over the name's bytes, so no pattern takes longer than its length times the name's.
package struct ModulePattern: Hashable, Sendable {
  enum Step: Hashable, Sendable {
    case byte(ByteSet)
    /// Goes on in both places.
    case fork(Int, Int)
    case jump(Int)
    case atStart, atEnd
    case match
  }

  /// Of the 256 bytes.
  struct ByteSet: Hashable, Sendable {
    var words = SIMD4<UInt64>()

    static func all(where isIncluded: (UInt8) -> Bool) -> ByteSet {
      var set = ByteSet()
      for byte in UInt8.min...UInt8.max where isIncluded(byte) { set.insert(byte) }
      return set
    }

    mutating func insert(_ byte: UInt8) { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }

    func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] & (1 << UInt64(byte & 63)) != 0 }
  }

  private var steps: [Step]
  /// Whether the pattern ends where the name, or one of the modules that it lies in, ends; a regular expression may end anywhere.
  private let endsAtModule: Bool
  /// Whether it may tell layers apart by their numbers.
  let mayNameLayers: Bool

  /// `*` is any part of a name, `?` one letter; a module's name stands for all modules inside it.
  package init(glob: String) {
    var steps: [Step] = []
    for byte in glob.utf8 {
      switch byte {
      case UInt8(ascii: "*"):
        let fork = steps.count
        steps += [.fork(fork + 1, fork + 3), .byte(.all { _ in true }), .jump(fork)]
      case UInt8(ascii: "?"): steps.append(.byte(.all { _ in true }))
      default: steps.append(.byte(.all { $0 == byte }))
      }
    }
    self.steps = steps + [.match]
    endsAtModule = true
    mayNameLayers = glob.utf8.contains { $0 == UInt8(ascii: "?") || ModulePattern.isDigit($0) }
  }

  /// nil where it is not understood.
  package init?(regularExpression: String) {
    var parser = RegularExpressionParser(regularExpression)
    guard let node = parser.parse() else { return nil }
    var steps: [Step] = []
    guard node.append(to: &steps) else { return nil }
    self.steps = steps + [.match]
    endsAtModule = false
    mayNameLayers = parser.mayNameLayers
  }

  static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// Whether a name begins with what the pattern describes.
  package func matches(_ name: String) -> Bool {
    var name = name
    return name.withUTF8 { bytes in
      var run = Run(states: steps.count)
      var (current, next): ([Int], [Int]) = ([], [])
      follow(0, at: 0, of: bytes.count, &run, into: &current)
      for (offset, byte) in bytes.enumerated() {
        if hasMatched(current), !endsAtModule || byte == UInt8(ascii: ".") { return true }
        next.removeAll(keepingCapacity: true)
        run.round += 1
        for state in current {
          if case .byte(let set) = steps[state], set.contains(byte) {
            follow(state + 1, at: offset + 1, of: bytes.count, &run, into: &next)
          }
        }
        guard !next.isEmpty else { return false }
        swap(&current, &next)
      }
      return hasMatched(current)
    }
  }

  private func hasMatched(_ states: [Int]) -> Bool { states.contains(steps.count - 1) }

  /// Adds the states that read a byte, or match, and are reached from one without reading.
  private func follow(_ state: Int, at offset: Int, of length: Int, _ run: inout Run, into states: inout [Int]) {
    run.pending.append(state)
    while let state = run.pending.popLast() {
      guard run.seen[state] != run.round else { continue }
      run.seen[state] = run.round
      switch steps[state] {
      case .jump(let target): run.pending.append(target)
      case .fork(let first, let second):
        run.pending.append(first)
        run.pending.append(second)
      case .atStart: if offset == 0 { run.pending.append(state + 1) }
      case .atEnd: if offset == length { run.pending.append(state + 1) }
      case .byte, .match: states.append(state)
      }
    }
  }

  /// What one name's way through the states needs, made once.
  private struct Run {
    /// The round in which a state was last reached: one a byte.
    var seen: [Int]
    var round = 1
    var pending: [Int] = []

    init(states: Int) { seen = [Int](repeating: 0, count: states) }
  }
}
