extension ConfigurationReader {
  /// The layers of OPT and GPT-NeoX; what they do not share with the counted ones has been refused.
  mutating func plainLayer(headDim: UInt64) throws(InputError) -> PlainLayer {
    let activation = try plainActivation()
    switch architecture.family {
    case .opt, .gated:
      let rows = try required("max_position_embeddings", "the number of learned positions")
      // OPTLearnedPositionalEmbedding keeps two rows before the first position.
      let (all, overflow) = rows.addingReportingOverflow(2)
      guard !overflow, all <= Count.limit else { throw .overflow(what: "max_position_embeddings") }
      return PlainLayer(activation: activation, positions: .learned(rows: all), isParallel: false, checkpoint: .opt)
    case .gptNeoX:
      return PlainLayer(
        activation: activation, positions: .rotary(dim: try rotaryDim(headDim: headDim)),
        isParallel: try flag("use_parallel_residual", assumed: true), checkpoint: .gptNeoX)
    }
  }

  private mutating func plainActivation() throws(InputError) -> PlainLayer.Activation {
    let (key, assumed) = (architecture.activationKey, architecture.assumedActivation)
    let name = try config.string(key)
    if name == nil { assume(key, assumed, architecture.name) }
    return (name ?? assumed) == "relu" ? .relu : .gelu
  }

  /// ⌊head_dim × rotary_pct⌋, in newer files `rope_parameters.partial_rotary_factor`.
  private mutating func rotaryDim(headDim: UInt64) throws(InputError) -> UInt64 {
    var found: (key: String, share: Double)?
    for (holder, key) in [
      (config, "rotary_pct"), (try config.object("rope_parameters"), "partial_rotary_factor"),
      (config, "partial_rotary_factor"),
    ] {
      guard let holder, let share = try holder.positiveNumber(key) else { continue }
      guard share <= 1 else { throw holder.wrong(key, .number(share), "a share above 0 and up to 1") }
      if let found, found.share != share {
        throw holder.wrong(key, .number(share), "the same as \(found.key), or only one of the two keys")
      }
      found = (holder.keyPath(key), share)
    }
    if found == nil { assume("rotary_pct", "0.25", architecture.name) }
    let (key, share) = found ?? ("rotary_pct", 0.25)
    let turned = (Double(headDim) * share).rounded(.down)
    guard turned >= 2, turned <= Double(headDim), let dim = UInt64(exactly: turned), dim.isMultiple(of: 2) else {
      throw .wrongValue(
        file: config.file, key: key, found: "\(share)",
        expected: "a share that turns an even number of each head's \(headDim) elements")
    }
    return dim
  }
}
