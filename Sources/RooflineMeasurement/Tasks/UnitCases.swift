import RooflineCore

/// The 41 cases of the owner's kernel tests (note 004), in their order and by their names: pytest writes the last of stacked
/// parameters first, so that `test_rmsnorm[32-128]` has 128 rows of 32.
struct UnitCases {
  let formats: NumberFormats

  var tasks: [MeasurementTask] {
    let wide: [(UInt64, UInt64)] = [
      (32, 128), (32, 32), (32, 64), (128, 128), (128, 32), (128, 64), (64, 128), (64, 32), (64, 64),
    ]
    let ffn = [
      task("test_fused_ffn[128-128-64]", .linearGelu(LinearGelu(GEMM(m: 128, n: 128, k: 64, formats: formats))))
    ]
    let norms = [(32, 128), (32, 32), (128, 128), (128, 32), (64, 128), (64, 32)].map { (width: UInt64, rows: UInt64) in
      task(
        "test_rmsnorm[\(width)-\(rows)]", .rmsNorm(RMSNorm(rows: Count(rows), width: Count(width), formats: formats)))
    }
    let layerNorms = wide.map { (width: UInt64, rows: UInt64) in
      task(
        "test_layernorm[\(width)-\(rows)]",
        .layerNorm(LayerNorm(rows: Count(rows), width: Count(width), formats: formats)))
    }
    let softmaxes = wide.map { (width: UInt64, rows: UInt64) in
      task(
        "test_softmax[\(width)-\(rows)]",
        .softmax(Softmax(elements: Count(rows) * Count(width), width: Count(width), formats: formats)))
    }
    return (ffn + norms + layerNorms + softmaxes + attention).compactMap { $0 }
  }

  /// Head dim, tokens, sequences and heads; every query sees every key.
  private var attention: [MeasurementTask?] {
    let sizes: [(batch: UInt64, heads: UInt64)] = [(4, 8), (8, 16), (24, 32), (64, 20)]
    return [UInt64(32), 64].flatMap { headDim in
      [UInt64(128), 256].flatMap { tokens in
        sizes.map { size in
          task(
            "test_flash_attention_v1[\(headDim)-\(tokens)-\(size.batch)-\(size.heads)]",
            .attention(
              Attention(
                AttentionShape(
                  batch: Count(size.batch), queryTokens: Count(tokens), attendedKeys: Count(tokens),
                  heads: Count(size.heads), keyValueHeads: Count(size.heads), headDim: Count(headDim)), mask: .full,
                formats: formats)))
        }
      }
    }
  }

  private func task(_ name: String, _ value: Operator<Count>) -> MeasurementTask? {
    MeasurementTask(names: [name], value, formats)
  }
}
