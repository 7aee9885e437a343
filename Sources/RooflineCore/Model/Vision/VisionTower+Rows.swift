extension VisionTower {
  /// The rows of a pass over images, in order; one set for both sets of operators, with fused attention.
  ///
  /// Patches of an image attend to each other in both directions. The checkpoint's names of the tensors are not stated.
  package func rows<Scalar: Term>(_ work: VisionWorkload) -> [NamedOperator<Scalar>] {
    var tape = Tape<Scalar>()
    VisionRows(self, work).emit(into: &tape)
    return tape.rows
  }
}

/// A tower's rows for some images.
private struct VisionRows<Scalar: Term> {
  let tower: VisionTower
  let formats: NumberFormats
  let images, patches, places, width, intermediate, merged: Scalar

  init(_ tower: VisionTower, _ work: VisionWorkload) {
    self.tower = tower
    formats = work.formats
    images = .input(.images, work.images)
    patches = .input(.patches, work.patches.value)
    places = tower.hasClassToken ? patches + 1 : patches
    width = .input(.visionWidth, tower.width)
    intermediate = .input(.visionIntermediate, tower.intermediate)
    merged = images * patches.divided(roundingUpBy: .input(.mergedPatches, tower.merge * tower.merge))
  }

  private var tokens: Scalar { images * places }

  func emit(into sink: inout Tape<Scalar>) {
    let before = RowPlace<Scalar>(.beforeLayers, 1)
    sink.row(
      "vision_patch_embed", before,
      GEMM(
        m: images * patches, n: width, k: .input(.patchElements, tower.patchElements), formats: formats,
        hasBias: tower.hasPatchBias),
      reads: Activations(.patches), writes: Activations(.residual), weight: .shared)
    for rows in tower.positions {
      sink.row(
        "vision_positions", before,
        PositionEmbedding(
          rows: tokens, positions: places, width: width, tableRows: .input(.positions, rows), formats: formats),
        reads: Activations(.residual), writes: Activations(.residual), weight: .shared)
    }
    if tower.hasFirstNorm { norm("vision_pre_norm", before, to: .residual, into: &sink) }
    let layer = RowPlace<Scalar>(.layer(group: 0), .input(.visionLayers, tower.layers))
    emitAttention(layer, into: &sink)
    emitMLP(layer, into: &sink)
    let after = RowPlace<Scalar>(.afterLayers, 1)
    if tower.hasLastNorm { norm("vision_post_norm", after, to: .residual, into: &sink) }
    for step in tower.steps { emit(step, after, into: &sink) }
  }

  /// A norm as the encoder's blocks have it.
  private func norm(
    _ name: OperatorName, _ place: RowPlace<Scalar>, of tensor: ActivationTensor = .residual,
    to output: ActivationTensor = .normalized, into sink: inout Tape<Scalar>
  ) {
    let (reads, writes) = (Activations(tensor), Activations(output))
    switch tower.block {
    case .plain:
      sink.row(
        name, place, LayerNorm(rows: tokens, width: width, formats: formats), reads: reads, writes: writes,
        weight: .shared)
    case .sandwich:
      sink.row(
        name, place, RMSNorm(rows: tokens, width: width, formats: formats), reads: reads, writes: writes,
        weight: .shared)
    }
  }

  private func linear(
    _ name: OperatorName, _ place: RowPlace<Scalar>, _ outputs: Scalar, from inputs: Scalar,
    reads: ActivationTensor, writes: ActivationTensor, into sink: inout Tape<Scalar>
  ) {
    sink.row(
      name, place, GEMM(m: tokens, n: outputs, k: inputs, formats: formats, hasBias: tower.block == .plain),
      reads: Activations(reads), writes: Activations(writes), weight: .shared)
  }

