/// Which activations, without storage of its own: liveness is asked at every row of every pass that a search tries.
struct TensorSet: Hashable, Sendable {
  private var bits: UInt128 = 0

  init(_ reads: Activations, _ writes: Activations) {
    for tensor in reads { insert(tensor) }
    for tensor in writes { insert(tensor) }
  }

  private static func bit(_ tensor: ActivationTensor) -> UInt128 { 1 << tensor.rawValue }

  func contains(_ tensor: ActivationTensor) -> Bool { bits & Self.bit(tensor) != 0 }

  mutating func insert(_ tensor: ActivationTensor) { bits |= Self.bit(tensor) }

  mutating func remove(_ tensor: ActivationTensor) { bits &= ~Self.bit(tensor) }
}

/// Something of each activation, in the order of their declaration.
struct TensorTable<Value> {
  private var slots = [Value?](repeating: nil, count: ActivationTensor.count)

  subscript(tensor: ActivationTensor) -> Value? {
    get { slots[Int(tensor.rawValue)] }
    set { slots[Int(tensor.rawValue)] = newValue }
  }

  subscript(tensor: ActivationTensor, default value: @autoclosure () -> Value) -> Value {
    get { self[tensor] ?? value() }
    _modify {
      var slot = slots[Int(tensor.rawValue)].take() ?? value()
      yield &slot
      slots[Int(tensor.rawValue)] = slot
    }
  }

  var values: [Value] { slots.compactMap { $0 } }
}

extension ActivationTensor {
  /// How many there are.
  package static let count = allCases.count
}
