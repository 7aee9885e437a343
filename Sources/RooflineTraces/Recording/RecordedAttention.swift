import RooflineCore

/// The sizes that an attention kernel was called with.
package struct RecordedAttention: Hashable {
  package let sequences, tokens, keys: UInt64

  var phase: Phase { tokens == 1 && keys > 1 ? .decode : .prefill }

  /// Queries and keys stand first: as (batch, heads, tokens, width), or with tokens before heads.
  ///
  /// - Returns: nil for what is no attention over a plain tensor of keys; a paged cache's sizes are not those of its sequences.
  package init?(_ shapes: RecordedShapes) {
    let tokenAxis: Int
    if shapes.operation.contains("scaled_dot_product") {
      tokenAxis = 2
    } else if ["aten::_flash_attention_forward", "aten::_efficient_attention_forward"].contains(shapes.operation) {
      tokenAxis = 1
    } else {
      return nil
    }
    guard shapes.dimensions.count >= 2, shapes.dimensions[0].count == 4, shapes.dimensions[1].count == 4,
      let sequences = UInt64(exactly: shapes.dimensions[0][0]),
      let tokens = UInt64(exactly: shapes.dimensions[0][tokenAxis]),
      let keys = UInt64(exactly: shapes.dimensions[1][tokenAxis]), sequences > 0, tokens > 0, keys >= tokens
    else { return nil }
    (self.sequences, self.tokens, self.keys) = (sequences, tokens, keys)
  }

  /// Of each kernel that is one.
  static func all(_ kernels: [TraceKernel], _ trace: Trace) -> [(index: Int, sizes: RecordedAttention)] {
    let known = trace.shapes.map { RecordedAttention($0) }
    return kernels.indices.compactMap { index in
      guard kernels[index].shapes >= 0, let sizes = known[Int(kernels[index].shapes)] else { return nil }
      return (index, sizes)
    }
  }

  /// The kernels from the first to the last attention of a phase, where a recording without marks holds both; else all of them.
  ///
  /// - Parameter phase: nil: the one with more attention.
  static func cut(_ kernels: [TraceKernel], _ trace: Trace, phase: Phase?) -> ArraySlice<TraceKernel> {
    let all = all(kernels, trace)
    guard Set(all.map(\.sizes.phase)).count == 2 else { return kernels[...] }
    let decodes = all.count { $0.sizes.phase == .decode }
    let wanted = phase ?? (2 * decodes >= all.count ? .decode : .prefill)
    var (best, run) = (0..<0, 0..<0)
    for place in all.indices {
      run = all[place].sizes.phase == wanted ? (run.isEmpty ? place..<place + 1 : run.lowerBound..<place + 1) : 0..<0
      if run.count > best.count { best = run }
    }
    guard let first = best.first, let last = best.last else { return kernels[...] }
    return kernels[all[first].index...all[last].index]
  }
}
