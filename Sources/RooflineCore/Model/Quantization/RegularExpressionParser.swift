/// Reads a regular expression of Python's `re`: letters, `.`, `\.`, `\d`, `\w`, `[a-z0-9]`, `(a|b)`, `(?:…)`, `* + ? {m,n}`, `^` and
/// `$`. Anything else is not understood.
struct RegularExpressionParser {
  indirect enum Node {
    case empty, atStart, atEnd
    case byte(ModulePattern.ByteSet)
    case sequence(Node, Node)
    case either(Node, Node)
    /// At least `low` times, at most `high` (nil: as often as it goes).
    case repeated(Node, low: Int, high: Int?)
  }

  private let bytes: [UInt8]
  private var offset = 0
  private var depth = 0
  /// Whether the expression has digits, classes or single letters that may be digits.
  private(set) var mayNameLayers = false

  init(_ text: String) { bytes = Array(text.utf8) }

  private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  mutating func parse() -> Node? {
    guard let node = alternatives(), offset == bytes.count else { return nil }
    return node
  }

  private mutating func alternatives() -> Node? {
    guard depth < 30 else { return nil }
    depth += 1
    defer { depth -= 1 }
    guard var node = sequence() else { return nil }
    while take("|") {
      guard let other = sequence() else { return nil }
      node = .either(node, other)
    }
    return node
  }

  private mutating func sequence() -> Node? {
    var node = Node.empty
    while let byte = peek, byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
      guard let atom = atom(), let repeated = quantified(atom) else { return nil }
      node = .sequence(node, repeated)
    }
    return node
  }

  private mutating func atom() -> Node? {
    if take("(") {
      if take("?"), !take(":") { return nil }
      guard let node = alternatives(), take(")") else { return nil }
      return node
    }
    if take("[") { return set() }
    if take("^") { return .atStart }
    if take("$") { return .atEnd }
    if take(".") {
      // A letter that may be a digit, unless any number of them may stand there.
      if peek != UInt8(ascii: "*"), peek != UInt8(ascii: "+") { mayNameLayers = true }
      return .byte(.all { _ in true })
    }
    if take("\\") { return escaped().map(Node.byte) }
    guard let byte = peek, !"*+?{}".utf8.contains(byte) else { return nil }
    offset += 1
    if ModulePattern.isDigit(byte) { mayNameLayers = true }
    return .byte(.all { $0 == byte })
  }

  private mutating func escaped() -> ModulePattern.ByteSet? {
    guard let byte = peek else { return nil }
    offset += 1
    switch byte {
    case UInt8(ascii: "d"):
      mayNameLayers = true
      return .all(where: ModulePattern.isDigit)
    case UInt8(ascii: "w"):
      mayNameLayers = true
      return .all { ModulePattern.isDigit($0) || $0 == UInt8(ascii: "_") || Self.isLetter($0) }
    default:
      // Other letters and digits have meanings of their own there.
      guard !Self.isLetter(byte), !ModulePattern.isDigit(byte) else { return nil }
      return .all { $0 == byte }
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  /// Behind `[`.
  private mutating func set() -> Node? {
    mayNameLayers = true
    let isNegated = take("^")
    var set = ModulePattern.ByteSet()
    var isFirst = true
    while let byte = peek, isFirst || byte != UInt8(ascii: "]") {
      isFirst = false
      offset += 1
      if byte == UInt8(ascii: "\\") {
        guard let inner = escaped() else { return nil }
        set.words |= inner.words
        continue
      }
      guard byte != UInt8(ascii: "[") else { return nil }
      if peek == UInt8(ascii: "-"), offset + 1 < bytes.count, bytes[offset + 1] != UInt8(ascii: "]") {
        let last = bytes[offset + 1]
        guard byte <= last else { return nil }
        offset += 2
        for member in byte...last { set.insert(member) }
      } else {
        set.insert(byte)
      }
    }
    guard take("]") else { return nil }
    if isNegated { set.words = ~set.words }
    return .byte(set)
  }

  private mutating func quantified(_ node: Node) -> Node? {
    let range: (low: Int, high: Int?)
    if take("*") {
      range = (0, nil)
    } else if take("+") {
      range = (1, nil)
    } else if take("?") {
      range = (0, 1)
    } else if take("{") {
      mayNameLayers = true
      guard let low = number() else { return nil }
      var high: Int? = low
      if take(",") { high = peek == UInt8(ascii: "}") ? nil : number() ?? -1 }
      guard take("}"), high.map({ $0 >= low && $0 <= 64 }) ?? true, low <= 64 else { return nil }
      range = (low, high)
    } else {
      return node
    }
    // What ends or begins a name is not repeated, and a lazy repetition matches the same names.
    if case .atStart = node { return nil }
    if case .atEnd = node { return nil }
    _ = take("?")
    guard peek.map({ !"*+{".utf8.contains($0) }) ?? true else { return nil }
    return .repeated(node, low: range.low, high: range.high)
  }

  private mutating func number() -> Int? {
    var digits = ""
    while let byte = peek, ModulePattern.isDigit(byte), digits.count < 4 {
      digits.append(Character(Unicode.Scalar(byte)))
      offset += 1
    }
    return Int(digits)
  }
}

extension RegularExpressionParser.Node {
  /// More steps than any real list's expression has.
  private static let limit = 20_000

  /// - Returns: whether the expression is small enough.
  func append(to steps: inout [ModulePattern.Step]) -> Bool {
    guard steps.count < Self.limit else { return false }
    switch self {
    case .empty: break
    case .atStart: steps.append(.atStart)
    case .atEnd: steps.append(.atEnd)
    case .byte(let set): steps.append(.byte(set))
    case .sequence(let first, let second): return first.append(to: &steps) && second.append(to: &steps)
    case .either(let first, let second):
      let fork = steps.count
      steps.append(.jump(0))
      guard first.append(to: &steps) else { return false }
      let jump = steps.count
      steps.append(.jump(0))
      steps[fork] = .fork(fork + 1, jump + 1)
      guard second.append(to: &steps) else { return false }
      steps[jump] = .jump(steps.count)
    case .repeated(let node, let low, let high):
      for _ in 0..<low { guard node.append(to: &steps) else { return false } }
      guard let high else {
        let fork = steps.count
        steps.append(.jump(0))
        guard node.append(to: &steps) else { return false }
        steps.append(.jump(fork))
        steps[fork] = .fork(fork + 1, steps.count)
        return true
      }
      for _ in low..<high {
        let fork = steps.count
        steps.append(.jump(0))
        guard node.append(to: &steps) else { return false }
        steps[fork] = .fork(fork + 1, steps.count)
      }
    }
    return true
  }
}
