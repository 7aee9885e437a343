/// Versioned set of a GPU's instructions and units: `9.0` is Hopper.
public struct ComputeCapability: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The number before the point: the generation.
  public let major: Int
  /// The number behind the point.
  public let minor: Int

  /// Any pair of numbers; whether there are such GPUs is another question.
  public init(major: Int, minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// As NVIDIA writes it: two whole numbers and a point.
  ///
  /// - Returns: nil for any other text.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, text.utf8.allSatisfy({ $0 == 46 || (48...57).contains($0) }), let major = Int(parts[0]),
      let minor = Int(parts[1]), "\(major).\(minor)" == text
    else { return nil }
    self.init(major: major, minor: minor)
  }

  /// As NVIDIA writes it: `9.0`.
  public var description: String { "\(major).\(minor)" }

  /// NVRTC's name for code that runs on it alone, e.g. `sm_90`.
  package var architecture: String { "sm_\(major)\(minor)" }

  /// Older before newer.
  public static func < (left: Self, right: Self) -> Bool { (left.major, left.minor) < (right.major, right.minor) }
}

extension JSONObject {
  /// A compute capability, written as a string: a number would lose the nought of `"9.10"`.
  ///
  /// - Returns: nil where the key is absent.
  package func computeCapability(_ key: String) throws(InputError) -> ComputeCapability? {
    guard let text = try string(key) else { return nil }
    guard let capability = ComputeCapability(text) else { throw wrong(key, .string(text), "e.g. \"9.0\"") }
    return capability
  }
}
