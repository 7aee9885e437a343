extension DecoderModel {
  /// Layers that a scheme may tell apart: no model comes near.
  private static let listableLayers: UInt64 = 100_000

  /// The model with the formats that a checkpoint has. Layers whose formats differ become groups of their own.
  ///
  /// - Parameters:
  ///   - whole: tensors that the family's code leaves as they are.
  ///   - firstLayer: the number of its first layer.
  ///   - used: gains the names of the scheme's table that were found.
  func quantized(
    _ scheme: QuantizationScheme, whole: Set<StaticText>, firstLayer: UInt64 = 0, used: inout Set<String>
  ) throws(InputError) -> DecoderModel {
    var model = self
    let run = DType.bf16
    let workload = Workload(
      batch: 1, prompt: 1, context: 1, tensorParallel: 1, operatorSet: .separate, formats: NumberFormats(run))
    let rows = ForwardPass<Count>(self, DecoderStep(.decode, workload)).rows
    func matrices(_ scope: RowScope) -> [QuantizableMatrix] {
      var seen: Set<StaticText> = []
      return rows.filter { $0.scope == scope }.compactMap { QuantizableMatrix($0, whole: whole, run: run) }
        .filter { seen.insert($0.tensors[0]).inserted }
    }
    for matrix in matrices(.afterLayers) {
      model.head.formats[matrix.tensors[0]] = try scheme.format(of: matrix, prefix: "", used: &used)
    }
    let matricesOfGroups = groups.indices.map { matrices(.layer(group: $0)) }
    func formats(_ group: Int, layer: UInt64) throws(InputError) -> TensorFormats {
      var formats = TensorFormats()
      for matrix in matricesOfGroups[group] {
        formats[matrix.tensors[0]] = try scheme.format(of: matrix, prefix: "\(layerPrefix)\(layer).", used: &used)
      }
      return formats
    }
    guard scheme.mayTellLayersApart else {
      var own = groups
      for group in groups.indices { own[group].formats = try formats(group, layer: firstLayer) }
      model.groups = own
      return model
    }
    guard numHiddenLayers <= Self.listableLayers else {
      throw .usage("\(numHiddenLayers) layers are more than a list of quantised modules is read for")
    }
    var layers: [LayerGroup] = []
    for run in runs {
      for _ in 0..<run.layers {
        var group = groups[run.group]
        group.formats = try formats(run.group, layer: firstLayer + UInt64(layers.count))
        layers.append(group)
      }
    }
    (model.groups, model.runs) = Self.grouped(layers)
    // A bank's snapshots are counted over all layers of a group, which must stay one.
    guard model.groups.count == groups.count || groups.allSatisfy({ $0.residual.bank == nil }) else {
      throw .usage(
        "\(scheme.object.file): layers with attention residuals differ in their formats, which is not counted")
    }
    return model
  }

  /// The same model whose products read what the run states.
  func readingStatedActivations() -> DecoderModel {
    var model = self
    model.head.formats = head.formats.withoutInputs()
    var own = groups
    for group in groups.indices { own[group].formats = groups[group].formats.withoutInputs() }
    model.groups = own
    return model
  }

  /// Whether any matrix is in a format of its own.
  package var isQuantized: Bool { !head.formats.isEmpty || groups.contains { !$0.formats.isEmpty } }

  /// Throws where the fused operators would join matrices of different formats, which no engine does.
  func requireJoinable(_ workload: Workload, name: String) throws(InputError) {
    guard isQuantized, workload.operatorSet == .fused else { return }
    func bits(_ operators: OperatorSet) -> [RowScope: Count] {
      var workload = workload
      workload.operatorSet = operators
      var sums: [RowScope: Count] = [:]
      for row in ForwardPass<Count>(self, DecoderStep(.decode, workload)).rows {
        guard row.operator.accept(MatrixOf()) != nil else { continue }
        row.operator.accept(WeightBits()).map { sums[row.scope, default: 0] = sums[row.scope, default: 0] + $0 }
      }
      return sums
    }
    guard bits(.fused) == bits(.separate) else {
      throw .usage(
        "--operators fused joins matrices that \(name) holds in different formats; leave it out, or state one format with --dtype"
      )
    }
  }

  /// Formats of its quantised matrices.
  package var tensorFormats: [TensorFormat] {
    (groups.map(\.formats) + [head.formats]).flatMap { $0.entries.map(\.format) }
  }

  /// The format of a row's matrix; nil: the run's.
  func format(of weight: CheckpointWeight, in scope: RowScope) -> TensorFormat? {
    guard let tensor = weight.tensor else { return nil }
    switch scope {
    case .layer(let group): return groups[group].formats[tensor]
    case .afterLayers: return head.formats[tensor]
    case .beforeLayers, .boundary: return nil
    }
  }
}

extension QuantizableMatrix {
  /// Rows that no code quantises: routers and what weighs an indexer's heads are too small, and steer.
  private static let wholeRows: Set<OperatorName> = [
    "router", "index_weights_proj", "attn_res_score", "mlp_res_score", "output_res_score",
  ]

  /// nil where the row is no product with a matrix of the checkpoint, or its block states the matrix's format whatever the run's: that
  /// is no linear layer.
  ///
  /// - Parameter run: the format of the pass that has the row.
  fileprivate init?(_ row: NamedOperator<Count>, whole: Set<StaticText>, run: DType) {
    guard let matrix = row.operator.accept(MatrixOf()), matrix.format.dtype == run else { return nil }
    switch row.statement.weight {
    case .halves(let first, let second): tensors = [first, second]
    case .tensor(let name), .part(let name), .whole(let name), .stacked(let name): tensors = [name]
    case .none, .joined, .shared, .buffer: return nil
    }
    experts = matrix.experts?.all.value
    isHead = row.name == .lmHead
    staysWhole = Self.wholeRows.contains(row.name) || tensors.contains(where: whole.contains)
  }
}

/// The matrix that an operator multiplies by and checkpoints hold in formats of their own; nil where it has none.
private struct MatrixOf: OperatorVisitor {
  typealias Scalar = Count

  /// Any format: an operator takes all of them or none.
  private static let probe = QuantizationReader.mxfp4(input: nil, names: .init(scales: ""))

  func visit<D: OperatorDefinition>(_ definition: D) -> OperatorParameter<Count>? where D.Scalar == Count {
    guard definition.holding(Self.probe) != nil else { return nil }
    var matrix: OperatorParameter<Count>?
    definition.forEachParameter { if $0.role == .weight { matrix = $0 } }
    return matrix
  }
}

extension Operator where Scalar == Count {
  /// The number format of the matrix where a quantised checkpoint has it in a format of its own.
  package var quantizedWeight: DType? { accept(QuantizedWeight()) }
}

private struct QuantizedWeight: OperatorVisitor {
  typealias Scalar = Count

  func visit<D: OperatorDefinition>(_ definition: D) -> DType? where D.Scalar == Count {
    var dtype: DType?
    definition.forEachOperand { operand in
      if operand.name == .weight, operand.format.storage.hasScales { dtype = operand.format.dtype }
    }
    return dtype
  }
}

/// Bits of an operator's weights, scales aside.
private struct WeightBits: OperatorVisitor {
  typealias Scalar = Count

  func visit<D: OperatorDefinition>(_ definition: D) -> Count? where D.Scalar == Count {
    var sum: Count?
    definition.forEachOperand { operand in
      guard operand.name == .weight else { return }
      let bits = operand.elements * Count(operand.format.storage.bits)
      sum = sum.map { $0 + bits } ?? bits
    }
    return sum
  }
}
