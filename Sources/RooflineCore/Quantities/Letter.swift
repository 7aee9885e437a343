/// The letters of Counting.md: what a formula's symbol is called, means, and where its value comes from.
///
/// KV heads are written `h_kv` because `k` is the inner dimension of a GEMM in every formula that has both.
public enum Letter: UInt8, Hashable, Sendable, CaseIterable {
  case batch, wholeBatch, queryTokens, attendedKeys, cachedKeys, tensorParallel, pipelineParallel
  case hidden, heads, keyValueHeads, headDim, rotaryDim, positions, intermediate, vocabulary, layers, groupLayers
  case stageLayers, shardHeads, shardKeyValueHeads, shardIntermediate, shardVocabulary
  case gemmM, gemmN, gemmK, blockM, blockN
  case rows, width, elements, pairs, window, maskedQueries, ranks, message
  case chunk
  case experts, chosenExperts, touchedExperts, expertWidth, shardExpertWidth, sharedWidth, shardSharedWidth, latentWidth
  case valueDim, cacheRow, indexDim, stateElements, tokensPerEntry
  case indexHeads, selectedKeys, transformSteps, scoreBytes
  case newEntries, streams, iterations, outputGroups, shardOutputGroups, outputRank
  case groups, queryRank, latentRank, nopeDim, ropeDim
  case weightBytes, activationBytes, residualBytes, keyValueBytes, stateBytes, tokenIDBytes
  // Of recurrences.
  case linearKeyHeads, shardLinearKeyHeads, linearValueHeads, shardLinearValueHeads, linearKeyDim
  case gateRank, channels, taps, stateHeads, shardStateHeads, stateHeadDim, stateGroups, shardStateGroups, stateSize
  case innerWidth, shardInnerWidth, stepRank, scanChunk, snapshots
  // Note 003's own, beside B, H, d and I.
  case noteLength, noteKeyValueHeads, noteVocabulary, noteTensorParallel, noteOtherRanks

  /// A letter of one operator's definition, which another operator uses for something else.
  var isARowsOwn: Bool {
    switch self {
    case .gemmM, .gemmN, .gemmK, .rows, .width, .elements, .message, .channels: true
    default: false
    }
  }

  /// A letter of a note, where Counting.md has another, or uses the same for something else.
  public var isANotes: Bool {
    switch self {
    case .noteLength, .noteKeyValueHeads, .noteVocabulary, .noteTensorParallel, .noteOtherRanks: true
    default: false
    }
  }

