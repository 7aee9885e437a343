import RooflineCore

/// A tensor of a kernel's launch.
struct KernelTensor {
  let name: String
  let format: KernelFormat
  /// nil: an output, poisoned.
  let contents: [Double]?
  /// What must be there afterwards; nil: the contents, untouched.
  let expected: [Double]?
  /// What arithmetic in float costs on top of rounding to an element: relative to the value, and, where values cancel, at all.
  let relativeError: Double
  let absoluteError: Double
  /// The operands that are loaded from it and stored in it.
  let reads: [StaticName]
  let writes: [StaticName]
  /// Elements between a 256-byte boundary and the first one.
  let shift: Int
  /// Bytes that a launch declares to touch beside its operator's operands: partial results, page tables, lengths.
  var declaredReads: UInt64 = 0
  var declaredWrites: UInt64 = 0
  /// Elements of what has neither contents nor an expectation.
  var workspaceCount = 0

  static func input(_ name: StaticName, _ format: KernelFormat, _ contents: [Double], shift: Int = 0) -> KernelTensor {
    KernelTensor(
      name: name.rawValue, format: format, contents: contents, expected: nil, relativeError: 0, absoluteError: 0,
      reads: [name], writes: [], shift: shift)
  }

  static func output(
    _ name: StaticName, _ format: KernelFormat, _ expected: [Double], relativeError: Double, absoluteError: Double = 0,
    shift: Int = 0
  ) -> KernelTensor {
    KernelTensor(
      name: name.rawValue, format: format, contents: nil, expected: expected, relativeError: relativeError,
      absoluteError: absoluteError, reads: [], writes: [name], shift: shift)
  }

  static func inPlace(
    _ name: String, _ format: KernelFormat, _ contents: [Double], becomes expected: [Double], absoluteError: Double,
    reads: [StaticName], writes: [StaticName], shift: Int = 0
  ) -> KernelTensor {
    KernelTensor(
      name: name, format: format, contents: contents, expected: expected, relativeError: 0,
      absoluteError: absoluteError, reads: reads, writes: writes, shift: shift)
  }

  /// A launch's scratch memory, poisoned, of which every byte is written and read.
  static func workspace(_ name: String, _ format: KernelFormat, count: Int) -> KernelTensor {
    KernelTensor(
      name: name, format: format, contents: nil, expected: nil, relativeError: 0, absoluteError: 0, reads: [],
      writes: [],
      shift: 0, declaredReads: UInt64(count * format.bytes), declaredWrites: UInt64(count * format.bytes),
      workspaceCount: count)
  }

  /// What says where operands lie: lengths, a page table. `used` of its elements are read.
  static func index(_ name: String, _ contents: [Int], used: Int) -> KernelTensor {
    KernelTensor(
      name: name, format: .int32, contents: contents.map(Double.init), expected: nil, relativeError: 0,
      absoluteError: 0, reads: [], writes: [], shift: 0, declaredReads: UInt64(used * KernelFormat.int32.bytes))
  }

  var count: Int { contents?.count ?? expected?.count ?? workspaceCount }

  /// The first element that is not what it must be. NaN, the poison, never is, except where NaN is expected: poison that
  /// must stay.
  func difference(from values: [Double]) -> String? {
    guard let expected = expected ?? contents else { return nil }
    for (index, (value, wanted)) in zip(values, expected).enumerated() {
      if value == wanted || (value.isNaN && wanted.isNaN) { continue }
      let tolerance =
        (format.roundoff * 1.01 + relativeError) * wanted.magnitude + absoluteError + format.leastDistance
      if (value - wanted).magnitude <= tolerance { continue }
      return "\(name)[\(index)] of \(expected.count) is \(value), not \(wanted) within \(tolerance)"
    }
    return nil
  }

  /// Where the distinct bytes that a kernel touched of it are not those of its operands.
  func trafficDifference(_ array: DeviceArray, _ operands: [Operand<Count>]) -> String? {
    for isStore in [false, true] {
      let names = isStore ? writes : reads
      let own = operands.filter { $0.traffic.isStore == isStore && names.contains($0.name) }
      let bytes = own.reduce(isStore ? declaredWrites : declaredReads) { $0 + $1.bytes.value }
      let touched = array.distinctBytes(written: isStore)
      guard touched == bytes else {
        return "\(touched) bytes of \(name) were \(isStore ? "written" : "read"), not \(bytes)"
      }
    }
    return array.strayBytes == 0 ? nil : "\(array.strayBytes) bytes before \(name) were touched"
  }
}

extension TrafficClass {
  var isStore: Bool {
    switch self {
    case .storeActivation, .storeKVCache: true
    case .loadWeight, .loadActivation, .loadKVCache: false
    }
  }
}

extension OperatorDefinition where Scalar == Count {
  /// The tensors it touches, as a list.
  var operands: [Operand<Count>] {
    var operands: [Operand<Count>] = []
    forEachOperand { operands.append($0) }
    return operands
  }
}
