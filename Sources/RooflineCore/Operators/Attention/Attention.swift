/// Fused attention: output = softmax(q·kᵀ·scale, masked)·v without storing scores.
///
/// A pair of a query and a key it sees costs, per head, 2d FLOPs for the score and 2d_v for the weighted value (tensor), the
/// softmax's four (scale, subtract, add, divide; vector) and one exp (special).
package struct Attention<Scalar: Term>: OperatorDefinition {
  /// Which keys a query sees.
  package enum Mask: Hashable, Sendable {
    /// Every query sees all C keys.
    case full
    /// Queries are the last T positions; each sees the keys up to its own.
    case causal
    /// Causal, and at most the last `Letter.window` keys, its own included.
    case slidingWindow(Scalar)
    /// Causal, and at most so many keys that an indexer has chosen for each query.
    case selected(Scalar)
    /// Causal, and at most so many keys, in blocks that an indexer has chosen for each query and KV head. Of several queries' blocks
    /// nothing is known: all keys are read.
    case blocks(Scalar, isSingle: Bool)
    /// Causal: the last keys through a window, and of those before, compressed, the entries that are complete at a query, so
    /// many of them at most.
    case compressed(window: Scalar, tokensPerEntry: Scalar, kept: Scalar?, isSingle: Bool)
    /// Causal, and only keys of the query's own piece of the sequence, which is cut every `Letter.chunk` tokens.
    case chunked(Scalar)
  }

  package let shape: AttentionShape<Scalar>
  package let mask: Mask
  package let keyValueHome: KeyValueHome
  /// Whether the visible pairs' probabilities, and their scores where those pass a cap, are stored for a backward pass that computes nothing again.
  package let keepsProbabilities: Bool
  /// Whether scores pass cap·tanh(score / cap): two more vector FLOPs and one more special function a pair.
  package let capsScores: Bool
  /// The format of the queries: that of other activations, or a narrower one in which kernels multiply.
  package let queryDType: DType
  /// Whether a value is the beginning of its key, and loaded with it: d_v of the d elements.
  package let valuesAreKeys: Bool
  /// Whether each head's softmax has a term of its own beside the keys', a learned logit.
  package let hasSinks: Bool
  package let formats: NumberFormats

  /// - Parameter queries: their format; that of other activations when nil.
  package init(
    _ shape: AttentionShape<Scalar>, mask: Mask, keyValueHome: KeyValueHome = .cache, keepsProbabilities: Bool = false,
    capsScores: Bool = false, queries: DType? = nil, valuesAreKeys: Bool = false, hasSinks: Bool = false,
    formats: NumberFormats
  ) {
    self.shape = shape
    self.mask = mask
    self.keyValueHome = keyValueHome
    self.keepsProbabilities = keepsProbabilities
    self.capsScores = capsScores
    queryDType = queries ?? formats.residual
    self.valuesAreKeys = valuesAreKeys
    self.hasSinks = hasSinks
    self.formats = formats
  }

  package var kind: OperatorKind { .attention }
  package var asOperator: Operator<Scalar> { .attention(self) }

  package var matrixUnit: DType? { unit }

  private var unit: DType {
    queryDType == formats.residual
      ? keyValueHome.unit(formats) : .matrixUnit(activation: queryDType, other: formats.keyValueCache)
  }

  private var queryFormat: ElementFormat {
    queryDType == formats.residual ? formats.residualFormat : ElementFormat(.activationBytes, queryDType)
  }

  /// Visible (query, key) pairs of one sequence and head.
  ///
  /// Causal: query i of T (from 0) sees the C−T earlier keys and i+1 of the new ones; summed over i that is
  /// T(C−T) + T(T+1)/2. With a window W the first a = min(T, max(0, W−(C−T))) queries still see everything before them, the
  /// others W keys each.
  package var pairs: Scalar {
    let queries = shape.queryTokens
    let keys = shape.attendedKeys
    let pairs: Scalar
    switch mask {
    case .full: pairs = queries * keys
    case .causal: pairs = Self.causalPairs(queries, keys)
    case .slidingWindow(let window), .selected(let window), .blocks(let window, _):
      pairs = Self.windowPairs(queries, keys, window)
    case .compressed(let window, let tokensPerEntry, let kept, _):
      pairs = Self.windowPairs(queries, keys, window) + Self.entryPairs(queries, keys, tokensPerEntry, kept: kept)
    case .chunked(let chunk):
      pairs = Attention.chunkedPairs(keys, chunk)
        .excess(over: Attention.chunkedPairs(keys.excess(over: queries), chunk))
    }
    return pairs.named(.pairs)
  }

  /// Pairs of T queries, the last of C positions, with the keys up to their own: T(C−T) + T(T+1)/2.
  package static func causalPairs(_ queries: Scalar, _ keys: Scalar) -> Scalar {
    queries * keys.excess(over: queries) + (queries * (queries + 1)).divided(exactlyBy: 2)
  }

  /// Keys that any query sees: with a window, those from the first query's oldest on, min(C, T+W−1); with chunks, those of the
  /// pieces that queries are in; of chosen keys at most T times as many, since queries may choose differently; of chosen
  /// blocks one query's, or all.
  package var visibleKeys: Scalar {
    @specialized(where Scalar == Count) get {
      let (queries, keys) = (shape.queryTokens, shape.attendedKeys)
      switch mask {
      case .full, .causal: return keys
      case .slidingWindow(let window):
        return Attention.visibleKeys(queryTokens: queries, attendedKeys: keys, window: window)
      case .chunked(let chunk):
        return Attention.visibleKeys(queryTokens: queries, attendedKeys: keys, chunk: chunk)
      case .selected(let kept): return keys.minimum(queries * kept)
      case .blocks(let kept, let isSingle): return isSingle ? keys.minimum(kept) : keys
      case .compressed(let window, let tokensPerEntry, let kept, let isSingle):
        let entries = Self.wholeEntries(keys, tokensPerEntry)
        // Several queries may choose differently.
        return Attention.visibleKeys(queryTokens: queries, attendedKeys: keys, window: window)
          + (isSingle ? kept.map { entries.minimum($0) } ?? entries : entries)
      }
    }
  }

  /// Pairs through a window: the first a queries still see everything before them, the others W keys each.
  private static func windowPairs(_ queries: Scalar, _ keys: Scalar, _ window: Scalar) -> Scalar {
    let past = keys.excess(over: queries)
    let unmasked = queries.minimum(window.excess(over: past)).named(.maskedQueries)
    return unmasked * past + (unmasked * (unmasked + 1)).divided(exactlyBy: 2)
      + queries.excess(over: unmasked) * window
  }

  /// ⌊n/ρ⌋, entries that n tokens fill, by way of ⌈(n+1)/ρ⌉ − 1.
  static func wholeEntries(_ tokens: Scalar, _ tokensPerEntry: Scalar) -> Scalar {
    (tokens + 1).divided(roundingUpBy: tokensPerEntry).excess(over: 1)
  }

  /// Pairs of T queries, the last of C positions, with the entries that are complete at each, min(⌊p/ρ⌋, kept) at the p-th.
  package static func entryPairs(
    _ queries: Scalar, _ keys: Scalar, _ tokensPerEntry: Scalar, kept: Scalar?
  ) -> Scalar {
    entryPairs(upTo: keys, tokensPerEntry, kept)
      .excess(over: entryPairs(upTo: keys.excess(over: queries), tokensPerEntry, kept))
  }

  /// Blocks of keys, begun ones included, that T queries, the last of C positions, see: Σ ⌈p/b⌉ at the p-th, which is
  /// Σ ⌊(p + b − 1)/b⌋.
  static func blockPairs(_ queries: Scalar, _ keys: Scalar, block: Scalar) -> Scalar {
    entryPairs(queries, (keys + block).excess(over: 1), block, kept: nil)
  }

  /// Σ min(⌊p/ρ⌋, kept) over p = 1 … n: with q = ⌊n/ρ⌋ whole entries q(n+1) − ρ·q(q+1)/2 where all are kept.
  private static func entryPairs(upTo tokens: Scalar, _ tokensPerEntry: Scalar, _ kept: Scalar?) -> Scalar {
    let growing = kept.map { tokens.minimum($0 * tokensPerEntry) } ?? tokens
    let entries = wholeEntries(growing, tokensPerEntry)
    let pairs = (entries * (growing + 1)).excess(
      over: (tokensPerEntry * entries * (entries + 1)).divided(exactlyBy: 2))
    return kept.map { pairs + tokens.excess(over: growing) * $0 } ?? pairs
  }

  /// Keys that any of T queries sees through a window: min(C, T+W−1).
  static func visibleKeys(queryTokens: Scalar, attendedKeys: Scalar, window: Scalar) -> Scalar {
    attendedKeys.minimum((queryTokens + window).excess(over: 1))
  }

  /// The keys from the first query's piece on: C − ⌊(C−T)/A⌋·A.
  static func visibleKeys(queryTokens: Scalar, attendedKeys: Scalar, chunk: Scalar) -> Scalar {
    let past = attendedKeys.excess(over: queryTokens)
    return attendedKeys.excess(over: wholeChunks(past, chunk) * chunk)
  }

  /// ⌊n/A⌋, by way of ⌈(n+1)/A⌉ − 1.
  private static func wholeChunks(_ tokens: Scalar, _ chunk: Scalar) -> Scalar {
    (tokens + 1).divided(roundingUpBy: chunk).excess(over: 1)
  }

  /// Pairs of a sequence's first n tokens: A(A+1)/2 in each whole piece, r(r+1)/2 in the r tokens behind them.
  private static func chunkedPairs(_ tokens: Scalar, _ chunk: Scalar) -> Scalar {
    let whole = wholeChunks(tokens, chunk)
    let rest = tokens.excess(over: whole * chunk)
    return whole * (chunk * (chunk + 1)).divided(exactlyBy: 2) + (rest * (rest + 1)).divided(exactlyBy: 2)
  }

  /// Visible pairs of all sequences and heads.
  var visibleScores: Scalar { shape.batch * shape.heads * pairs }

  /// Bytes of the keys that any query sees, and of their values.
  package var keyValueBytes: Scalar {
    @specialized(where Scalar == Count) get {
      let format = keyValueHome.format(formats)
      let keys = shape.keys(visibleKeys).bytes(format)
      return valuesAreKeys ? keys : keys + shape.values(visibleKeys).bytes(format)
    }
  }

  /// Bytes of all keys and values, seen or not.
  package var cachedBytes: Scalar {
    @specialized(where Scalar == Count) get { 2 * shape.cachedKeys.bytes(keyValueHome.format(formats)) }
  }

  /// FLOPs of both products over the visible pairs.
  package var product: Scalar {
    @specialized(where Scalar == Count) get { shape.products(visibleScores) }
  }

  package var flops: FLOPCounts<Scalar> {
    let perHead = visibleScores
    var counts = FLOPCounts(
      product: shape.products(perHead), on: unit, vector: (capsScores ? 6 : 4) * perHead,
      special: capsScores ? 2 * perHead : perHead)
    if hasSinks {
      counts = counts + FLOPCounts(vector: (keepsProbabilities ? 3 : 2) * sinkRows, special: sinkRows)
    }
    return counts
  }

  /// Rows of scores that a head's sink is a term of.
  var sinkRows: Scalar { shape.batch * shape.queryTokens * shape.heads }

  /// Probabilities of the visible pairs, and the share of each row's sink: what a backward pass reads.
  var keptProbabilities: Scalar { hasSinks ? visibleScores + sinkRows : visibleScores }

  @specialized(where Scalar == Count)
  package func forEachOperand(_ visit: (Operand<Scalar>) -> Void) {
    let keys = visibleKeys
    visit(Operand(.query, .loadActivation, shape.queries, queryFormat))
    visit(Operand(.key, keyValueHome.load, shape.keys(keys), keyValueHome.format(formats)))
    if !valuesAreKeys {
      visit(Operand(.value, keyValueHome.load, shape.values(keys), keyValueHome.format(formats)))
    }
    if hasSinks { visit(Operand(.weight, .loadWeight, shape.heads, formats.residualFormat)) }
    visit(Operand(.output, .storeActivation, shape.outputs, formats.residualFormat))
    if keepsProbabilities {
      visit(Operand(.probabilities, .storeActivation, keptProbabilities, formats.residualFormat))
      if capsScores { visit(Operand(.scores, .storeActivation, visibleScores, formats.residualFormat)) }
    }
  }

  package var gradients: OperatorGradients<Scalar> {
    // Values that are a part of their keys have a gradient that is a part of theirs; nobody trains with those.
    valuesAreKeys && shape.valueDim != shape.headDim
      ? .unknown : .rows([.init(.backward, AttentionGradient(self))])
  }

  package func forEachParameter(_ visit: (OperatorParameter<Scalar>) -> Void) {
    if hasSinks { visit(OperatorParameter(.weight, shape.heads, formats.residualFormat)) }
  }

  package static var source: String {
    "fused attention, a visible (query, key) pair and head: 2d for the score, 2d for the value; scale, subtract, add, divide; one exp"
  }
}
