/// Executed floating-point operations by the unit that executes them.
///
/// A FLOP is one executed addition, subtraction, multiplication or division, or one special function. Sums start from zero:
/// n elements, n additions. Comparisons and moves are not FLOPs.
public struct FLOPCounts<Scalar: Natural>: Hashable, Sendable {
  /// Matrix units.
  public var tensor: Scalar
  /// CUDA cores.
  public var vector: Scalar
  /// Special function units: exp, tanh, rsqrt, sin, cos.
  public var special: Scalar

  package init(tensor: Scalar = 0, vector: Scalar = 0, special: Scalar = 0) {
    self.tensor = tensor
    self.vector = vector
    self.special = special
  }

  /// A matrix product's work on the unit of the given format, plus other vector and special work.
  init(product: Scalar, on unit: DType, vector: Scalar = 0, special: Scalar = 0) {
    if unit.runsOnTensorCores {
      self.init(tensor: product, vector: vector, special: special)
    } else {
      self.init(tensor: 0, vector: product + vector, special: special)
    }
  }

  /// Of all units.
  public var total: Scalar {
    @specialized(where Scalar == Count) get { tensor + vector + special }
  }

  @inline(__always) package static func + (left: Self, right: Self) -> Self {
    Self(tensor: left.tensor + right.tensor, vector: left.vector + right.vector, special: left.special + right.special)
  }

  @inline(__always) package static func * (counts: Self, times: Scalar) -> Self {
    Self(tensor: counts.tensor * times, vector: counts.vector * times, special: counts.special * times)
  }
}
