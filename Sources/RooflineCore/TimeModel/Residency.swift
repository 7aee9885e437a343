/// What lies in L2 when a kernel starts.
public enum Residency: String, Hashable, Sendable, CaseIterable {
  /// A real step: weights and the KV cache come from DRAM, what the kernel before wrote may be in L2.
  case serving
  /// A benchmark that calls the same kernel on the same tensors again and again.
  case warm
}

extension TimedKernel {
  /// The same call under another residency.
  public func with(_ residency: Residency) -> TimedKernel {
    var shape = shape
    switch shape {
    case .gemm(var gemm):
      gemm.copies = residency == .serving ? GEMMTimeModel.Shape.coldCopies : 1
      shape = .gemm(gemm)
    case .decode(var call):
      call.isWarm = residency == .warm
      shape = .decode(call)
    // Keys of a prompt have just been written by the kernel before.
    case .prefill, .row, .collective: break
    }
    return TimedKernel(shape, dtype: dtype, keyValueDType: keyValueDType)
  }
}

extension TimedKernel {
  /// A GEMM with so many weights like its own between two uses of it.
  func with(copies: Double?) -> TimedKernel {
    guard let copies, case .gemm(var gemm) = shape else { return self }
    gemm.copies = copies
    return TimedKernel(.gemm(gemm), dtype: dtype, keyValueDType: keyValueDType)
  }
}

/// How kernels are started, which decides what a call costs beside its work.
public enum Launch: String, Hashable, Sendable, CaseIterable {
  /// From a CUDA graph, or timed without launch gaps.
  case graph
  /// One call after another from Python.
  case eager

  /// - Parameter timing: as measured data say it.
  public init(timing: String) { self = timing == "eager" ? .eager : .graph }
}
