/// What one occurrence of an operator costs one device: exact counts, no time yet.
public struct OperatorCost: Hashable, Sendable {
  /// FLOPs by the unit that executes them.
  public var flops: FLOPCounts<Count>
  /// Bytes of memory traffic by class: every distinct element of an operand once, whatever caches do.
  public var traffic: Traffic<Count>
  /// Bytes that the device sends to others over its link; no part of `traffic`.
  public var wireBytes: Count
  /// Messages one after another, each of which pays the link's latency.
  public var wireSteps: Count
  /// The format whose matrix unit its products run on, `fp32` for the CUDA cores; nil where it multiplies no matrices, and in sums.
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

  /// FLOPs of a matrix product, wherever it runs: fp32 ones share the CUDA cores with other work.
  package var productFLOPs: Count { matrixUnit.map { $0.runsOnTensorCores ? flops.tensor : flops.vector } ?? 0 }
}

extension Operator where Scalar == Count {
  package var cost: OperatorCost { accept(CostVisitor()) }
}

struct CostVisitor: OperatorVisitor {
  typealias Scalar = Count

  func visit<D: OperatorDefinition>(_ definition: D) -> OperatorCost where D.Scalar == Count {
    OperatorCost(definition)
  }
}
