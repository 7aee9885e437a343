/// How a Hugging Face architecture's name decides what its config.json leaves unsaid.
///
/// Facts from the configuration and modelling classes of transformers: LlamaConfig, MistralConfig, Qwen2Config, OPTConfig,
/// GPTNeoXConfig.
public struct Architecture: Hashable, Sendable {
  public let name: String
  /// The name by which transformers chooses the class.
  let modelType: String
  let family: Family
  let queryKeyValueBias: Bias
  let outputBias: Bias
  let mlpBias: Bias
  let slidingWindow: SlidingWindow
  /// Whether a file may leave `num_key_value_heads` out, meaning one KV head per query head.
  let mayOmitKeyValueHeads: Bool
  /// The key of the MLP's width.
  var intermediateKey = "intermediate_size"
  /// The key of the MLP's activation, and what it is where the file does not say.
  var activationKey = "hidden_act"
  var assumedActivation = "silu"
  var tiesWordEmbeddings = false

  /// Whose layers they are.
  enum Family: Hashable, Sendable { case gated, opt, gptNeoX }

  enum Bias: Hashable, Sendable {
    case never
    case always
    /// As this key says; where it is absent, as the class does.
    case key(String, assumed: Bool = false)

    var key: String? {
      if case .key(let key, _) = self { key } else { nil }
    }
  }

  enum SlidingWindow: Hashable, Sendable {
    /// The architecture has none; a number in the file is a contradiction.
    case none
    /// `sliding_window` is in force when it is a number; absent, the class assumes 4096.
    case byNumber
    /// `sliding_window` is in force only with `use_sliding_window`.
    case bySwitch
  }

  public static let all: [Architecture] = [
    Architecture(
      name: "LlamaForCausalLM", modelType: "llama", family: .gated, queryKeyValueBias: .key("attention_bias"),
      outputBias: .key("attention_bias"), mlpBias: .key("mlp_bias"), slidingWindow: .none, mayOmitKeyValueHeads: true),
    Architecture(
      name: "MistralForCausalLM", modelType: "mistral", family: .gated, queryKeyValueBias: .never, outputBias: .never,
      mlpBias: .never,
      slidingWindow: .byNumber, mayOmitKeyValueHeads: false),
    Architecture(
      name: "Qwen2ForCausalLM", modelType: "qwen2", family: .gated, queryKeyValueBias: .always, outputBias: .never,
      mlpBias: .never,
      slidingWindow: .bySwitch, mayOmitKeyValueHeads: false),
    Architecture(
      name: "OPTForCausalLM", modelType: "opt", family: .opt, queryKeyValueBias: .key("enable_bias", assumed: true),
      outputBias: .key("enable_bias", assumed: true), mlpBias: .key("enable_bias", assumed: true), slidingWindow: .none,
      mayOmitKeyValueHeads: true, intermediateKey: "ffn_dim", activationKey: "activation_function",
      assumedActivation: "relu",
      tiesWordEmbeddings: true),
    Architecture(
      name: "GPTNeoXForCausalLM", modelType: "gpt_neox", family: .gptNeoX,
      queryKeyValueBias: .key("attention_bias", assumed: true),
      outputBias: .key("attention_bias", assumed: true), mlpBias: .always, slidingWindow: .none,
      mayOmitKeyValueHeads: true, assumedActivation: "gelu"),
  ]
}
