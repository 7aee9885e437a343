/// When a request has room in the memory for caches.
package enum CachePolicy: Hashable, Sendable {
  /// A request begins when its whole length has room: prompt and all tokens that it will get. Nothing that has begun is put off
  /// (TensorRT-LLM's GUARANTEED_NO_EVICT, and engines that allocate a batch at once).
  case whole
  /// A request begins when its prompt has room, and takes block by block what it gets further. Where no block is left, the request that
  /// began last is put off: it gives its memory back, waits before all others, and is computed again, prompt and tokens that it has got
  /// already (vLLM's recomputation, SGLang's retraction).
  case growing(BlockGrowth)

  /// As files have it.
  package enum Word: String, Hashable, Sendable, CaseIterable {
    case whole, growing
  }

  package var word: Word {
    switch self {
    case .whole: .whole
    case .growing: .growing
    }
  }

  /// nil where whole lengths are reserved.
  package var growth: BlockGrowth? {
    switch self {
    case .whole: nil
    case .growing(let growth): growth
    }
  }
}
