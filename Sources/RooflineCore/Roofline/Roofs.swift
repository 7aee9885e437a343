/// What a kernel's work meets on one device: a unit that computes, or memory. A collective meets none of them, but the link.
package enum Roof: String, Hashable, Sendable, CaseIterable {
  /// Matrix units.
  case tensor
  /// CUDA cores.
  case vector
  /// Special function units.
  case special
  case memory
}

/// A value per roof.
package struct Roofs<Value> {
  package var tensor: Value
  package var vector: Value
  package var special: Value
  package var memory: Value

  package init(tensor: Value, vector: Value, special: Value, memory: Value) {
    self.tensor = tensor
    self.vector = vector
    self.special = special
    self.memory = memory
  }

  /// Each roof's own value.
  package init(_ value: (Roof) -> Value) {
    self.init(tensor: value(.tensor), vector: value(.vector), special: value(.special), memory: value(.memory))
  }

  package subscript(roof: Roof) -> Value {
    switch roof {
    case .tensor: tensor
    case .vector: vector
    case .special: special
    case .memory: memory
    }
  }
}

extension Roofs: Sendable where Value: Sendable {}
extension Roofs: Equatable where Value: Equatable {}

extension Roofs<Double> {
  /// The roof with the longest time; a tie with memory is memory's, and a time that is not known decides nothing.
  package var binding: Roof {
    Roof.allCases.reduce(.memory) { self[$1] > self[$0] ? $1 : $0 }
  }
}
