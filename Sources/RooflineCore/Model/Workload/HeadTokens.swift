/// Which tokens of a pass the head turns into logits.
package enum HeadTokens: String, Hashable, Sendable, CaseIterable {
  /// The last of each sequence, which the next token comes from; of a step that verifies drafted tokens all.
  case last
  /// Every token, as a forward pass through a whole model does.
  case all
}
