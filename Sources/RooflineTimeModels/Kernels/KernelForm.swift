/// Which of an operation's forms a kernel computes, where libraries have kernels of their own for each.
package enum KernelForm: String, Hashable, Sendable, CaseIterable {
  /// Of latent attention: keys and values of every head, or the cached latents.
  case naive, absorbed
  /// Of the products that take queries to the latents' space and results back: W_UK and W_UV.
  case keys, values
  /// Of recurrences and of the convolutions before them: the gated delta net, Kimi delta attention, Mamba-2.
  case gdn, kda, mamba2
  /// Of an indexer's scores: keys of all sequences in a row, as prompts have them, or pages of a cache.
  case ragged, paged
  /// Of the choice of the largest scores: all tie, or there are clear winners.
  case flat, clear
  /// Of sparse attention: keys that an indexer chose, or a window and compressed entries.
  case selected, compressed
}
