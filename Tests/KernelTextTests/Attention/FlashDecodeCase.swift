import RooflineCore

/// A launch of the decode kernel, and of the merging one where the keys are split.
struct FlashDecodeCase {
  /// Keys of each sequence.
  let lengths: [Int]
  var heads = 1
  var keyHeads = 1
  let headDim: Int
  /// 0: none.
  var window = 0
  var splits = 1
  /// Tokens of a page; nil: a contiguous cache.
  var pageTokens: Int?
  var spare = 0
  var gap = 0
  var steepness = 1.0

  func launch(_ format: KernelFormat, seed: UInt64 = 22) -> KernelCase {
    let batch = lengths.count
    let capacity = (lengths.max() ?? 0) + spare
    let scale = steepness / Double(headDim).squareRoot()
    let range = -2.0...2.0
    var random = RandomElements(seed: seed)
    let (queryStride, keyStride) = (heads * headDim + gap, keyHeads * headDim)
    let query = random.next(batch * queryStride, format, in: range)
    // As a contiguous cache; what is not seen is poison.
    let seen = lengths.map { (window > 0 ? max(0, $0 - window) : 0)..<$0 }
    func cache() -> [Double] {
      var elements = random.next(batch * capacity * keyStride, format, in: range)
      for (sequence, place) in product(Array(0..<batch), Array(0..<capacity)) where !seen[sequence].contains(place) {
        let start = (sequence * capacity + place) * keyStride
        for element in start..<start + keyStride { elements[element] = .nan }
      }
      return elements
    }
    let (key, value) = (cache(), cache())
    let expected = outputs(query, key, value, seen, capacity: capacity, scale: scale)
    let pages = pageTokens.map { PageTable(sequences: batch, tokens: capacity, pageTokens: $0) }
    func stored(_ cache: [Double]) -> [Double] {
      pages?.scatter(cache, capacity: capacity, elements: keyStride) ?? cache
    }
    // As the kernel's text says.
    let warps = headDim == 256 ? 2 : 4
    let output = KernelTensor.output(
      .output, format, expected, relativeError: 1e-5,
      absoluteError: AttentionReference.absoluteError(format, values: range))
    let partials = KernelTensor.workspace(
      "partials", .f32, count: splits > 1 ? batch * heads * splits * headDim : 0)
    let statistics = KernelTensor.workspace("statistics", .f32, count: splits > 1 ? batch * heads * splits * 2 : 0)
    let table = pages.map { pages in
      KernelCase.Argument.tensor(
        .index("pageTable", pages.entries, used: seen.reduce(0) { $0 + pages.pages(of: $1).count }))
    }
    var launch = KernelCase(
      kernel: "flash_decode_\(format)_d\(headDim)",
      grid: (batch * keyHeads * ((heads / keyHeads + 15) / 16), splits), block: 32 * warps,
      sharedBytes: 64 * (2 * headDim + 16) * warps,
      arguments: [
        .tensor(.input(.query, format, query)), .tensor(.input(.key, format, stored(key))),
        .tensor(.input(.value, format, stored(value))), .tensor(output), .tensor(partials), .tensor(statistics),
        .tensor(.index("lengths", lengths, used: batch)), table ?? .uint64(0), .int32(pageTokens ?? capacity),
        .int32(pages?.perSequence ?? 1), .int32(heads), .int32(keyHeads), .int32(queryStride), .int32(keyStride),
        .int32(window), .float(scale),
      ],
      // Each sequence's own, because their lengths differ.
      operands: lengths.flatMap { operands(length: $0, format) })
    if splits > 1 {
      launch.following = KernelCase.Launch(
        kernel: "flash_decode_combine_\(format)", grid: ((batch * heads * headDim / 8 + 63) / 64, 1), block: 64,
        arguments: [
          .tensor(partials), .tensor(statistics), .tensor(output), .int32(batch * heads), .int32(splits),
          .int32(headDim),
        ])
    }
    return launch
  }

  private func operands(length: Int, _ format: KernelFormat) -> [Operand<Count>] {
    Attention(
      AttentionShape<Count>(
        batch: 1, queryTokens: 1, attendedKeys: Count(length), heads: Count(heads), keyValueHeads: Count(keyHeads),
        headDim: Count(headDim)),
      mask: window > 0 ? .slidingWindow(Count(window)) : .causal, formats: NumberFormats(format.dtype)
    ).operands
  }

  private func outputs(
    _ query: [Double], _ key: [Double], _ value: [Double], _ seen: [Range<Int>], capacity: Int, scale: Double
  ) -> [Double] {
    let reference = AttentionReference(headDim: headDim, scale: scale, stride: keyHeads * headDim)
    return key.withUnsafeBufferPointer { key in
      value.withUnsafeBufferPointer { value in
        product(Array(0..<lengths.count), Array(0..<heads)).flatMap { (sequence, head) -> [Double] in
          let start = sequence * (heads * headDim + gap) + head * headDim
          return reference.output(
            query: query[start..<start + headDim], keys: key, values: value,
            first: sequence * capacity * keyHeads * headDim + head / (heads / keyHeads) * headDim,
            seen: seen[sequence])
        }
      }
    }
  }
}

/// Pages of a cache, dealt out to the sequences in an order that is none of theirs.
private struct PageTable {
  let pageTokens: Int
  let perSequence: Int
  /// [sequences, perSequence].
  let entries: [Int]

  init(sequences: Int, tokens: Int, pageTokens: Int) {
    self.pageTokens = pageTokens
    // One more than the longest sequence needs.
    perSequence = (tokens + pageTokens - 1) / pageTokens + 1
    entries = (0..<sequences * perSequence).reversed()
  }

  func pages(of tokens: Range<Int>) -> ClosedRange<Int> {
    tokens.lowerBound / pageTokens...(tokens.upperBound - 1) / pageTokens
  }

  /// A contiguous cache's tokens in their pages; the rest is poison.
  func scatter(_ cache: [Double], capacity: Int, elements: Int) -> [Double] {
    var paged = [Double](repeating: .nan, count: entries.count * pageTokens * elements)
    for (row, start) in stride(from: 0, to: cache.count, by: elements).enumerated() {
      let (sequence, token) = (row / capacity, row % capacity)
      let home = entries[sequence * perSequence + token / pageTokens] * pageTokens + token % pageTokens
      for element in 0..<elements { paged[home * elements + element] = cache[start + element] }
    }
    return paged
  }
}
