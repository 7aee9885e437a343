import RooflineCore
import TestSupport
import XCTest

/// An operator as the engine describes it, and a loop that carries out the same operation on a counting machine.
struct BruteForceCase {
  let name: String
  let described: Operator<Count>
  /// The matrix unit it needs; nil where it multiplies no matrices.
  let matrixUnit: DType?
  let execute: (CountingMachine) -> Void

  init(
    _ name: String, _ described: Operator<Count>, matrixUnit: DType? = nil,
    execute: @escaping (CountingMachine) -> Void
  ) {
    self.name = name
    self.described = described
    self.matrixUnit = matrixUnit
    self.execute = execute
  }

  var kind: OperatorKind { described.accept(KindVisitor()) }

  /// Every count of the engine equals what the loop executed.
  func check(file: StaticString = #filePath, line: UInt = #line) {
    let machine = CountingMachine()
    execute(machine)
    let cost = described.cost
    let traffic = cost.traffic
    let counts: [(what: String, counted: Count, executed: UInt64)] = [
      ("tensor FLOPs", cost.flops.tensor, machine.tensorFLOPs),
      ("vector FLOPs", cost.flops.vector, machine.vectorFLOPs),
      ("special FLOPs", cost.flops.special, machine.specialFLOPs),
      ("loadWeight", traffic.loadWeight, machine.bytes(.loadWeight)),
      ("loadActivation", traffic.loadActivation, machine.bytes(.loadActivation)),
      ("storeActivation", traffic.storeActivation, machine.bytes(.storeActivation)),
      ("loadKVCache", traffic.loadKVCache, machine.bytes(.loadKVCache)),
      ("storeKVCache", traffic.storeKVCache, machine.bytes(.storeKVCache)),
      ("wire bytes", cost.wireBytes, machine.sentBytes),
      ("wire steps", cost.wireSteps, machine.sentMessages),
    ]
    for (what, counted, executed) in counts where counted != Count(executed) {
      XCTFail("\(kind.rawValue) \(name): \(what) \(counted.value), the loop has \(executed)", file: file, line: line)
    }
    XCTAssertEqual(cost.matrixUnit, matrixUnit, "\(kind.rawValue) \(name): matrix unit", file: file, line: line)
  }

  static func check(_ cases: [BruteForceCase], _ kind: OperatorKind, file: StaticString = #filePath, line: UInt = #line)
  {
    XCTAssertFalse(cases.isEmpty, file: file, line: line)
    for each in cases {
      XCTAssertEqual(each.kind, kind, each.name, file: file, line: line)
      each.check(file: file, line: line)
    }
  }
}

private struct KindVisitor: OperatorVisitor {
  typealias Scalar = Count

  func visit<D: OperatorDefinition>(_ definition: D) -> OperatorKind where D.Scalar == Count { definition.kind }
}

extension Count {
  init(_ value: Int) { self.init(UInt64(value)) }
}
