import CGPUABI
import RooflineCore
import RooflineMeasurement

/// GPUs of one process that take part in a collective: a context, a stream and two buffers each.
final class CollectiveRanks {
  private let library: CollectiveLibrary
  private let plan: CollectivePlan
  private var ranks: [Rank] = []
  private var communicators: [abi_ncclComm_t] = []

  /// What a GPU has of its own, given back in the order of a class's needs: the context last.
  private struct Rank {
    let context: Context
    var stream: DeviceStream?
    var send: DeviceMemory?
    var receive: DeviceMemory?
  }

  /// - Parameters:
  ///   - first: CUDA's number of the first GPU; the others follow it.
  ///   - stream: the first GPU's, of which times are taken.
  init(
    _ plan: CollectivePlan, _ library: CollectiveLibrary, _ driver: Driver, first: Int, stream: DeviceStream,
    patterns: RandomPatterns
  ) throws(GPUFault) {
    self.plan = plan
    self.library = library
    for rank in 0..<plan.ranks {
      let context = try Context(driver, ordinal: first + rank)
      ranks.append(Rank(context: context))
      ranks[rank].stream = rank == 0 ? stream : try DeviceStream(context)
      let send = try DeviceMemory(context, byteCount: plan.sendBytes)
      ranks[rank].send = send
      ranks[rank].receive = try DeviceMemory(context, byteCount: plan.receiveBytes)
      // Every GPU makes the same pattern, and begins at a place of its own in it.
      let own = RandomPatterns(context, seed: patterns.seed)
      try own.prepare(plan.kind)
      if let stream = ranks[rank].stream {
        try own.fill(send, buffer: CollectivePlan.buffer(of: rank), plan.kind, plan.sendBytes, in: stream)
        try stream.synchronize()
      }
    }
    var made = [abi_ncclComm_t?](repeating: nil, count: plan.ranks)
    let devices = (0..<plan.ranks).map { Int32(first + $0) }
    try library.check(library.initializeAll(&made, Int32(plan.ranks), devices), "ncclCommInitAll")
    communicators = made.compactMap { $0 }
    guard communicators.count == plan.ranks else { throw .noAnswer(call: "ncclCommInitAll") }
    try ranks[0].context.makeCurrent()
  }

  deinit {
    for communicator in communicators { _ = library.destroy(communicator) }
    for index in ranks.indices {
      try? ranks[index].context.makeCurrent()
      (ranks[index].send, ranks[index].receive, ranks[index].stream) = (nil, nil, nil)
    }
    ranks = []
  }

  /// Queues the collective on every GPU, as one group: a single thread that waited for one rank would wait for ever.
  func enqueue() throws(GPUFault) {
    try library.check(library.groupStart(), "ncclGroupStart")
    var fault: GPUFault?
    for (rank, communicator) in zip(ranks, communicators) {
      guard let send = rank.send, let receive = rank.receive, let stream = rank.stream,
        let from = UnsafeRawPointer(bitPattern: UInt(send.address)),
        let to = UnsafeMutableRawPointer(bitPattern: UInt(receive.address))
      else { throw .noAnswer(call: plan.call) }
      let result =
        switch plan.pattern {
        case .allReduce:
          library.allReduce(from, to, plan.count, plan.dataType, Int32(abi_ncclSum), communicator, stream.handle)
        case .reduceScatter:
          library.reduceScatter(from, to, plan.count, plan.dataType, Int32(abi_ncclSum), communicator, stream.handle)
        case .allGather: library.allGather(from, to, plan.count, plan.dataType, communicator, stream.handle)
        }
      do throws(GPUFault) { try library.check(result, plan.call) } catch { fault = fault ?? error }
    }
    // A group that was begun must end.
    let end = library.groupEnd()
    // NCCL goes from GPU to GPU by itself.
    try ranks[0].context.makeCurrent()
    if let fault { throw fault }
    try library.check(end, "ncclGroupEnd")
  }

  func synchronize() throws(GPUFault) {
    for rank in ranks {
      try rank.context.makeCurrent()
      try rank.stream?.synchronize()
    }
    try ranks[0].context.makeCurrent()
  }

  /// Runs the collective once into poisoned buffers, and compares what each GPU has received.
  func check(_ patterns: RandomPatterns) throws(GPUFault) -> KernelMeasurement.Check {
    for rank in ranks {
      guard let receive = rank.receive, let stream = rank.stream else { continue }
      try rank.context.makeCurrent()
      try stream.fill(receive, with: 0xFF)
      try stream.synchronize()
    }
    try ranks[0].context.makeCurrent()
    try enqueue()
    try synchronize()
    var check = KernelMeasurement.Check(compared: 0, elements: 0, worst: 0)
    guard let pattern = patterns.patterns[plan.kind] else { throw .noAnswer(call: "filling \(plan.call)") }
    for (index, rank) in ranks.enumerated() {
      guard let receive = rank.receive else { continue }
      try rank.context.makeCurrent()
      check.elements += plan.receiveBytes / plan.type.byteCount
      for first in plan.checkedBlocks {
        let count = min(CollectivePlan.blockLength, plan.receiveBytes / plan.type.byteCount - first)
        let found = try receive.elements(plan.type, count: count, from: first)
        for (offset, value) in found.enumerated() {
          let expected = plan.expected(first + offset, at: index, pattern)
          let share = (value - expected.value).magnitude / expected.tolerance
          guard share <= 1 else {
            throw .wrongResult(
              kernel: plan.call, detail: "element \(first + offset) of GPU \(index) is \(value), not \(expected.value)")
          }
          check.worst = max(check.worst, share)
        }
        check.compared += count
      }
    }
    try ranks[0].context.makeCurrent()
    return check
  }
}
