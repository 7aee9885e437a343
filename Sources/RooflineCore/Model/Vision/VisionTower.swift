/// What turns an image into tokens of the text part: patches, an encoder whose attention sees a whole image, and a merger of
/// neighbouring patches. It runs once an image, whole on one device, and is in none of the text part's totals.
package struct VisionTower: Hashable, Sendable {
  /// What an encoder's blocks are made of.
  package enum Block: Hashable, Sendable {
    /// Two LayerNorms, biases, a gelu MLP of two matrices.
    case plain
    /// Four RMSNorms, norms of each head's queries and keys, a gated gelu MLP, no biases.
    case sandwich
  }

  /// A step behind the encoder, on every patch or on the tokens that patches are merged to.
  package enum Step: Hashable, Sendable {
    case layerNorm(width: UInt64, isMerged: Bool)
    /// Without a weight.
    case plainNorm(width: UInt64, isMerged: Bool)
    case linear(inputs: UInt64, outputs: UInt64, hasBias: Bool, isMerged: Bool)
    case gelu(width: UInt64, isMerged: Bool)
  }

  package var width, intermediate, layers, heads: UInt64
  package var block: Block
  /// Elements that a patch is made of, and whether its projection has a bias.
  package var patchElements: UInt64
  package var hasPatchBias: Bool
  /// Pixels along a patch's side.
  package var patchSize: UInt64
  /// Patches along the side of what becomes one token.
  package var merge: UInt64
  /// Rows of tables of learned positions; where there are several, each patch reads a row of every one.
  package var positions: [UInt64]
  /// Whether heads are turned by a patch's place.
  package var rotates: Bool
  /// LayerNorms in front of the first block and behind the last.
  package var hasFirstNorm, hasLastNorm: Bool
  /// Whether a token of the class stands beside an image's patches.
  package var hasClassToken = false
  /// The one size of an image, in pixels; nil: images have sizes of their own.
  package var imageSide: UInt64?
  package var steps: [Step]

  package init(
    width: UInt64, intermediate: UInt64, layers: UInt64, heads: UInt64, block: Block, patchElements: UInt64,
    hasPatchBias: Bool, patchSize: UInt64, merge: UInt64, positions: [UInt64], rotates: Bool, hasFirstNorm: Bool,
    hasLastNorm: Bool, hasClassToken: Bool = false, imageSide: UInt64? = nil, steps: [Step]
  ) {
    self.width = width
    self.intermediate = intermediate
    self.layers = layers
    self.heads = heads
    self.block = block
    self.patchElements = patchElements
    self.hasPatchBias = hasPatchBias
    self.patchSize = patchSize
    self.merge = merge
    self.positions = positions
    self.rotates = rotates
    self.hasFirstNorm = hasFirstNorm
    self.hasLastNorm = hasLastNorm
    self.hasClassToken = hasClassToken
    self.imageSide = imageSide
    self.steps = steps
  }

  /// Parameters of the tower and of its merger.
  package var parameters: Count {
    // How many images there are, and how large they are, changes none.
    rows(VisionWorkload(images: 1, columns: merge, rows: merge, formats: NumberFormats(.bf16))).reduce(0 as Count) {
      $0 + $1.occurrences * $1.operator.parameterElements
    }
  }
}

/// Images for a tower: how many, and how many patches each has along its sides.
package struct VisionWorkload: Hashable, Sendable {
  package let images, columns, rows: UInt64
  package let formats: NumberFormats

  init(images: UInt64, columns: UInt64, rows: UInt64, formats: NumberFormats) {
    self.images = images
    self.columns = columns
    self.rows = rows
    self.formats = formats
  }

  /// - Throws: `InputError.usage` where the tower cannot cut such images into patches that merge.
  package init(
    _ tower: VisionTower, images: UInt64, width: UInt64, height: UInt64, formats: NumberFormats
  ) throws(InputError) {
    let (side, overflow) = tower.patchSize.multipliedReportingOverflow(by: tower.merge)
    guard !overflow, width.isMultiple(of: side), height.isMultiple(of: side) else {
      throw .usage("--images is of \(width)x\(height) pixels; this tower's images have sides that \(side) divides")
    }
    if let own = tower.imageSide, width != own || height != own {
      throw .usage("--images is of \(width)x\(height) pixels; this tower's images have \(own)x\(own)")
    }
    self.init(images: images, columns: width / tower.patchSize, rows: height / tower.patchSize, formats: formats)
  }

  /// Patches of an image.
  package var patches: Count { Count(columns) * Count(rows) }

  /// Tokens that all images become for the text part.
  package func tokens(_ tower: VisionTower) -> Count {
    Count(images) * Count(columns / tower.merge) * Count(rows / tower.merge)
  }
}

/// What a file says of a vision tower.
package enum VisionPart: Hashable, Sendable {
  case tower(VisionTower)
  /// There is none, or none that can be counted, for a reason.
  case none(reason: String)

  package var tower: VisionTower? { if case .tower(let tower) = self { tower } else { nil } }
  package var reason: String? { if case .none(let reason) = self { reason } else { nil } }
}
