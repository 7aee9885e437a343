/// What a layer keeps for later tokens of a sequence: each part is one that some mixers have and others have not.
package struct CacheShape: Hashable, Sendable {
  /// What attention reads: one list of entries in most layers, two where a window stands beside compressed entries.
  package var tokens: [TokenCache]
  /// Keys of an indexer that chooses what attention reads.
  package var index: IndexKeyCache?
  /// What a recurrence carries from token to token, whatever their number.
  package var state: SequenceState?
  /// The last inputs of a causal convolution.
  package var convolution: SequenceState?

  package init(
    tokens: [TokenCache] = [], index: IndexKeyCache? = nil, state: SequenceState? = nil,
    convolution: SequenceState? = nil
  ) {
    self.tokens = tokens
    self.index = index
    self.state = state
    self.convolution = convolution
  }
}

/// Entries that attention reads, one for each token or for several.
package struct TokenCache: Hashable, Sendable {
  /// What one entry is.
  package enum Content: Hashable, Sendable {
    /// A key and a value of each KV head. Ranks divide the heads.
    case heads(UInt64, key: UInt64, value: UInt64)
    /// A row of so many elements that all heads share. Every rank keeps all of it.
    case shared(UInt64)
  }

  /// Of which tokens there are entries.
  package enum Span: Hashable, Sendable {
    case all
    /// The last tokens, so many at most.
    case window(UInt64)
    /// Those of the current piece of a sequence that is cut every so many tokens.
    case chunk(UInt64)

    /// The most tokens that are kept; nil: all.
    package var limit: UInt64? {
      switch self {
      case .all: nil
      case .window(let tokens), .chunk(let tokens): tokens
      }
    }
  }

  package var content: Content
  package var span: Span
  /// Tokens that one entry stands for: 1 but for compressed caches, which have whole entries only.
  package var tokensPerEntry: UInt64

  package init(_ content: Content, span: Span = .all, tokensPerEntry: UInt64 = 1) {
    self.content = content
    self.span = span
    self.tokensPerEntry = tokensPerEntry
  }

  /// The most entries that a sequence of `context` tokens has needed.
  package func entries(of context: UInt64) -> UInt64 {
    (span.limit.map { min($0, context) } ?? context) / tokensPerEntry
  }

  /// Whether a further token of a sequence of `context` tokens may need more room.
  package func grows(beyond context: UInt64) -> Bool { span.limit.map { context < $0 } ?? true }

  /// An entry as tensors of equal width: keys and values, or one row.
  ///
  /// - Parameter share: what one rank has of KV heads.
  func entry<Scalar: Term>(_ share: (UInt64) -> Scalar) -> (tensors: Scalar, width: Scalar) {
    switch content {
    case .heads(let heads, let key, let value) where key == value: (2, share(heads) * .input(.headDim, key))
    case .heads(let heads, let key, let value):
      (1, share(heads) * (.input(.headDim, key) + .input(.valueDim, value)))
    case .shared(let width): (1, .input(.cacheRow, width))
    }
  }
}

/// Keys by which an indexer chooses what attention reads: one row for all heads, on every rank.
///
/// They have the KV cache's format; in one of 8 bits or less each row has a 4-byte scale.
package struct IndexKeyCache: Hashable, Sendable {
  package var width: UInt64
  /// Tokens that one row stands for.
  package var tokensPerRow: UInt64

  package init(width: UInt64, tokensPerRow: UInt64 = 1) {
    self.width = width
    self.tokensPerRow = tokensPerRow
  }

  /// Bytes of one row.
  package func rowBytes<Scalar: Term>(_ formats: NumberFormats) -> Scalar {
    let row = Scalar.input(.indexDim, width).bytes(formats.keyValueFormat)
    return formats.keyValueCache.bits <= 8 ? row + 4 : row
  }
}

/// What a sequence keeps however long it is: a recurrence's state, a convolution's last inputs.
package struct SequenceState: Hashable, Sendable {
  /// Units that ranks divide (heads, groups), each of so many elements; where there are fewer units than ranks, each rank has
  /// one.
  package struct Part: Hashable, Sendable {
    package var units, elementsPerUnit: UInt64

    package init(units: UInt64, elementsPerUnit: UInt64) {
      self.units = units
      self.elementsPerUnit = elementsPerUnit
    }
  }

  package var parts: [Part]
  /// nil: that of activations between operators.
  package var dtype: DType?

  package init(_ parts: [Part], dtype: DType?) {
    self.parts = parts
    self.dtype = dtype
  }

  /// What one of `ranks` keeps of a sequence.
  package func bytes<Scalar: Term>(ranks: UInt64, _ formats: NumberFormats) -> Scalar {
    let elements = parts.reduce(0 as Count) {
      $0 + Count($1.units).divided(roundingUpBy: Count(ranks)) * Count($1.elementsPerUnit)
    }
    return Scalar.input(.stateElements, elements.value).bytes(ElementFormat(.stateBytes, dtype ?? formats.residual))
  }
}
