import Foundation
import RooflineAnalysis
import RooflineComparison
import RooflineCore
import RooflineTimeModels
import TestSupport

/// Kernels that nobody timed: a model's own times with lognormal noise, so that the constants behind them are known.
struct SyntheticRows: Sendable {
  /// An A100 of which nothing else is known.
  static let facts = DeviceFacts(
    tensor: 312e12, bandwidth: 2039e9, streamingMultiprocessors: 108, clock: 1.41e9, l2: 40e6, link: 300e9)
  static let generation = GPUGeneration.ampere

  let key: Calibration.Key
  let truth: Calibration.Constants
  /// The kernel of a row; rows must tell all constants apart.
  let kernel: @Sendable (Int, inout SeededGenerator) -> Operator<Count>
  /// Of GEMMs: how many weights take turns.
  var copies: (@Sendable (Int, inout SeededGenerator) -> Double)?

  func rows(_ count: Int, noise: Double, _ generator: inout SeededGenerator) -> [Observation] {
    let model = truth.model(SyntheticRows.facts, generation: SyntheticRows.generation)!
    return (0..<count).map { index in
      let value = kernel(index, &generator)
      let conditions = KernelConditions(.warm, copies: copies?(index, &generator))
      return Observation(
        value, dtype: key.dtype, conditions: conditions, family: key.family, source: "synthetic",
        seconds: model.seconds(of: value, conditions) * exp(noise * SyntheticRows.normal(&generator)), line: index + 2)
    }
  }

  /// The same kernels with heads of another width, and some constants of their own.
  func heads(of headDim: UInt64, _ change: (String, Double) -> Double) -> SyntheticRows {
    var key = key
    key.headDim = Int(headDim)
    let own = kernel
    return SyntheticRows(key: key, truth: truth.mapped { name, _, _, value in change(name, value) }) {
      index, generator in
      let value = own(index, &generator)
      guard case .attention(let attention) = value else { return value }
      let shape = attention.shape
      return .attention(
        batch: shape.batch.value, query: shape.queryTokens.value, context: shape.attendedKeys.value,
        heads: shape.heads.value,
        keyValueHeads: shape.keyValueHeads.value, headDim: headDim)
    }
  }

  /// A standard normal number (Box and Muller 1958).
  static func normal(_ generator: inout SeededGenerator) -> Double {
    let radius = (-2 * log(Double.random(in: 1e-12...1, using: &generator))).squareRoot()
    return radius * cos(2 * .pi * Double.random(in: 0...1, using: &generator))
  }

  /// Log-uniform whole number.
  static func size(_ low: Double, _ high: Double, _ generator: inout SeededGenerator) -> UInt64 {
    UInt64(exp(Double.random(in: log(low)...log(high), using: &generator)).rounded())
  }

  /// Each eighth of the rows shows one thing: launch, waves at small K, weights from DRAM, splits, mid-size and long products, L2
  /// residency, and whatever models have.
  static let gemm = SyntheticRows(
    key: .init(kind: .gemm, family: "cublas", dtype: .bf16),
    truth: .gemm(
      GEMMConstants(
        launch: 1.83, waveFill: 1.85, epilogue: 12.2, burst: 0.96, sustained: 0.80, clockHalfTime: 1500,
        bandwidth: 0.782, l2: 31.9, splitK: 2.11, residency: 0.65)),
    kernel: { index, generator in
      let ranges: [(m: (Double, Double), n: (Double, Double), k: (Double, Double))] = [
        ((1, 256), (32, 1024), (32, 32)), ((1024, 16_384), (1024, 16_384), (64, 64)),
        ((1, 16), (8192, 32_768), (8192, 32_768)), ((16, 128), (512, 2048), (8192, 65_536)),
        ((2048, 8192), (2048, 8192), (2048, 8192)), ((8192, 16_384), (8192, 16_384), (8192, 16_384)),
        ((1, 64), (512, 8192), (512, 8192)), ((64, 4096), (512, 8192), (512, 8192)),
      ]
      let range = ranges[index % 8]
      return .gemm(
        m: size(range.m.0, range.m.1, &generator), n: size(range.n.0, range.n.1, &generator),
        k: size(range.k.0, range.k.1, &generator))
    }, copies: { index, generator in index % 8 == 6 ? Double(size(1, 8, &generator)) : 6 })

  /// Of grouped heads alone: ungrouped ones are another kernel, with an entry of its own.
  static let decode = SyntheticRows(
    key: .init(
      kind: .attention, family: "vllm-fa3", phase: .decode, dtype: .bf16, keyValueDType: .bf16, headDim: 128),
    truth: .decode(
      DecodeConstants(
        fixed: 8.5, combine: 3, combinePerSplit: 0.1, cta: 1.5, block: 2, bandwidth: 0.85, l2Bandwidth: 1.8,
        residency: 0.7), DecodeCut(rule: .efficient))
  ) { index, generator in
    let keyValueHeads = size(1, 8, &generator)
    let ranges = [((1.0, 256.0), (128.0, 65_536.0)), ((1, 8), (16, 4096)), ((16, 128), (16, 2048))]
    let (batch, context) = ranges[index % 3]
    return .attention(
      batch: size(batch.0, batch.1, &generator), query: 1, context: size(context.0, context.1, &generator),
      heads: keyValueHeads * [2, 4, 8][Int(generator.next() % 3)], keyValueHeads: keyValueHeads, headDim: 128)
  }

  static let prefill = SyntheticRows(
    key: .init(
      kind: .attention, family: "vllm-fa3", phase: .prefill, dtype: .bf16, keyValueDType: .bf16, headDim: 128),
    truth: .prefill(
      PrefillConstants(
        fixed: 9, tensor: 0.7, tile: 1.5, bandwidth: 0.9, token: 1, tail: 0.8, sag: 0.2, residency: 0.4),
      PrefillCut(queryRows: 128, keys: 128, packsGroup: true, split: .fa3))
  ) { index, generator in
    let keyValueHeads = size(1, 8, &generator)
    let query = size(16, index % 3 == 0 ? 256 : 16_384, &generator)
    return .attention(
      batch: size(1, 32, &generator), query: query, context: query,
      heads: keyValueHeads * [1, 4, 8][Int(generator.next() % 3)], keyValueHeads: keyValueHeads, headDim: 128)
  }

  static let row = SyntheticRows(
    key: .init(kind: .row, family: "vllm", operation: .rmsNorm, dtype: .fp16),
    truth: .row(
      RowConstants(
        fixed: 1.5, bandwidth: 0.88, l2: 18, residency: 0.5, cta: 0.6, iteration: 0.8, overlap: 1.3, tail: 0.8))
  ) { index, generator in
    .rmsNorm(
      rows: size(1, index % 2 == 0 ? 1024 : 65_536, &generator), width: size(64, 16_384, &generator), dtype: .fp16)
  }

  static let collective = SyntheticRows(
    key: .init(kind: .collective, family: "nccl", operation: .allReduce, dtype: .bf16),
    truth: .collective(
      CollectiveConstants(
        first: .init(latency: 7.8, step: 2.1, share: 0.10), second: .init(latency: 14, step: 1.5, share: 0.43),
        third: .init(latency: 64, step: 0.9, share: 0.72)))
  ) { _, generator in
    .collective(.allReduce, ranks: [2, 4, 8][Int(generator.next() % 3)], bytes: size(512, 4e9, &generator))
  }

  static let all = [gemm, decode, prefill, row, collective]
}
