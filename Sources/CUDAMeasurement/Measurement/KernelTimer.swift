import RooflineCore
import RooflineMeasurement

/// Times calls in each mode, kernels and the empty kernel alike, so that the floor is the floor of the same procedure.
///
/// **Not verified, because no GPU was at hand:** that the sweep empties the L2 cache (it reads twice its size), and that a
/// graph's replay leaves no gaps but the launches'; that launching a graph of twice as many calls costs as much as one of half.
final class KernelTimer {
  private let context: Context
  private let timer: LaunchTimer
  private let rule: StoppingRule
  private let loaded: LoadedKernels
  private let empty: Kernel
  private let spin: Kernel
  private var sweep: Sweep?
  private let clock = ContinuousClock()

  /// The shorter replay's shortest time, s: long against the events' half microsecond.
  private static let shortestReplay = 0.5e-3
  /// That of kernels whose clocks sink, s: long against what lies between replays, too, so that the device hardly rests.
  private static let shortestSustainedReplay = 1e-3
  /// What is queued before anybody waits for it, s of the device's time and samples.
  private static let batchTime = 10e-3
  private static let largestBatch = 8
  /// Both where NVML is asked all along: as long as its answers take.
  private static let watchedBatchTime = 20e-3
  private static let largestWatchedBatch = 16
  /// How long the device works while somebody asks NVML, s: it needs some milliseconds for its answers.
  private static let lookTime = 20e-3
  /// Calls for that at most; so many single launches, each with its sweep, keep it at work as long.
  private static let mostCompanions = 128
  /// Time on the clock before the first sample, s, so that clocks are up.
  private static let warmUp = 25e-3
  /// How long the device waits before a sample, ns: by then all of it is queued, and the time that queueing takes is no part
  /// of it. Launching a graph takes some ten microseconds, which would be percents of the shortest sample.
  private static let lead: UInt64 = 100_000
  /// Further for each node of a graph, ns: drivers before CUDA 12.6 launch one in a time that grows with it.
  private static let leadPerNode: UInt64 = 100
  /// How long a choice is looked at, s.
  private static let roughTime = 5e-3
  /// Of the shorter graph; the other has twice as many.
  private static let callLimit = 4096

  private struct Sweep {
    let launch: PlannedLaunch
    let kernel: Kernel
    let memory: DeviceMemory
    let found: DeviceMemory
    let byteCount: Int
  }

  var stream: DeviceStream { timer.stream }

  init(_ context: Context, _ loaded: LoadedKernels, rule: StoppingRule) throws(GPUFault) {
    self.context = context
    self.loaded = loaded
    self.rule = rule
    timer = try LaunchTimer(context)
    let module = try SpinKernel.load(context)
    empty = try module.kernel(SpinKernel.emptyName)
    spin = try module.kernel(SpinKernel.spinName)
  }

  /// Samples of a call.
  struct Sampling {
    /// s.
    var samples: [Double]
    /// Of all samples together, s.
    var deviceTime: Double
    var end: StoppingRule.Reason
    var callsPerSample: Int
    /// What a replay takes beside its calls, s; nil where no graph was replayed.
    var launchCost: Double?
    /// What was replayed last, and the set that its last call is on; nil where no graph was.
    var last: (graph: Graph, copy: Int)?

    /// - Throws: `GPUFault.implausibleTime` where a call's share of a sample is no time.
    fileprivate init(_ taken: LaunchTimer.Taken, callsPerSample: Int) throws(GPUFault) {
      var samples: [Double] = []
      for sample in taken.samples { samples.append(try LaunchTimer.plausible(sample / Double(callsPerSample))) }
      (self.samples, deviceTime, end) = (samples, taken.deviceTime, taken.end)
      self.callsPerSample = callsPerSample
    }

    /// - Throws: `GPUFault.implausibleTime` where what is left of a replay without its launch is no time.
    fileprivate init(
      _ pairs: ReplayPairs, deviceTime: Double, end: StoppingRule.Reason, last: (graph: Graph, copy: Int)
    ) throws(GPUFault) {
      samples = []
      for sample in pairs.samples { samples.append(try LaunchTimer.plausible(sample)) }
      (self.deviceTime, self.end) = (deviceTime, end)
      callsPerSample = pairs.calls
      launchCost = pairs.launchCost
      self.last = last
    }
  }

