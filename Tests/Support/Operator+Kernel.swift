import RooflineCore
import RooflineTimeModels

/// Kernels by themselves, as measured files list them: every operand in one format, what is narrower than 16 bits left in bf16.
extension Operator where Scalar == Count {
  package static func gemm(m: UInt64, n: UInt64, k: UInt64, dtype: DType = .bf16) -> Operator {
    .gemm(GEMM(m: Count(m), n: Count(n), k: Count(k), formats: formats(dtype, dtype)))
  }

  /// - Parameter window: 0: none.
  package static func attention(
    batch: UInt64, query: UInt64, context: UInt64, heads: UInt64, keyValueHeads: UInt64, headDim: UInt64,
    window: UInt64 = 0, dtype: DType = .bf16, keyValueDType: DType? = nil
  ) -> Operator {
    let shape = AttentionShape(
      batch: Count(batch), queryTokens: Count(query), attendedKeys: Count(context), heads: Count(heads),
      keyValueHeads: Count(keyValueHeads), headDim: Count(headDim))
    return .attention(
      Attention(
        shape, mask: window == 0 ? .causal : .slidingWindow(Count(window)), queries: dtype,
        formats: formats(dtype, keyValueDType ?? dtype)))
  }

  package static func rmsNorm(rows: UInt64, width: UInt64, dtype: DType = .bf16) -> Operator {
    .rmsNorm(RMSNorm(rows: Count(rows), width: Count(width), formats: formats(dtype, dtype)))
  }

  package static func rotary(
    rows: UInt64, heads: UInt64, keyValueHeads: UInt64, headDim: UInt64, dtype: DType = .bf16
  ) -> Operator {
    let shape = AttentionShape(
      batch: 1, queryTokens: Count(rows), attendedKeys: Count(rows), heads: Count(heads),
      keyValueHeads: Count(keyValueHeads), headDim: Count(headDim))
    return .rotary(Rotary(shape, keySource: .keyValueCache, formats: formats(dtype, dtype)))
  }

  package static func collective(_ pattern: CollectivePattern, ranks: UInt64, bytes: UInt64) -> Operator {
    .collective(Collective(pattern, ranks: Count(ranks), message: Count(bytes)))
  }

  private static func formats(_ dtype: DType, _ keyValue: DType) -> NumberFormats {
    NumberFormats(weight: dtype, activation: dtype, keyValueCache: keyValue, model: .bf16)
  }
}

extension Calibration.Constants {
  package static func gemm(_ constants: GEMMConstants) -> Self {
    Self(ModelConstants<GEMMTimeModel>(constants, WholeKernel()))
  }

  package static func prefill(_ constants: PrefillConstants, _ cut: PrefillCut) -> Self {
    Self(ModelConstants<PrefillTimeModel>(constants, cut))
  }

  package static func decode(_ constants: DecodeConstants, _ cut: DecodeCut) -> Self {
    Self(ModelConstants<DecodeTimeModel>(constants, cut))
  }

  package static func row(_ constants: RowConstants) -> Self {
    Self(ModelConstants<RowTimeModel>(constants, WholeKernel()))
  }

  package static func collective(_ constants: CollectiveConstants) -> Self {
    Self(ModelConstants<CollectiveTimeModel>(constants, WholeKernel()))
  }

  /// The constants of a model; nil where they are another's.
  package func of<Model: KernelTimeModel>(_ model: Model.Type) -> Model.Constants? {
    (parameters as? ModelConstants<Model>)?.constants
  }

  /// The same with every constant changed by its parameter.
  package func mapped(_ change: (_ key: String, _ bounds: ClosedRange<Double>, _ isRequired: Bool, Double) -> Double)
    -> Self
  {
    func mapped<P: ModelParameters>(_ parameters: P) -> Self {
      var parameters = parameters
      for parameter in P.Model.Constants.parameters {
        let value = parameter.get(parameters.constants)
        parameter.set(&parameters.constants, change(parameter.key, parameter.bounds, parameter.isRequired, value))
      }
      return Self(parameters)
    }
    return mapped(parameters)
  }
}
