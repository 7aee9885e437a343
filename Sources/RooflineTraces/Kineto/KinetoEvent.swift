import RooflineCore

/// What is read of an event.
struct KinetoEvent {
  enum Category {
    case kernel, copy, set, operation, runtime, mark, deviceMark, frame, other
  }

  private(set) var category = Category.other
  private(set) var name = ""
  /// µs.
  private(set) var start = Double.nan
  /// µs.
  private(set) var duration = Double.nan
  private(set) var external: Int64 = -1
  private(set) var correlation: Int64 = -1
  private(set) var device: Int64 = 0
  private(set) var dimensions: [[Int64]] = []
  /// Whether a time stands in quotes: no PyTorch writes it so, and nobody knows in which unit others mean it.
  private(set) var hasQuotedTime = false
  /// Whether it is the beginning or end of a pair, and not a whole event.
  private(set) var isCounterpart = false

  mutating func clear() { self = KinetoEvent() }

  mutating func read(_ scanner: inout JSONScanner) throws(TraceFlaw) {
    var event = self
    try scanner.object { scanner, key throws(TraceFlaw) in
      switch key {
      case "ph":
        if try scanner.next() == UInt8(ascii: "\"") {
          event.isCounterpart = try scanner.string() != "X"
        } else {
          try scanner.skip()
        }
      case "cat": event.category = Self.category(try Self.text(&scanner))
      case "name": event.name = try Self.text(&scanner)
      case "ts": event.start = try event.time(&scanner)
      case "dur": event.duration = try event.time(&scanner)
      case "args":
        if try scanner.next() == UInt8(ascii: "{") {
          try event.readArguments(&scanner)
        } else {
          try scanner.skip()
        }
      default: try scanner.skip()
      }
    }
    self = event
  }

  private mutating func readArguments(_ scanner: inout JSONScanner) throws(TraceFlaw) {
    var event = self
    try scanner.object { scanner, key throws(TraceFlaw) in
      switch key {
      case "External id", "external id": event.external = try Self.integer(&scanner)
      case "correlation": event.correlation = try Self.integer(&scanner)
      case "device": event.device = try Self.integer(&scanner)
      case "Input Dims", "Input dims": event.dimensions = try Self.dimensions(&scanner)
      default: try scanner.skip()
      }
    }
    self = event
  }

  private mutating func time(_ scanner: inout JSONScanner) throws(TraceFlaw) -> Double {
    guard try scanner.next() != UInt8(ascii: "\"") else {
      hasQuotedTime = true
      try scanner.skip()
      return .nan
    }
    return try scanner.number() ?? .nan
  }

  private static func text(_ scanner: inout JSONScanner) throws(TraceFlaw) -> String {
    if try scanner.next() == UInt8(ascii: "\"") { return try scanner.string() }
    try scanner.skip()
    return ""
  }

  private static func integer(_ scanner: inout JSONScanner) throws(TraceFlaw) -> Int64 {
    guard let number = try scanner.number(), number.magnitude < 9e18 else { return -1 }
    return Int64(number)
  }

  /// Sizes of each tensor; of a list of tensors those of each. What is no size is left out.
  private static func dimensions(_ scanner: inout JSONScanner) throws(TraceFlaw) -> [[Int64]] {
    var limit = 2000
    guard case .array(let tensors) = try scanner.value(limit: &limit) else { return [] }
    return tensors.map { tensor in
      guard case .array(let sizes) = tensor else { return [] }
      return sizes.compactMap { size in
        if case .number(let number) = size { Int64(exactly: number) } else { nil }
      }
    }
  }

  private static func category(_ word: String) -> Category {
    switch word {
    case "kernel", "Kernel": .kernel
    case "gpu_memcpy", "Memcpy": .copy
    case "gpu_memset", "Memset": .set
    case "cpu_op", "Operator", "operator": .operation
    case "cuda_runtime", "cuda_driver", "Runtime", "hip_runtime": .runtime
    case "user_annotation": .mark
    case "gpu_user_annotation": .deviceMark
    case "python_function": .frame
    default: .other
    }
  }
}
