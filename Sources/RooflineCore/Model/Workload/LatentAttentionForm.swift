/// How latent attention is carried out: its results are the same, its work is not.
public enum LatentAttentionForm: String, Hashable, Sendable, CaseIterable {
  /// Keys and values of every head are made of the latents of all attended tokens (`kv_b_proj`).
  case naive
  /// Queries are taken to the latents' space (`q_absorb`), all heads attend to the cached latents, and what they give is taken
  /// back (`v_absorb`).
  case absorbed
  /// As engines choose: naive in prefill and training, absorbed in decode, and wherever an indexer chooses the keys.
  case auto
}
