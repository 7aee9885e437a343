/// The parameter tensors of a model, or of one device's share of it under tensor parallelism: what the rows of the separate
/// operators say of their weights.
///
/// Projections and embeddings are sharded as their GEMMs are; norms are replicated, and so are biases of full-width outputs.
public struct ParameterShape<Scalar: Term>: Sendable {
  public let model: DecoderModel
  /// Every tensor of a layer of each group once, and those outside the layers, in the order of the forward pass.
  public let tensors: [WeightTensor<Scalar>]

  /// - Parameter tensorParallel: 1 counts the whole model.
  public init(_ model: DecoderModel, tensorParallel: UInt64 = 1) {
    self.init(model, tensorParallel: tensorParallel, stage: 0, of: 1)
  }

  /// The layers of one stage of a pipeline, and what stands outside the layers.
  init(_ model: DecoderModel, tensorParallel: UInt64, stage: UInt64, of stages: UInt64) {
    self.model = model
    var sink = WeightSink<Scalar>(model: model, layers: Self.layers(of: model, stage: stage, of: stages))
    let workload = Workload(
      batch: 1, prompt: 1, context: 1, tensorParallel: tensorParallel, operatorSet: .separate,
      formats: NumberFormats(.bf16))
    ForwardPass<Scalar>(model, DecoderStep(.decode, workload)).emit(into: &sink)
    tensors = sink.tensors
  }

  /// How many layers of each group a stage holds.
  static func layers(of model: DecoderModel, stage: UInt64, of stages: UInt64) -> [Scalar] {
    guard model.groups.count > 1 else {
      let all = Scalar.input(.layers, model.numHiddenLayers)
      return [
        stages == 1 ? all : all.divided(exactlyBy: .input(.pipelineParallel, stages)).named(.stageLayers)
      ]
    }
    return model.layers(ofStage: stage, of: stages).map { .input(.groupLayers, $0) }
  }

  /// All parameters; tied embeddings once.
  public var count: Scalar { tensors.dropFirst().reduce(tensors[0].total) { $0 + $1.total } }

  /// The same without tables of which a token reads rows: those of tokens, also where the head multiplies by the same table,
  /// and of learned positions. What model cards call parameters without embedding.
  public var countWithoutGatheredTables: Scalar {
    tensors.filter { !$0.isGathered }.reduce(0) { $0 + $1.total }
  }

  /// Elements that one token of one sequence adds to the KV cache, over all layers and heads: 2·L·h_kv·d; of layers with a
  /// window, while it is not full, and of an entry for several tokens, its share.
  public static func keyValueElementsPerToken(_ model: DecoderModel) -> Scalar {
    let layers = Self.layers(of: model, stage: 0, of: 1)
    var total: Scalar?
    for (group, layers) in zip(model.groups, layers) {
      for part in group.mixer?.cache.tokens ?? [] {
        let entry = part.entry { Scalar.input(.keyValueHeads, $0) }
        var elements: Scalar = entry.tensors * layers * entry.width
        if part.tokensPerEntry > 1 {
          elements = elements.divided(roundingUpBy: .input(.tokensPerEntry, part.tokensPerEntry))
        }
        total = total.map { $0 + elements } ?? elements
      }
    }
    return total ?? 0
  }
}

/// One kind of parameter tensor: how many there are and how many parameters each has.
public struct WeightTensor<Scalar: Term>: Hashable, Sendable {
  /// Where the row that reads it stands.
  public let scope: RowScope
  /// The checkpoint's name, `N` for the layer's number.
  public let name: String
  public let copies: Scalar
  /// As PyTorch stores it: outputs × inputs for a linear layer.
  public let dimensions: [Scalar]
  /// Whether it is as wide as activations between operators, like norms and biases, and not as weights.
  let isVector: Bool
  /// Whether a token reads a row of it, and not all of it.
  let isGathered: Bool

  /// Elements of one copy.
  public var parameters: Scalar { dimensions.dropFirst().reduce(dimensions[0], *) }

  public var total: Scalar { copies * parameters }

  /// All copies: matrices and embeddings at the weights' width, norms and biases at that of activations between operators.
  public func bytes(_ formats: NumberFormats) -> Scalar {
    copies * parameters.bytes(isVector ? formats.residualFormat : formats.weightFormat)
  }

  func withCopies(_ copies: Scalar) -> WeightTensor {
    WeightTensor(
      scope: scope, name: name, copies: copies, dimensions: dimensions, isVector: isVector, isGathered: isGathered)
  }
}

/// Collects the weights that rows name.
private struct WeightSink<Scalar: Term>: RowSink {
  let model: DecoderModel
  /// Of each group.
  let layers: [Scalar]
  var tensors: [WeightTensor<Scalar>] = []

  mutating func row<D: OperatorDefinition>(
    _ statement: RowStatement<Scalar>, _ definition: D
  ) where D.Scalar == Scalar {
    guard let name = statement.weight.name else { return }
    let scope = statement.place.scope
    let copies = scope.group.map { layers[$0] } ?? 1
    definition.forEachParameter { parameter in
      let prefix = scope.isLayer ? "\(model.layerPrefix)N." : ""
      add(
        WeightTensor(
          scope: scope, name: "\(prefix)\(name).\(parameter.role.rawValue)", copies: copies,
          dimensions: parameter.dimensions.map(\.spelledOut),
          isVector: parameter.format.letter == .residualBytes, isGathered: parameter.isGathered))
    }
  }

  /// Rows that name the same tensor in the same layer hold parts of its outputs.
  private mutating func add(_ tensor: WeightTensor<Scalar>) {
    guard let index = tensors.firstIndex(where: { $0.name == tensor.name && $0.scope == tensor.scope }) else {
      return tensors.append(tensor)
    }
    var dimensions = tensors[index].dimensions
    dimensions[0] = dimensions[0] + tensor.dimensions[0]
    tensors[index] = WeightTensor(
      scope: tensor.scope, name: tensor.name, copies: tensor.copies, dimensions: dimensions,
      isVector: tensor.isVector, isGathered: tensor.isGathered)
  }
}
