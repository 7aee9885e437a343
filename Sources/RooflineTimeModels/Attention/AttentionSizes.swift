import RooflineCore

/// Attention in the numbers of the time models' equations.
package struct AttentionSizes {
  let batch, query, context, heads, keyValueHeads, headDim: Double
  /// As wide as its keys are, but for latents.
  let valueDim: Double
  /// Keys a query sees at most; 0: all.
  let window: Double
  /// Bytes of an element of the queries.
  let queryBytes: Double
  /// Elements of the queries, and of the result.
  let elements, outputs: Double
  /// Bytes of queries and result.
  let ownBytes: Double

  package init(_ attention: Attention<Count>) {
    let shape = attention.shape
    batch = Double(shape.batch)
    query = Double(shape.queryTokens)
    context = Double(shape.attendedKeys)
    heads = Double(shape.heads)
    keyValueHeads = Double(shape.keyValueHeads)
    headDim = Double(shape.headDim)
    valueDim = Double(shape.valueDim)
    window = attention.window.map { Double($0) } ?? 0
    queryBytes = Double(attention.queryDType.bits) / 8
    elements = Double(shape.queries)
    outputs = Double(shape.outputs)
    ownBytes = attention.tokenBytes
  }

  /// Query heads a KV head serves.
  var group: Double { heads / keyValueHeads }
}

extension Attention where Scalar == Count {
  /// A single new token after others.
  var isDecodeStep: Bool { shape.queryTokens == 1 && shape.attendedKeys > 1 }

  /// Keys a query sees at most; nil: all.
  var window: Count? { if case .slidingWindow(let window) = mask { window } else { nil } }

  var isWindowed: Bool { window != nil }

  /// The same with every key before a query seen, as kernels that know no window walk over them.
  var unwindowed: Attention { Attention(shape, mask: .causal, queries: queryDType, formats: formats) }

  /// Attention as measured kernels compute it: causal over all keys or a window of them, each head with keys of its own as wide as
  /// its values, without caps on scores and without sinks.
  static func served(_ value: Operator<Count>) -> Attention? {
    guard case .attention(let attention) = value, !attention.capsScores, !attention.hasSinks, !attention.valuesAreKeys,
      attention.shape.sharedDim == nil, attention.shape.valueDim == attention.shape.headDim
    else { return nil }
    switch attention.mask {
    case .causal, .slidingWindow: return attention
    case .full, .chunked, .selected, .blocks, .compressed: return nil
    }
  }

  func subject(_ phase: Phase) -> KernelSubject {
    KernelSubject(
      .attention, phase: phase, dtype: queryDType, keyValueDType: formats.keyValueCache,
      headDim: Int(clamping: shape.headDim.value), isWindowed: isWindowed)
  }

  /// - Parameter seen: the window as kernels heed it; 0: none.
  func place(_ phase: Phase, seen: Double) -> KernelPlace {
    let sizes = AttentionSizes(self)
    var named: [(name: String, value: Double)] = [
      ("batch", sizes.batch), ("query", sizes.query), ("context", sizes.context), ("heads", sizes.heads),
      ("kv_heads", sizes.keyValueHeads), ("head_dim", sizes.headDim),
    ]
    if sizes.window > 0 { named.append(("window", sizes.window)) }
    let heads = [sizes.heads, sizes.keyValueHeads, sizes.headDim]
    return KernelPlace(
      "attention \(phase.rawValue)", sizes: named,
      order: heads + [sizes.window, sizes.context, sizes.query, sizes.batch],
      identity: heads + [seen, sizes.context, sizes.query, sizes.batch],
      point: [
        KernelPlace.log(sizes.batch), KernelPlace.log(sizes.context), KernelPlace.log(sizes.keyValueHeads),
        0.5 * KernelPlace.log(sizes.group),
      ], group: heads + [sizes.context])
  }

  /// The regimes of errors that both phases have.
  var headDimRegime: String { "d \(Int(clamping: shape.headDim.value))" }
}

extension Operator where Scalar == Count {
  /// Keys that a query of attention sees at most; nil: all, or no attention.
  package var window: Count? { if case .attention(let attention) = self { attention.window } else { nil } }
}
