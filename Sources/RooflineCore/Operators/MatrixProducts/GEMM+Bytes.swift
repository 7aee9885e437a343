extension GEMM where Scalar == Count {
  /// Bytes of W, x and y, and of an element of y. A bias, one row of y, is left out.
  package var bytes: (weight: Double, input: Double, output: Double, outputElement: Double) {
    var (weight, input, output, bits) = (0.0, 0.0, 0.0, 0.0)
    forEachOperand { operand in
      if operand.name == .weight { weight = Double(operand.bytes.value) }
      if operand.name == .input { input = Double(operand.bytes.value) }
      if operand.name == .output {
        output = Double(operand.bytes.value)
        bits = Double(operand.format.storage.bits)
      }
    }
    return (weight, input, output, bits / 8)
  }
}
