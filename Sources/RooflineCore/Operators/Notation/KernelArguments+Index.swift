/// Operators of indexers out of the columns of a measurement file.
extension KernelArguments {
  private func queries() throws(InputError) -> (queries: UInt64, keys: UInt64) {
    let queries = try number("query", default: nil)
    let keys = try number("context", default: queries)
    guard queries <= keys else {
      throw .usage("query=\(queries) is more than context=\(keys), which includes the new tokens")
    }
    return (queries, keys)
  }

  func indexScores<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> IndexScores<Scalar> {
    let (queries, keys) = try queries()
    let (tokens, attended) = (Scalar.input(.queryTokens, queries), Scalar.input(.attendedKeys, keys))
    return IndexScores(
      batch: .input(.batch, try number("batch", default: 1)), queryTokens: tokens, keys: attended,
      pairs: Attention<Scalar>.causalPairs(tokens, attended), heads: try input(.indexHeads, "heads"),
      width: try input(.indexDim, "head_dim"), block: try given("block").map { .input(.indexBlock, $0) },
      formats: formats)
  }

  func indexSelection<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> IndexSelection<Scalar> {
    let (queries, keys) = try queries()
    let (tokens, attended) = (Scalar.input(.queryTokens, queries), Scalar.input(.attendedKeys, keys))
    return IndexSelection(
      batch: .input(.batch, try number("batch", default: 1)), queryTokens: tokens,
      pairs: Attention<Scalar>.causalPairs(tokens, attended),
      kept: attended.minimum(try input(.selectedKeys, "top_k")), keys: attended, formats: formats)
  }

  func indexRotation<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> IndexRotation<Scalar> {
    let width = try number("width", default: nil)
    guard width.nonzeroBitCount == 1 else {
      throw .usage("width=\(width) is no power of two, which a Hadamard transform needs")
    }
    return IndexRotation(
      tokens: try input(.rows, "rows"), heads: try input(.indexHeads, "heads"), width: .input(.indexDim, width),
      steps: .input(.transformSteps, UInt64(width.trailingZeroBitCount)), formats: formats)
  }

  func batchedGEMM<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> BatchedGEMM<Scalar> {
    BatchedGEMM(
      groups: try input(.groups, "groups"), m: try input(.gemmM, "m"), n: try input(.gemmN, "n"),
      k: try input(.gemmK, "k"), formats: formats)
  }

  func compression<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> Compression<Scalar> {
    Compression(
      entries: try input(.newEntries, "entries"), tokensPerEntry: try input(.tokensPerEntry, "tokens_per_entry"),
      rowWidth: try input(.width, "row_width"), width: try input(.headDim, "width"), formats: formats)
  }

  func hyperConnection<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> HyperConnection<Scalar> {
    let place: HyperConnection<Scalar>.Place =
      if kind == .hyperCollapse || kind == .hyperCollapseGradient {
        .before(iterations: try input(.iterations, "iterations"))
      } else {
        kind == .hyperExpand || kind == .hyperExpandGradient ? .after : .head
      }
    return HyperConnection(
      place, rows: try input(.rows, "rows"), width: try input(.width, "width"), streams: try input(.streams, "streams"),
      formats: formats)
  }
}
