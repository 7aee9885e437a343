import RooflineCore

/// Puts requests into passes as an engine does, and takes their tokens out.
///
/// A request waits until there is a seat for it (`EngineScheduler.maxSequences`) and memory (`CachePolicy`). Requests begin in the
/// order of their arrival; one that has to wait holds up those behind it. Where caches grow and no block is left, the request that
/// began last is put off: it waits before all others, and the next passes that it is in compute again what its cache held.
struct RequestScheduler {
  /// A request that has come.
  fileprivate struct Ticket {
    let number: UInt64
    let request: Request
    let account: CacheLedger.Account
  }

  /// A request that begins, or has begun.
  struct Sequence {
    /// In the order of arrival.
    let number: UInt64
    let request: Request
    fileprivate(set) var account: CacheLedger.Account
    /// When the first pass with tokens of its prompt began, s; nil before.
    fileprivate(set) var start: Double?
    /// When it got its first token, s; nil before.
    fileprivate(set) var first: Double?
    /// Tokens that it had when it was put off, and when it got the last of them, s.
    fileprivate(set) var given: UInt64 = 0
    fileprivate(set) var latest = 0.0
    /// Tokens that passes have worked on since it began (again), and how many the next one does.
    fileprivate(set) var done: UInt64 = 0
    fileprivate(set) var piece: UInt64 = 0
    /// The most tokens that passes had worked on when it was put off.
    fileprivate var known: UInt64 = 0
    /// The decode step, by its number, that gives it its last token.
    fileprivate var lastStep: UInt64 = 0
    /// The decode step, by its number, that needs a further block.
    fileprivate var fullStep = UInt64.max

    fileprivate init(_ ticket: Ticket) { (number, request, account) = (ticket.number, ticket.request, ticket.account) }

    /// Tokens to work on before it gets another one: the prompt, and what it has got.
    var target: UInt64 { request.prompt + given }
  }

  let rules: EngineScheduler
  let cachedPrefix: UInt64
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

  init(_ rules: EngineScheduler, cachedPrefix: UInt64, room: CacheRoom) {
    self.rules = rules
    self.cachedPrefix = cachedPrefix
    ledger = CacheLedger(rules.cache, room)
  }

  /// Sequences that run at once at most: each needs a place among the tokens of a pass.
  private var seats: Int { Int(min(rules.maxSequences, rules.maxBatchedTokens, 1 << 30)) }

  /// Requests that wait to begin, for the first time or again.
  var waitingCount: Int { waiting.count + putOff.count }

  /// Bytes that requests which have begun hold.
  var reserved: UInt64 { ledger.held }

  /// - Throws: `InputError.usage` for one that can never begin.
  mutating func add(_ request: Request, number: UInt64) throws(InputError) {
    guard request.prompt > 0, request.generated > 0 else {
      throw .usage("a request has a prompt of at least 1 token and gets at least 1")
    }
    let whole = Count(cachedPrefix) + Count(request.prompt) + Count(request.generated - 1)
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
      budget -= min(pass.sequences, budget)
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
    pass.sequenceKeys = keys + pass.sequences
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
      ledger.begin(
        &next.account, keys: cachedPrefix + next.target, isAlone: running.isEmpty && prompts.isEmpty)
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
      if running[index].fullStep == step + 1 {
        guard grow(at: index) else { continue }
      }
      nextFullStep = min(nextFullStep, running[index].fullStep)
      index += 1
    }
  }

  /// - Returns: whether the sequence has its block; if not, somebody was put off, maybe itself.
  private mutating func grow(at index: Int) -> Bool {
    guard !ledger.grow(&running[index].account) else {
      running[index].fullStep += rules.cache.growth?.blockTokens ?? 0
      return true
    }
    if var last = prompts.popLast() {
      last.known = max(last.known, last.done)
      putOff(last)
    } else if var last = running.popLast() {
      last.given = last.request.generated - (last.lastStep - step)
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
      keys += pass.sequences
      meter.decoded(at: now)
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
      let left = sequence.request.generated - sequence.given - 1
      guard left > 0 else {
        ended.append(sequence)
        continue
      }
      sequence.lastStep = step + left
      nextLastStep = min(nextLastStep, sequence.lastStep)
      let own = cachedPrefix + sequence.target
      keys += own
      if rules.cache.growth != nil {
        sequence.fullStep = step + (sequence.account.keys - own) + 1
        nextFullStep = min(nextFullStep, sequence.fullStep)
      }
      running.append(sequence)
    }
    prompts.removeLast(prompts.count - kept)
  }
}
