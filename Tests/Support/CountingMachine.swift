import RooflineCore

/// Executes arithmetic one operation at a time, counts it by unit, and remembers every element that it touches.
///
/// Textbook loops run on it. What they execute and touch is the truth that the engine's formulas are compared with, so
/// nothing here multiplies dimensions: operations are counted when they happen, bytes when an element is touched.
package final class CountingMachine {
  /// Who executes an addition, subtraction, multiplication or division.
  package enum Unit: Sendable { case tensor, vector }

  package private(set) var tensorFLOPs: UInt64 = 0
  package private(set) var vectorFLOPs: UInt64 = 0
  package private(set) var specialFLOPs: UInt64 = 0
  package private(set) var sentBytes: UInt64 = 0
  package private(set) var sentMessages: UInt64 = 0

  /// Distinct elements by the operand they belong to: a tensor as one traffic class sees it.
  private var touched: [Operand: Set<[Int]>] = [:]

  private struct Operand: Hashable {
    let tensor: String
    let traffic: TrafficClass
    let bits: Int
  }

  package init() {}

  // MARK: arithmetic

  package func add(_ left: Double, _ right: Double, on unit: Unit = .vector) -> Double {
    count(unit)
    return left + right
  }

  package func subtract(_ left: Double, _ right: Double, on unit: Unit = .vector) -> Double {
    count(unit)
    return left - right
  }

  package func multiply(_ left: Double, _ right: Double, on unit: Unit = .vector) -> Double {
    count(unit)
    return left * right
  }

  package func divide(_ left: Double, _ right: Double, on unit: Unit = .vector) -> Double {
    count(unit)
    return left / right
  }

  /// A comparison, which is not a FLOP.
  package func maximum(_ left: Double, _ right: Double) -> Double { left < right ? right : left }

  package func special(_ function: (Double) -> Double, _ argument: Double) -> Double {
    specialFLOPs += 1
    return function(argument)
  }

  private func count(_ unit: Unit) {
    switch unit {
    case .tensor: tensorFLOPs += 1
    case .vector: vectorFLOPs += 1
    }
  }

  // MARK: memory

  /// - Parameter occurrence: where an element that is fetched again counts again, which time this is.
  package func load(_ tensor: DeviceTensor, _ index: Int..., occurrence: Int? = nil) -> Double {
    let traffic: TrafficClass =
      switch tensor.home {
      case .weights: .loadWeight
      case .activations: .loadActivation
      case .keyValueCache: .loadKVCache
      }
    touch(tensor, traffic, occurrence.map { index + [$0] } ?? index)
    return tensor[index]
  }

  package func store(_ value: Double, in tensor: DeviceTensor, _ index: Int...) {
    switch tensor.home {
    case .weights: preconditionFailure("no operator of a forward pass writes \(tensor.name), a weight")
    case .activations: touch(tensor, .storeActivation, index)
    case .keyValueCache: touch(tensor, .storeKVCache, index)
    }
    tensor[index] = value
  }

  private func touch(_ tensor: DeviceTensor, _ traffic: TrafficClass, _ element: [Int]) {
    touched[Operand(tensor: tensor.name, traffic: traffic, bits: tensor.bits), default: []].insert(element)
  }

  /// Distinct elements of all operands: the words of the notes on blocked products.
  package var touchedElements: UInt64 { touched.values.reduce(0) { sum, elements in sum + UInt64(elements.count) } }

  /// Bytes of a class: each operand's elements side by side, the last byte of an operand filled up.
  package func bytes(_ traffic: TrafficClass) -> UInt64 {
    var bytes: UInt64 = 0
    for (operand, elements) in touched where operand.traffic == traffic {
      var bits = 0
      for _ in elements { bits += operand.bits }
      while !bits.isMultiple(of: 8) { bits += 1 }
      bytes += UInt64(bits / 8)
    }
    return bytes
  }

  // MARK: link

  /// Sends a message to another device, a byte each.
  package func send<Element>(_ message: ArraySlice<Element>) -> [Element] {
    sentMessages += 1
    for _ in message { sentBytes += 1 }
    return Array(message)
  }
}
