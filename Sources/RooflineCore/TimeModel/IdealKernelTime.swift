/// The ideal time of a kernel call that somebody measured: its operator, counted, at the datasheet's rates.
public enum IdealKernelTime {
  /// µs; nil where the GPU's file lacks a rate, or nothing can be counted: the operator is unknown, or a count is above `Count.limit`.
  public static func microseconds(_ kernel: TimedKernel, _ hardware: HardwareSpec, _ options: RateOptions) -> Double? {
    guard let value = kernel.counted else { return nil }
    let ranks: UInt64 = if case .collective(let collective) = value { collective.ranks.value } else { 1 }
    let rates = DeviceRates(hardware, options, ranks: ranks)
    return OperatorPrediction(
      exactly: value.cost, of: value.kind, rates: rates, time: IdealTime(overlap: options.overlap))?
      .time.map { $0.value * 1e6 }
  }
}

extension IdealKernelTime {
  /// µs below which no call of the kernel ends, even where all that L2 holds was there before; nil as for `microseconds`.
  public static func leastMicroseconds(_ kernel: TimedKernel, _ hardware: HardwareSpec) -> Double? {
    guard let time = microseconds(kernel, hardware, RateOptions()), let cost = kernel.counted?.cost else { return nil }
    guard cost.wireSteps == 0, let memory = hardware.memory, let bandwidth = memory.bandwidth else { return time }
    let roofs = OperatorPrediction.roofTimes(of: cost, rates: DeviceRates(hardware, RateOptions(), ranks: 1))
    // CUDA cores and special functions are left out: kernels pack two elements or approximate.
    let fromDRAM = roofs.memory - Double(memory.l2 ?? 0) / bandwidth
    return max(roofs.tensor, fromDRAM, 0) * 1e6
  }
}

extension Operator where Scalar == Count {
  var kind: OperatorKind { accept(KindVisitor()) }
}

private struct KindVisitor: OperatorVisitor {
  typealias Scalar = Count
  func visit<D: OperatorDefinition>(_ definition: D) -> OperatorKind where D.Scalar == Count { definition.kind }
}

extension TimedKernel {
  /// Whether a count of the kernel's operator is above `Count.limit`: there is no roof to hold it against.
  public var isBeyondCounts: Bool { counted?.cost.isOverflow == true }

  /// The operator that the kernel is, to be counted; nil where it is unknown or not fully described. Sizes beyond a count saturate.
  var counted: Operator<Count>? {
    func count(_ x: Double) -> Count { Count(x < 0x1p63 ? UInt64(max(x, 0)) : .max) }
    let formats = NumberFormats(weight: dtype, activation: dtype, keyValueCache: keyValueDType, model: .bf16)
    switch shape {
    case .gemm(let shape):
      return .gemm(GEMM(m: count(shape.m), n: count(shape.n), k: count(shape.k), formats: formats))
    case .prefill(let call), .decode(let call):
      let shape = AttentionShape(
        batch: count(call.batch), queryTokens: count(call.query), attendedKeys: count(call.context),
        heads: count(call.heads), keyValueHeads: count(call.keyValueHeads), headDim: count(call.headDim))
      return .attention(
        Attention(shape, mask: call.window > 0 ? .slidingWindow(count(call.window)) : .causal, formats: formats))
    case .row(let call):
      let (rows, width) = (count(call.rows), count(call.width))
      switch RowOperation(call.operation) {
      case .rmsNorm: return .rmsNorm(RMSNorm(rows: rows, width: width, formats: formats))
      case .layerNorm: return .layerNorm(LayerNorm(rows: rows, width: width, formats: formats))
      case .addRMSNorm: return .addRMSNorm(AddRMSNorm(rows: rows, width: width, formats: formats))
      case .siluAndMul: return .siluAndMul(SiluAndMul(rows: rows, width: width, formats: formats))
      case .gelu: return .gelu(Gelu(elements: rows * width, formats: formats))
      case .residualAdd: return .residualAdd(ResidualAdd(elements: rows * width, formats: formats))
      case .softmax: return .softmax(Softmax(elements: rows * width, width: width, formats: formats))
      case .embedding: return .embedding(Embedding(tokens: rows, ownRows: rows, width: width, formats: formats))
      case .rotary:
        guard call.heads > 0, call.headDim > 0 else { return nil }
        let shape = AttentionShape(
          batch: 1, queryTokens: rows, attendedKeys: rows, heads: count(call.heads),
          keyValueHeads: count(call.keyValueHeads), headDim: count(call.headDim))
        return .rotary(Rotary(shape, keySource: .keyValueCache, formats: formats))
      case nil: return nil
      }
    case .collective(let call):
      guard let pattern = CollectivePattern.allCases.first(where: { $0.kind == call.operation }) else { return nil }
      return .collective(Collective(pattern, ranks: count(call.ranks), message: count(call.bytes)))
    }
  }
}
