extension Attention where Scalar == Count {
  /// Bytes of the queries and the outputs.
  package var tokenBytes: Double {
    var bytes = 0.0
    forEachOperand { if $0.name == .query || $0.name == .output { bytes += Double($0.bytes.value) } }
    return bytes
  }
}
