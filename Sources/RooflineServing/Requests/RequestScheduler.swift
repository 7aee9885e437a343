import RooflineCore
import RooflineDeployment

/// Puts requests into passes as an engine does, and takes their tokens out.
///
/// A request waits until there is a seat for it (`EngineScheduler.maxSequences`) and memory (`CachePolicy`). Requests begin in the
/// order of their arrival; one that has to wait holds up those behind it. Where caches grow and no block is left, the request that
/// began last is put off: it waits before all others, and the next passes that it is in compute again what its cache held.
struct RequestScheduler {
  let rules: EngineScheduler
  let cachedPrefix: UInt64
  /// What a decode step gives each of `running`.
  let yield: DecodeYield
  private var ledger: CacheLedger
  private var waiting = WaitingLine<Ticket>()
  /// Those that were put off, the next one to begin last.
  private var putOff: [Sequence] = []
  /// Whose prompts are not done, in the order in which they began.
  private var prompts: [Sequence] = []
  /// Those that get a token in each decode step, in the order in which they began.
  private var running: [Sequence] = []
  /// Keys in the caches of `running`, added up.
  private var keys: UInt64 = 0
  /// Decode steps so far, and the next ones that are the last of a sequence, or need a block.
  private var step: UInt64 = 0
  private var nextLastStep = UInt64.max
  private var nextFullStep = UInt64.max
  /// When the last decode step ended, s.
  private var decodedAt = 0.0
  /// Of the pass that was filled last.
  private(set) var work = Work()

  init(_ rules: EngineScheduler, cachedPrefix: UInt64, room: CacheRoom, yield: DecodeYield = .one) {
    self.rules = rules
    self.yield = yield
    self.cachedPrefix = cachedPrefix
    ledger = CacheLedger(rules.cache, room)
  }

  /// Sequences that run at once at most: each needs places among the tokens of a pass.
  var seats: Int { Int(min(rules.maxSequences, rules.maxBatchedTokens / yield.queryTokens, 1 << 30)) }

  /// Requests that wait to begin, for the first time or again.
  var waitingCount: Int { waiting.count + putOff.count }

  /// Requests that have come and not ended.
  var presentCount: Int { waitingCount + prompts.count + running.count }

  /// Bytes that requests which have begun hold.
  var reserved: UInt64 { ledger.held }

  /// - Throws: `InputError.usage` for one that can never begin.
  mutating func add(_ request: Request, number: UInt64) throws(InputError) {
    guard request.prompt > 0, request.generated > 0 else {
      throw .usage("a request has a prompt of at least 1 token and gets at least 1")
    }
    guard rules.maxBatchedTokens >= yield.queryTokens else {
      throw .usage(
        "a pass of \(rules.maxBatchedTokens) tokens has no room for the \(yield.queryTokens) that a step with drafts verifies; raise --max-num-batched-tokens"
      )
    }
    let whole =
      Count(cachedPrefix) + Count(request.prompt) + Count(request.generated - 1) + Count(yield.drafted)
    guard !whole.isOverflow else { throw .overflow(what: "prompt + generated tokens") }
    let account = try ledger.account(wholeKeys: whole.value)
    guard rules.prompts == .chunked || request.prompt <= rules.maxBatchedTokens else {
      throw .usage(
        "a prompt of \(request.prompt) tokens is above the \(rules.maxBatchedTokens) of a pass, and this engine does not cut prompts; raise --max-num-batched-tokens"
      )
    }
    waiting.append(Ticket(number: number, request: request, account: account))
  }

  // MARK: before a pass

  /// Says what the next pass holds; nothing where nobody waits and nobody runs.
  mutating func fill(_ pass: inout MixedPass, at now: Double) {
    pass.removeAll()
    work = Work()
    var budget = rules.maxBatchedTokens
    switch rules.prompts {
    case .chunked:
      addSequences(to: &pass)
      budget -= min(pass.sequences * pass.queryTokens, budget)
      takePieces(&budget, &pass)
      // Who has just been put off would be the first to come back.
      while work.putOffs == 0, budget > 0, begin(at: now) { takePiece(of: prompts.count - 1, &budget, &pass) }
    case .first:
      takePieces(&budget, &pass)
      while fitsNext(budget), begin(at: now) { takePiece(of: prompts.count - 1, &budget, &pass) }
      if pass.chunks.isEmpty { addSequences(to: &pass) }
    case .together:
      if running.isEmpty, prompts.isEmpty { while begin(at: now) {} }
      for index in prompts.indices {
        guard isWhole(prompts[index], budget) || budget == rules.maxBatchedTokens else { break }
        takePiece(of: index, &budget, &pass)
      }
      if pass.chunks.isEmpty { addSequences(to: &pass) }
    }
  }

  private mutating func addSequences(to pass: inout MixedPass) {
    if step + 1 == nextFullStep { grow() }
    pass.sequences = UInt64(running.count)
    pass.queryTokens = yield.queryTokens
    pass.sequenceKeys = keys + pass.sequences * yield.queryTokens
    work.decodedTokens = yield == .one ? pass.sequences : running.reduce(0) { $0 + tokens(of: $1) }
  }

  /// What the next decode step gives a sequence.
  private func tokens(of sequence: Sequence) -> UInt64 {
    sequence.decoded(by: step + 1, yield) - sequence.decoded(by: step, yield)
  }

  private func isWhole(_ sequence: Sequence, _ budget: UInt64) -> Bool { sequence.target - sequence.done <= budget }

  /// The first that waits.
  private var next: Sequence? { putOff.last ?? waiting.first.map { Sequence($0) } }

