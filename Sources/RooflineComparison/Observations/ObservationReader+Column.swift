extension ObservationReader {
  /// Columns whose text is read, by their names in a file.
  enum Column: String, CaseIterable {
    case kind, gpu, family, source, timing, copies, dtype, m, n, k, phase, batch, query, context, heads, window, op,
      rows,
      width, ranks, bytes, causal, gated, tuned, tokens, hidden, intermediate, experts, tp, ep, distribution,
      nodes, sms, groups
    case keptGroups = "kept_groups"
    case chosen = "top_k"
    case time = "time_us"
    case gap = "gap_us"
    case keyValueDType = "kv_dtype"
    case keyValueHeads = "kv_heads"
    case headDim = "head_dim"
    case clock = "sm_clock_mhz"
    case form, channels, chunk, compress
    case keyDim = "qk_dim"
    case valueDim = "v_dim"
    case stateDType = "state_dtype"
    case recurrentKeyHeads = "k_heads"
    case recurrentValueHeads = "v_heads"
    case recurrentKeyDim = "k_dim"
    case indexHeads = "index_heads"
    case indexDim = "index_dim"
    case topK = "topk"
    case scoreMode = "score_mode"
  }
}
