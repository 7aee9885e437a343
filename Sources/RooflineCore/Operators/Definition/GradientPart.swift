/// What a gradient's row is of: the suffix of its name.
package enum GradientPart: String, Hashable, Sendable, CaseIterable {
  case input = "dx"
  case weight = "dw"
  case bias = "dbias"
  case scale = "dgamma"
  case query = "dq"
  case key = "dk"
  case value = "dv"
  case probabilities = "dp"
  /// All inputs at once.
  case backward
  /// The addition of a row's gradient to that of another row that read the same tensor.
  case inputSum = "dx_add"
}
