/// Which activations are alive at which row of a pass, and which operands they are: the part of `ActivationPeak` that no number
/// of sequences, tokens or keys changes, so that a search asks it once.
package struct ActivationPlan: Sendable {
  /// One kind of layer with what stands before and after the layers.
  private struct Group {
    /// Each operand that says how large a tensor is.
    var loads: [(tensor: Int, operand: Int)] = []
    var stores: [(tensor: Int, operand: Int)] = []
    /// The tensors alive at each row that counts.
    var alive: [[Int]] = []
  }

  private var groups: [Group] = []
  private let tensors: Int
  private let bank: (tensor: Int, snapshots: Double)?
  /// Operands of the whole pass, to know one of its kind by.
  private let loads, stores: Int

  /// - Parameter step: any pass of the kind.
  package init(_ model: DecoderModel, _ step: DecoderStep) {
    let rows = ForwardPass<Count>(model, step).rows
    var places: [ActivationTensor: Int] = [:]
    func place(_ tensor: ActivationTensor) -> Int {
      let known = places[tensor] ?? places.count
      places[tensor] = known
      return known
    }
    var starts: [(loads: Int, stores: Int)] = []
    var (loads, stores) = (0, 0)
    var mentions: [(loads: Int, stores: Int)] = []
    for row in rows {
      let operands = row.operator.accept(ActivationOperands<Count>())
      let written = operands.stores.count + (row.operator.gathered == nil ? 0 : 1)
      starts.append((loads, stores))
      mentions.append((operands.loads.count, written))
      loads += operands.loads.count
      stores += written
    }
    for index in model.groups.indices {
      let places = rows.indices.filter { rows[$0].scope.group == nil || rows[$0].scope.group == index }
      let own = places.map { rows[$0] }
      var group = Group()
      var sized: Set<ActivationTensor> = []
      for (row, number) in zip(own, places) {
        for (tensor, operand) in zip(row.statement.reads, 0..<mentions[number].loads) {
          group.loads.append((place(tensor), starts[number].loads + operand))
          sized.insert(tensor)
        }
        for (tensor, operand) in zip(row.statement.writes, 0..<mentions[number].stores) {
          group.stores.append((place(tensor), starts[number].stores + operand))
          sized.insert(tensor)
        }
      }
      let uses = ActivationPeak<Count>.uses(own)
      for (number, row) in own.enumerated() where row.scope.isLayer || row.scope == .afterLayers {
        let alive = ActivationPeak<Count>.alive(at: number, own, uses)
        group.alive.append(uses.lazy.map(\.tensor).filter { alive.contains($0) && sized.contains($0) }.map(place))
      }
      groups.append(group)
    }
    bank = model.head.snapshots.map { (place(.bank), Double($0)) }
    tensors = places.count
    (self.loads, self.stores) = (loads, stores)
  }

  /// The most bytes alive at once in eight passes of the kind; nil where the operands are those of another kind.
  func peak(_ operands: OperandLanes) -> CountLanes.Lanes? {
    guard operands.loads.count == loads, operands.stores.count == stores else { return nil }
    var peak = CountLanes.Lanes(repeating: 0)
    for group in groups {
      var sizes = [CountLanes.Lanes](repeating: CountLanes.Lanes(repeating: 0), count: tensors)
      for (tensor, operand) in group.loads { sizes[tensor].keepLarger(operands.loads[operand]) }
      for (tensor, operand) in group.stores { sizes[tensor].keepLarger(operands.stores[operand]) }
      if let bank { sizes[bank.tensor] *= bank.snapshots }
      for tensors in group.alive {
        var sum = CountLanes.Lanes(repeating: 0)
        for tensor in tensors { sum += sizes[tensor] }
        peak.keepLarger(sum)
      }
    }
    return peak
  }
}

extension SIMD8<Double> {
  /// NaN, which stands for a number that is not exact, stays.
  @inline(__always)
  fileprivate mutating func keepLarger(_ other: Self) {
    replace(with: other, where: .!(other .<= self) .& (self .== self))
  }
}