  /// - Parameters:
  ///   - copies: how many sets the calls go around.
  ///   - isSustained: whether power may hold the clocks, so that calls must go on until they have sunk. A single launch behind
  ///     a sweep is none that power holds.
  ///   - nodes: kernels of a call, as far as they count: about so many.
  ///   - look: called once, while calls in the middle run; in the sustained mode again and again.
  ///   - call: queues the call on a set.
  /// - Returns: nil where it was interrupted.
  func time(
    _ mode: TimingMode, copies: Int, isSustained: Bool = false, nodes: Int = 1, isInterrupted: () -> Bool,
    look: () -> Void = {}, _ call: (Int, DeviceStream) throws(GPUFault) -> Void
  ) throws(GPUFault) -> Sampling? {
    switch mode {
    case .rotating: try replays(copies: copies, nodes, isSustained ? .steady : .short, isInterrupted, look, call)
    case .hot: try replays(copies: 1, nodes, isSustained ? .steady : .short, isInterrupted, look, call)
    case .sustained: try replays(copies: copies, nodes, .lasting, isInterrupted, look, call)
    case .cold: try single(isInterrupted, look, call)
    }
  }

  /// For how long calls go on.
  private enum Length {
    /// Until the median is known.
    case short
    /// Until clocks have sunk to what the power limit leaves.
    case steady
    /// Until power and heat have settled, too, with NVML asked all along.
    case lasting
  }

  /// The empty kernel.
  func floor(_ mode: TimingMode, isInterrupted: () -> Bool) throws(GPUFault) -> Sampling? {
    try time(mode, copies: 1, isInterrupted: isInterrupted) { _, stream throws(GPUFault) in
      try stream.launch(empty, SpinKernel.geometry, [])
    }
  }

  /// Empty kernels queued by a call each.
  func streamFloor(isInterrupted: () -> Bool) throws(GPUFault) -> Sampling? {
    let calls = 256
    let taken = try timer.samples(rule: rule, isInterrupted: isInterrupted) { stream throws(GPUFault) in
      for _ in 0..<calls { try stream.launch(empty, SpinKernel.geometry, []) }
    }
    return try taken.map { taken throws(GPUFault) in try Sampling(taken, callsPerSample: calls) }
  }

  /// Calls queued one behind the other, so many a sample.
  func queued(
    calls: Int, isInterrupted: () -> Bool, _ call: (DeviceStream) throws(GPUFault) -> Void
  ) throws(GPUFault) -> Sampling? {
    func cover(_ stream: DeviceStream) throws(GPUFault) { try wait(stream) }
    let taken = try timer.samples(rule: rule, cover: cover, isInterrupted: isInterrupted) { stream throws(GPUFault) in
      for _ in 0..<calls { try call(stream) }
    }
    return try taken.map { taken throws(GPUFault) in try Sampling(taken, callsPerSample: calls) }
  }

  /// Seconds a call, roughly: what choosing between kernels needs. A round over the sets at least, and some milliseconds.
  func roughly(copies: Int, _ call: (Int, DeviceStream) throws(GPUFault) -> Void) throws(GPUFault) -> Double {
    let calls = max(copies, 8)
    let graph = try Graph(capturing: stream) { stream throws(GPUFault) in
      for index in 0..<calls { try call(index % copies, stream) }
    }
    var (total, least) = (0.0, Double.infinity)
    repeat {
      let replay = try once { _ throws(GPUFault) in try graph.launch() }
      total += replay
      least = min(least, replay)
    } while total < KernelTimer.roughTime
    return least / Double(calls)
  }

  /// Seconds that the work takes once, queued behind a wait.
  func once(_ work: (DeviceStream) throws(GPUFault) -> Void) throws(GPUFault) -> Double {
    try wait(stream)
    return try timer.once(work)
  }

