/// What one occurrence of an operator costs one device: exact counts, no time yet.
public struct OperatorCost: Hashable, Sendable {
  public var flops: FLOPCounts<Count>
  public var traffic: Traffic<Count>
  public var wireBytes: Count
  public var wireSteps: Count
  public var matrixUnit: DType?

  @inline(__always) init<D: OperatorDefinition>(_ definition: D) where D.Scalar == Count {
    flops = definition.flops
    traffic = definition.traffic
    wireBytes = definition.wireBytes
    wireSteps = definition.wireSteps
    matrixUnit = definition.matrixUnit
  }

  /// The sum over no rows.
  package init() {
    flops = FLOPCounts()
    traffic = Traffic()
    wireBytes = 0
    wireSteps = 0
    matrixUnit = nil
  }

  @inline(__always)
  package static func + (left: OperatorCost, right: OperatorCost) -> OperatorCost {
    var sum = left
    sum.flops = left.flops + right.flops
    sum.traffic = left.traffic + right.traffic
    sum.wireBytes = left.wireBytes + right.wireBytes
    sum.wireSteps = left.wireSteps + right.wireSteps
    return sum
  }

  /// The cost of `times` occurrences one after another.
  @inline(__always)
  package static func * (cost: OperatorCost, times: Count) -> OperatorCost {
    var product = cost
    product.flops = cost.flops * times
    product.traffic = cost.traffic * times
    product.wireBytes = cost.wireBytes * times
    product.wireSteps = cost.wireSteps * times
    return product
  }

  /// True when a count, or the sum of a kind of counts, is above `Count.limit`. The sums saturate, so they cover their parts.
  public var isOverflow: Bool {
    flops.total.isOverflow || traffic.total.isOverflow || wireBytes.isOverflow || wireSteps.isOverflow
  }
}

extension Operator where Scalar == Count {
  public var cost: OperatorCost { accept(CostVisitor()) }
}

struct CostVisitor: OperatorVisitor {
  typealias Scalar = Count

  func visit<D: OperatorDefinition>(_ definition: D) -> OperatorCost where D.Scalar == Count {
    OperatorCost(definition)
  }
}
