import RooflineCore

/// out (m×n) = epilogue(A (m×k) · B), row-major: the product of a linear layer, or a batch of products as attention has them.
package struct MatrixProduct: Hashable, Sendable {
  package var m: Int
  package var n: Int
  package var k: Int
  package var format: Format
  package var epilogue: Epilogue
  package var rightOrder: RightOrder
  package var left: Matrix
  package var right: Matrix
  package var output: Matrix
  /// Products of the same shape in one call.
  package var batchCount: Int

  /// Of A and B; it decides the output's.
  package enum Format: String, Hashable, Sendable, CaseIterable {
    /// `fp8` is e4m3.
    case fp32, tf32, fp16, bf16, fp8, int8

    /// Bytes of an element of A or B.
    package var bytes: Int {
      switch self {
      case .fp32, .tf32: 4
      case .fp16, .bf16: 2
      case .fp8, .int8: 1
      }
    }

    /// Bytes of an element of the output and of the bias: fp32 for fp32 and tf32, bf16 for fp8, 32-bit integers for int8,
    /// otherwise the input's format.
    package var outputBytes: Int {
      switch self {
      case .fp32, .tf32, .int8: 4
      case .fp16, .bf16, .fp8: 2
      }
    }
  }

  /// What happens to the sums before they are stored.
  package enum Epilogue: Hashable, Sendable, CaseIterable {
    case none
    /// Adds n elements, one a column.
    case bias
    /// gelu(x) = x/2 · (1 + tanh(√(2/π) · (x + 0.044715x³))).
    case gelu
    /// The bias first.
    case biasGelu

    package var hasBias: Bool { self == .bias || self == .biasGelu }
  }

  package enum RightOrder: Hashable, Sendable {
    /// B lies as n rows of k, as a linear layer's weight and attention's keys do: out = A·Bᵀ.
    case nk
    /// B lies as k rows of n, as attention's values do: out = A·B.
    case kn
  }

  /// Where the rows of a matrix and the matrices of a batch lie, in elements.
  package struct Matrix: Hashable, Sendable {
    /// From one row to the next.
    package var leadingDimension: Int
    /// From one matrix of the batch to the next; 0 where all are the same one.
    package var batchStride: Int

    package init(leadingDimension: Int, batchStride: Int = 0) {
      self.leadingDimension = leadingDimension
      self.batchStride = batchStride
    }
  }

  /// A linear layer: `m` tokens, a weight of n rows of k, all matrices dense.
  package init(m: Int, n: Int, k: Int, format: Format, epilogue: Epilogue = .none) {
    (self.m, self.n, self.k) = (m, n, k)
    self.format = format
    self.epilogue = epilogue
    rightOrder = .nk
    left = Matrix(leadingDimension: k)
    right = Matrix(leadingDimension: k)
    output = Matrix(leadingDimension: n)
    batchCount = 1
  }

  /// Scores of attention: queries times keys, unscaled.
  ///
  /// The query heads that share a key head (GQA) are further rows of one product, so that keys are neither copied nor read
  /// once a query head. Queries are [heads, rows, d], keys [heads, capacity, d], scores [heads, rows, context].
  ///
  /// - Parameters:
  ///   - heads: sequences × key heads.
  ///   - rows: query heads a key head × tokens.
  ///   - context: keys that count, of the `capacity` that there is room for.
  ///   - pitch: elements from one row of scores to the next; nil: as many as count.
  package static func qkMatmul(
    heads: Int, rows: Int, context: Int, capacity: Int, headDim: Int, format: Format, pitch: Int? = nil
  ) -> Self {
    let pitch = pitch ?? context
    var product = MatrixProduct(m: rows, n: context, k: headDim, format: format)
    product.output.leadingDimension = pitch
    product.batch(heads, left: rows * headDim, right: capacity * headDim, output: rows * pitch)
    return product
  }

  /// Attention's output: probabilities [heads, rows, context] times values [heads, capacity, d], as [heads, rows, d].
  ///
  /// - Parameter pitch: elements from one row of probabilities to the next; nil: as many as count.
  package static func svMatmul(
    heads: Int, rows: Int, context: Int, capacity: Int, headDim: Int, format: Format, pitch: Int? = nil
  ) -> Self {
    let pitch = pitch ?? context
    var product = MatrixProduct(m: rows, n: headDim, k: context, format: format)
    product.rightOrder = .kn
    product.right.leadingDimension = headDim
    product.left.leadingDimension = pitch
    product.batch(heads, left: rows * pitch, right: capacity * headDim, output: rows * headDim)
    return product
  }

  /// Elements from one row of scores to the next, as engines pad them: rows begin at multiples of 16 bytes, which loads of whole
  /// packs and cuBLASLt's fastest kernels need.
  static func scorePitch(_ context: Int) -> Int { (context + 7) / 8 * 8 }

  private mutating func batch(_ count: Int, left: Int, right: Int, output: Int) {
    batchCount = count
    self.left.batchStride = left
    self.right.batchStride = right
    self.output.batchStride = output
  }
}

extension MatrixProduct: CustomStringConvertible {
  package var description: String {
    "\(format.rawValue) product m \(m), n \(n), k \(k)" + (batchCount == 1 ? "" : ", \(batchCount) times")
  }
}

extension MatrixProduct {
  /// Elements from the first of A to its last, gaps included.
  package var leftSpan: Count { span(left, rows: m, columns: k) }
  package var rightSpan: Count {
    rightOrder == .nk ? span(right, rows: n, columns: k) : span(right, rows: k, columns: n)
  }
  package var outputSpan: Count { span(output, rows: m, columns: n) }

  private func span(_ matrix: Matrix, rows: Int, columns: Int) -> Count {
    func count(_ value: Int) -> Count { Count(UInt64(max(0, value))) }
    return count(batchCount - 1) * count(matrix.batchStride) + count(rows - 1) * count(matrix.leadingDimension)
      + count(columns)
  }
}