  public var symbol: String {
    switch self {
    case .batch: "B"
    case .wholeBatch: "B_all"
    case .queryTokens: "T"
    case .attendedKeys: "C"
    case .cachedKeys: "C_end"
    case .tensorParallel: "t"
    case .pipelineParallel: "pp"
    case .hidden: "H"
    case .heads: "h"
    case .keyValueHeads: "h_kv"
    case .headDim: "d"
    case .rotaryDim: "d_rot"
    case .positions: "N_pos"
    case .intermediate: "I"
    case .vocabulary: "V"
    case .layers: "L"
    case .groupLayers: "L_g"
    case .stageLayers: "L′"
    case .shardHeads: "h′"
    case .shardKeyValueHeads: "h_kv′"
    case .shardIntermediate: "I′"
    case .shardVocabulary: "V′"
    case .gemmM: "m"
    case .gemmN: "n"
    case .gemmK: "k"
    case .blockM: "BM"
    case .blockN: "BN"
    case .rows: "r"
    case .width: "w"
    case .elements: "n"
    case .pairs: "P"
    case .window: "W"
    case .maskedQueries: "a"
    case .ranks: "p"
    case .message: "M"
    case .chunk: "A"
    case .experts: "E"
    case .chosenExperts: "K"
    case .touchedExperts: "D"
    case .expertWidth: "I_e"
    case .shardExpertWidth: "I_e′"
    case .sharedWidth: "I_s"
    case .shardSharedWidth: "I_s′"
    case .latentWidth: "H_x"
    case .valueDim: "d_v"
    case .cacheRow: "d_c"
    case .indexDim: "d_I"
    case .indexHeads: "h_I"
    case .selectedKeys: "k_I"
    case .transformSteps: "s"
    case .scoreBytes: "e_f"
    case .newEntries: "n_ρ"
    case .streams: "N"
    case .iterations: "i"
    case .outputGroups: "g"
    case .shardOutputGroups: "g′"
    case .outputRank: "r_o"
    case .groups: "g"
    case .queryRank: "r_q"
    case .latentRank: "r_kv"
    case .nopeDim: "d_n"
    case .ropeDim: "d_r"
    case .stateElements: "n_s"
    case .tokensPerEntry: "ρ"
    case .weightBytes: "e_w"
    case .activationBytes: "e_a"
    case .residualBytes: "e_r"
    case .keyValueBytes: "e_kv"
    case .stateBytes: "e_s"
    case .tokenIDBytes: "e_id"
    case .linearKeyHeads: "h_k"
    case .shardLinearKeyHeads: "h_k′"
    case .linearValueHeads: "h_v"
    case .shardLinearValueHeads: "h_v′"
    case .linearKeyDim: "d_k"
    case .gateRank: "r_g"
    case .channels: "ch"
    case .taps: "k_c"
    case .stateHeads: "h_s"
    case .shardStateHeads: "h_s′"
    case .stateHeadDim: "d_s"
    case .stateGroups: "G"
    case .shardStateGroups: "G′"
    case .stateSize: "N"
    case .innerWidth: "d_in"
    case .shardInnerWidth: "d_in′"
    case .stepRank: "r_dt"
    case .scanChunk: "Q"
    case .snapshots: "s_b"
    case .noteLength: "S"
    case .noteKeyValueHeads: "n"
    case .noteVocabulary: "v"
    case .noteTensorParallel: "tp"
    case .noteOtherRanks: "(tp − 1)"
    }
  }

