import RooflineCore

/// What a library's exchange of tokens between ranks reaches.
package struct AllToAllConstants: FittedConstants {
  /// What every call pays, µs, and each of a rank's tokens.
  package var fixed, token: Double
  /// Share of the link.
  package var share: Double
  /// SMs of the library's kernel from which on the share is reached.
  package var saturation: Double

  package init(fixed: Double, token: Double, share: Double, saturation: Double) {
    self.fixed = fixed
    self.token = token
    self.share = share
    self.saturation = saturation
  }

  package static let initial = AllToAllConstants(fixed: 40, token: 0.03, share: 0.7, saturation: 1)

  package static var parameters: [FittedParameter<AllToAllConstants>] {
    [
      FittedParameter("fixedMicroseconds", 1...2000, get: { $0.fixed }, set: { $0.fixed = $1 }),
      FittedParameter("tokenMicroseconds", 0...2, get: { $0.token }, set: { $0.token = $1 }),
      FittedParameter("shareOfLink", 0.02...4, spread: 1.3, get: { $0.share }, set: { $0.share = $1 }),
      FittedParameter(
        "saturatingSMs", 1...200, spread: 1.3, isRequired: false, get: { $0.saturation }, set: { $0.saturation = $1 }),
    ]
  }
}

/// What a library sends of a token: a fact of its source code.
package struct AllToAllCut: KernelCut {
  package enum Sends: String, Hashable, Sendable, CaseIterable {
    /// One row to each rank that holds one of its experts.
    case ranks
    /// One row to each of its experts, as low-latency kernels do.
    case experts
  }

  package let sends: Sends

  package init(_ sends: Sends) { self.sends = sends }

  package static func standard(_ key: KernelKey) -> AllToAllCut {
    let words = key.family.name.lowercased().split(separator: "-")
    return AllToAllCut(words.contains("ll") || words.contains("generation") ? .experts : .ranks)
  }

  package init(entry: JSONObject) throws(InputError) {
    let object = try entry.require(try entry.object("cut"), "cut", "what the library sends of a token")
    try object.requireOnly(["sends"])
    sends = try object.require(
      try object.choice("sends", Sends.self), "sends",
      "one of \(Sends.allCases.map(\.rawValue).joined(separator: ", "))")
  }

  package var fields: [(key: String, value: JSONValue)] { [("sends", .string(sends.rawValue))] }
}
