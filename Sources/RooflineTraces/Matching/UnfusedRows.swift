import RooflineCore

/// Rows that PyTorch runs operation by operation: a norm as a cast, squares, a mean, a root and two products.
///
/// Names cannot say of which row such kernels are. But rows run in order: what stands between the kernels of two rows does the work of
/// the rows between them, where it can be that work.
struct UnfusedRows {
  private let pass: ExpectedPass
  /// Of rows that always have a kernel of their own.
  private let certain: [Bool]
  /// Which groups of kernels are of which kind; nil: the kernel does more than one operation, or is no such work.
  private let groups: [KernelGroup?]
  /// Of what operations each row is; nil of rows that are not done operation by operation.
  private let forms: [Form?]

  /// Of what operations a row is made.
  private enum Form {
    /// A sum over each of its rows, and what is done with it.
    case norm
    /// Products and sums of a tensor and its halves in the other order.
    case rotation
    /// Each element by itself.
    case elements

    init?(_ kind: OperatorKind) {
      switch kind {
      case .rmsNorm, .layerNorm, .addRMSNorm, .addLayerNorm, .gatedRMSNorm, .l2Norm: self = .norm
      case .rotary: self = .rotation
      case .siluAndMul, .geluAndMul, .situAndMul, .clampedSwiGLU, .gelu, .relu, .squaredRelu, .silu, .softplus,
        .residualAdd, .softcap, .scale, .sigmoidGate, .deltaGates:
        self = .elements
      case .gemm, .linearGelu, .linearRelu, .qkMatmul, .softmax, .svMatmul, .attention, .embedding, .positionEmbedding,
        .allReduce, .allGather, .reduceScatter, .send, .allToAll, .keyValueCacheWrite, .causalConvolution, .deltaRule,
        .stateSpaceScan, .selectiveScan, .lightningAttention, .bankMix, .batchedGEMM, .compression, .hyperCollapse,
        .hyperExpand, .hyperHead, .indexScores, .indexSelection, .indexRotation, .groupedGEMM, .route, .expertCombine,
        .quantize, .expertScale, .expertLayer:
        return nil
      case .gemmInputGradient, .gemmWeightGradient, .biasGradient, .queryGradient, .keyGradient, .softmaxGradient,
        .probabilityGradient, .valueGradient, .attentionGradient, .rmsNormInputGradient, .rmsNormWeightGradient,
        .layerNormInputGradient, .layerNormWeightGradient, .siluAndMulGradient, .clampedSwiGLUGradient,
        .geluAndMulGradient, .geluGradient, .reluGradient, .squaredReluGradient, .sigmoidGateGradient, .softcapGradient,
        .embeddingGradient, .positionEmbeddingGradient, .groupedGEMMInputGradient, .groupedGEMMWeightGradient,
        .batchedGEMMInputGradient, .batchedGEMMWeightGradient, .compressionGradient, .hyperCollapseGradient,
        .hyperExpandGradient, .hyperHeadGradient, .expertCombineGradient, .routeGradient, .expertScaleGradient,
        .causalConvolutionGradient, .gatedRMSNormGradient, .siluGradient, .softplusGradient, .stateSpaceScanGradient,
        .selectiveScanGradient, .lightningAttentionGradient, .scaledAddGradient,
        .l2NormGradient, .deltaGatesGradient, .deltaRuleGradient, .bankMixGradient, .situAndMulGradient:
        return nil
      }
    }
  }

  init(_ pass: ExpectedPass, certain: [Bool], _ kinds: [KernelMatcher.Kind]) {
    self.pass = pass
    self.certain = certain
    groups = kinds.map { kind in
      guard kind.isNative, let rule = kind.rule, rule.role == .kernel else { return nil }
      return rule.group
    }
    forms = pass.kinds.map { Form($0) }
  }

