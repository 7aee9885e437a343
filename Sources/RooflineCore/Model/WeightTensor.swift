/// One kind of parameter tensor: how many there are and how many parameters each has.
package struct WeightTensor<Scalar: Term>: Hashable, Sendable {
  /// Where the row that reads it stands.
  package let scope: RowScope
  /// The checkpoint's name, `N` for the layer's number, `M` for an expert's.
  package let name: String
  package let copies: Scalar
  /// As PyTorch stores it: outputs × inputs for a linear layer.
  package let dimensions: [Scalar]
  /// Whether it is as wide as activations between operators, like norms and biases, and not as weights.
  let isVector: Bool
  /// The format that it has whatever the model's; nil: that of its kind.
  let ownFormat: ElementFormat?
  /// Whether a token reads a row of it, and not all of it.
  let isGathered: Bool
  /// Whether it stands beside the parameters: nobody counts it as one.
  package let isBuffer: Bool
  /// Of a tensor of routed experts, how many there are and how many of them a token uses.
  let experts: Experts?
  /// The format that a quantised checkpoint holds it in; nil: that of its kind.
  let quantized: QuantizedTensor<Scalar>?

  struct Experts: Hashable, Sendable {
    let held, all, chosen: Scalar
  }

  /// Elements of one copy.
  package var parameters: Scalar { dimensions.dropFirst().reduce(dimensions[0], *) }

  package var total: Scalar { copies * parameters }

  /// Those that one token uses.
  package var active: Scalar {
    experts.map { (total * $0.chosen).divided(exactlyBy: $0.all) } ?? total
  }

  /// Whether each expert has a tensor of its own name.
  var isPerExpert: Bool { experts != nil && name.contains(".M.") }

  /// All copies: matrices and embeddings at the weights' width, norms and biases at that of activations between operators.
  ///
  /// Quantised matrices with their scales.
  package func bytes(_ formats: NumberFormats) -> Scalar {
    let elements = parameters.bytes(format(formats))
    return copies * (quantized?.scaleBytes.map { elements + $0 } ?? elements)
  }

  /// How its elements lie in memory.
  package func format(_ formats: NumberFormats) -> ElementFormat {
    quantized?.elements ?? ownFormat ?? (isVector ? formats.residualFormat : formats.weightFormat)
  }

  /// What the checkpoint calls the elements: `weight_packed` in place of `weight`, where it packs them.
  var storedName: String { quantized.map { name(behind: $0.format.names.elements) } ?? name }

  /// The name of what stands beside a tensor `weight`, or behind the name of a tensor without a module.
  func name(behind suffix: StaticText) -> String {
    if name.hasSuffix(".weight") { return "\(name.dropLast("weight".count))\(suffix)" }
    return suffix == "weight" ? name : "\(name)_\(suffix)"
  }

  func withCopies(_ copies: Scalar) -> WeightTensor {
    changed(copies: copies, dimensions: dimensions, quantized)
  }

  /// With the outputs of another part beside its own.
  func joined(with other: WeightTensor) -> WeightTensor {
    changed(
      copies: copies, dimensions: [dimensions[0] + other.dimensions[0]] + dimensions.dropFirst(),
      quantized.map { $0.joined(with: other.quantized) })
  }

  private func changed(
    copies: Scalar, dimensions: [Scalar], _ quantized: QuantizedTensor<Scalar>?
  ) -> WeightTensor {
    WeightTensor(
      scope: scope, name: name, copies: copies, dimensions: dimensions, isVector: isVector, ownFormat: ownFormat,
      isGathered: isGathered, isBuffer: isBuffer, experts: experts, quantized: quantized)
  }
}

/// Collects the weights that rows name.
struct WeightCollector<Scalar: Term> {
  let model: DecoderModel
  /// Of each group.
  let layers: [Scalar]
  var tensors: [WeightTensor<Scalar>] = []

  init(model: DecoderModel, layers: [Scalar]) {
    self.model = model
    self.layers = layers
  }

  mutating func add(_ row: NamedOperator<Scalar>) {
    let scope = row.scope
    let prefix = scope.isLayer ? "\(model.layerPrefix)N." : ""
    let layers = scope.group.map { self.layers[$0] } ?? 1
    let weight = row.statement.weight
    for parameter in row.operator.accept(ParametersOf<Scalar>()) {
      let names = weight.names(parameter.role.rawValue)
      let outputs = names.count > 1 ? parameter.part ?? parameter.outputs : parameter.outputs
      for name in names { add(tensor(prefix + name, outputs, scope, layers, parameter, weight)) }
    }
  }

  private func tensor(
    _ name: String, _ outputs: Scalar, _ scope: RowScope, _ layers: Scalar, _ parameter: OperatorParameter<Scalar>,
    _ weight: CheckpointWeight
  ) -> WeightTensor<Scalar> {
    let experts = parameter.experts.map { WeightTensor<Scalar>.Experts(held: $0.held, all: $0.all, chosen: $0.chosen) }
    var (copies, dimensions) = (layers, [outputs.spelledOut] + (parameter.inputs.map { [$0.spelledOut] } ?? []))
    if parameter.isConvolution { dimensions.insert(1, at: 1) }
    if let experts {
      if name.contains(".M.") {
        copies = layers * experts.held
      } else {
        if case .stacked = weight { dimensions.reverse() }
        dimensions.insert(experts.held, at: 0)
      }
    }
    return WeightTensor(
      scope: scope, name: name, copies: copies, dimensions: dimensions,
      isVector: parameter.format.letter == .residualBytes,
      ownFormat: parameter.format.dtype == .fp32 ? parameter.format : nil, isGathered: parameter.isGathered,
      isBuffer: parameter.isBuffer, experts: experts,
      quantized: parameter.role == .weight
        ? model.format(of: weight, in: scope).map {
          QuantizedTensor(
            $0, outputs, parameter, isCut: weight.names("weight").count > 1, isWhole: !name.contains(".M."))
        } : nil)
  }

  /// Rows that name the same tensor in the same layer hold parts of its outputs.
  private mutating func add(_ tensor: WeightTensor<Scalar>) {
    guard let index = tensors.firstIndex(where: { $0.name == tensor.name && $0.scope == tensor.scope }) else {
      return tensors.append(tensor)
    }
    tensors[index] = tensors[index].joined(with: tensor)
  }
}

extension Operator {
  /// Elements of all of its parameters.
  var parameterElements: Scalar {
    let parameters = accept(ParametersOf<Scalar>()).map(\.elements)
    return parameters.dropFirst().reduce(parameters.first ?? 0, +)
  }
}

private struct ParametersOf<Scalar: Term>: OperatorVisitor {
  func visit<D: OperatorDefinition>(_ definition: D) -> [OperatorParameter<Scalar>] where D.Scalar == Scalar {
    var parameters: [OperatorParameter<Scalar>] = []
    definition.forEachParameter { parameters.append($0) }
    return parameters
  }
}
