import RooflineCore

/// Lists of operators that are worth measuring on any GPU.
package enum MeasurementSuite: String, Hashable, Sendable, CaseIterable {
  /// Curves of single kernels: softmax, linear layer and norms over widths, attention over lengths.
  case kernels
  /// What the GPU achieves at best: copies, products, exponentials, launches.
  case ceilings
  /// The ceilings, and at most 40 shapes of each kind of kernel to fit a time model to.
  case calibration
  /// The 41 cases of the owner's note 004: whether their results are right, and no times.
  case units

  package var hasCeilings: Bool {
    switch self {
    case .ceilings, .calibration: true
    case .kernels, .units: false
    }
  }

  /// The operators in their formats.
  package func tasks(_ formats: NumberFormats) -> [MeasurementTask] {
    switch self {
    case .kernels: return KernelCurves(formats: formats).tasks
    case .ceilings: return []
    case .calibration: return CalibrationShapes(formats: formats).tasks
    case .units: return UnitCases(formats: formats).tasks
    }
  }
}

/// Kernels whose time is drawn over one size, the others fixed.
struct KernelCurves {
  let formats: NumberFormats

  var tasks: [MeasurementTask] {
    let rows: Count = 4096
    let widths = stride(from: UInt64(256), through: 12_544, by: 512).map { Count($0) }
    let normWidths = stride(from: UInt64(1024), through: 16_384, by: 1024).map { Count($0) }
    let edges = stride(from: UInt64(256), through: 4096, by: 256).map { Count($0) }
    return curve("softmax, 4096 rows", "width", widths) {
      .softmax(Softmax(elements: rows * $0, width: $0, formats: formats))
    } + curve("linear, m = n = k", "width", edges) { .gemm(GEMM(m: $0, n: $0, k: $0, formats: formats)) }
      + curve("rmsnorm, 4096 rows", "width", normWidths) {
        .rmsNorm(RMSNorm(rows: rows, width: $0, formats: formats))
      }
      + curve("layernorm, 4096 rows", "width", normWidths) {
        .layerNorm(LayerNorm(rows: rows, width: $0, formats: formats))
      } + attention(batch: 8, heads: 64) + attention(batch: 4, heads: 32)
  }

  /// Head dim 64, every query sees every key.
  private func attention(batch: UInt64, heads: UInt64) -> [MeasurementTask] {
    let lengths = (9...14).map { Count(UInt64(1) << $0) }
    return curve("attention, batch \(batch), heads \(heads), d 64, not causal", "sequence", lengths) { length in
      .attention(
        Attention(
          AttentionShape(
            batch: Count(batch), queryTokens: length, attendedKeys: length, heads: Count(heads),
            keyValueHeads: Count(heads), headDim: 64), mask: .full, formats: formats))
    }
  }

  private func curve(
    _ name: String, _ variable: String, _ values: [Count], _ value: (Count) -> Operator<Count>
  ) -> [MeasurementTask] {
    values.compactMap { x in
      MeasurementTask(
        names: [], value(x), formats, curve: .init(name: name, variable: variable, x: x.value))
    }
  }
}

/// Shapes spread evenly over the logarithms of their sizes, by the sequence of Halton (1960): few points, no gaps.
package struct CalibrationShapes {
  let formats: NumberFormats
  static let shapesOfAKind = 40

  var tasks: [MeasurementTask] { products + prefills + decodes + rows }

  private var products: [MeasurementTask] {
    points(4).map { p in
      .gemm(
        GEMM(
          m: Self.size(p[0], 1...8192, multipleOf: 1), n: Self.size(p[1], 256...28_672, multipleOf: 128),
          k: Self.size(p[2], 256...16_384, multipleOf: 128), formats: formats))
    }.compactMap(task)
  }

  private var prefills: [MeasurementTask] {
    points(4).map { p in
      let keyHeads = Self.size(p[2], 1...16, multipleOf: 1)
      let length = Self.size(p[1], 64...8192, multipleOf: 16)
      return .attention(
        Attention(
          AttentionShape(
            batch: Self.size(p[0], 1...8, multipleOf: 1), queryTokens: length, attendedKeys: length,
            heads: keyHeads * Self.group(p[3]), keyValueHeads: keyHeads, headDim: 128), mask: .causal,
          formats: formats))
    }.compactMap(task)
  }

  private var decodes: [MeasurementTask] {
    points(4).map { p in
      let keyHeads = Self.size(p[2], 1...16, multipleOf: 1)
      return .attention(
        Attention(
          AttentionShape(
            batch: Self.size(p[0], 1...64, multipleOf: 1), queryTokens: 1,
            attendedKeys: Self.size(p[1], 128...16_384, multipleOf: 16), heads: keyHeads * Self.group(p[3]),
            keyValueHeads: keyHeads, headDim: 128), mask: .causal, formats: formats))
    }.compactMap(task)
  }

  private var rows: [MeasurementTask] {
    let shapes = points(2).prefix(24).map { p in
      (rows: Self.size(p[0], 1...8192, multipleOf: 1), width: Self.size(p[1], 512...16_384, multipleOf: 128))
    }
    let kinds: [(Count, Count) -> Operator<Count>] = [
      { .rmsNorm(RMSNorm(rows: $0, width: $1, formats: formats)) },
      { .addRMSNorm(AddRMSNorm(rows: $0, width: $1, formats: formats)) },
      { .gatedActivation(GatedActivation(.silu, rows: $0, width: $1, formats: formats)) },
      { .residualAdd(ResidualAdd(elements: $0 * $1, formats: formats)) },
      { .embedding(Embedding(tokens: $0, ownRows: $0, width: $1, formats: formats)) },
      { rows, width in
        // As many heads of 128 as the width has, a fifth of them keys.
        let heads = max(2, width.value / 128)
        let keyHeads = max(1, heads / 5)
        let shape = AttentionShape<Count>(
          batch: 1, queryTokens: rows, attendedKeys: rows, heads: Count(heads - keyHeads),
          keyValueHeads: Count(keyHeads), headDim: 128)
        return .rotary(Rotary(shape, keySource: .keyValueCache, formats: formats))
      },
    ]
    return kinds.flatMap { kind in shapes.compactMap { task(kind($0.rows, $0.width)) } }
  }

  private func task(_ value: Operator<Count>) -> MeasurementTask? { MeasurementTask(names: [], value, formats) }

  private func points(_ dimensions: Int) -> [[Double]] {
    let primes = [2, 3, 5, 7]
    return (1...Self.shapesOfAKind).map { index in primes.prefix(dimensions).map { Self.halton(index, base: $0) } }
  }

  /// The digits of the index behind the point, in reverse: in [0, 1).
  package static func halton(_ index: Int, base: Int) -> Double {
    var (rest, scale, value) = (index, 1.0, 0.0)
    while rest > 0 {
      scale /= Double(base)
      value += Double(rest % base) * scale
      rest /= base
    }
    return value
  }

  private static func size(_ share: Double, _ range: ClosedRange<UInt64>, multipleOf step: UInt64) -> Count {
    let (low, high) = (Double(range.lowerBound), Double(range.upperBound))
    let value = low * Mathematics.exponential(share * Mathematics.naturalLogarithm(high / low))
    return Count(max(step, UInt64((value / Double(step)).rounded()) * step))
  }

  /// Query heads a KV head: 1, 4 or 8.
  private static func group(_ share: Double) -> Count { [1, 4, 8][Int(share * 3)] }
}
