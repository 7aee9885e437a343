/// A value for each number format, held in place: reading one costs no dictionary, no allocation and no bounds check.
///
/// A format without a place here does not compile.
package struct DTypeTable<Value> {
  private var fp32, tf32, bf16, fp16, fp8, int8, fp4, int4: Value

  package init(repeating value: Value) {
    (fp32, tf32, bf16, fp16) = (value, value, value, value)
    (fp8, int8, fp4, int4) = (value, value, value, value)
  }

  package subscript(dtype: DType) -> Value {
    @inline(__always) get {
      switch dtype {
      case .fp32: fp32
      case .tf32: tf32
      case .bf16: bf16
      case .fp16: fp16
      case .fp8: fp8
      case .int8: int8
      case .fp4: fp4
      case .int4: int4
      }
    }
    set {
      switch dtype {
      case .fp32: fp32 = newValue
      case .tf32: tf32 = newValue
      case .bf16: bf16 = newValue
      case .fp16: fp16 = newValue
      case .fp8: fp8 = newValue
      case .int8: int8 = newValue
      case .fp4: fp4 = newValue
      case .int4: int4 = newValue
      }
    }
  }
}

extension DTypeTable: Sendable where Value: Sendable {}
