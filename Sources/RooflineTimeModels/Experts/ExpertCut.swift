import RooflineCore

/// How a library runs a layer of routed experts: facts of its source code.
package struct ExpertCut: KernelCut {
  package enum Design: String, Hashable, Sendable, CaseIterable {
    /// Rows are permuted so that each expert's stand together; remote choices are skipped.
    case cutlass
    /// Rows are gathered by index; remote choices are computed around, zero-filled and summed.
    case triton
    /// The same as SGLang runs it: a token's only choice is written in place, and no kernel adds it up.
    case directTriton = "triton-direct"
    /// As Triton's, without remote choices.
    case skippingTriton = "triton-skipping"
    /// As Triton's, with weights that are widened on the way.
    case marlin
    /// The same as vLLM and SGLang run it: rows of a tile by what an expert of this rank would have if no choice were remote, and all
    /// tiles' work along K in stripes of the same length, one for each SM, so that no SM waits for a wave's end.
    case stripedMarlin = "marlin-striped"
    /// TensorRT-LLM's generated kernels, with the activation inside.
    case generated = "trtllm-gen"
  }

  package let design: Design

  package init(_ design: Design) { self.design = design }

  package static func standard(_ key: KernelKey) -> ExpertCut {
    let name = key.family.name.lowercased()
    if name.contains("marlin") { return ExpertCut(.marlin) }
    if name.contains("trtllm-gen") { return ExpertCut(.generated) }
    guard name.contains("triton") else { return ExpertCut(.cutlass) }
    if key.format == .mxfp4Weight { return ExpertCut(.skippingTriton) }
    return ExpertCut(name.contains("sglang") ? .directTriton : .triton)
  }

  package init(entry: JSONObject) throws(InputError) {
    let object = try entry.require(try entry.object("cut"), "cut", "how the library runs a layer of experts")
    try object.requireOnly(["design"])
    design = try object.require(
      try object.choice("design", Design.self), "design",
      "one of \(Design.allCases.map(\.rawValue).joined(separator: ", "))")
  }

  package var fields: [(key: String, value: JSONValue)] { [("design", .string(design.rawValue))] }

  /// Whether rows of remote choices are worked on, too.
  var takesAllRows: Bool {
    switch design {
    case .triton, .directTriton, .marlin, .stripedMarlin: true
    case .cutlass, .skippingTriton, .generated: false
    }
  }

  /// Whether a kernel adds up what a token's experts give, though there is but one.
  var addsSingleChoice: Bool {
    switch design {
    case .directTriton: false
    case .cutlass, .triton, .skippingTriton, .marlin, .stripedMarlin, .generated: true
    }
  }

  /// The norm that adds tensor cores, DRAM and the walk over K.
  var overlap: Overlap {
    switch design {
    case .marlin, .stripedMarlin: .marlin
    case .cutlass, .triton, .directTriton, .skippingTriton, .generated: .usual
    }
  }

  /// Whether SMs share the tiles' work evenly, whatever their number.
  var isStriped: Bool { design == .stripedMarlin }

  /// The tokens of an expert of this rank, over a tile's rows, below which the library takes that tile (striped designs).
  static let mostFilling = 0.9

  enum Overlap: Sendable {
    case usual, marlin

    /// x^1.5, or x^2.5, and the way back, by roots.
    @inline(__always)
    func power(_ x: Double) -> Double {
      switch self {
      case .usual: x * x.squareRoot()
      case .marlin: x * x * x.squareRoot()
      }
    }

    @inline(__always)
    func root(_ sum: Double) -> Double {
      switch self {
      case .usual: Mathematics.cubeRoot(sum * sum)
      case .marlin: Mathematics.power(sum, 0.4)
      }
    }
  }

  /// The tile intensity at which tensor cores run at half speed.
  var halfIntensity: Double { design == .marlin ? 5 : 12 }

  /// The tiles that it may choose from; nil where nothing is known of such a GPU's.
  func tiles(_ generation: GPUGeneration) -> [(m: Int, n: Int)]? {
    switch design {
    case .cutlass: generation.tiles?.grouped
    case .triton, .directTriton, .skippingTriton: TileList.all([16, 32, 64, 128], by: [32, 64, 128, 256])
    case .marlin: TileList.all([16, 32, 48, 64], by: [128, 256])
    case .stripedMarlin: TileList.all([8, 16, 32, 48, 64], by: [128])
    case .generated: TileList.all([16, 32, 64], by: [128])
    }
  }

  /// Rows of tiles whose counts a fit takes ahead; others are counted when they are asked for.
  static let rows: [Double] = [8, 16, 32, 48, 64, 128, 192, 256]

  /// Of the library's Triton without a search: for few tokens, and for more.
  static let untunedTiles: (few: (m: Int, n: Int), many: (m: Int, n: Int)) = ((16, 32), (64, 64))
}
