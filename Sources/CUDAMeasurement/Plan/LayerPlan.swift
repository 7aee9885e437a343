import RooflineCore
import RooflineMeasurement

/// The kernels of a decoder layer, one behind the other, and which of their tensors are one. A pure value, like `KernelPlan`.
///
/// A row reads what a former row wrote where a tensor of that size is: the same bytes go through the caches as in a model. Which
/// of them it is follows the operands' names and the order of the rows. What no row of the layer writes (the layer's input, keys
/// of earlier tokens) is random.
package struct LayerPlan: Sendable {
  package private(set) var rows: [Row] = []

  package struct Row: Sendable {
    package let name: String
    package let task: MeasurementTask
    /// Weights and caches rotate, activations do not.
    package fileprivate(set) var plan: KernelPlan
    /// Buffers that lie in a former row's.
    package fileprivate(set) var links: [Int: Place] = [:]
  }

  /// Bytes of a buffer that a row has of its own.
  package struct Place: Hashable, Sendable {
    package let row, buffer, offset: Int
  }

  /// A tensor that a row has left behind.
  private struct Written {
    let name: StaticName
    let isCache: Bool
    let place: Place
    let byteCount: Int
    let type: ElementType
    let role: Role
  }

  /// What later rows take a tensor for.
  private enum Role {
    /// Residuals are read from it.
    case stream
    /// A plain product's: no other product reads it but through a row in between, so that projections of one input stand side by
    /// side.
    case product
    case other
  }

  private var written: [Written] = []

  /// Addresses that a library takes at their best.
  private static let alignment = 256

  package init(_ rows: [(name: String, task: MeasurementTask, plan: KernelPlan)]) {
    for (index, row) in rows.enumerated() {
      self.rows.append(Row(name: row.name, task: row.task, plan: row.plan.inLayer))
      link(index)
      publish(index)
    }
  }

  /// Activations, keys and values that rows read.
  package var linkable: Int { rows.reduce(0) { $0 + $1.plan.readTensors.count } }
  package var linked: Int { rows.reduce(0) { $0 + $1.links.count } }

  /// Of all rows' own buffers, one set of each.
  package var byteCount: Int { ownBuffers.reduce(0) { $0 + $1.byteCount } }
  package var rotatedBytes: Int { ownBuffers.reduce(0) { $1.isRotated ? $0 + $1.byteCount : $0 } }

  private var ownBuffers: [PlannedBuffer] {
    rows.flatMap { row in row.plan.buffers.indices.filter { row.links[$0] == nil }.map { row.plan.buffers[$0] } }
  }

  /// Where a row's buffer lies.
  package func place(_ row: Int, _ buffer: Int) -> Place {
    rows[row].links[buffer] ?? Place(row: row, buffer: buffer, offset: 0)
  }

  // MARK: who reads what

  private mutating func link(_ row: Int) {
    let plan = rows[row].plan
    var taken: Set<Place> = []
    var left: [KernelPlan.ReadTensor] = []
    // What a kernel reads last was written last: `up` before `gate`.
    for tensor in plan.readTensors.reversed() {
      guard let source = source(of: tensor, of: plan, taken) else {
        left.insert(tensor, at: 0)
        continue
      }
      taken.insert(source.place)
      connect(row, tensor.buffer, to: source, offset: 0)
    }
    linkParts(row, left.filter { $0.name != .residual && !$0.isCache })
    // The layer's input is the residual that is added first.
    if row == 0, plan.isNorm, let input = left.first(where: { $0.name == .input }) {
      let place = Place(row: row, buffer: input.buffer, offset: 0)
      written.append(
        Written(
          name: .residual, isCache: false, place: place, byteCount: input.byteCount, type: input.type, role: .stream))
    }
  }

  private func source(of tensor: KernelPlan.ReadTensor, of plan: KernelPlan, _ taken: Set<Place>) -> Written? {
    // Rows of scores may end in what nobody reads; the last row's counts for one of the two alone.
    if tensor.name == .scores || tensor.name == .probabilities {
      return written.last { $0.name == tensor.name && $0.type == tensor.type }
    }
    let fitting = written.filter { $0.byteCount == tensor.byteCount && $0.type == tensor.type }
    if tensor.isCache {
      let caches = fitting.filter(\.isCache)
      // Projections write keys, then values.
      return caches.last { $0.name == tensor.name }
        ?? (tensor.name == .value ? caches.last { $0.name == .output } : caches.first { $0.name == .output })
    }
    if tensor.name == .residual { return fitting.last { $0.role == .stream } }
    let isProduct = plan.depth != nil
    let free = fitting.filter {
      !$0.isCache && $0.name != .residual && !taken.contains($0.place) && !(isProduct && $0.role == .product)
    }
    if let own = free.last(where: { $0.name == tensor.name }) ?? free.last { return own }
    // Queries that lie beside keys and values.
    guard tensor.name == .query else { return nil }
    return written.last { !$0.isCache && $0.type == tensor.type && $0.byteCount >= tensor.byteCount }
  }

  /// Tensors that together are the one that was written last: gate and up of one product.
  private mutating func linkParts(_ row: Int, _ tensors: [KernelPlan.ReadTensor]) {
    guard tensors.count > 1, let last = written.last(where: { !$0.isCache && $0.name != .residual }),
      tensors.allSatisfy({ $0.type == last.type && $0.byteCount.isMultiple(of: LayerPlan.alignment) }),
      tensors.reduce(0, { $0 + $1.byteCount }) == last.byteCount
    else { return }
    var offset = 0
    for tensor in tensors {
      connect(row, tensor.buffer, to: last, offset: offset)
      offset += tensor.byteCount
    }
  }

  private mutating func connect(_ row: Int, _ buffer: Int, to source: Written, offset: Int) {
    let place = source.place
    rows[row].links[buffer] = Place(row: place.row, buffer: place.buffer, offset: place.offset + offset)
    let missing = rows[row].plan.buffers[buffer].byteCount - source.byteCount
    if missing > 0 { rows[place.row].plan.buffers[place.buffer].byteCount += missing }
    // Where a row writes into a cache, what stood there before is read, too.
    if source.isCache { rows[place.row].plan.buffers[place.buffer].contents = .random(source.type) }
  }

  private mutating func publish(_ row: Int) {
    let plan = rows[row].plan
    for operand in plan.operands {
      guard case .written(let name) = PlannedTensor(operand), let buffer = plan.place(of: .written(name)),
        let type = plan.reference.outputs.first(where: { $0.name == name })?.type
      else { continue }
      var role = name == .residual ? Role.stream : .other
      if case .residualAdd = plan.value { role = .stream }
      if case .gemm = plan.value { role = .product }
      if case .groupedGEMM = plan.value { role = .product }
      written.append(
        Written(
          name: name, isCache: operand.traffic == .storeKVCache, place: place(row, buffer),
          byteCount: plan.buffers[buffer].byteCount, type: type, role: role))
    }
  }
}

