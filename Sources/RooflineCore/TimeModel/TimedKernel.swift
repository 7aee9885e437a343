/// One kernel call as a time model sees it: shapes and formats, whoever counted or measured them.
public struct TimedKernel: Hashable, Sendable {
  public enum Shape: Hashable, Sendable {
    case gemm(GEMMTimeModel.Shape)
    case prefill(AttentionCall)
    case decode(AttentionCall)
    case row(RowCall)
    case collective(CollectiveCall)
  }

  public let shape: Shape
  public let dtype: DType
  /// Of the KV cache, in attention.
  public let keyValueDType: DType

  public init(_ shape: Shape, dtype: DType, keyValueDType: DType? = nil) {
    self.shape = shape
    self.dtype = dtype
    self.keyValueDType = keyValueDType ?? dtype
  }

  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case gemm, attention, row, collective
  }

  public var kind: Kind {
    switch shape {
    case .gemm: .gemm
    case .prefill, .decode: .attention
    case .row: .row
    case .collective: .collective
    }
  }

  /// prefill or decode, in attention.
  public var phase: Phase? {
    switch shape {
    case .prefill: .prefill
    case .decode: .decode
    case .gemm, .row, .collective: nil
    }
  }

  /// The operator inside a kind that has several.
  public var operation: OperatorKind? {
    switch shape {
    case .row(let call): call.operation
    case .collective(let call): call.operation
    case .gemm, .prefill, .decode: nil
    }
  }
}

/// Fused attention of B sequences: T queries each, the last of C keys.
public struct AttentionCall: Hashable, Sendable {
  public var batch, query, context, heads, keyValueHeads, headDim: Double
  /// Keys a query sees at most; 0: all.
  public var window: Double
  /// Bytes of an element of q, and of K and V.
  public var queryBytes, keyValueBytes: Double
  /// Whether K and V may still be in L2: a benchmark's replay, or keys that the kernel before has just written.
  public var isWarm: Bool

  public init(
    batch: Double, query: Double, context: Double, heads: Double, keyValueHeads: Double, headDim: Double,
    window: Double = 0, queryBytes: Double = 2, keyValueBytes: Double = 2, isWarm: Bool = true
  ) {
    self.batch = batch
    self.query = query
    self.context = context
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headDim = headDim
    self.window = window
    self.queryBytes = queryBytes
    self.keyValueBytes = keyValueBytes
    self.isWarm = isWarm
  }

  /// Query heads a KV head serves.
  public var group: Double { heads / keyValueHeads }
}

/// A kernel that works row by row: a norm, an activation, an addition, rotary, a gather.
public struct RowCall: Hashable, Sendable {
  public var operation: OperatorKind
  public var rows, width: Double
  /// Bytes of an element.
  public var elementBytes: Double
  /// Of rotary: 0 where they are not known.
  public var heads, keyValueHeads, headDim: Double

  public init(
    _ operation: OperatorKind, rows: Double, width: Double, elementBytes: Double = 2, heads: Double = 0,
    keyValueHeads: Double = 0, headDim: Double = 0
  ) {
    self.operation = operation
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headDim = headDim
    self.rows = rows
    self.width = width
    self.elementBytes = elementBytes
  }
}

/// A collective over a buffer.
public struct CollectiveCall: Hashable, Sendable {
  public var operation: OperatorKind
  /// `bytes`: the full buffer, as nccl-tests counts it.
  public var ranks, bytes: Double

  public init(_ operation: OperatorKind, ranks: Double, bytes: Double) {
    self.operation = operation
    self.ranks = ranks
    self.bytes = bytes
  }
}

extension RowCall {
  /// The operators that work row by row.
  public static let operations = Set(RowOperation.allCases.map(\.kind))
}

extension CollectiveCall {
  public static let operations = Set(CollectivePattern.allCases.map(\.kind))
}
