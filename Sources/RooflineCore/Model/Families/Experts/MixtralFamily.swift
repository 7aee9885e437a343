/// Mixtral: Mistral whose MLP is one of several experts; a token's weights are a softmax over the experts it is sent to.
enum MixtralFamily: ArchitectureFamily {
  static let modelTypes = ["mixtral"]
  static let architectures = ["MixtralForCausalLM"]

  static func model(_ keys: inout ConfigurationKeys) throws(InputError) -> DecoderModel {
    var parts = try DenseParts(&keys)
    parts.attention.window = try keys.integer("sliding_window")
    let (experts, chosen) = try keys.experts("num_local_experts", chosen: "num_experts_per_tok")
    let block = RoutedExperts(
      experts: experts, chosen: chosen, width: parts.intermediate,
      router: .init(scoring: .softmaxOfChosen, renormalises: false, name: .tensor("block_sparse_moe.gate")),
      names: .init(
        first: .halves("block_sparse_moe.experts.M.w1", "block_sparse_moe.experts.M.w3"),
        down: .tensor("block_sparse_moe.experts.M.w2")))
    return parts.model(mlp: .routed(block))
  }
}

extension ConfigurationKeys {
  /// How many routed experts a layer has and how many a token is sent to, under the class's keys.
  mutating func experts(_ key: String, chosen chosenKey: String) throws(InputError) -> (experts: UInt64, chosen: UInt64)
  {
    let experts = try required(key, "the number of routed experts")
    let chosen = try required(chosenKey, "the number of experts that a token is sent to")
    // Each expert may be listed, and has a load of its own.
    guard experts <= 100_000 else {
      throw text.wrong(key, .integer(Int64(experts)), "at most 100000 experts")
    }
    guard chosen <= experts else {
      throw text.wrong(chosenKey, .integer(Int64(chosen)), "at most \(key) (\(experts))")
    }
    return (experts, chosen)
  }
}