extension KernelPlan {
  /// An activation, keys or values that a kernel reads.
  struct ReadTensor: Hashable {
    let name: StaticName
    let buffer: Int
    let isCache: Bool
    let byteCount: Int
    let type: ElementType
  }

  /// In the order of the operands; tables, lists and weights are none.
  var readTensors: [ReadTensor] {
    operands.compactMap { operand in
      guard operand.traffic == .loadActivation || operand.traffic == .loadKVCache,
        case .read(let name) = PlannedTensor(operand),
        let buffer = buffers.firstIndex(where: { $0.tensor == .read(name) }),
        case .random(let type) = buffers[buffer].contents
      else { return nil }
      return ReadTensor(
        name: name, buffer: buffer, isCache: operand.traffic == .loadKVCache, byteCount: buffers[buffer].byteCount,
        type: type)
    }
  }

  fileprivate var isNorm: Bool {
    if case .rmsNorm = value { return true }
    if case .layerNorm = value { return true }
    return false
  }

  /// k of a product with a weight; nil of other operators.
  fileprivate var depth: Count? {
    if case .gemm(let gemm) = value { return gemm.k }
    if case .linearGelu(let linear) = value { return linear.gemm.k }
    if case .groupedGEMM(let product) = value { return product.k }
    return nil
  }

  var operands: [Operand<Count>] { value.accept(OperandList()) }

  private struct OperandList: OperatorVisitor {
    typealias Scalar = Count

    func visit<Definition: OperatorDefinition>(_ definition: Definition) -> [Operand<Count>]
    where Definition.Scalar == Count {
      var operands: [Operand<Count>] = []
      definition.forEachOperand { operands.append($0) }
      return operands
    }
  }

  /// The plan as a layer has it: weights and caches are each layer's own, activations are not; and a product's weights are so small
  /// that its results are no larger than its inputs, for a chain of them leaves the range of fp16 otherwise.
  fileprivate var inLayer: KernelPlan {
    var plan = self
    for index in plan.buffers.indices { plan.buffers[index].isRotated = false }
    for operand in operands {
      switch operand.traffic {
      case .loadWeight, .loadKVCache, .storeKVCache:
        if let buffer = place(of: PlannedTensor(operand)) { plan.buffers[buffer].isRotated = true }
      case .loadActivation, .storeActivation: break
      }
    }
    if let depth, let weight = place(of: .read(.weight)), let type = plan.buffers[weight].randomKind?.type,
      type.hasWideExponents
    {
      // Of k terms from −1 to 1 times 2^exponent, whose squares are a third on average.
      let growth = (Double(depth.value) / 3).squareRoot()
      plan.buffers[weight].exponent = -max(0, Int(Mathematics.binaryLogarithm(growth).rounded()))
    }
    return plan
  }
}

extension ElementType {
  /// Whether elements a thousand times smaller than 1 have all their digits.
  fileprivate var hasWideExponents: Bool {
    switch self {
    case .f16, .bf16, .f32, .tf32: true
    case .fp8, .int8, .int32: false
    }
  }
}
