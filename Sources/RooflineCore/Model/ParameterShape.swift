/// The parameter tensors of a model, or of one device's share of it under tensor parallelism.
///
/// Projections and embeddings are sharded as their GEMMs are (`DecoderShape`); norms are replicated, and so are biases of
/// full-width outputs.
public struct ParameterShape<Scalar: Term>: Sendable {
  let model: DecoderModel
  let shape: DecoderShape<Scalar>
  /// How many layers the count covers: all of them, or a pipeline stage's.
  let layers: Scalar

  /// - Parameters:
  ///   - tensorParallel: 1 counts the whole model.
  ///   - stages: more than 1 counts the layers of one pipeline stage.
  public init(_ model: DecoderModel, tensorParallel: UInt64 = 1, stages: UInt64 = 1) {
    self.model = model
    shape = DecoderShape(model, tensorParallel: tensorParallel)
    layers =
      stages == 1
      ? shape.layers : shape.layers.divided(exactlyBy: .input(.pipelineParallel, stages)).named(.stageLayers)
  }

  /// Every tensor, under its Hugging Face name (`N` for the layer's number).
  public var tensors: [WeightTensor<Scalar>] {
    if case .plain(let layer) = model.layout { return self.tensors(of: layer) }
    var tensors = [WeightTensor(.embedding, "model.embed_tokens.weight", 1, [shape.shardVocabulary, shape.hidden])]
    func add(_ role: WeightTensor<Scalar>.Role, _ name: String, _ dimensions: [Scalar]) {
      tensors.append(WeightTensor(role, "model.layers.N.\(name)", layers, dimensions))
    }
    func linear(_ name: String, _ outputs: Scalar, _ inputs: Scalar, bias: Bool) {
      add(.matrix, "\(name).weight", [outputs, inputs])
      if bias { add(.vector, "\(name).bias", [outputs]) }
    }
    let queryWidth = shape.heads * shape.headDim
    let keyWidth = shape.keyValueHeads * shape.headDim
    add(.vector, "input_layernorm.weight", [shape.hidden])
    linear("self_attn.q_proj", queryWidth, shape.hidden, bias: model.hasQueryKeyValueBias)
    linear("self_attn.k_proj", keyWidth, shape.hidden, bias: model.hasQueryKeyValueBias)
    linear("self_attn.v_proj", keyWidth, shape.hidden, bias: model.hasQueryKeyValueBias)
    linear("self_attn.o_proj", shape.hidden, queryWidth, bias: model.hasOutputBias)
    add(.vector, "post_attention_layernorm.weight", [shape.hidden])
    linear("mlp.gate_proj", shape.intermediate, shape.hidden, bias: model.hasMLPBias)
    linear("mlp.up_proj", shape.intermediate, shape.hidden, bias: model.hasMLPBias)
    linear("mlp.down_proj", shape.hidden, shape.intermediate, bias: model.hasMLPBias)
    tensors.append(WeightTensor(.finalNorm, "model.norm.weight", 1, [shape.hidden]))
    if !model.tieWordEmbeddings {
      tensors.append(WeightTensor(.head, "lm_head.weight", 1, [shape.shardVocabulary, shape.hidden]))
    }
    return tensors
  }

  /// All parameters; tied embeddings once.
  public var count: Scalar { tensors.dropFirst().reduce(tensors[0].total) { $0 + $1.total } }

  /// Elements that one token of one sequence adds to the KV cache, over all layers and heads: 2·L·h_kv·d.
  public var keyValueElementsPerToken: Scalar { 2 * layers * shape.keyValueHeads * shape.headDim }
}

/// One kind of parameter tensor: how many there are and how many parameters each has.
public struct WeightTensor<Scalar: Term>: Hashable, Sendable {
  /// What the tensor is, which says where it lies in a pipeline and how wide its elements are.
  public enum Role: Hashable, Sendable { case embedding, matrix, vector, finalNorm, head }

  public let role: Role
  public let name: String
  public let copies: Scalar
  /// As PyTorch stores it: outputs × inputs for a linear layer.
  public let dimensions: [Scalar]

  init(_ role: Role, _ name: String, _ copies: Scalar, _ dimensions: [Scalar]) {
    self.role = role
    self.name = name
    self.copies = copies
    self.dimensions = dimensions
  }

  /// Elements of one copy.
  public var parameters: Scalar { dimensions.dropFirst().reduce(dimensions[0], *) }

  public var total: Scalar { copies * parameters }

  /// All copies: matrices and embeddings at the weights' width, norms and biases at that of activations between operators.
  public func bytes(_ formats: NumberFormats) -> Scalar {
    switch role {
    case .embedding, .matrix, .head: copies * parameters.bytes(formats.weightFormat)
    case .vector, .finalNorm: copies * parameters.bytes(formats.residualFormat)
    }
  }
}
