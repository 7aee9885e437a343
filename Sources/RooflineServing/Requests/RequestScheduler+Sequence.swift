import RooflineDeployment

extension RequestScheduler {
  /// A request that has come.
  struct Ticket {
    let number: UInt64
    let request: Request
    let account: CacheLedger.Account
  }

  /// A request that begins, or has begun.
  struct Sequence {
    /// In the order of arrival.
    let number: UInt64
    let request: Request
    var account: CacheLedger.Account
    /// When the first pass with tokens of its prompt began, s; nil before.
    var start: Double?
    /// When it got its first token, s; nil before.
    var first: Double?
    /// Tokens that it had when it was put off, and when it got the last of them, s.
    var given: UInt64 = 0
    var latest = 0.0
    /// Tokens that passes have worked on since it began (again), and how many the next one does.
    var done: UInt64 = 0
    var piece: UInt64 = 0
    /// The most tokens that passes had worked on when it was put off.
    var known: UInt64 = 0
    /// The decode step, by its number, behind which it (again) gets tokens.
    var base: UInt64 = 0
    /// The decode step, by its number, that gives it its last token.
    var lastStep: UInt64 = 0
    /// The decode step, by its number, that needs a further block.
    var fullStep = UInt64.max

    init(_ ticket: Ticket) { (number, request, account) = (ticket.number, ticket.request, ticket.account) }

    /// Tokens to work on before it gets another one: the prompt, and what it has got.
    var target: UInt64 { request.prompt + given }

    /// Tokens that decode steps have given it by one of them, by its number, since the pass that gave it the one behind its target.
    func decoded(by step: UInt64, _ yield: DecodeYield) -> UInt64 {
      min(request.generated - given - 1, yield.tokens(after: step - base))
    }

    /// Sets when it gets its last token, and when it needs a further block.
    mutating func plan(_ yield: DecodeYield, prefix: UInt64, grows: Bool) {
      lastStep = base + yield.steps(for: request.generated - given - 1)
      guard grows else { return }
      // The step behind which k others stand attends to prefix + target + tokens(after: k) + N + 1 keys.
      let needed = prefix + target + yield.drafted
      fullStep = base + (account.keys > needed ? yield.steps(for: account.keys - needed) : 0) + 1
    }
  }
}
