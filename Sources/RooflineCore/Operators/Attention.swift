/// Fused attention: output = softmax(q·kᵀ·scale, masked)·v without storing scores.
///
/// A pair of a query and a key it sees costs, per head, 2d FLOPs for the score and 2d_v for the weighted value (tensor), the
/// softmax's four (scale, subtract, add, divide; vector) and one exp (special).
public struct Attention<Scalar: Term>: OperatorDefinition {
  /// Which keys a query sees.
  public enum Mask: Hashable, Sendable {
    /// Every query sees all C keys.
    case full
    /// Queries are the last T positions; each sees the keys up to its own.
    case causal
    /// Causal, and at most the last `Letter.window` keys, its own included.
    case slidingWindow(Scalar)
    /// Causal, and at most so many keys that an indexer has chosen for each query.
    case selected(Scalar)
  }

  public let shape: AttentionShape<Scalar>
  public let mask: Mask
  public let keyValueHome: KeyValueHome
  /// Whether the visible pairs' probabilities are stored for a backward pass that computes nothing again.
  public let keepsProbabilities: Bool
  /// Whether scores pass cap·tanh(score / cap): two more vector FLOPs and one more special function a pair.
  public let capsScores: Bool
  /// Whether a value is the beginning of its key, and loaded with it: d_v of the d elements.
  public let valuesAreKeys: Bool
  public let formats: NumberFormats

  public init(
    _ shape: AttentionShape<Scalar>, mask: Mask, keyValueHome: KeyValueHome = .cache, keepsProbabilities: Bool = false,
    capsScores: Bool = false, valuesAreKeys: Bool = false, formats: NumberFormats
  ) {
    self.shape = shape
    self.mask = mask
    self.keyValueHome = keyValueHome
    self.keepsProbabilities = keepsProbabilities
    self.capsScores = capsScores
    self.valuesAreKeys = valuesAreKeys
    self.formats = formats
  }

  public var kind: OperatorKind { .attention }
  public var asOperator: Operator<Scalar> { .attention(self) }

  public var matrixUnit: DType? { keyValueHome.unit(formats) }

  /// Visible (query, key) pairs of one sequence and head.
  ///
  /// Causal: query i of T (from 0) sees the C−T earlier keys and i+1 of the new ones; summed over i that is
  /// T(C−T) + T(T+1)/2. With a window W the first a = min(T, max(0, W−(C−T))) queries still see everything before them, the
  /// others W keys each.
  public var pairs: Scalar {
    let queries = shape.queryTokens
    let keys = shape.attendedKeys
    let pairs: Scalar
    switch mask {
    case .full: pairs = queries * keys
    case .causal: pairs = Self.causalPairs(queries, keys)
    case .slidingWindow(let window), .selected(let window):
      let past = keys.excess(over: queries)
      let unmasked = queries.minimum(window.excess(over: past)).named(.maskedQueries)
      pairs =
        unmasked * past + (unmasked * (unmasked + 1)).divided(exactlyBy: 2)
        + queries.excess(over: unmasked) * window
    }
    return pairs.named(.pairs)
  }

  /// Pairs of T queries, the last of C positions, with the keys up to their own: T(C−T) + T(T+1)/2.
  static func causalPairs(_ queries: Scalar, _ keys: Scalar) -> Scalar {
    queries * keys.excess(over: queries) + (queries * (queries + 1)).divided(exactlyBy: 2)
  }

  /// Keys that any query sees: with a window, those from the first query's oldest on, min(C, T+W−1); of chosen keys at most
  /// T times as many, since queries may choose differently.
  var visibleKeys: Scalar {
    switch mask {
    case .full, .causal: shape.attendedKeys
    case .slidingWindow(let window):
      Attention.visibleKeys(queryTokens: shape.queryTokens, attendedKeys: shape.attendedKeys, window: window)
    case .selected(let kept): shape.attendedKeys.minimum(shape.queryTokens * kept)
    }
  }

  /// Keys that any of T queries sees through a window: min(C, T+W−1).
  static func visibleKeys(queryTokens: Scalar, attendedKeys: Scalar, window: Scalar) -> Scalar {
    attendedKeys.minimum((queryTokens + window).excess(over: 1))
  }

  /// Visible pairs of all sequences and heads.
  var visibleScores: Scalar { shape.batch * shape.heads * pairs }

  public var flops: FLOPCounts<Scalar> {
    let perHead = visibleScores
    return FLOPCounts(
      product: shape.products(perHead), on: keyValueHome.unit(formats), vector: (capsScores ? 6 : 4) * perHead,
      special: capsScores ? 2 * perHead : perHead)
  }

  public func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let keys = visibleKeys
    visit(Operand(.query, .loadActivation, shape.queries, formats.residualFormat))
    visit(Operand(.key, keyValueHome.load, shape.keys(keys), keyValueHome.format(formats)))
    if !valuesAreKeys {
      visit(Operand(.value, keyValueHome.load, shape.values(keys), keyValueHome.format(formats)))
    }
    visit(Operand(.output, .storeActivation, shape.outputs, formats.residualFormat))
    if keepsProbabilities {
      visit(Operand(.probabilities, .storeActivation, visibleScores, formats.residualFormat))
    }
  }

  public var gradients: OperatorGradients<Scalar> {
    capsScores || valuesAreKeys ? .unknown : .rows([.init(.backward, AttentionGradient(self))])
  }

  public static var source: String {
    "fused attention, a visible (query, key) pair and head: 2d for the score, 2d for the value; scale, subtract, add, divide; one exp"
  }
}
