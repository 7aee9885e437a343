import RooflineCore
import RooflineDeployment

/// Requests over time: one pass after another, each as long as a clock says, until the last counted request has ended.
///
/// What comes while a pass runs is seen when it ends. The same load gives the same figures in every run.
package struct RequestLoop<Clock: PassClock> {
  private let clock: Clock
  private let scheduler: EngineScheduler
  private let room: CacheRoom
  private let cachedPrefix: UInt64
  private let yield: DecodeYield

  /// More passes keep a user waiting.
  package static var maximumPasses: UInt64 { 200_000_000 }
  /// More requests than may be counted, with those that come before and behind them, fill the memory.
  private static var maximumRequests: UInt64 { 3 * LoadRun.requestLimit }
  /// A clock that stands still for so long begins anew, s.
  private static var longestDay: Double { 86_400 }

  /// - Parameters:
  ///   - cachedPrefix: tokens of every request that are in its cache before its prompt.
  ///   - yield: what a decode step gives a sequence.
  package init(
    _ clock: Clock, scheduler: EngineScheduler, room: CacheRoom, cachedPrefix: UInt64 = 0, yield: DecodeYield = .one
  ) {
    self.yield = yield
    self.clock = clock
    self.scheduler = scheduler
    self.room = room
    self.cachedPrefix = cachedPrefix
  }

  /// - Parameters:
  ///   - watch: is told of each pass and of the bytes that are reserved in it: for tests of the rules.
  ///   - progress: is told now and then how many requests have ended, and of how many; false ends the run.
  /// - Throws: `InputError` for a request that can never begin, a pass whose time is unknown, too many passes or requests, and a run that
  ///   was ended.
  package func figures(
    of load: RequestLoad, watch: ((MixedPass, _ start: Double, _ end: Double, _ reserved: UInt64) -> Void)? = nil,
    progress: ((_ done: UInt64, _ count: UInt64) -> Bool)? = nil
  ) throws(InputError) -> LoadFigures {
    let counted = load.warmUp..<(load.warmUp + load.counted)
    var run = Run(
      source: RequestSource(load),
      line: RequestScheduler(scheduler, cachedPrefix: cachedPrefix, room: room, yield: yield),
      meter: LoadMeter(counted: counted), counted: counted, isOpen: load.isOpen)
    var pass = MixedPass()
    var ended: [RequestScheduler.Sequence] = []
    // Times are counted from some beginning: a clock that has run for long has no digits left for a pass.
    var (beginning, now, passes) = (0.0, 0.0, UInt64(0))
    while run.meter.endedCount < load.counted {
      while !run.hasEnough, let request = run.source.take(by: now) { try run.add(request, at: now) }
      run.line.fill(&pass, at: now)
      guard pass.tokens > 0 else {
        guard let next = run.source.next else { break }
        now = next.arrival
        if now > RequestLoop.longestDay {
          // Nobody is there whose times would be of the old one.
          run.begin(at: now)
          beginning += now
          now = 0
        }
        continue
      }
      let seconds = try self.seconds(pass)
      let alone =
        pass.chunks.isEmpty
        ? seconds : pass.sequences == 0 ? 0 : try self.seconds(pass.withoutPrompts)
      run.meter.passed(pass, run.line, seconds: seconds, alone: alone)
      watch?(pass, beginning + now, beginning + now + seconds, run.line.reserved)
      now += seconds
      run.line.finish(pass, at: now, &run.meter, ended: &ended)
      for _ in ended { if let request = run.source.request(afterEndAt: now) { try run.add(request, at: now) } }
      passes += 1
      if passes.isMultiple(of: 4096) {
        guard progress?(run.meter.endedCount, load.counted) ?? true else { throw .usage("interrupted") }
        guard passes < RequestLoop.maximumPasses else {
          throw .usage("the load takes more than \(RequestLoop.maximumPasses) passes; give fewer --requests")
        }
      }
    }
    return try run.figures(until: now, ownPrompt: ownPrompt(of: load), capacity: room.capacity)
  }

  private func seconds(_ pass: MixedPass) throws(InputError) -> Double {
    let seconds = clock.seconds(pass)
    guard seconds.isFinite, seconds > 0 else {
      throw .usage(
        "the time of a pass of \(pass.promptTokens) tokens of prompts and \(pass.sequences) sequences is unknown: \(seconds == 0 ? "it is 0" : "a rate is missing, or a count does not fit in 63 bits")"
      )
    }
    return seconds
  }

  /// A prompt by itself, cut as the scheduler cuts it.
  private func ownPrompt(of load: RequestLoad) throws(InputError) -> Double? {
    guard load.shortest == 1 else { return nil }
    var prompt = load.prompt
    if case .listed(let requests) = load.arrivals {
      guard let first = requests.first, requests.allSatisfy({ $0.prompt == first.prompt }) else { return nil }
      prompt = first.prompt
    }
    var (sum, done) = (0.0, UInt64(0))
    while done < prompt {
      let piece = min(prompt - done, scheduler.maxBatchedTokens)
      var pass = MixedPass(chunks: [MixedPass.Chunk(tokens: piece, cached: cachedPrefix + done)])
      done += piece
      if done == prompt { pass.endingPrompts = 1 }
      sum += try seconds(pass)
    }
    return sum
  }

  /// What changes while passes run.
  private struct Run {
    var source: RequestSource
    var line: RequestScheduler
    var meter: LoadMeter
    let counted: Range<UInt64>
    /// Whether what comes does not wait for what ends: only such requests can pile up.
    let isOpen: Bool
    private var number: UInt64 = 0
    private var waitingInTheMiddle: UInt64 = 0
    private var waitingAtTheEnd: UInt64 = 0
    private var presentInTheMiddle: UInt64 = 0
    private var presentAtTheEnd: UInt64 = 0

    init(source: RequestSource, line: RequestScheduler, meter: LoadMeter, counted: Range<UInt64>, isOpen: Bool) {
      (self.source, self.line, self.meter) = (source, line, meter)
      (self.counted, self.isOpen) = (counted, isOpen)
    }

    /// Whether those that are counted have come, and as many wait behind them as could begin at once: more change nothing yet.
    var hasEnough: Bool { isOpen && number >= counted.upperBound && line.waitingCount >= line.seats }

    /// Counts all times from one on.
    mutating func begin(at now: Double) {
      source.begin(at: now)
      meter.begin(at: now)
    }

    mutating func add(_ request: Request, at now: Double) throws(InputError) {
      guard number < RequestLoop.maximumRequests else {
        throw .usage(
          "more than \(RequestLoop.maximumRequests) requests come before the counted ones have ended; give a lower --arrival or fewer --requests"
        )
      }
      if number == counted.lowerBound { meter.open(at: now) }
      if isOpen {
        let (waiting, present) = (UInt64(line.waitingCount), UInt64(line.presentCount))
        if number == counted.lowerBound + UInt64(counted.count) / 2 {
          (waitingInTheMiddle, presentInTheMiddle) = (waiting, present)
        }
        if number + 1 == counted.upperBound { (waitingAtTheEnd, presentAtTheEnd) = (waiting, present) }
      }
      try line.add(request, number: number)
      number += 1
    }

    func figures(until end: Double, ownPrompt: Double?, capacity: UInt64) throws(InputError) -> LoadFigures {
      guard let first = Distribution(meter.timeToFirstToken), let queueing = Distribution(meter.queueing),
        let whole = Distribution(meter.endToEnd)
      else { throw .usage("no request is counted; give --requests of at least 1") }
      let gaps = meter.gaps.distribution
      return LoadFigures(
        timeToFirstToken: first, queueing: queueing, ownPrompt: ownPrompt,
        timePerOutputToken: Distribution(meter.timePerOutputToken), betweenTokens: gaps,
        betweenTokensAlone: gaps.map {
          $0.count > meter.interruptedGaps ? meter.gapSecondsAlone / Double($0.count - meter.interruptedGaps) : 0
        },
        interruptedGaps: meter.interruptedGaps, interruptedSeconds: meter.interruptedSeconds, endToEnd: whole,
        window: end - (meter.windowStart ?? 0), generatedTokens: meter.generatedTokens,
        promptTokens: meter.promptTokens, putOffs: meter.putOffs, againTokens: meter.againTokens, passes: meter.passes,
        busy: meter.busy, withPrompts: meter.withPrompts,
        meanSequences: meter.busy > 0 ? meter.sequenceSeconds / meter.busy : 0, peakReserved: meter.peakReserved,
        cacheCapacity: capacity, waitingInTheMiddle: waitingInTheMiddle, waitingAtTheEnd: waitingAtTheEnd,
        presentInTheMiddle: presentInTheMiddle,
        presentAtTheEnd: presentAtTheEnd)
    }
  }
}
