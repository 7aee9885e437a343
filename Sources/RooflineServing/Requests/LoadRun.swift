import RooflineAnalysis
import RooflineCore
import RooflineDeployment

/// A deployment under a load: its passes, its memory and its scheduler put together.
package struct LoadRun: Sendable {
  /// Model, GPU, degrees, formats and times; its batch means nothing here.
  package let analysis: Analysis
  package let scheduler: EngineScheduler
  package let load: RequestLoad
  /// How drafts are made, and what a step keeps; nil without drafted tokens.
  package let speculation: SpeculativeStep?
  /// Keys of sequences are rounded to a multiple of so many: more are looked up than computed.
  package var keyGrain: UInt64 = 1

  /// The most requests, and the most tokens of each, that a run computes.
  package static let requestLimit: UInt64 = 10_000_000

  package init(
    _ analysis: Analysis, scheduler: EngineScheduler, load: RequestLoad, speculation: SpeculativeStep? = nil
  ) {
    self.analysis = analysis
    self.speculation = speculation
    self.load = load
    self.scheduler = scheduler
  }

  /// What a reader of the numbers should know. How many experts a pass touches is said of one of the analysis's own batch, and a load's
  /// passes are of many sizes.
  package var notices: [Notice] {
    (analysis.notices + analysis.notices(generating: load.generated)).filter {
      if case .expertsTouched = $0 { false } else { true }
    }
  }

  /// The scheduler with the seats that are taken: who has so many in flight sees some of them wait, who has a queue does anyway.
  private var seated: EngineScheduler {
    var scheduler = scheduler
    if case .closed(let count) = load.arrivals, scheduler.idleSeats > 0 {
      scheduler.maxSequences = scheduler.seats(inFlight: count)
    }
    return scheduler
  }

  /// Requests that may be there at once.
  private var inFlight: UInt64 {
    switch load.arrivals {
    case .together(let count), .closed(let count): count
    case .listed(let requests): max(1, UInt64(requests.count))
    case .open: .max
    }
  }

  /// - Parameter progress: is told now and then how many requests have ended, and of how many; false ends the run.
  /// - Throws: `InputError` where passes have no time, where nothing is stated of what a step with drafts keeps, where memory is not known or too short, and what `RequestLoop`
  ///   throws.
  package func figures(
    progress: ((_ done: UInt64, _ count: UInt64) -> Bool)? = nil
  ) throws(InputError) -> LoadFigures {
    let limit = LoadRun.requestLimit
    for (number, what) in [
      (load.counted, "requests are counted (--requests, or ten for each of --concurrency)"),
      (load.warmUp, "requests come first (--warm-up, or two for each of --concurrency)"),
      (load.generated, "tokens are computed of each request (--generate)"),
    ] where number > limit { throw .usage("at most \(limit) \(what), and \(number) are asked for") }
    var yield = DecodeYield.one
    if let speculation {
      guard let own = speculation.yield else { throw .draftsWithoutYield }
      yield = own
    }
    let times = PassTimes(analysis, speculation: speculation, keyGrain: keyGrain)
    try requirePasses()
    guard let capacity = analysis.hardware.memory?.capacity else {
      throw .missingFacts(
        hardware: analysis.hardware.name, path: analysis.hardware.path,
        facts: [MissingFact(name: "memory capacity", key: "memory.capacityBytes", option: nil)])
    }
    let room = try CacheRoom(
      analysis.configuration, analysis.workload, hardware: analysis.hardware, capacity: capacity, scheduler: seated,
      prompt: load.prompt, inFlight: inFlight)
    let loop = RequestLoop(
      times, scheduler: seated, room: room, cachedPrefix: analysis.workload.cachedPrefix, yield: yield)
    return try loop.figures(of: load, progress: progress)
  }

  /// Throws where the largest pass has a count that does not fit, or a rate is missing: no smaller one has more.
  private func requirePasses() throws(InputError) {
    var workload = analysis.workload
    workload.batch = min(scheduler.maxSequences, inFlight, Count.limit)
    workload.prompt = load.prompt
    workload.context = workload.promptKeys + max(load.generated, 2) - 1 + workload.drafted
    let largest = try analysis.with(workload)
    for case .missingFacts(let hardware, let path, let facts) in largest.notices {
      throw .missingFacts(hardware: hardware, path: path, facts: facts)
    }
  }
}
