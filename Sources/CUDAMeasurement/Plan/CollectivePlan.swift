import CGPUABI
import RooflineCore
import RooflineMeasurement

/// A collective as NCCL runs it: how many GPUs, of which elements, and what must come out. A pure value.
package struct CollectivePlan: Hashable, Sendable {
  package let pattern: CollectivePattern
  package let ranks: Int
  package let type: ElementType
  /// Elements of the whole buffer.
  private let elements: Int

  static let blockLength = 1024

  /// NCCL, as observations name it.
  package static let family = "nccl"

  /// - Throws: `Unsupported` for a message that NCCL cannot take in the format.
  package init(_ collective: Collective<Count>, _ format: DType) throws(Unsupported) {
    pattern = collective.pattern
    ranks = try KernelPlan.size(collective.ranks, "the number of GPUs", limit: 1024)
    type = try KernelPlan.elementType([format])
    let bytes = try KernelPlan.size(collective.message, "the message")
    let unit = pattern == .allReduce ? type.byteCount : type.byteCount * ranks
    guard bytes > 0, bytes.isMultiple(of: unit) else {
      throw Unsupported("its message of \(bytes) bytes is not \(ranks) equal parts of \(format.rawValue) elements")
    }
    elements = bytes / type.byteCount
  }

  package var call: String {
    switch pattern {
    case .allReduce: "ncclAllReduce"
    case .allGather: "ncclAllGather"
    case .reduceScatter: "ncclReduceScatter"
    }
  }

  /// As NCCL counts them: of the whole of an all-reduce, of a GPU's part of the others.
  var count: Int { pattern == .allReduce ? elements : elements / ranks }
  var sendBytes: Int { (pattern == .allGather ? count : elements) * type.byteCount }
  var receiveBytes: Int { (pattern == .reduceScatter ? count : elements) * type.byteCount }
  var kind: TensorData.Kind { TensorData.Kind(type) }

  var dataType: Int32 {
    switch type {
    case .f16: Int32(abi_ncclFloat16)
    case .bf16: Int32(abi_ncclBfloat16)
    case .f32, .tf32, .fp8, .int8, .int32: Int32(abi_ncclFloat32)
    }
  }

  // MARK: data

  /// Where a GPU's elements begin in the pattern.
  static func buffer(of rank: Int) -> Int { rank + 1 }
  private func start(of rank: Int) -> Int { TensorData.Pattern.start(ofBuffer: Self.buffer(of: rank)) }

  /// What a GPU receives, by definition.
  func expected(
    _ index: Int, at rank: Int, _ data: TensorData.Pattern
  ) -> (value: Double, tolerance: Double) {
    func sent(_ index: Int, by rank: Int) -> Double {
      type.value(of: data.bits[(start(of: rank) + index) % TensorData.Pattern.length])
    }
    guard pattern != .allGather else {
      let (owner, own) = index.quotientAndRemainder(dividingBy: count)
      // Nothing is computed.
      return (sent(own, by: owner), type.leastDistance / 2)
    }
    let place = pattern == .allReduce ? index : rank * count + index
    let terms = (0..<ranks).map { sent(place, by: $0) }
    let size = terms.reduce(0) { $0 + $1.magnitude }
    // Each GPU on the way may round its sum to an element.
    return (terms.reduce(0, +), 1.01 * Double(ranks) * type.roundoff * size + type.leastDistance)
  }

  /// The first, the last, and some between.
  var checkedBlocks: [Int] {
    let blocks = (receiveBytes / type.byteCount + Self.blockLength - 1) / Self.blockLength
    guard blocks > 16 else { return (0..<blocks).map { $0 * Self.blockLength } }
    var generator = SplitMix(seed: UInt64(blocks))
    return ([0, blocks - 1] + (0..<14).map { _ in Int.random(in: 1..<blocks - 1, using: &generator) })
      .map { $0 * Self.blockLength }
  }
}
