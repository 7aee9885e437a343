import RooflineDeployment

/// Takes down what requests wait for while passes run.
struct LoadMeter {
  private let counted: Range<UInt64>
  /// Of the counted requests, s.
  private(set) var timeToFirstToken: [Double] = []
  private(set) var timePerOutputToken: [Double] = []
  private(set) var endToEnd: [Double] = []
  private(set) var queueing: [Double] = []
  private(set) var gaps = GapCounts()
  /// Seconds of the gaps that decode steps alone would have taken.
  private(set) var gapSecondsAlone = 0.0
  /// Of the gaps: those in which a request was put off, and their seconds.
  private(set) var interruptedGaps: UInt64 = 0
  private(set) var interruptedSeconds = 0.0

  /// Tokens that requests got in the window, and tokens of prompts that its passes worked on for the first time.
  private(set) var generatedTokens: UInt64 = 0
  private(set) var promptTokens: UInt64 = 0
  /// How often a request was put off, and tokens that were computed again.
  private(set) var putOffs: UInt64 = 0
  private(set) var againTokens: UInt64 = 0
  private(set) var passes: UInt64 = 0
  /// Seconds of passes, of those with tokens of prompts, and sequences × seconds.
  private(set) var busy = 0.0
  private(set) var withPrompts = 0.0
  private(set) var sequenceSeconds = 0.0
  private(set) var peakReserved: UInt64 = 0
  /// When the window began; nil: it has not yet.
  private(set) var windowStart: Double?

  /// Counted sequences that got their last token at the same moment.
  private var latest: [(time: Double, count: UInt64)] = []
  private var running: UInt64 = 0

  init(counted: Range<UInt64>) {
    self.counted = counted
    for array in [\LoadMeter.timeToFirstToken, \.timePerOutputToken, \.endToEnd, \.queueing] {
      self[keyPath: array].reserveCapacity(Int(min(UInt64(counted.count), 1 << 20)))
    }
  }

  /// How many of the counted requests have ended.
  var endedCount: UInt64 { UInt64(endToEnd.count) }

  /// Called when a request comes.
  var isOpen: Bool { windowStart != nil }

  mutating func open(at now: Double) { windowStart = windowStart ?? now }

  /// Counts times from one on, at which no counted request is there.
  mutating func begin(at now: Double) {
    windowStart = windowStart.map { $0 - now }
    latest.removeAll(keepingCapacity: true)
  }

  /// A pass that begins in the window.
  ///
  /// - Parameter alone: what it would take without the prompts, s; 0 without sequences.
  mutating func passed(_ pass: MixedPass, _ line: RequestScheduler, seconds: Double, alone: Double) {
    let work = line.work
    for sequence in work.interrupted { leave(sequence) }
    gapSecondsAlone += Double(min(running, pass.sequences)) * alone
    guard isOpen else { return }
    passes += 1
    generatedTokens += pass.endingPrompts + work.decodedTokens
    promptTokens += work.promptTokens
    againTokens += work.againTokens
    putOffs += work.putOffs
    busy += seconds
    if !pass.chunks.isEmpty { withPrompts += seconds }
    sequenceSeconds += Double(pass.sequences) * seconds
    peakReserved = max(peakReserved, line.reserved)
  }

  /// Every running sequence got a token, or several at once, between which no time lies.
  mutating func decoded(_ sequences: [RequestScheduler.Sequence], step: UInt64, _ yield: DecodeYield, at now: Double) {
    for group in latest where group.count > 0 { gaps.add(now - group.time, count: group.count) }
    if yield != .one {
      let further = sequences.reduce(UInt64(0)) { sum, sequence in
        guard counted.contains(sequence.number) else { return sum }
        return sum + sequence.decoded(by: step, yield) - sequence.decoded(by: step - 1, yield) - 1
      }
      if further > 0 { gaps.add(0, count: further) }
    }
    latest.removeAll(keepingCapacity: true)
    if running > 0 { latest.append((now, running)) }
  }

  /// A sequence got its first token.
  mutating func began(_ sequence: RequestScheduler.Sequence, at now: Double) {
    guard counted.contains(sequence.number) else { return }
    timeToFirstToken.append(now - sequence.request.arrival)
    queueing.append((sequence.start ?? now) - sequence.request.arrival)
    if sequence.request.generated > 1 { join(at: now) }
  }

  /// A sequence that was put off got its next token.
  mutating func cameBack(_ sequence: RequestScheduler.Sequence, at now: Double) {
    guard counted.contains(sequence.number) else { return }
    let gap = now - sequence.latest
    gaps.add(gap, count: 1)
    interruptedGaps += 1
    interruptedSeconds += gap
    join(at: now)
  }

  private mutating func join(at now: Double) {
    running += 1
    if let last = latest.indices.last, latest[last].time == now {
      latest[last].count += 1
    } else {
      latest.append((now, 1))
    }
  }

  /// A sequence was put off.
  private mutating func leave(_ sequence: RequestScheduler.Sequence) {
    guard counted.contains(sequence.number) else { return }
    running -= 1
    if let group = latest.firstIndex(where: { $0.time == sequence.latest }) { latest[group].count -= 1 }
  }

  /// A sequence has all its tokens; the last one came with this pass.
  mutating func ended(_ sequence: RequestScheduler.Sequence, at now: Double) {
    guard counted.contains(sequence.number) else { return }
    endToEnd.append(now - sequence.request.arrival)
    guard sequence.request.generated > 1 else { return }
    timePerOutputToken.append((now - (sequence.first ?? now)) / Double(sequence.request.generated - 1))
    running -= 1
    if let last = latest.indices.last { latest[last].count -= 1 }
  }
}