  public var meaning: String {
    switch self {
    case .batch: "sequences: the batch, or a pipeline's micro-batch"
    case .wholeBatch: "sequences of the whole batch, all micro-batches"
    case .queryTokens: "query tokens per sequence in this step"
    case .cachedKeys: "keys cached per sequence at the end"
    case .attendedKeys: "attended keys per sequence, the new token included"
    case .tensorParallel: "tensor-parallel degree"
    case .pipelineParallel: "pipeline stages"
    case .hidden: "hidden_size"
    case .heads: "num_attention_heads"
    case .keyValueHeads: "num_key_value_heads"
    case .headDim: "head_dim"
    case .rotaryDim: "turned elements of a head: head_dim times rotary_pct"
    case .positions: "rows of the learned positions: max_position_embeddings and the offset of 2"
    case .intermediate: "intermediate_size"
    case .vocabulary: "vocab_size"
    case .layers: "num_hidden_layers"
    case .groupLayers: "layers of the group"
    case .stageLayers: "layers of one pipeline stage"
    case .shardHeads: "query heads on one device"
    case .shardKeyValueHeads: "KV heads on one device; at least one, so heads are replicated when t exceeds h_kv"
    case .shardIntermediate: "intermediate columns on one device"
    case .shardVocabulary: "vocabulary rows on one device; the last device's are padded"
    case .gemmM: "rows of the product"
    case .gemmN: "columns of the product"
    case .gemmK: "inner dimension"
    case .blockM: "rows of a block"
    case .blockN: "columns of a block"
    case .rows: "rows"
    case .width: "elements of a row"
    case .elements: "elements"
    case .pairs: "(query, key) pairs per sequence and head"
    case .window: "sliding window, keys a query sees at most, itself included"
    case .maskedQueries: "queries whose visible keys all lie inside the window"
    case .ranks: "ranks"
    case .message: "message, bytes of the full buffer"
    case .chunk: "tokens of a piece of the sequence; a query sees its own piece's keys"
    case .experts: "routed experts of a layer"
    case .chosenExperts: "experts that a token is sent to"
    case .touchedExperts: "distinct experts that the tokens are expected to touch, E·(1 − (1 − K/E)^N) for N tokens"
    case .expertWidth: "intermediate columns of a routed expert"
    case .shardExpertWidth: "intermediate columns of a routed expert on one device"
    case .sharedWidth: "intermediate columns of the shared experts together"
    case .shardSharedWidth: "intermediate columns of the shared experts on one device"
    case .latentWidth: "width of what the routed experts read and write"
    case .valueDim: "elements of a head's values, where keys have others"
    case .cacheRow: "elements of a cached row that all heads share"
    case .indexDim: "elements of an indexer's key"
    case .indexHeads: "index_n_heads"
    case .selectedKeys: "index_topk: keys that a query attends to at most"
    case .transformSteps: "steps of a Hadamard transform: the binary logarithm of d_I"
    case .scoreBytes: "bytes of an indexer's score, and of an index key's scale"
    case .newEntries: "compressed entries that become complete in this step"
    case .streams: "hc_mult: residual streams"
    case .iterations: "hc_sinkhorn_iters"
    case .outputGroups: "o_groups"
    case .shardOutputGroups: "groups of heads on one device"
    case .outputRank: "o_lora_rank: elements of a group's output"
    case .groups: "products beside each other"
    case .queryRank: "q_lora_rank: elements of a token's query latent"
    case .latentRank: "kv_lora_rank: elements of a token's key and value latent"
    case .nopeDim: "qk_nope_head_dim: elements of a head's key that are its own"
    case .ropeDim: "qk_rope_head_dim: turned elements of a key, the same in all heads"
    case .stateElements: "elements of the state that one device keeps of a sequence, a layer"
    case .tokensPerEntry: "tokens that a compressed entry stands for"
    case .weightBytes: "bytes of a weight element"
    case .activationBytes: "bytes of a GEMM input element"
    case .residualBytes: "bytes of an activation between operators, max(e_a, 2)"
    case .keyValueBytes: "bytes of a KV cache element"
    case .stateBytes: "bytes of a state's element"
    case .tokenIDBytes: "bytes of a token id"
    case .linearKeyHeads: "key heads of the delta rule: linear_num_key_heads"
    case .shardLinearKeyHeads: "key heads of the delta rule on one device"
    case .linearValueHeads: "value heads, or heads, of the delta rule: linear_num_value_heads"
    case .shardLinearValueHeads: "value heads of the delta rule on one device"
    case .linearKeyDim: "width of a key of the delta rule"
    case .gateRank: "inner width of the low-rank gates"
    case .channels: "channels of the convolution"
    case .taps: "taps of the convolution"
    case .stateHeads: "heads of the state-space scan: mamba_num_heads"
    case .shardStateHeads: "heads of the state-space scan on one device"
    case .stateHeadDim: "width of a head of the state-space scan: mamba_head_dim"
    case .stateGroups: "groups of heads that share B and C: n_groups"
    case .shardStateGroups: "groups on one device; at least one"
    case .stateSize: "elements of the state for each channel: ssm_state_size"
    case .innerWidth: "channels of the selective scan: mamba_expand times hidden_size"
    case .shardInnerWidth: "channels of the selective scan on one device"
    case .stepRank: "inner width of the step sizes: mamba_dt_rank"
    case .scanChunk: "tokens of a chunk"
    case .snapshots: "snapshots that the group's mixes have in all of its layers"
    case .noteLength: "tokens of the prompt"
    case .noteKeyValueHeads: "num_key_value_heads"
    case .noteVocabulary: "vocab_size"
    case .noteTensorParallel: "tensor-parallel degree"
    case .noteOtherRanks: "the other devices"
    }
  }
}
