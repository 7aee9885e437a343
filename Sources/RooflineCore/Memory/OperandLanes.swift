/// Bytes of the activations that rows read and write, in the order of the rows and of each row's operands.
struct OperandLanes: Sendable {
  private(set) var loads: [CountLanes.Lanes] = []
  private(set) var stores: [CountLanes.Lanes] = []

  init() {
    loads.reserveCapacity(64)
    stores.reserveCapacity(64)
  }

  /// - Returns: the bytes of all operands: `memoryBytes`, which are not added up a second time.
  mutating func add<D: OperatorDefinition>(_ definition: D) -> CountLanes where D.Scalar == CountLanes {
    var all: CountLanes = 0
    definition.forEachOperand { operand in
      let bytes = operand.bytes
      if operand.traffic == .loadActivation { loads.append(bytes.lanes) }
      if operand.traffic == .storeActivation { stores.append(bytes.lanes) }
      all = all + bytes
    }
    return all
  }

  mutating func add(gathered message: CountLanes) { stores.append(message.lanes) }
}
