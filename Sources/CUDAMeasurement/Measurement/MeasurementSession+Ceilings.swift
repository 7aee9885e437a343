import RooflineCore
import RooflineMeasurement

extension MeasurementSession {
  /// What the GPU achieves at best.
  ///
  /// - Parameters:
  ///   - options: whose products are measured.
  ///   - willMeasure: what begins, how much was done before it, and how much there is.
  /// - Returns: nil where it was interrupted.
  package func ceilings(
    options: PlanningOptions = PlanningOptions(),
    willMeasure: (String, _ done: Int, _ of: Int) -> Void = { _, _, _ in }
  ) throws(GPUFault) -> MeasuredCeilings? {
    let sizes = try copySizes()
    let formats: [DType] = [.fp16, .bf16, .fp8, .int8, .tf32, .fp32]
    let count = sizes.count + formats.count + 3
    var done = 0
    func begin(_ what: String) {
      willMeasure(what, done, count)
      done += 1
    }
    var ceilings = MeasuredCeilings()
    begin("empty kernel")
    for launch in EmptyLaunch.allCases {
      guard let time = try floorTime(launch) else { return nil }
      ceilings.floors.append(.init(launch: launch.rawValue, time: time))
    }
    for bytes in sizes {
      begin("copy of \(bytes) bytes")
      guard let time = try copyTime(bytes) else { return nil }
      ceilings.copies.append(.init(bytes: bytes, time: time))
    }
    begin("L2 cache")
    if let bytes = properties.l2.map({ Int(clamping: $0) / 4 / 4096 * 4096 }), bytes > 0 {
      guard let time = try rereadTime(bytes) else { return nil }
      ceilings.l2 = .init(bytes: bytes * Self.rereadPasses, time: time)
    }
    begin("exponentials")
    guard let special = try exponentials() else { return nil }
    ceilings.special = special
    for dtype in formats {
      begin("\(dtype.rawValue) products")
      do throws(GPUFault) {
        guard let product = try product(dtype, options) else { return nil }
        ceilings.products.append(product)
      } catch .unsupported(_, let reason) {
        ceilings.refusals[dtype] = reason
      } catch {
        // What is known is kept; with a lost device nothing more will be.
        ceilings.failures[dtype] = error
        guard isAlive else { return ceilings }
      }
    }
    return ceilings
  }

  /// How a kernel is launched: what an empty one costs depends on it.
  private enum EmptyLaunch: String, CaseIterable {
    /// In a CUDA graph, one behind the other.
    case graph
    /// By a call each, queued one behind the other.
    case stream
    /// By itself, behind a sweep of the cache.
    case single
  }

  private func floorTime(_ launch: EmptyLaunch) throws(GPUFault) -> SampleStatistics? {
    switch launch {
    case .graph: try timer.floor(.hot, isInterrupted: isInterrupted).flatMap { SampleStatistics($0.samples) }
    case .stream: try timer.streamFloor(isInterrupted: isInterrupted).flatMap { SampleStatistics($0.samples) }
    case .single: try timer.floor(.cold, isInterrupted: isInterrupted).flatMap { SampleStatistics($0.samples) }
    }
  }

  /// Powers of two from 256 KiB to eight times the L2 cache and 64 MiB at least, as far as memory allows.
  private func copySizes() throws(GPUFault) -> [Int] {
    let l2 = properties.l2.flatMap { Int(exactly: $0) } ?? KernelTimer.unknownCache
    let most = min(max(8 * l2, 64 << 20), try context.memory().free / 4)
    return (18..<40).map { 1 << $0 }.filter { $0 / 2 < most }
  }

  private func copyTime(_ bytes: Int) throws(GPUFault) -> SampleStatistics? {
    let from = try DeviceMemory(context, byteCount: bytes)
    let to = try DeviceMemory(context, byteCount: bytes)
    try timer.stream.fill(from, with: 0x5A)
    let launch = PlannedLaunch(
      source: "copy.cu", kernel: "copy_bytes",
      geometry: LaunchGeometry(grid: .init(UInt32(clamping: (bytes / 16 + 255) / 256)), block: .init(256)),
      arguments: [])
    return try time(launch, [.memory(from), .memory(to), .uint64(UInt64(bytes))])
  }

