/// One operator with one device's shapes: the value that a prediction, an observation and a kernel launch are about.
public enum Operator<Scalar: Term>: Hashable, Sendable {
  case gemm(GEMM<Scalar>)
  case linearGelu(LinearGelu<Scalar>)
  case qkMatmul(QKMatmul<Scalar>)
  case softmax(Softmax<Scalar>)
  case svMatmul(SVMatmul<Scalar>)
  case attention(Attention<Scalar>)
  case rotary(Rotary<Scalar>)
  case rmsNorm(RMSNorm<Scalar>)
  case layerNorm(LayerNorm<Scalar>)
  case addRMSNorm(AddRMSNorm<Scalar>)
  case siluAndMul(SiluAndMul<Scalar>)
  case gelu(Gelu<Scalar>)
  case residualAdd(ResidualAdd<Scalar>)
  case embedding(Embedding<Scalar>)
  case collective(Collective<Scalar>)
  case send(Send<Scalar>)
  case addLayerNorm(AddLayerNorm<Scalar>)
  case relu(Relu<Scalar>)
  case linearRelu(LinearRelu<Scalar>)
  case positionEmbedding(PositionEmbedding<Scalar>)
  case keyValueCacheWrite(KeyValueCacheWrite<Scalar>)
  case gemmGradient(GEMMGradient<Scalar>)
  case biasGradient(BiasGradient<Scalar>)
  case qkMatmulGradient(QKMatmulGradient<Scalar>)
  case softmaxGradient(SoftmaxGradient<Scalar>)
  case svMatmulGradient(SVMatmulGradient<Scalar>)
  case attentionGradient(AttentionGradient<Scalar>)
  case rmsNormGradient(RMSNormGradient<Scalar>)
  case siluAndMulGradient(SiluAndMulGradient<Scalar>)
  case embeddingGradient(EmbeddingGradient<Scalar>)
  case geluAndMul(GeluAndMul<Scalar>)
  case softcap(Softcap<Scalar>)
  case scale(Scale<Scalar>)
  case batchedGEMM(BatchedGEMM<Scalar>)

  /// Hands the definition inside to a visitor, with its own type: no existential stands between a count and its formula.
  @inline(__always) public func accept<V: OperatorVisitor>(_ visitor: V) -> V.Result where V.Scalar == Scalar {
    switch self {
    case .gemm(let definition): visitor.visit(definition)
    case .linearGelu(let definition): visitor.visit(definition)
    case .qkMatmul(let definition): visitor.visit(definition)
    case .softmax(let definition): visitor.visit(definition)
    case .svMatmul(let definition): visitor.visit(definition)
    case .attention(let definition): visitor.visit(definition)
    case .rotary(let definition): visitor.visit(definition)
    case .rmsNorm(let definition): visitor.visit(definition)
    case .layerNorm(let definition): visitor.visit(definition)
    case .addRMSNorm(let definition): visitor.visit(definition)
    case .siluAndMul(let definition): visitor.visit(definition)
    case .gelu(let definition): visitor.visit(definition)
    case .residualAdd(let definition): visitor.visit(definition)
    case .embedding(let definition): visitor.visit(definition)
    case .collective(let definition): visitor.visit(definition)
    case .send(let definition): visitor.visit(definition)
    case .addLayerNorm(let definition): visitor.visit(definition)
    case .relu(let definition): visitor.visit(definition)
    case .linearRelu(let definition): visitor.visit(definition)
    case .positionEmbedding(let definition): visitor.visit(definition)
    case .keyValueCacheWrite(let definition): visitor.visit(definition)
    case .gemmGradient(let definition): visitor.visit(definition)
    case .biasGradient(let definition): visitor.visit(definition)
    case .qkMatmulGradient(let definition): visitor.visit(definition)
    case .softmaxGradient(let definition): visitor.visit(definition)
    case .svMatmulGradient(let definition): visitor.visit(definition)
    case .attentionGradient(let definition): visitor.visit(definition)
    case .rmsNormGradient(let definition): visitor.visit(definition)
    case .siluAndMulGradient(let definition): visitor.visit(definition)
    case .embeddingGradient(let definition): visitor.visit(definition)
    case .geluAndMul(let definition): visitor.visit(definition)
    case .softcap(let definition): visitor.visit(definition)
    case .scale(let definition): visitor.visit(definition)
    case .batchedGEMM(let definition): visitor.visit(definition)
    }
  }
}

/// Reads an operator's definition, whichever kind it is of.
public protocol OperatorVisitor<Scalar, Result> {
  associatedtype Scalar: Term
  associatedtype Result
  func visit<D: OperatorDefinition>(_ definition: D) -> Result where D.Scalar == Scalar
}
