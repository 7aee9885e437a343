import RooflineCore

extension MatrixProduct {
  /// Why cuBLASLt does not compute the product on such a GPU, a clause; nil where nothing is known against it.
  ///
  /// The rules are those of cublasLtMatmul's documentation: "To use IMMA kernels …", "To use FP8 kernels …". What a GPU
  /// would compute in another format than the one asked for (tf32 and bf16 before Ampere) is refused, too.
  package func refusal(on capability: ComputeCapability) -> String? {
    shapeRefusal ?? deviceRefusal(capability) ?? alignmentRefusal
  }

  private var shapeRefusal: String? {
    let legal = 1...Int(Int32.max)
    let rightColumns = rightOrder == .nk ? k : n
    return if ![m, n, k, batchCount].allSatisfy(legal.contains) {
      "m, n, k and the number of products must lie between 1 and \(legal.upperBound)"
    } else if ![left, right, output].map(\.leadingDimension).allSatisfy(legal.contains) {
      "rows must lie between 1 and \(legal.upperBound) elements apart"
    } else if left.leadingDimension < k || right.leadingDimension < rightColumns || output.leadingDimension < n {
      "rows overlap: they lie closer than they are wide"
    } else if [left, right, output].contains(where: { $0.batchStride < 0 }) {
      "the matrices of a batch must follow one another upward"
    } else if batchCount > 1, output.batchStride == 0 {
      "every product of a batch would overwrite the one before"
    } else if batchCount > 1, epilogue != .none {
      "an epilogue is for single products"
    } else {
      nil
    }
  }

  private func deviceRefusal(_ capability: ComputeCapability) -> String? {
    let least =
      switch format {
      case .fp32: ComputeCapability(major: 5, minor: 0)
      case .fp16: ComputeCapability(major: 7, minor: 0)
      case .int8: ComputeCapability(major: 7, minor: 5)
      case .tf32, .bf16: ComputeCapability(major: 8, minor: 0)
      case .fp8: ComputeCapability(major: 8, minor: 9)
      }
    guard capability < least else { return nil }
    return "\(format.rawValue) needs compute capability \(least), and this GPU has \(capability)"
  }

  private var alignmentRefusal: String? {
    guard format == .int8 || format == .fp8 else { return nil }
    if rightOrder == .kn { return "\(format.rawValue) needs the right matrix as n rows of k" }
    if format == .int8, epilogue != .none { return "int8 has no epilogue" }
    // 4 elements, or 16 bytes.
    let (inputs, outputs) = format == .int8 ? (4, 4) : (16, 16 / format.outputBytes)
    let isBatch = batchCount > 1
    let read = [k, left.leadingDimension, right.leadingDimension]
    if (read + (isBatch ? [left.batchStride, right.batchStride] : [])).contains(where: { $0 % inputs != 0 }) {
      return "\(format.rawValue) needs k and what lies between rows and matrices as multiples of \(inputs) elements"
    }
    let written = [n, output.leadingDimension] + (isBatch ? [output.batchStride] : [])
    if written.contains(where: { $0 % outputs != 0 }) {
      return "\(format.rawValue) needs n and what lies between the output's rows as multiples of \(outputs) elements"
    }
    return nil
  }
}
