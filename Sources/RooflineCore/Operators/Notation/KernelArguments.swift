/// An operator named by its kind and the columns of a measurement file: `gemm m=16 n=8192 k=1024`.
package struct KernelArguments: Sendable {
  package let kind: OperatorKind
  let values: [String: String]

  /// - Parameters:
  ///   - kind: an operator kind, or `row` or `collective` with the kind in `op`.
  ///   - values: column names to values; empty values count as absent, as in a CSV file.
  /// - Throws: `InputError.usage` for an unknown kind or column.
  package init(kind: String, values: [String: String]) throws(InputError) {
    var values = values.filter { !$0.value.isEmpty }
    var name = kind
    if kind == "row" || kind == "collective" {
      guard let op = values.removeValue(forKey: "op") else {
        throw .usage("kernel \(kind) needs op=NAME, e.g. op=\(kind == "row" ? "rmsnorm" : "all_reduce")")
      }
      name = op
    }
    // The addition's other name in measured data.
    guard let known = OperatorKind(rawValue: name == "add" ? "residual_add" : name) else {
      let names = OperatorKind.allCases.map(\.rawValue)
      let nearest = Spelling.nearest(to: name, among: names)
      throw .usage(
        "unknown operator kind \"\(name)\"; \(nearest.isEmpty ? "there are" : "did you mean") \((nearest.isEmpty ? names : nearest).joined(separator: ", "))\(nearest.isEmpty ? "" : "?")"
      )
    }
    let columns = KernelArguments.columns(of: known)
    for key in values.keys.sorted() where !columns.contains(key) && !KernelArguments.context(of: known).contains(key) {
      let nearest = Spelling.nearest(to: key, among: columns)
      throw .usage(
        "kernel \(name) has no argument \"\(key)\"; \(nearest.isEmpty ? "it takes \(columns.joined(separator: ", "))" : "did you mean \(nearest.joined(separator: ", "))?")"
      )
    }
    self.kind = known
    self.values = values
    // What no count reads must be what it claims to be, all the same.
    for column in KernelArguments.context(of: known) where values[column] != nil {
      _ = try number(column, default: nil)
    }
  }

  /// The columns that a kind understands.
  package static func columns(of kind: OperatorKind) -> [String] {
    switch kind {
    case .gemm: ["m", "n", "k", "bias", "block"]
    case .linearGelu, .linearRelu: ["m", "n", "k", "bias"]
    case .gemmInputGradient, .gemmWeightGradient: ["m", "n", "k"]
    case .attentionGradient: ["batch", "query", "context", "heads", "kv_heads", "head_dim", "window", "causal"]
    case .queryGradient, .keyGradient, .probabilityGradient, .valueGradient:
      ["batch", "query", "context", "heads", "kv_heads", "head_dim"]
    case .attention:
      [
        "phase", "batch", "query", "context", "heads", "kv_heads", "head_dim", "value_dim", "shared_dim", "latent",
        "window", "top_k", "causal", "chunk",
        "sinks",
      ]
    case .qkMatmul, .svMatmul:
      ["phase", "batch", "query", "context", "heads", "kv_heads", "head_dim", "value_dim", "shared_dim"]
    case .rotary:
      ["rows", "width", "batch", "heads", "kv_heads", "head_dim", "rotary_dim", "context", "fused", "latent"]
    case .keyValueCacheWrite: ["rows", "batch", "heads", "kv_heads", "head_dim", "latent"]
    case .positionEmbedding: ["rows", "width", "positions"]
    case .layerNorm, .addRMSNorm, .addLayerNorm, .siluAndMul, .geluAndMul, .gelu, .relu, .softcap, .scale:
      ["rows", "width"]
    case .residualAdd: ["rows", "width", "scaled"]
    case .rmsNormInputGradient: ["rows", "width", "residual", "weight"]
    case .rmsNormWeightGradient, .biasGradient, .softmaxGradient, .siluAndMulGradient, .geluAndMulGradient,
      .clampedSwiGLUGradient, .softcapGradient, .sigmoidGateGradient, .layerNormWeightGradient, .geluGradient,
      .reluGradient, .squaredReluGradient, .situAndMulGradient:
      ["rows", "width"]
    case .layerNormInputGradient: ["rows", "width", "residual"]
    case .positionEmbeddingGradient: ["rows", "width", "positions"]
    case .embedding, .embeddingGradient: ["rows", "width", "tp"]
    case .allReduce, .allGather, .reduceScatter: ["ranks", "bytes"]
    case .send: ["bytes"]
    case .causalConvolution, .l2Norm, .gatedRMSNorm, .silu, .softplus, .deltaGates, .deltaRule, .stateSpaceScan,
      .selectiveScan, .lightningAttention, .bankMix, .causalConvolutionGradient, .gatedRMSNormGradient, .siluGradient,
      .softplusGradient, .stateSpaceScanGradient, .selectiveScanGradient, .lightningAttentionGradient,
      .scaledAddGradient, .l2NormGradient, .deltaGatesGradient, .deltaRuleGradient, .bankMixGradient:
      recurrentColumns(of: kind)
    case .batchedGEMM, .batchedGEMMInputGradient, .batchedGEMMWeightGradient: ["groups", "m", "n", "k"]
    case .indexScores: ["batch", "query", "context", "heads", "head_dim", "block"]
    case .indexSelection: ["batch", "query", "context", "top_k"]
    case .indexRotation: ["rows", "heads", "width"]
    case .compression, .compressionGradient: ["entries", "tokens_per_entry", "row_width", "width"]
    case .hyperCollapse, .hyperCollapseGradient: ["rows", "width", "streams", "iterations"]
    case .hyperExpand, .hyperHead, .hyperExpandGradient, .hyperHeadGradient: ["rows", "width", "streams"]
    case .groupedGEMM: ["m", "n", "k", "rows", "experts", "top_k", "touched", "busiest", "bias"]
    case .route:
      [
        "rows", "experts", "top_k", "of_chosen", "sigmoid", "sqrt_softplus", "bias", "renormalise", "scale",
        "expert_scales",
      ]
    case .groupedGEMMInputGradient, .groupedGEMMWeightGradient:
      ["m", "n", "k", "rows", "experts", "top_k", "touched"]
    case .routeGradient:
      ["rows", "experts", "top_k", "of_chosen", "sigmoid", "sqrt_softplus", "renormalise", "scale", "expert_scales"]
    case .expertCombine, .expertCombineGradient: ["rows", "width", "pairs", "weighted"]
    case .expertScale, .expertScaleGradient: ["rows", "width", "pairs"]
    case .allToAll: ["rows", "width", "ranks", "remote"]
    case .softmax: ["rows", "width", "sinks"]
    case .rmsNorm: ["rows", "width", "weight"]
    case .clampedSwiGLU, .situAndMul, .squaredRelu, .sigmoidGate, .quantize: ["rows", "width"]
    case .expertLayer:
      [
        "tokens", "hidden", "intermediate", "experts", "top_k", "tp", "ep", "distribution", "gated", "tuned",
      ]
    }
  }

  /// Columns of measurement files that say where a row was measured and change no count.
  private static func context(of kind: OperatorKind) -> [String] {
    switch kind {
    case .gemm, .linearGelu, .linearRelu: ["copies"]
    case .rotary: ["tp"]
    case .softmax, .rmsNorm, .layerNorm, .addRMSNorm, .addLayerNorm, .siluAndMul, .geluAndMul, .gelu, .relu, .softcap,
      .scale, .residualAdd:
      ["heads", "kv_heads", "head_dim", "tp"]
    case .embedding: ["heads", "kv_heads", "head_dim"]
    default: []
    }
  }

  /// The operator, counted (`Count`) or explained (`Symbol`).
  package func definition<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> Operator<Scalar> {
    switch kind {
    case .gemm: .gemm(try gemm(formats))
    case .linearGelu: .linearGelu(LinearGelu(try gemm(formats)))
    case .qkMatmul: .qkMatmul(QKMatmul(try attentionShape(), formats: formats))
    case .svMatmul: .svMatmul(SVMatmul(try attentionShape(), formats: formats))
    case .attention:
      .attention(
        Attention(
          try attentionShape(), mask: try mask(), valuesAreKeys: try flag("latent", default: false),
          hasSinks: try flag("sinks", default: false), formats: formats))
    case .linearRelu: .linearRelu(LinearRelu(try gemm(formats)))
    case .rotary: .rotary(try rotary(formats))
    case .keyValueCacheWrite:
      .keyValueCacheWrite(
        KeyValueCacheWrite(try rotaryShape(), keysOnly: try flag("latent", default: false), formats: formats))
    case .positionEmbedding: .positionEmbedding(try positionEmbedding(formats))
    case .addLayerNorm:
      .addLayerNorm(AddLayerNorm(rows: try input(.rows, "rows"), width: try input(.width, "width"), formats: formats))
    case .relu: .relu(Relu(elements: try elements(), formats: formats))
    case .softmax: .softmax(try softmax(formats))
    case .rmsNorm:
      .rmsNorm(
        RMSNorm(
          rows: try input(.rows, "rows"), width: try input(.width, "width"),
          hasWeight: try flag("weight", default: true), formats: formats))
    case .layerNorm:
      .layerNorm(LayerNorm(rows: try input(.rows, "rows"), width: try input(.width, "width"), formats: formats))
    case .addRMSNorm:
      .addRMSNorm(AddRMSNorm(rows: try input(.rows, "rows"), width: try input(.width, "width"), formats: formats))
    case .siluAndMul: .gatedActivation(try gated(.silu, formats))
    case .geluAndMul: .gatedActivation(try gated(.gelu, formats))
    case .clampedSwiGLU: .gatedActivation(try gated(.swigluoai, formats))
    case .situAndMul: .gatedActivation(try gated(.situ, formats))
    case .gelu: .gelu(Gelu(elements: try elements(), formats: formats))
    case .softcap: .softcap(Softcap(elements: try elements(), formats: formats))
    case .scale: .scale(Scale(elements: try elements(), formats: formats))
    case .batchedGEMM:
      .batchedGEMM(try batchedGEMM(formats))
    case .batchedGEMMInputGradient: .gemmGradient(try batchedGEMM(formats).gradient(by: .input))
    case .batchedGEMMWeightGradient: .gemmGradient(try batchedGEMM(formats).gradient(by: .weight))
    case .indexScores: .indexScores(try indexScores(formats))
    case .indexSelection: .indexSelection(try indexSelection(formats))
    case .indexRotation: .indexRotation(try indexRotation(formats))
    case .compression: .compression(try compression(formats))
    case .hyperCollapse, .hyperExpand, .hyperHead: .hyperConnection(try hyperConnection(formats))
    case .hyperCollapseGradient, .hyperExpandGradient, .hyperHeadGradient:
      .hyperConnectionGradient(HyperConnectionGradient(try hyperConnection(formats)))
    case .compressionGradient: .compressionGradient(CompressionGradient(try compression(formats)))
    case .residualAdd:
      .residualAdd(
        ResidualAdd(elements: try elements(), isScaled: try flag("scaled", default: false), formats: formats))
    case .embedding: .embedding(try embedding(formats))
    case .allReduce: .collective(try collective(.allReduce))
    case .allGather: .collective(try collective(.allGather))
    case .reduceScatter: .collective(try collective(.reduceScatter))
    case .send: .send(Send(message: try input(.message, "bytes")))
    case .groupedGEMM: .groupedGEMM(try groupedGEMM(formats))
    case .route: .route(try route(formats))
    case .expertCombine: .expertCombine(try expertCombine(formats))
    case .groupedGEMMInputGradient: .groupedGEMMGradient(GroupedGEMMGradient(try groupedGEMM(formats), by: .input))
    case .groupedGEMMWeightGradient: .groupedGEMMGradient(GroupedGEMMGradient(try groupedGEMM(formats), by: .weight))
    case .expertCombineGradient: .expertCombineGradient(ExpertCombineGradient(try expertCombine(formats)))
    case .routeGradient: .routeGradient(RouteGradient(try route(formats)))
    case .allToAll: .allToAll(try allToAll(formats))
    case .expertScale: .expertScale(try expertScale(formats))
    case .expertScaleGradient: .expertScaleGradient(ExpertScaleGradient(try expertScale(formats)))
    case .geluAndMulGradient:
      .gatedActivationGradient(GatedActivationGradient(.gelu, elements: try elements(), formats: formats))
    case .clampedSwiGLUGradient:
      .gatedActivationGradient(GatedActivationGradient(.swigluoai, elements: try elements(), formats: formats))
    case .situAndMulGradient:
      .gatedActivationGradient(GatedActivationGradient(.situ, elements: try elements(), formats: formats))
    case .softcapGradient: .softcapGradient(SoftcapGradient(elements: try elements(), formats: formats))
    case .sigmoidGateGradient:
      .sigmoidGateGradient(
        SigmoidGateGradient(gates: try input(.rows, "rows"), width: try input(.width, "width"), formats: formats))
    case .sigmoidGate:
      .sigmoidGate(SigmoidGate(gates: try input(.rows, "rows"), width: try input(.width, "width"), formats: formats))
    case .squaredRelu: .squaredRelu(SquaredRelu(elements: try elements(), formats: formats))
    case .quantize:
      .quantize(Quantize(rows: try input(.rows, "rows"), width: try input(.width, "width"), formats: formats))
    case .gemmInputGradient: .gemmGradient(GEMMGradient(try gemm(formats), by: .input))
    case .gemmWeightGradient: .gemmGradient(GEMMGradient(try gemm(formats), by: .weight))
    case .biasGradient:
      .biasGradient(BiasGradient(rows: try input(.rows, "rows"), width: try input(.width, "width"), formats: formats))
    case .queryGradient: .qkMatmulGradient(QKMatmulGradient(try attentionShape(), by: .query, formats: formats))
    case .keyGradient: .qkMatmulGradient(QKMatmulGradient(try attentionShape(), by: .key, formats: formats))
    case .softmaxGradient: .softmaxGradient(SoftmaxGradient(elements: try elements(), formats: formats))
    case .probabilityGradient:
      .svMatmulGradient(SVMatmulGradient(try attentionShape(), by: .probabilities, formats: formats))
    case .valueGradient: .svMatmulGradient(SVMatmulGradient(try attentionShape(), by: .value, formats: formats))
    case .attentionGradient:
      .attentionGradient(AttentionGradient(Attention(try attentionShape(), mask: try mask(), formats: formats)))
    case .layerNormInputGradient: .layerNormGradient(try layerNormGradient(by: .input, formats))
    case .layerNormWeightGradient: .layerNormGradient(try layerNormGradient(by: .weight, formats))
    case .geluGradient:
      .activationGradient(ActivationGradient(.gelu, elements: try elements(), formats: formats))
    case .reluGradient:
      .activationGradient(ActivationGradient(.relu, elements: try elements(), formats: formats))
    case .squaredReluGradient:
      .activationGradient(ActivationGradient(.squaredRelu, elements: try elements(), formats: formats))
    case .positionEmbeddingGradient:
      .positionEmbeddingGradient(
        PositionEmbeddingGradient(
          rows: try input(.rows, "rows"), positions: try input(.queryTokens, "positions"),
          width: try input(.width, "width"), formats: formats))
    case .rmsNormInputGradient: .rmsNormGradient(try normGradient(by: .input, formats))
    case .rmsNormWeightGradient: .rmsNormGradient(try normGradient(by: .weight, formats))
    case .siluAndMulGradient:
      .gatedActivationGradient(GatedActivationGradient(.silu, elements: try elements(), formats: formats))
    case .embeddingGradient: .embeddingGradient(try embeddingGradient(formats))
    case .causalConvolution, .l2Norm, .gatedRMSNorm, .silu, .softplus, .deltaGates, .deltaRule, .stateSpaceScan,
      .selectiveScan, .lightningAttention, .bankMix, .causalConvolutionGradient, .gatedRMSNormGradient, .siluGradient,
      .softplusGradient, .stateSpaceScanGradient, .selectiveScanGradient, .lightningAttentionGradient,
      .scaledAddGradient, .l2NormGradient, .deltaGatesGradient, .deltaRuleGradient, .bankMixGradient:
      try recurrent(formats)
    case .expertLayer: .expertLayer(try expertLayer(formats))
    }
  }

  /// The blocked view of a GEMM, where `block=BMxBN` asks for it.
  package func blocked<Scalar: Term>(_ formats: NumberFormats) throws(InputError) -> BlockedGEMM<Scalar>? {
    guard kind == .gemm, let block = values["block"] else { return nil }
    let sides = block.split(separator: "x", omittingEmptySubsequences: false).map { UInt64($0) }
    guard sides.count == 2, let m = sides[0], let n = sides[1], m > 0, n > 0 else {
      throw .usage("block=\(block) is not two whole numbers like 128x128")
    }
    return BlockedGEMM(try gemm(formats), blockM: m, blockN: n)
  }

  /// How many GPUs the kernel runs on.
  ///
  /// - Throws: `InputError.usage` for a column that is no number, as the others.
  package func ranks() throws(InputError) -> UInt64 { try number("ranks", default: kind == .send ? 2 : 1) }

  /// Columns that change a time and no count; nil where they are absent.
  package func copies() throws(InputError) -> Double? { try given("copies").map { Double($0) } }

  // MARK: reading columns

  func elements<Scalar: Term>() throws(InputError) -> Scalar {
    let rows: Scalar = try input(.rows, "rows")
    return rows * (try input(.width, "width"))
  }

  func input<Scalar: Term>(_ letter: Letter, _ column: String) throws(InputError) -> Scalar {
    .input(letter, try number(column, default: nil))
  }

  func number(_ column: String, default fallback: UInt64?) throws(InputError) -> UInt64 {
    guard let text = values[column] else {
      if let fallback { return fallback }
      throw .usage("kernel \(kind.rawValue) needs \(column)=NUMBER")
    }
    guard let number = UInt64(text), number > 0, number <= Count.limit else {
      throw .usage("\(column)=\(text) is not a whole number of at least 1, below 2^63")
    }
    return number
  }

  /// A number where the column is there.
  func given(_ column: String) throws(InputError) -> UInt64? {
    values[column] == nil ? nil : try number(column, default: nil)
  }

  func flag(_ column: String, default fallback: Bool) throws(InputError) -> Bool {
    switch values[column] {
    case nil: fallback
    case "true", "1": true
    case "false", "0": false
    case .some(let text): throw .usage("\(column)=\(text) is neither true nor false")
    }
  }
}
