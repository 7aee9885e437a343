import RooflineCore

/// A launch of the prefill kernel: the queries are the last tokens of their sequences' keys.
struct FlashAttentionCase {
  var batch = 1
  let queries, keys: Int
  var heads = 1
  var keyHeads = 1
  let headDim: Int
  var isCausal = true
  /// 0: none.
  var window = 0
  /// Places of the cache behind the keys.
  var spare = 0
  /// Whether the kernel with half the rows of queries runs, which head dim 128 has.
  var isLow = false
  /// Elements between a token's queries and the next one's, beside the queries.
  var gap = 0
  /// 1/√headDim unless a case wants steep probabilities.
  var steepness = 1.0

  func launch(_ format: KernelFormat, seed: UInt64 = 21) -> KernelCase {
    let past = keys - queries
    let visible = (window > 0 ? max(0, past - window + 1) : 0)..<keys
    let scale = steepness / Double(headDim).squareRoot()
    let range = -2.0...2.0
    var random = RandomElements(seed: seed)
    let (queryStride, keyStride) = (heads * headDim + gap, keyHeads * headDim)
    let query = random.next(batch * queries * queryStride, format, in: range)
    let places = keys + spare
    // What no query sees is poison.
    func cache() -> [Double] {
      var elements = random.next(batch * places * keyStride, format, in: range)
      for place in 0..<batch * places where !visible.contains(place % places) {
        for element in place * keyStride..<(place + 1) * keyStride { elements[element] = .nan }
      }
      return elements
    }
    let (key, value) = (cache(), cache())
    var expected: [Double] = []
    let reference = AttentionReference(headDim: headDim, scale: scale, stride: keyStride)
    key.withUnsafeBufferPointer { key in
      value.withUnsafeBufferPointer { value in
        for (sequence, token) in product(Array(0..<batch), Array(0..<queries)) {
          let position = past + token
          let seen = (window > 0 ? max(0, position - window + 1) : 0)..<(isCausal ? position + 1 : keys)
          for head in 0..<heads {
            let start = (sequence * queries + token) * queryStride + head * headDim
            expected += reference.output(
              query: query[start..<start + headDim], keys: key, values: value,
              first: sequence * places * keyStride + head / (heads / keyHeads) * headDim, seen: seen)
          }
        }
      }
    }
    // As the kernel's text says.
    let (tileQueries, tileKeys) = headDim == 256 ? (64, 32) : (isLow ? 64 : 128, headDim == 128 ? 48 : 64)
    return KernelCase(
      kernel: "flash_attention_\(format)_d\(headDim)\(isLow ? "_r64" : "")",
      grid: (batch * heads, (queries + tileQueries - 1) / tileQueries), block: 128,
      sharedBytes: (tileQueries + 2 * tileKeys) * (2 * headDim + 16),
      arguments: [
        .tensor(.input(.query, format, query)), .tensor(.input(.key, format, key)),
        .tensor(.input(.value, format, value)),
        .tensor(
          .output(
            .output, format, expected, relativeError: 1e-5,
            absoluteError: AttentionReference.absoluteError(format, values: range))),
        .int32(queries), .int32(keys), .int32(places), .int32(heads), .int32(keyHeads), .int32(queryStride),
        .int32(keyStride), .int32(isCausal ? 1 : 0), .int32(window), .float(scale),
      ],
      operands: Attention(
        AttentionShape<Count>(
          batch: Count(batch), queryTokens: Count(queries), attendedKeys: Count(keys), heads: Count(heads),
          keyValueHeads: Count(keyHeads), headDim: Count(headDim)),
        mask: window > 0 ? .slidingWindow(Count(window)) : isCausal ? .causal : .full,
        formats: NumberFormats(format.dtype)
      ).operands)
  }
}
