import RooflineCore

/// How a library's latent attention cuts a prompt into tiles: facts of its source code, not fitted.
package struct LatentPrefillCut: KernelCut {
  /// A tile: rows of queries by keys.
  package var queryRows, keys: Double
  /// Whether all heads that share the latents are rows of one tile.
  package var packsHeads: Bool

  package init(queryRows: Double, keys: Double, packsHeads: Bool) {
    self.queryRows = queryRows
    self.keys = keys
    self.packsHeads = packsHeads
  }

  package static func standard(_ key: KernelKey) -> LatentPrefillCut {
    switch key.family.latent {
    case .flashAttention3, .flashMLA: LatentPrefillCut(queryRows: 64, keys: 64, packsHeads: true)
    case .triton, .tritonParts: LatentPrefillCut(queryRows: 32, keys: 32, packsHeads: false)
    case .trtllmGen: LatentPrefillCut(queryRows: 256, keys: 128, packsHeads: false)
    case .trtllm: LatentPrefillCut(queryRows: 64, keys: 64, packsHeads: false)
    case .trtllmFMHA:
      LatentPrefillCut(queryRows: 128, keys: key.keyValueDType?.bits == 8 ? 128 : 64, packsHeads: false)
    }
  }

  package init(entry: JSONObject) throws(InputError) {
    let object = try entry.require(try entry.object("cut"), "cut", "how the library cuts attention into tiles")
    try object.requireOnly(["queryRows", "keys", "packsHeads"])
    self.init(
      queryRows: try object.number("queryRows", in: PrefillCut.sides),
      keys: try object.number("keys", in: PrefillCut.sides),
      packsHeads: try object.require(try object.bool("packsHeads"), "packsHeads", "true or false"))
  }

  package var fields: [(key: String, value: JSONValue)] {
    [("queryRows", .number(queryRows)), ("keys", .number(keys)), ("packsHeads", .bool(packsHeads))]
  }
}

/// How a library's latent attention shares a decode step's keys among CTAs: facts of its source code, not fitted.
package struct LatentDecodeCut: KernelCut {
  package var design: LatentDesign

  package init(_ design: LatentDesign) { self.design = design }

  package static func standard(_ key: KernelKey) -> LatentDecodeCut { LatentDecodeCut(key.family.latent) }

  package init(entry: JSONObject) throws(InputError) {
    let object = try entry.require(try entry.object("cut"), "cut", "whose kernel it is")
    try object.requireOnly(["design"])
    self.init(
      try object.require(
        try object.choice("design", LatentDesign.self), "design",
        "one of \(LatentDesign.allCases.map(\.rawValue).joined(separator: ", "))"))
  }

  package var fields: [(key: String, value: JSONValue)] { [("design", .string(design.rawValue))] }
}

/// Kernels of latent attention that are cut alike, whichever engine brings them.
package enum LatentDesign: String, Hashable, Sendable, CaseIterable {
  case flashMLA = "flashmla"
  case flashAttention3 = "fa3"
  case trtllmGen = "trtllm-gen"
  /// TensorRT-LLM's, before it brought FlashMLA.
  case trtllm
  case trtllmFMHA = "trtllm-fmha"
  case triton
  /// The same kernels counted part by part: parts without keys cost a start and no blocks, and nothing overlaps.
  case tritonParts = "triton-parts"
}

extension KernelLibrary {
  /// What a library's name tells of its latent attention: an engine's name is followed by that of the kernels. One that tells nothing is
  /// taken to be FlashMLA.
  var latent: LatentDesign {
    let parts = name.split(separator: "-")
    if parts.contains("fa3") { return .flashAttention3 }
    if parts.contains("triton") { return .triton }
    if parts.contains("gen") { return .trtllmGen }
    if parts.contains("fmha") { return .trtllmFMHA }
    return name == "trtllm" ? .trtllm : .flashMLA
  }
}