  private func emitAttention(_ place: RowPlace<Scalar>, into sink: inout Tape<Scalar>) {
    norm("vision_attn_norm", place, into: &sink)
    linear(
      "vision_qkv_proj", place, 3 * width, from: width, reads: .normalized, writes: .queryKeyValue, into: &sink)
    let heads = Scalar.input(.visionHeads, tower.heads)
    let headDim = Scalar.input(.headDim, tower.width / tower.heads)
    if tower.block == .sandwich {
      for name in ["vision_q_norm", "vision_k_norm"] as [OperatorName] {
        sink.row(
          name, place, RMSNorm(rows: tokens * heads, width: headDim, formats: formats),
          reads: Activations(.queryKeyValue), writes: Activations(.queryKeyValue), weight: .shared)
      }
      sink.row(
        "vision_v_norm", place, RMSNorm(rows: tokens * heads, width: headDim, hasWeight: false, formats: formats),
        reads: Activations(.queryKeyValue), writes: Activations(.queryKeyValue))
    }
    let shape = AttentionShape(
      batch: images, queryTokens: places, attendedKeys: places, heads: heads, keyValueHeads: heads, headDim: headDim)
    if tower.rotates {
      sink.row(
        "vision_rotary", place, Rotary(shape, keySource: .activation, formats: formats),
        reads: Activations(.queryKeyValue, .table, .queryKeyValue), writes: Activations(.rotatedQuery, .rotatedKey))
    }
    sink.row(
      "vision_attention", place,
      Attention(shape, mask: .full, keyValueHome: .activation, formats: formats),
      reads: tower.rotates
        ? Activations(.rotatedQuery, .rotatedKey, .queryKeyValue)
        : Activations(.queryKeyValue, .queryKeyValue, .queryKeyValue), writes: Activations(.attended))
    linear("vision_o_proj", place, width, from: width, reads: .attended, writes: .partialSum, into: &sink)
    join("vision_attn", place, into: &sink)
  }

  private func emitMLP(_ place: RowPlace<Scalar>, into sink: inout Tape<Scalar>) {
    norm("vision_mlp_norm", place, into: &sink)
    switch tower.block {
    case .plain:
      linear("vision_fc1", place, intermediate, from: width, reads: .normalized, writes: .up, into: &sink)
      sink.row(
        "vision_gelu", place, Gelu(elements: tokens * intermediate, formats: formats), reads: Activations(.up),
        writes: Activations(.gated))
    case .sandwich:
      linear(
        "vision_gate_up_proj", place, 2 * intermediate, from: width, reads: .normalized, writes: .gateUp, into: &sink)
      sink.row(
        "vision_gelu_dot", place, GatedActivation(.gelu, rows: tokens, width: intermediate, formats: formats),
        reads: Activations(.gateUp, .gateUp), writes: Activations(.gated))
    }
    linear("vision_fc2", place, width, from: intermediate, reads: .gated, writes: .partialSum, into: &sink)
    join("vision_mlp", place, into: &sink)
  }

  /// What a branch leaves joins the stream, in a sandwich behind another norm.
  private func join(_ branch: StaticText, _ place: RowPlace<Scalar>, into sink: inout Tape<Scalar>) {
    let isAttention = branch == "vision_attn"
    if tower.block == .sandwich {
      norm(
        isAttention ? "vision_attn_post_norm" : "vision_mlp_post_norm", place, of: .partialSum, to: .partialSum,
        into: &sink)
    }
    sink.row(
      isAttention ? "vision_attn_add" : "vision_mlp_add", place,
      ResidualAdd(elements: tokens * width, formats: formats), reads: Activations(.partialSum, .residual),
      writes: Activations(.residual))
  }

  private func emit(_ step: VisionTower.Step, _ place: RowPlace<Scalar>, into sink: inout Tape<Scalar>) {
    func rows(_ isMerged: Bool) -> Scalar { isMerged ? merged : images * patches }
    let stream = Activations(.residual)
    switch step {
    case .layerNorm(let width, let isMerged):
      sink.row(
        "vision_merge_norm", place,
        LayerNorm(rows: rows(isMerged), width: .input(.mergedWidth, width), formats: formats), reads: stream,
        writes: stream, weight: .shared)
    case .plainNorm(let width, let isMerged):
      sink.row(
        "vision_merge_norm", place,
        RMSNorm(rows: rows(isMerged), width: .input(.mergedWidth, width), hasWeight: false, formats: formats),
        reads: stream, writes: stream)
    case .linear(let inputs, let outputs, let hasBias, let isMerged):
      sink.row(
        "vision_merge_proj", place,
        GEMM(
          m: rows(isMerged), n: .input(.mergedOutput, outputs), k: .input(.mergedWidth, inputs), formats: formats,
          hasBias: hasBias), reads: stream, writes: stream, weight: .shared)
    case .gelu(let width, let isMerged):
      sink.row(
        "vision_merge_gelu", place,
        Gelu(elements: rows(isMerged) * .input(.mergedWidth, width), formats: formats), reads: stream, writes: stream)
    }
  }
}