  /// How often a launch reads its memory: long against the launch itself.
  private static let rereadPasses = 64

  private func rereadTime(_ bytes: Int) throws(GPUFault) -> SampleStatistics? {
    let memory = try DeviceMemory(context, byteCount: bytes)
    let found = try DeviceMemory(context, byteCount: 4)
    try timer.stream.fill(memory, with: 0)
    let launch = PlannedLaunch(
      source: "reread.cu", kernel: "reread_bytes",
      geometry: LaunchGeometry(
        grid: .init(UInt32(clamping: 8 * properties.streamingMultiprocessors)), block: .init(256)), arguments: [])
    return try time(
      launch, [.memory(memory), .memory(found), .uint64(UInt64(bytes)), .int32(Int32(Self.rereadPasses))])
  }

  private func exponentials() throws(GPUFault) -> MeasuredCeilings.Work? {
    let rounds = 256
    let blocks = 8 * Int(clamping: properties.streamingMultiprocessors)
    let output = try DeviceMemory(context, byteCount: blocks * 256 * 4)
    let launch = PlannedLaunch(
      source: "exponentials.cu", kernel: "exponentials",
      geometry: LaunchGeometry(grid: .init(UInt32(clamping: blocks)), block: .init(256)), arguments: [])
    let time = try time(launch, [.memory(output), .int32(Int32(rounds))])
    return time.map { .init(operations: Double(blocks * 256 * rounds * 8), time: $0) }
  }

  private func time(_ launch: PlannedLaunch, _ arguments: [KernelArgument]) throws(GPUFault) -> SampleStatistics? {
    let kernel = try loaded.kernel(launch).kernel
    let sampling = try timer.time(.hot, copies: 1, isInterrupted: isInterrupted) { _, stream throws(GPUFault) in
      try stream.launch(kernel, launch.geometry, arguments)
    }
    return sampling.flatMap { SampleStatistics($0.samples) }
  }

  /// When windows end, s of products: a burst, and what is left of it when power and heat have settled.
  private static let windowEnds = [0.01, 0.1, 0.5, 1, 2, 3]

  private func product(_ dtype: DType, _ options: PlanningOptions) throws(GPUFault) -> MeasuredCeilings.Product? {
    // Four tiles of 128 × 128 an SM at least, up to what no launch overhead shows in.
    let edge = max(256, min(8192, 64 * Int(clamping: properties.streamingMultiprocessors) / 256 * 256))
    let size = Count(UInt64(edge))
    let value: Operator<Count> = .gemm(GEMM(m: size, n: size, k: size, formats: NumberFormats(dtype)))
    var options = options
    options.hasMatrixLibrary = hasMatrixLibrary
    let plan: KernelPlan
    do throws(Unsupported) {
      plan = try KernelPlan(value, on: properties, options: options)
    } catch {
      throw .unsupported("\(dtype.rawValue) product", reason: error.reason)
    }
    let prepared = try prepare(plan, copies: 1)
    _ = try prepared.check(timer.stream, effort: 1 << 20)
    let once = try timer.once { stream throws(GPUFault) in try prepared.launch(copy: 0, in: stream) }
    // Two milliseconds a replay, so that what lies between replays does not show.
    let calls = max(1, min(1024, Int((2e-3 / max(once, 1e-7)).rounded(.up))))
    let graph = try Graph(capturing: timer.stream) { stream throws(GPUFault) in
      for _ in 0..<calls { try prepared.launch(copy: 0, in: stream) }
    }
    let operations = 2 * Double(edge) * Double(edge) * Double(edge) * Double(calls)
    var windows: [MeasuredCeilings.Product.Window] = []
    var elapsed = 0.0
    for end in Self.windowEnds {
      var (seconds, replays) = (0.0, 0.0)
      while elapsed < end || replays == 0 {
        if isInterrupted() { return nil }
        // A replay holds addresses and no references: the memory and the algorithm must outlive it.
        let replay = try withExtendedLifetime(prepared) { () throws(GPUFault) in
          try timer.once { _ throws(GPUFault) in try graph.launch() }
        }
        elapsed += replay
        seconds += replay
        replays += 1
      }
      windows.append(.init(end: elapsed, rate: operations * replays / seconds))
    }
    return .init(dtype: dtype, edge: edge, family: plan.family, windows: windows)
  }
}
