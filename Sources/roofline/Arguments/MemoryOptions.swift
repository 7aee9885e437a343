import RooflineCore

/// What a deployment's memory is asked with.
enum MemoryOptions {
  static let reserve = bytes("reserve", "kept free on every device, e.g. 2e9, 2GB or 2GiB (0)")
  static let memory = bytes("memory", "memory of a device instead of the file's")

  static let pages = Option(
    "pages", "ENGINE", "cache in whole pages of vllm or sglang; :N states a page's tokens, e.g. vllm:32 (exact bytes)"
  ) { text throws(InputError) in
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let engine = try ParsedArguments.choice(parts[0], for: "--pages", CachePages.Engine.self)
    guard parts.count == 2 else { return CachePages(engine) }
    guard let tokens = UInt64(parts[1]), (1...1_048_576).contains(tokens) else {
      throw .usage("--pages is \"\(text)\"; expected the tokens of a page behind the colon, e.g. \(engine.rawValue):16")
    }
    return CachePages(engine, tokens: tokens)
  }

  /// Bytes: a number, or one with GB (10⁹) or GiB (2³⁰) behind it.
  private static func bytes(_ name: String, _ help: String) -> Option<UInt64> {
    Option(name, "BYTES", help) { text throws(InputError) in
      let units: [(suffix: String, factor: Double)] = [
        ("GiB", 1_073_741_824), ("GB", 1e9), ("MiB", 1_048_576), ("MB", 1e6), ("", 1),
      ]
      guard let unit = units.first(where: { text.hasSuffix($0.suffix) }),
        let number = Double(text.dropLast(unit.suffix.count)), number >= 0,
        let bytes = UInt64(exactly: (number * unit.factor).rounded()), bytes <= Count.limit
      else {
        throw .usage("--\(name) is \"\(text)\"; expected bytes, e.g. 2e9, 2GB or 2GiB")
      }
      return bytes
    }
  }
}
