import RooflineCore

/// A launch's shape: new tokens of each sequence, behind `past` earlier ones, in a cache of `capacity` places.
struct RotaryCase {
  let batch, tokens, heads, keyHeads, headDim, turned, capacity, past, block: Int

  /// The same tokens as activations of their own.
  var withoutCache: RotaryCase {
    RotaryCase(
      batch: batch, tokens: tokens, heads: heads, keyHeads: keyHeads, headDim: headDim, turned: turned,
      capacity: tokens, past: 0, block: block)
  }

  func operands(_ source: Rotary<Count>.Source, _ format: KernelFormat) -> [Operand<Count>] {
    let shape = AttentionShape<Count>(
      batch: Count(batch), queryTokens: Count(tokens), attendedKeys: Count(past + tokens), heads: Count(heads),
      keyValueHeads: Count(keyHeads), headDim: Count(headDim))
    return Rotary(shape, dim: Count(turned), keySource: source, formats: NumberFormats(format.dtype)).operands
  }
}
