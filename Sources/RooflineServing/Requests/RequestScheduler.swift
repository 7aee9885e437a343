import RooflineCore

/// Puts requests into passes as an engine does, and takes their tokens out.
///
/// A request waits until there is a seat for it (`EngineScheduler.maxSequences`) and memory for its whole length: prompt and all
/// tokens that it will get. So nothing that has begun is ever put off or computed again. Requests begin in the order of their
/// arrival; one that has to wait holds up those behind it.
struct RequestScheduler {
  /// A request that has come.
  struct Ticket {
    /// In the order of arrival.
    let number: UInt64
    let request: Request
    let bytes: UInt64
  }

  /// A request that has begun.
  struct Sequence {
    let number: UInt64
    let request: Request
    /// Reserved for its cache until it ends.
    let bytes: UInt64
    /// When the first pass with tokens of its prompt began, s.
    let start: Double
    /// When it got its first token, s.
    var first = 0.0
    /// Tokens of its prompt that passes have worked on, and how many the next one does.
    var done: UInt64 = 0
    var piece: UInt64 = 0
    /// The decode step, by its number, that gives it its last token.
    var lastStep: UInt64 = 0
  }

  let rules: EngineScheduler
  let cachedPrefix: UInt64
  private let room: CacheRoom
  private var waiting = WaitingLine<Ticket>()
  /// Whose prompts are not done, in the order in which they began.
  private var prompts: [Sequence] = []
  /// Those that get a token in each decode step.
  private var running: [Sequence] = []
  /// Keys in the caches of `running`, added up.
  private var keys: UInt64 = 0
  /// Decode steps so far, and the next one that is the last of a sequence.
  private var step: UInt64 = 0
  private var nextLastStep = UInt64.max
  /// Bytes that requests which have begun may fill.
  private(set) var reserved: UInt64 = 0
  private var known: (keys: UInt64, bytes: UInt64)?

  init(_ rules: EngineScheduler, cachedPrefix: UInt64, room: CacheRoom) {
    self.rules = rules
    self.cachedPrefix = cachedPrefix
    self.room = room
  }

  /// Sequences that run at once at most: each needs a place among the tokens of a pass.
  private var seats: Int { Int(min(rules.maxSequences, rules.maxBatchedTokens, 1 << 30)) }

  /// Requests that have not begun.
  var waitingCount: Int { waiting.count }

  /// - Throws: `InputError.usage` for one that can never begin.
  mutating func add(_ request: Request, number: UInt64) throws(InputError) {
    guard request.prompt > 0, request.generated > 0 else {
      throw .usage("a request has a prompt of at least 1 token and gets at least 1")
    }
    let whole = Count(cachedPrefix) + Count(request.prompt) + Count(request.generated - 1)
    guard !whole.isOverflow else { throw .overflow(what: "prompt + generated tokens") }
    if known?.keys != whole.value {
      guard let bytes = room.bytes(whole.value) else { throw .overflow(what: "the cache of a request") }
      known = (whole.value, bytes)
    }
    let bytes = known?.bytes ?? 0
    guard bytes <= room.capacity else {
      throw .usage(
        "a request of \(whole.value) keys needs \(bytes) bytes of cache, and a device has \(room.capacity) left for caches; shorten it, or give --tp"
      )
    }
    guard rules.prompts == .chunked || request.prompt <= rules.maxBatchedTokens else {
      throw .usage(
        "a prompt of \(request.prompt) tokens is above the \(rules.maxBatchedTokens) of a pass, and this engine does not cut prompts; raise --max-num-batched-tokens"
      )
    }
    waiting.append(Ticket(number: number, request: request, bytes: bytes))
  }

  // MARK: before a pass

  /// Says what the next pass holds; nothing where nobody waits and nobody runs.
  mutating func fill(_ pass: inout MixedPass, at now: Double) {
    pass.removeAll()
    switch rules.prompts {
    case .chunked:
      addSequences(to: &pass)
      var budget = rules.maxBatchedTokens - min(pass.sequences, rules.maxBatchedTokens)
      for index in prompts.indices where budget > 0 { takePiece(of: index, &budget, &pass) }
      while budget > 0, begin(at: now) { takePiece(of: prompts.count - 1, &budget, &pass) }
    case .first:
      var budget = rules.maxBatchedTokens
      while let next = waiting.first, next.request.prompt <= budget, begin(at: now) {
        takePiece(of: prompts.count - 1, &budget, &pass)
      }
      if pass.chunks.isEmpty { addSequences(to: &pass) }
    case .together:
      if running.isEmpty, prompts.isEmpty { while begin(at: now) {} }
      var budget = rules.maxBatchedTokens
      for index in prompts.indices {
        guard prompts[index].request.prompt <= budget else { break }
        takePiece(of: index, &budget, &pass)
      }
      if pass.chunks.isEmpty { addSequences(to: &pass) }
    }
  }

  private func addSequences(to pass: inout MixedPass) {
    pass.sequences = UInt64(running.count)
    pass.sequenceKeys = keys + pass.sequences
  }

  /// Lets the first that waits begin, where it can.
  private mutating func begin(at now: Double) -> Bool {
    guard let next = waiting.first, running.count + prompts.count < seats, next.bytes <= room.capacity - reserved
    else { return false }
    waiting.removeFirst()
    reserved += next.bytes
    prompts.append(Sequence(number: next.number, request: next.request, bytes: next.bytes, start: now))
    return true
  }

  private mutating func takePiece(of index: Int, _ budget: inout UInt64, _ pass: inout MixedPass) {
    let rest = prompts[index].request.prompt - prompts[index].done
    let piece = min(rest, budget)
    prompts[index].piece = piece
    budget -= piece
    pass.add(tokens: piece, cached: cachedPrefix + prompts[index].done)
    if piece == rest { pass.endingPrompts += 1 }
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
      keys += pass.sequences
      meter.decoded(at: now)
      if step == nextLastStep { endSequences(&ended) }
    }
    if !pass.chunks.isEmpty { finishPieces(at: now, &meter, &ended) }
    for sequence in ended {
      reserved -= sequence.bytes
      meter.ended(sequence, at: now)
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
      guard sequence.done == sequence.request.prompt else {
        prompts[kept] = sequence
        kept += 1
        continue
      }
      sequence.first = now
      meter.began(sequence, at: now)
      guard sequence.request.generated > 1 else {
        ended.append(sequence)
        continue
      }
      sequence.lastStep = step + sequence.request.generated - 1
      nextLastStep = min(nextLastStep, sequence.lastStep)
      keys += cachedPrefix + sequence.request.prompt
      running.append(sequence)
    }
    prompts.removeLast(prompts.count - kept)
  }
}

/// First in, first out.
struct WaitingLine<Element> {
  private var elements: [Element] = []
  private var start = 0

  var count: Int { elements.count - start }

  var first: Element? { start < elements.count ? elements[start] : nil }

  mutating func append(_ element: Element) { elements.append(element) }

  mutating func removeFirst() {
    start += 1
    // Half of it is gone: the rest moves once.
    guard start > 1024, start * 2 > elements.count else { return }
    elements.removeFirst(start)
    start = 0
  }
}
