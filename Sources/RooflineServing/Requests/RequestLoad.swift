import RooflineCore

/// Which requests come to an engine, and which of them are counted.
package struct RequestLoad: Hashable, Sendable {
  package enum Arrivals: Hashable, Sendable {
    /// So many at once, and no more.
    case together(UInt64)
    /// So many are in flight all the time: when one ends, the next one comes.
    case closed(UInt64)
    /// So many a second on average, one independent of the other (Poisson): the gaps between them are exponential.
    case open(perSecond: Double, seed: UInt64)
    /// These, in the order of their arrival.
    case listed([Request])
  }

  package var arrivals: Arrivals
  /// Of each request that is not listed.
  package var prompt, generated: UInt64
  /// Lengths of requests that are not listed lie evenly between this share of those and all of them.
  package var shortest = 1.0
  /// So many requests come first and are not counted: the load is not yet what it will be.
  package var warmUp: UInt64
  /// So many requests behind those are counted. A load that goes on, goes on until the last of them has ended.
  package var counted: UInt64

  /// Whether requests come whatever becomes of those before them, on and on.
  package var isOpen: Bool { if case .open = arrivals { true } else { false } }

  /// All at once, all counted.
  package static func together(_ requests: UInt64, prompt: UInt64, generated: UInt64) -> RequestLoad {
    RequestLoad(arrivals: .together(requests), prompt: prompt, generated: generated, warmUp: 0, counted: requests)
  }

  /// A closed loop. Two rounds of it warm up; with one request in flight nothing has to.
  package static func closed(
    _ concurrency: UInt64, requests: UInt64, prompt: UInt64, generated: UInt64
  ) -> RequestLoad {
    RequestLoad(
      arrivals: .closed(concurrency), prompt: prompt, generated: generated,
      warmUp: concurrency == 1 ? 0 : 2 * concurrency, counted: requests)
  }

  /// A closed loop as benchmarks run it and count it: from a cold start, where all of the first requests come at once, ten requests for
  /// each in flight.
  package static func benchmark(
    _ concurrency: UInt64, prompt: UInt64, generated: UInt64, shortest: Double = 1
  ) -> RequestLoad {
    var load = RequestLoad(
      arrivals: .closed(concurrency), prompt: prompt, generated: generated, warmUp: 0, counted: 10 * concurrency)
    load.shortest = shortest
    return load
  }

  /// Requests that come by chance. A tenth as many as are counted come before and warm up.
  package static func open(
    perSecond rate: Double, seed: UInt64, requests: UInt64, prompt: UInt64, generated: UInt64
  ) -> RequestLoad {
    RequestLoad(
      arrivals: .open(perSecond: rate, seed: seed), prompt: prompt, generated: generated, warmUp: requests / 10,
      counted: requests)
  }

  /// Those that are listed, all counted.
  package static func listed(_ requests: [Request]) -> RequestLoad {
    RequestLoad(
      arrivals: .listed(requests), prompt: 1, generated: 1, warmUp: 0, counted: UInt64(requests.count))
  }
}

/// The requests of a load, one by one as they come.
struct RequestSource {
  private let load: RequestLoad
  private var generator: SplitMix
  /// The next one whose arrival no other's end decides.
  private(set) var next: Request?
  /// How many of `.together` and `.closed` have come, or of `.listed`.
  private var given: UInt64 = 0
  /// What times are counted from, s.
  private var beginning = 0.0

  init(_ load: RequestLoad) {
    self.load = load
    switch load.arrivals {
    case .open(_, let seed): generator = SplitMix(seed: seed)
    case .together, .closed, .listed: generator = SplitMix(seed: 0)
    }
    advance(after: 0)
  }

  /// Takes the next one, where it has come by now.
  mutating func take(by now: Double) -> Request? {
    guard let request = next, request.arrival <= now else { return nil }
    advance(after: request.arrival)
    return request
  }

  /// Counts times from one on that nobody has come by.
  mutating func begin(at now: Double) {
    beginning += now
    next?.arrival -= now
  }

  /// What the end of a request brings.
  mutating func request(afterEndAt now: Double) -> Request? {
    guard case .closed = load.arrivals else { return nil }
    return request(at: now)
  }

  private mutating func request(at arrival: Double) -> Request {
    guard load.shortest < 1 else {
      return Request(arrival: arrival, prompt: load.prompt, generated: load.generated)
    }
    return Request(arrival: arrival, prompt: length(load.prompt), generated: length(load.generated))
  }

  private mutating func length(_ longest: UInt64) -> UInt64 {
    let share = Double(generator.next() >> 11) * 0x1p-53
    return max(1, UInt64((Double(longest) * (load.shortest + (1 - load.shortest) * share)).rounded()))
  }

  private mutating func advance(after arrival: Double) {
    switch load.arrivals {
    case .together(let count), .closed(let count):
      next = given < count ? request(at: 0) : nil
    case .listed(let requests):
      next = given < requests.count ? requests[Int(given)] : nil
      next?.arrival -= beginning
    case .open(let rate, _):
      // 53 random bits in (0, 1]: a logarithm of 0 is none.
      let share = Double((generator.next() >> 11) + 1) * 0x1p-53
      next = request(at: arrival - Mathematics.naturalLogarithm(share) / rate)
    }
    given += 1
  }
}