  /// A graph of whole rounds over the copies and one of twice as many, replayed in turn.
  private func replays(
    copies: Int, _ nodes: Int, _ length: Length, _ isInterrupted: () -> Bool, _ look: () -> Void,
    _ call: (Int, DeviceStream) throws(GPUFault) -> Void
  ) throws(GPUFault) -> Sampling? {
    let shortest = length == .short ? KernelTimer.shortestReplay : KernelTimer.shortestSustainedReplay
    func record(calls: Int) throws(GPUFault) -> Graph {
      try Graph(capturing: stream) { stream throws(GPUFault) in
        for index in 0..<calls { try call(index % copies, stream) }
      }
    }
    // Loads the code, which capturing must not have to do.
    try call(0, stream)
    try stream.synchronize()
    var calls = copies
    var graph = try record(calls: calls)
    let began = clock.now
    var replay = 0.0
    while true {
      if isInterrupted() { return nil }
      replay = try timer.once { _ throws(GPUFault) in try graph.launch() }
      if LaunchTimer.seconds(clock.now - began) < KernelTimer.warmUp { continue }
      if replay >= shortest || calls * 2 > KernelTimer.callLimit { break }
      // Twice as many at least, because a short replay's time is mostly not the calls'.
      let times = max(2, Int((shortest / max(replay, 1e-7)).rounded(.up)))
      calls = copies * max(1, min(calls * times, KernelTimer.callLimit) / copies)
      graph = try record(calls: calls)
    }
    let twice = try record(calls: 2 * calls)
    /// Pieces of work that take so long together, of so many replays each.
    func count(_ seconds: Double, of replays: Double, atMost limit: Int) -> Int {
      max(1, Int(min(seconds / (replays * replay), Double(limit))))
    }
    let (rule, batch, watch) =
      switch length {
      case .short, .steady:
        (
          length == .steady ? rule.sustained : rule,
          count(KernelTimer.batchTime, of: 3, atMost: KernelTimer.largestBatch),
          LaunchTimer.Watch(companions: count(KernelTimer.lookTime, of: 1, atMost: KernelTimer.mostCompanions))
        )
      case .lasting:
        (
          rule.lasting,
          count(KernelTimer.watchedBatchTime, of: 3, atMost: KernelTimer.largestWatchedBatch),
          LaunchTimer.Watch(isConstant: true)
        )
      }
    let lead = KernelTimer.lead + KernelTimer.leadPerNode * UInt64(calls * nodes)
    func cover(_ stream: DeviceStream) throws(GPUFault) { try wait(stream, lead) }
    let taken = try timer.pairs(
      rule: rule, batch: batch, cover: cover, isInterrupted: isInterrupted, watch: watch, look: look
    ) { which, _ throws(GPUFault) in try (which == 0 ? graph : twice).launch() }
    guard let taken else { return nil }
    return try Sampling(
      ReplayPairs(short: taken.first, long: taken.second, calls: calls), deviceTime: taken.deviceTime, end: taken.end,
      last: (twice, (2 * calls - 1) % copies))
  }

  /// Single launches, each behind a sweep of the cache.
  private func single(
    _ isInterrupted: () -> Bool, _ look: () -> Void, _ call: (Int, DeviceStream) throws(GPUFault) -> Void
  ) throws(GPUFault) -> Sampling? {
    let sweep = try loadedSweep()
    let arguments: [KernelArgument] = [.memory(sweep.memory), .memory(sweep.found), .uint64(UInt64(sweep.byteCount))]
    func cover(_ stream: DeviceStream) throws(GPUFault) {
      try wait(stream)
      try stream.launch(sweep.kernel, sweep.launch.geometry, arguments)
    }
    let began = clock.now
    while LaunchTimer.seconds(clock.now - began) < KernelTimer.warmUp {
      if isInterrupted() { return nil }
      try cover(stream)
      try call(0, stream)
      try stream.synchronize()
    }
    let taken = try timer.samples(
      rule: rule, cover: cover, isInterrupted: isInterrupted, watch: .init(companions: KernelTimer.mostCompanions),
      look: look
    ) { stream throws(GPUFault) in try call(0, stream) }
    return try taken.map { taken throws(GPUFault) in try Sampling(taken, callsPerSample: 1) }
  }

  private func wait(_ stream: DeviceStream, _ lead: UInt64 = KernelTimer.lead) throws(GPUFault) {
    try stream.launch(spin, SpinKernel.geometry, [.uint64(lead)])
  }

  /// Twice the L2 cache, 64 MiB at least.
  private func loadedSweep() throws(GPUFault) -> Sweep {
    if let sweep { return sweep }
    let byteCount = max(16 << 20, 2 * (context.properties.l2.flatMap { Int(exactly: $0) } ?? KernelTimer.unknownCache))
    let launch = PlannedLaunch(
      source: "sweep.cu", kernel: "sweep_bytes",
      geometry: LaunchGeometry(
        grid: .init(UInt32(clamping: 8 * context.properties.streamingMultiprocessors)), block: .init(256)),
      arguments: [])
    let made = Sweep(
      launch: launch, kernel: try loaded.kernel(launch).kernel, memory: try DeviceMemory(context, byteCount: byteCount),
      found: try DeviceMemory(context, byteCount: 4), byteCount: byteCount)
    try stream.fill(made.memory, with: 0)
    try stream.synchronize()
    sweep = made
    return made
  }

  /// Bytes of a cache that a driver does not tell: more than any GPU's.
  static let unknownCache = 256 << 20
}
