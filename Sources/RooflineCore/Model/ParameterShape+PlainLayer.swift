/// The tensors of OPT and GPT-NeoX checkpoints.
extension ParameterShape {
  func tensors(of layer: PlainLayer) -> [WeightTensor<Scalar>] {
    switch layer.checkpoint {
    case .opt: opt(layer)
    case .gptNeoX: gptNeoX(layer)
    }
  }

  /// `model.decoder.…`; every rank holds all learned positions.
  private func opt(_ layer: PlainLayer) -> [WeightTensor<Scalar>] {
    var list = TensorList(prefix: "model.decoder.", layers: layers)
    list.append(.embedding, "embed_tokens.weight", [shape.shardVocabulary, shape.hidden])
    if case .learned(let rows) = layer.positions {
      list.append(.embedding, "embed_positions.weight", [.input(.positions, rows), shape.hidden])
    }
    list.norm("self_attn_layer_norm", shape.hidden)
    let queryWidth = shape.heads * shape.headDim
    let keyWidth = shape.keyValueHeads * shape.headDim
    list.linear("self_attn.q_proj", queryWidth, shape.hidden, bias: model.hasQueryKeyValueBias)
    list.linear("self_attn.k_proj", keyWidth, shape.hidden, bias: model.hasQueryKeyValueBias)
    list.linear("self_attn.v_proj", keyWidth, shape.hidden, bias: model.hasQueryKeyValueBias)
    list.linear("self_attn.out_proj", shape.hidden, queryWidth, bias: model.hasOutputBias)
    list.norm("final_layer_norm", shape.hidden)
    list.linear("fc1", shape.intermediate, shape.hidden, bias: model.hasMLPBias)
    list.linear("fc2", shape.hidden, shape.intermediate, bias: model.hasMLPBias)
    list.append(.finalNorm, "final_layer_norm.weight", [shape.hidden])
    list.append(.finalNorm, "final_layer_norm.bias", [shape.hidden])
    return list.tensors + head
  }

  /// `gpt_neox.…`: queries, keys and values in one matrix.
  private func gptNeoX(_ layer: PlainLayer) -> [WeightTensor<Scalar>] {
    var list = TensorList(prefix: "gpt_neox.", layers: layers)
    list.append(.embedding, "embed_in.weight", [shape.shardVocabulary, shape.hidden])
    list.norm("input_layernorm", shape.hidden)
    let width = (shape.heads + 2 * shape.keyValueHeads) * shape.headDim
    list.linear("attention.query_key_value", width, shape.hidden, bias: model.hasQueryKeyValueBias)
    list.linear("attention.dense", shape.hidden, shape.heads * shape.headDim, bias: model.hasOutputBias)
    list.norm("post_attention_layernorm", shape.hidden)
    list.linear("mlp.dense_h_to_4h", shape.intermediate, shape.hidden, bias: model.hasMLPBias)
    list.linear("mlp.dense_4h_to_h", shape.hidden, shape.intermediate, bias: model.hasMLPBias)
    list.append(.finalNorm, "final_layer_norm.weight", [shape.hidden])
    list.append(.finalNorm, "final_layer_norm.bias", [shape.hidden])
    return list.tensors + head
  }

  private var head: [WeightTensor<Scalar>] {
    model.tieWordEmbeddings
      ? [] : [WeightTensor(.head, model.layout.headName, 1, [shape.shardVocabulary, shape.hidden])]
  }
}

/// Tensors under a checkpoint's prefix.
struct TensorList<Scalar: Term> {
  let prefix: String
  let layers: Scalar
  private(set) var tensors: [WeightTensor<Scalar>] = []

  init(prefix: String, layers: Scalar) {
    self.prefix = prefix
    self.layers = layers
  }

  /// A tensor outside the layers.
  mutating func append(_ role: WeightTensor<Scalar>.Role, _ name: String, _ dimensions: [Scalar]) {
    tensors.append(WeightTensor(role, prefix + name, 1, dimensions))
  }

  /// A layer's linear: outputs × inputs.
  mutating func linear(_ name: String, _ outputs: Scalar, _ inputs: Scalar, bias: Bool) {
    inLayer(.matrix, "\(name).weight", [outputs, inputs])
    if bias { inLayer(.vector, "\(name).bias", [outputs]) }
  }

  /// A layer's LayerNorm.
  mutating func norm(_ name: String, _ width: Scalar) {
    inLayer(.vector, "\(name).weight", [width])
    inLayer(.vector, "\(name).bias", [width])
  }

  private mutating func inLayer(_ role: WeightTensor<Scalar>.Role, _ name: String, _ dimensions: [Scalar]) {
    tensors.append(WeightTensor(role, "\(prefix)layers.N.\(name)", layers, dimensions))
  }
}