  /// Whether the next one goes into a pass uncut: what is computed again and longer than any pass is cut all the same.
  private func fitsNext(_ budget: UInt64) -> Bool {
    guard let next else { return false }
    return isWhole(next, budget) || (budget == rules.maxBatchedTokens && next.target > budget)
  }

  /// Lets the first that waits begin, where it can.
  private mutating func begin(at now: Double) -> Bool {
    guard running.count + prompts.count < seats, var next,
      ledger.begin(&next.account, keys: cachedPrefix + next.target)
    else { return false }
    if putOff.popLast() == nil { waiting.removeFirst() }
    next.start = next.start ?? now
    prompts.append(next)
    return true
  }

  private mutating func takePieces(_ budget: inout UInt64, _ pass: inout MixedPass) {
    for index in prompts.indices where budget > 0 { takePiece(of: index, &budget, &pass) }
  }

  private mutating func takePiece(of index: Int, _ budget: inout UInt64, _ pass: inout MixedPass) {
    let (done, known) = (prompts[index].done, prompts[index].known)
    let rest = prompts[index].target - done
    let piece = min(rest, budget)
    prompts[index].piece = piece
    budget -= piece
    pass.add(tokens: piece, cached: cachedPrefix + done)
    if piece == rest { pass.endingPrompts += 1 }
    let again = min(max(known, done), done + piece) - done
    work.againTokens += again
    let prompt = prompts[index].request.prompt
    work.promptTokens += max(min(prompt, done + piece), done + again) - (done + again)
  }

  // MARK: memory

  /// Gives blocks to sequences that need one in the next step, the oldest first; who began last makes room.
  private mutating func grow() {
    nextFullStep = .max
    var index = 0
    while index < running.count {
      if running[index].fullStep <= step + 1 {
        // Who has one more block may need another one, or is no longer there.
        _ = grow(at: index)
        continue
      }
      nextFullStep = min(nextFullStep, running[index].fullStep)
      index += 1
    }
  }

  /// - Returns: whether the sequence has its block; if not, somebody was put off, maybe itself.
  private mutating func grow(at index: Int) -> Bool {
    guard !ledger.grow(&running[index].account) else {
      running[index].plan(yield, prefix: cachedPrefix, grows: true)
      return true
    }
    let rank = running[index].account.rank
    if let last = prompts.lastIndex(where: { $0.account.rank == rank }) {
      var last = prompts.remove(at: last)
      last.known = max(last.known, last.done)
      putOff(last)
    } else if let last = running.lastIndex(where: { $0.account.rank == rank }) {
      var last = running.remove(at: last)
      last.given += 1 + last.decoded(by: step, yield)
      last.known = max(last.known, last.target - 1)
      keys -= cachedPrefix + last.target - 1
      last.latest = max(last.latest, decodedAt)
      work.interrupted.append(last)
      putOff(last)
    }
    return false
  }

  private mutating func putOff(_ sequence: Sequence) {
    var sequence = sequence
    ledger.end(&sequence.account)
    (sequence.done, sequence.fullStep) = (0, .max)
    putOff.append(sequence)
    work.putOffs += 1
  }

  // MARK: after a pass

  /// Hands out the tokens of a pass.
  ///
  /// - Parameters:
  ///   - now: when the pass ended, s.
  ///   - ended: those that have all their tokens now; emptied first.
  mutating func finish(
    _ pass: MixedPass, at now: Double, _ meter: inout LoadMeter, ended: inout [Sequence]
  ) {
    ended.removeAll(keepingCapacity: true)
    if pass.sequences > 0 {
      step += 1
      decodedAt = now
      keys += work.decodedTokens
      meter.decoded(running, step: step, yield, at: now)
      if step == nextLastStep { endSequences(&ended) }
    }
    if !pass.chunks.isEmpty { finishPieces(at: now, &meter, &ended) }
    for index in ended.indices {
      ledger.end(&ended[index].account)
      meter.ended(ended[index], at: now)
    }
  }

  private mutating func endSequences(_ ended: inout [Sequence]) {
    nextLastStep = .max
    var kept = 0
    for index in running.indices {
      let sequence = running[index]
      if sequence.lastStep == step {
        keys -= cachedPrefix + sequence.request.prompt + sequence.request.generated - 1
        ended.append(sequence)
      } else {
        nextLastStep = min(nextLastStep, sequence.lastStep)
        running[kept] = sequence
        kept += 1
      }
    }
    running.removeLast(running.count - kept)
  }

  private mutating func finishPieces(at now: Double, _ meter: inout LoadMeter, _ ended: inout [Sequence]) {
    var kept = 0
    for index in prompts.indices {
      var sequence = prompts[index]
      sequence.done += sequence.piece
      sequence.piece = 0
      guard sequence.done == sequence.target else {
        prompts[kept] = sequence
        kept += 1
        continue
      }
      if sequence.first == nil {
        sequence.first = now
        meter.began(sequence, at: now)
      } else {
        meter.cameBack(sequence, at: now)
      }
      sequence.latest = now
      guard sequence.request.generated > sequence.given + 1 else {
        ended.append(sequence)
        continue
      }
      sequence.base = step
      sequence.plan(yield, prefix: cachedPrefix, grows: rules.cache.growth != nil)
      nextLastStep = min(nextLastStep, sequence.lastStep)
      nextFullStep = min(nextFullStep, sequence.fullStep)
      keys += cachedPrefix + sequence.target
      running.append(sequence)
    }
    prompts.removeLast(prompts.count - kept)
  }
}
