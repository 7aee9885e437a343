import RooflineCore

/// How one operator runs on one GPU: what lies in memory, what is launched, and what must come out. A pure value: no GPU is
/// needed to make one or to look at it.
public struct KernelPlan: Sendable {
  public let value: Operator<Count>
  /// The library that the kernels are of, as observations name it.
  public let family: String
  public let buffers: [PlannedBuffer]
  /// One call of the operator, in order.
  public let steps: [PlannedStep]
  /// What is different from the operator as it is counted; nil: nothing.
  public let remark: String?
  public let reference: any KernelReference

  /// This package's own kernels.
  public static let ownFamily = "roofline"

  init(
    _ value: Operator<Count>, family: String = KernelPlan.ownFamily, buffers: [PlannedBuffer],
    steps: [PlannedStep], remark: String? = nil, reference: any KernelReference
  ) {
    self.value = value
    self.family = family
    self.buffers = buffers
    self.steps = steps
    self.remark = remark
    self.reference = reference
  }

  /// Of this package's own kernels.
  public var launches: [PlannedLaunch] {
    steps.compactMap { if case .kernel(let launch) = $0 { launch } else { nil } }
  }

  /// Bytes beside the operator's operands: partial results, lengths, page tables.
  public var workspaceBytes: Int { buffers.filter(\.isWorkspace).reduce(0) { $0 + $1.byteCount } }

  /// Bytes that a model reads anew in each layer: what rotates.
  public var rotatedBytes: Int { buffers.filter(\.isRotated).reduce(0) { $0 + $1.byteCount } }

  /// Bytes of one set of buffers.
  public var byteCount: Int { buffers.reduce(0) { $0 + $1.byteCount } }
}

/// Why an operator is not run, a clause.
public struct Unsupported: Error, Hashable, Sendable {
  public let reason: String

  init(_ reason: String) { self.reason = reason }
}

/// Memory of one tensor.
public struct PlannedBuffer: Hashable, Sendable {
  public enum Contents: Hashable, Sendable {
    /// Uniform in [−1, 1].
    case random(ElementType)
    /// Rows of `half` cosines and `half` sines of random angles. They are rounded, so lengths drift where a kernel turns in place
    /// thousands of times; that changes no time.
    case rotations(ElementType, half: Int)
    case integers([Int32])
    /// Written by the kernel; every byte 0xFF before, so that an element nobody writes is no number.
    case poison
  }

  public var name: StaticName
  public var byteCount: Int
  public var contents: Contents
  /// Weights and keys, of which every layer of a model has its own; activations are reused.
  public var isRotated = false
  /// Not an operand: what this way of computing needs beside them.
  public var isWorkspace = false

  static func random(_ name: StaticName, _ type: ElementType, _ count: Int, isRotated: Bool = false) -> PlannedBuffer {
    PlannedBuffer(name: name, byteCount: count * type.byteCount, contents: .random(type), isRotated: isRotated)
  }

  static func output(_ name: StaticName, _ type: ElementType, _ count: Int) -> PlannedBuffer {
    PlannedBuffer(name: name, byteCount: count * type.byteCount, contents: .poison)
  }
}

/// One piece of work of a plan.
public enum PlannedStep: Hashable, Sendable {
  case kernel(PlannedLaunch)
  /// A matrix product through cuBLASLt.
  case product(PlannedProduct)
}

/// A matrix product and the buffers of its matrices by their indices.
public struct PlannedProduct: Hashable, Sendable {
  public var product: MatrixProduct
  public var left, right, output: Int
  public var bias: Int?
}

/// One kernel launch of a plan.
public struct PlannedLaunch: Hashable, Sendable {
  public enum Argument: Hashable, Sendable {
    /// A buffer of the plan by its index, from a byte on.
    case buffer(Int, offset: Int = 0)
    /// A tensor that is not there.
    case null
    case int32(Int)
    case uint64(Int)
    case float(Float)
  }

  /// The file of KernelText that holds it.
  public var source: String
  public var kernel: String
  public var geometry: LaunchGeometry
  public var arguments: [Argument]
}

/// What a kernel must compute, in double precision and apart from how the kernel does it.
public protocol KernelReference: Sendable {
  /// The outputs, each cut into pieces of neighbouring elements.
  var outputs: [ReferenceOutput] { get }
  /// The elements of one piece.
  func piece(_ index: Int, of output: Int, _ data: TensorData) -> ReferencePiece
}

public struct ReferenceOutput: Hashable, Sendable {
  /// Index of the plan's buffer.
  public let buffer: Int
  public let type: ElementType
  public let pieces: Int
  /// Operations of the reference that a piece costs: how many pieces are looked at depends on it.
  public let cost: Int
}

public struct ReferencePiece: Sendable {
  /// The first element in its buffer.
  public let first: Int
  public var values: [Double]
  /// What arithmetic in float may add to the rounding of an element: relative to the value, and where terms cancel.
  public var relativeError = 0x1p-18
  public var absoluteError = 0.0
  /// The root of the summed squares of a product's terms: what a rounding of partial sums is in proportion to.
  public var termSize = 0.0
}