  /// - Parameter places: where in the pass each kernel stands; nil of those that stand nowhere.
  func seat(_ kinds: [Int], _ places: [Int?], into verdicts: inout [TraceMatch.Verdict]) {
    guard groups.contains(where: { $0 != nil }) else { return }
    // The first kernel of each row, with all kernels up to the next row's.
    var stretches: [(place: Int, first: Int)] = []
    for index in kinds.indices {
      if let place = places[index], place != stretches.last?.place { stretches.append((place, index)) }
    }
    for (number, stretch) in stretches.enumerated() {
      let next = stretches.indices.contains(number + 1) ? stretches[number + 1] : nil
      let rows: [Int]
      if let next {
        rows = between(stretch.place, next.place)
        guard !rows.contains(where: { certain[$0] }) else { continue }
      } else {
        // What was recorded ends here, with a pass or in the middle of one.
        rows = Array(pass.places[(stretch.place + 1)...].prefix { !certain[$0] })
      }
      let runs = self.runs(stretch.first + 1..<(next?.first ?? kinds.count), kinds, places, verdicts)
      assign(runs, to: rows.filter { forms[$0] != nil }, behind: stretch, kinds, &verdicts)
    }
  }

  /// Rows that stand between two places of the pass, or behind the first and, in the next pass, before the second.
  private func between(_ first: Int, _ second: Int) -> [Int] {
    guard second <= first else { return Array(pass.places[(first + 1)..<second]) }
    return Array(pass.places[(first + 1)...] + pass.places[..<second])
  }

  /// Kernels of one operation that nothing is known of, as they follow each other between kernels of rows.
  private func runs(
    _ range: Range<Int>, _ kinds: [Int], _ places: [Int?], _ verdicts: [TraceMatch.Verdict]
  ) -> [[Int]] {
    var runs: [[Int]] = [[]]
    for index in range {
      if places[index] != nil {
        runs.append([])
      } else if let group = groups[kinds[index]], verdicts[index] == .known(group), Self.isWork(group) {
        runs[runs.count - 1].append(index)
      }
    }
    // Copies alone are no row's: they bring tensors into another order.
    return runs.filter { run in run.contains { groups[kinds[$0]] != .copy } }
  }

  private func assign(
    _ runs: [[Int]], to rows: [Int], behind stretch: (place: Int, first: Int), _ kinds: [Int],
    _ verdicts: inout [TraceMatch.Verdict]
  ) {
    if rows.count == 1 {
      give(runs.flatMap { $0 }, to: rows[0], kinds, &verdicts)
    } else if rows.count > 1, rows.count == runs.count {
      guard zip(runs, rows).allSatisfy({ canBe($0, row: $1, kinds) }) else { return }
      for (run, row) in zip(runs, rows) { give(run, to: row, kinds, &verdicts) }
    } else if rows.isEmpty, groups[kinds[stretch.first]] != nil {
      // What follows a row's own single operation, as the product behind an activation, goes on with it.
      let row = pass.places[stretch.place]
      guard forms[row] == .elements, let run = runs.first, canBe(run, row: row, kinds) else { return }
      for index in run { verdicts[index] = .operation(row) }
    }
  }

  private func give(_ run: [Int], to row: Int, _ kinds: [Int], _ verdicts: inout [TraceMatch.Verdict]) {
    guard let first = run.first, canBe(run, row: row, kinds) else { return }
    verdicts[first] = .row(row)
    for index in run.dropFirst() { verdicts[index] = .operation(row) }
  }

  /// Whether kernels can be all of a row's work. More than so many are more than the row.
  private func canBe(_ run: [Int], row: Int, _ kinds: [Int]) -> Bool {
    func count(_ group: KernelGroup) -> Int { run.count { groups[kinds[$0]] == group } }
    return switch forms[row] {
    case .norm: count(.reduction) == 1 && run.count <= 14
    case .rotation: count(.reduction) == 0 && count(.elementwise) >= 2 && run.count <= 24
    case .elements: count(.reduction) == 0 && count(.elementwise) + count(.activation) >= 1 && run.count <= 8
    case nil: false
    }
  }

  /// Whether kernels of a group do what a row states.
  private static func isWork(_ group: KernelGroup) -> Bool {
    switch group {
    case .elementwise, .reduction, .activation, .copy: true
    case .product, .experts, .routing, .attention, .cache, .rotary, .norm, .recurrence, .embedding, .collective,
      .quantization, .sampling, .indexing, .fill, .bookkeeping, .convolution, .training:
      false
    }
  }
}
