import RooflineCore

/// How one operator runs on one GPU: what lies in memory, what is launched, and what must come out. A pure value: no GPU is
/// needed to make one or to look at it.
package struct KernelPlan: Sendable {
  package let value: Operator<Count>
  /// The library that the kernels are of, as observations name it.
  package let family: String
  package internal(set) var buffers: [PlannedBuffer]
  /// Operands that lie in another's memory.
  private let homes: [PlannedTensor: PlannedTensor]
  /// One call of the operator, in order.
  package let steps: [PlannedStep]
  /// What is different from the operator as it is counted; nil: nothing.
  package let remark: String?
  /// How rows are spread over experts; nil of operators without experts of their own.
  package let routing: ExpertRouting?
  package let reference: any KernelReference

  /// This package's own kernels.
  package static let ownFamily = "roofline"

  init<Definition: OperatorDefinition>(
    _ definition: Definition, family: String = KernelPlan.ownFamily, buffers: PlannedBuffers, steps: [PlannedStep],
    remark: String? = nil, routing: ExpertRouting? = nil, reference: any KernelReference
  ) where Definition.Scalar == Count {
    value = definition.asOperator
    self.family = family
    self.buffers = buffers.rotating
    homes = buffers.homes
    self.steps = steps
    self.remark = remark
    self.routing = routing
    self.reference = reference
  }

  /// Of this package's own kernels.
  package var launches: [PlannedLaunch] {
    steps.compactMap { if case .kernel(let launch) = $0 { launch } else { nil } }
  }

  /// Index of the buffer in which a tensor lies; nil where the plan has none.
  package func place(of tensor: PlannedTensor) -> Int? {
    let home = homes[tensor] ?? tensor
    return buffers.firstIndex { $0.tensor == home }
  }

  /// Whether a result lies where an operand was read, so that a second call on the same memory reads the first one's.
  package var writesInPlace: Bool {
    homes.contains {
      guard case .written = $0.key, case .read = $0.value else { return false }
      return true
    }
  }

  /// Bytes beside the operator's operands: partial results, lengths, page tables.
  package var workspaceBytes: Int { buffers.filter(\.isWorkspace).reduce(0) { $0 + $1.byteCount } }

  /// Bytes that calls have of their own: what a model reads anew in each layer, or all where it has no weights or keys.
  package var rotatedBytes: Int { buffers.filter(\.isRotated).reduce(0) { $0 + $1.byteCount } }

  /// Bytes of one set of buffers.
  package var byteCount: Int { buffers.reduce(0) { $0 + $1.byteCount } }
}

/// Why an operator is not run, a clause.
package struct Unsupported: Error, Hashable, Sendable {
  package let reason: String

  package init(_ reason: String) { self.reason = reason }
}

/// One piece of work of a plan.
package enum PlannedStep: Hashable, Sendable {
  case kernel(PlannedLaunch)
  /// A matrix product through cuBLASLt.
  case product(PlannedProduct)
}

/// A matrix product and the tensors that are its matrices.
package struct PlannedProduct: Hashable, Sendable {
  package var product: MatrixProduct
  package var left, right, output: PlannedTensor
  package var bias: PlannedTensor?
}

/// One kernel launch of a plan.
package struct PlannedLaunch: Hashable, Sendable {
  package enum Argument: Hashable, Sendable {
    /// The address of a tensor of the plan.
    case tensor(PlannedTensor)
    /// A tensor that is not there.
    case null
    case int32(Int)
    case uint64(Int)
    case float(Float)
  }

  /// The file of KernelText that holds it.
  package var source: String
  package var kernel: String
  package var geometry: LaunchGeometry
  package var arguments: [Argument]
}

extension PlannedLaunch.Argument {
  static func read(_ name: StaticName) -> Self { .tensor(.read(name)) }
  static func written(_ name: StaticName) -> Self { .tensor(.written(name)) }
  static func workspace(_ name: PlannedTensor.Workspace) -> Self { .tensor(.workspace(name)) }
}

/// What a kernel must compute, in double precision and apart from how the kernel does it.
package protocol KernelReference: Sendable {
  /// The outputs, each cut into pieces of neighbouring elements.
  var outputs: [ReferenceOutput] { get }
  /// The elements of one piece of an output.
  func piece(_ index: Int, of output: StaticName, _ data: TensorData) -> ReferencePiece
}

package struct ReferenceOutput: Hashable, Sendable {
  /// The operand that is stored.
  package let name: StaticName
  package let type: ElementType
  package let pieces: Int
  /// Operations of the reference that a piece costs: how many pieces are looked at depends on it.
  package let cost: Int
}

package struct ReferencePiece: Sendable {
  /// The first element in its buffer.
  package let first: Int
  package var values: [Double]
  /// What arithmetic in float may add to the rounding of an element: relative to the value, and where terms cancel.
  package var relativeError = 0x1p-18
  package var absoluteError = 0.0
  /// The root of the summed squares of a product's terms: what a rounding of partial sums is in proportion to.
  package var termSize = 0.0
}
