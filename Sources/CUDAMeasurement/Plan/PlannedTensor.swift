import RooflineCore

/// A tensor of a plan, by what it is to the operator. Arguments, products and references name tensors, never their places.
package enum PlannedTensor: Hashable, Sendable, CustomStringConvertible {
  /// An operand that is loaded.
  case read(StaticName)
  /// An operand that is stored.
  case written(StaticName)
  /// What this way of computing needs beside the operands.
  case workspace(Workspace)

  package enum Workspace: String, Hashable, Sendable {
    /// Keys of each sequence.
    case lengths
    /// Where the pages of each sequence lie.
    case pages
    /// Each split's own output.
    case partials
    /// Each split's largest score and sum of powers.
    case statistics
    /// Which row of the input each token–expert pair reads.
    case rows
    /// Each tile's expert, first pair and number of pairs.
    case tiles
    /// Where each token's pairs lie, and where in this list those of a token begin.
    case pairs, starts
  }

  package var description: String {
    switch self {
    case .read(let name), .written(let name): name.rawValue
    case .workspace(let name): name.rawValue
    }
  }

  package init(_ operand: Operand<Count>) {
    switch operand.traffic {
    case .loadWeight, .loadActivation, .loadKVCache: self = .read(operand.name)
    case .storeActivation, .storeKVCache: self = .written(operand.name)
    }
  }
}

/// Memory of one tensor.
package struct PlannedBuffer: Hashable, Sendable {
  package enum Contents: Hashable, Sendable {
    /// Uniform in [−1, 1].
    case random(ElementType)
    /// Rows of `half` cosines and `half` sines of random angles. They are rounded, so lengths drift where a kernel turns in place
    /// thousands of times; that changes no time.
    case rotations(ElementType, half: Int)
    case integers([Int32])
    /// Written by the kernel; every byte 0xFF before, so that an element nobody writes is no number.
    case poison
  }

  package let tensor: PlannedTensor
  package var byteCount: Int
  package var contents: Contents
  /// Weights and keys, of which every layer of a model has its own; activations are reused, but where there is nothing else.
  package var isRotated = false
  /// Random elements are 2^exponent times as large: weights of a chain of products, whose results would grow from one to the next.
  package var exponent = 0

  /// Which random elements it holds; nil: none.
  var randomKind: TensorData.Kind? {
    if case .random(let type) = contents { TensorData.Kind(type, exponent: exponent) } else { nil }
  }

  /// Not an operand: what this way of computing needs beside them.
  package var isWorkspace: Bool { if case .workspace = tensor { true } else { false } }
}

/// The memory of an operator's operands, made from the operands that it states: none can be left out.
struct PlannedBuffers {
  private(set) var all: [PlannedBuffer] = []
  /// Operands that lie in another's memory.
  private(set) var homes: [PlannedTensor: PlannedTensor] = [:]

  /// How an operand lies in memory where that is not what the operator says of it.
  enum Placement {
    case own(byteCount: Int, PlannedBuffer.Contents, isRotated: Bool = false)
    /// In the memory of another operand: written in place, or one projection's outputs behind one another.
    case inside(PlannedTensor)

    static func random(_ type: ElementType, _ count: Int, isRotated: Bool = false) -> Placement {
      .own(byteCount: count * type.byteCount, .random(type), isRotated: isRotated)
    }

    static func output(_ type: ElementType, _ count: Int) -> Placement {
      .own(byteCount: count * type.byteCount, .poison)
    }
  }

  /// A buffer for each operand, of its elements: random where it is loaded, a set for each layer where it is a weight.
  ///
  /// - Parameter exceptions: operands that lie otherwise.
  init<Definition: OperatorDefinition>(
    _ definition: Definition, _ type: ElementType, _ exceptions: [PlannedTensor: Placement] = [:]
  ) throws(Unsupported) where Definition.Scalar == Count {
    var operands: [Operand<Count>] = []
    definition.forEachOperand { operands.append($0) }
    for operand in operands {
      let tensor = PlannedTensor(operand)
      let placement: Placement
      if let exception = exceptions[tensor] {
        placement = exception
      } else {
        placement = try PlannedBuffers.placement(of: operand, type)
      }
      switch placement {
      case .own(let byteCount, let contents, let isRotated):
        all.append(PlannedBuffer(tensor: tensor, byteCount: byteCount, contents: contents, isRotated: isRotated))
      case .inside(let home): homes[tensor] = home
      }
    }
  }

  /// The memory of all. Where no weights or keys rotate, activations do, or all of a small kernel's work would come from L2 again
  /// and again; tables and lists that layers share do not.
  var rotating: [PlannedBuffer] {
    guard !all.contains(where: \.isRotated) else { return all }
    return all.map { buffer in
      var buffer = buffer
      switch buffer.contents {
      case .random, .poison: buffer.isRotated = !buffer.isWorkspace
      case .rotations, .integers: break
      }
      return buffer
    }
  }

  private static func placement(of operand: Operand<Count>, _ type: ElementType) throws(Unsupported) -> Placement {
    let count = try KernelPlan.size(operand.elements, "the tensor")
    return switch operand.traffic {
    case .loadWeight: .random(type, count, isRotated: true)
    case .loadActivation, .loadKVCache: .random(type, count)
    case .storeActivation, .storeKVCache: .output(type, count)
    }
  }

  /// Integers that a kernel needs beside its operands.
  mutating func add(_ workspace: PlannedTensor.Workspace, _ integers: [Int32]) {
    all.append(
      PlannedBuffer(tensor: .workspace(workspace), byteCount: 4 * integers.count, contents: .integers(integers)))
  }

  /// Partial results.
  mutating func add(_ workspace: PlannedTensor.Workspace, bytes: Int) {
    all.append(PlannedBuffer(tensor: .workspace(workspace), byteCount: bytes, contents: .poison))
  }
}
