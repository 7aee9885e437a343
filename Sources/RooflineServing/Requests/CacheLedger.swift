import RooflineCore

/// Who holds how much of the memory for caches.
///
/// Where ranks have requests of their own, each has a room of its own: a request lies on the rank that had most of it left when it
/// began, until it ends or is put off.
struct CacheLedger {
  /// What one request holds, and will hold.
  struct Account: Hashable {
    /// Bytes of its whole length: of all keys that it will ever have.
    let whole: UInt64
    /// Bytes that it holds, 0 before it begins and while it is put off; and how many keys they have room for.
    fileprivate(set) var held: UInt64 = 0
    fileprivate(set) var keys: UInt64 = 0
    /// Where it lies.
    fileprivate(set) var rank = 0

    fileprivate init(whole: UInt64) { self.whole = whole }
  }

  let policy: CachePolicy
  private let room: CacheRoom
  /// Bytes that all hold, and that those which hold any will hold at their ends, by rank.
  private var heldByRank: [UInt64]
  private var promised: [UInt64]
  /// How many hold any.
  private var begun: [Int]
  private var known: [UInt64: UInt64] = [:]

  init(_ policy: CachePolicy, _ room: CacheRoom) {
    self.policy = policy
    self.room = room
    heldByRank = Array(repeating: 0, count: Int(room.ranks))
    promised = heldByRank
    begun = heldByRank.map { _ in 0 }
  }

  /// Bytes that are held where most are.
  var held: UInt64 { heldByRank.max() ?? 0 }

  /// - Throws: `InputError` for a request that would not fit if it were alone.
  mutating func account(wholeKeys: UInt64) throws(InputError) -> Account {
    guard let bytes = bytes(wholeKeys) else { throw .overflow(what: "the cache of a request") }
    guard bytes <= room.capacity else {
      throw .usage(
        "a request of \(wholeKeys) keys needs \(bytes) bytes of cache, and a device has \(room.capacity) left for caches; shorten it, or give --tp"
      )
    }
    return Account(whole: bytes)
  }

  /// Of so many keys, in whole blocks where there are blocks; nil where they do not fit in 63 bits.
  private mutating func bytes(_ keys: UInt64) -> UInt64? {
    guard let keys = policy.growth.map({ $0.blocks(keys) }) ?? keys else { return nil }
    if let bytes = known[keys] { return bytes }
    let bytes = room.bytes(keys)
    if known.count >= 1 << 20 { known.removeAll(keepingCapacity: true) }
    known[keys] = bytes
    return bytes
  }

  /// Gives a request what it needs to begin with so many keys.
  ///
  /// - Returns: whether there is room. Where nobody else holds anything, there is nothing to wait for.
  mutating func begin(_ account: inout Account, keys: UInt64) -> Bool {
    let rank = heldByRank.count == 1 ? 0 : heldByRank.indices.min { heldByRank[$0] < heldByRank[$1] } ?? 0
    let held = heldByRank[rank]
    var own = account.whole
    if let growth = policy.growth {
      own = min(own, bytes(keys) ?? own)
      let toCome = Double(promised[rank] - held + account.whole - own) * growth.reservedShare
      let kept = Double(room.capacity) * growth.freeShare
      guard begun[rank] == 0 || Double(own) + toCome + kept <= Double(room.capacity - held) else { return false }
    }
    guard own <= room.capacity - held else { return false }
    account.held = own
    account.keys = policy.growth?.blocks(keys) ?? .max
    account.rank = rank
    begun[rank] += 1
    heldByRank[rank] += own
    promised[rank] += account.whole
    return true
  }

  /// Gives a request its next block; false where there is no room for it.
  mutating func grow(_ account: inout Account) -> Bool {
    guard let growth = policy.growth else { return true }
    let keys = account.keys + growth.blockTokens
    let bytes = max(account.held, min(account.whole, bytes(keys) ?? account.whole))
    guard bytes - account.held <= room.capacity - heldByRank[account.rank] else { return false }
    heldByRank[account.rank] += bytes - account.held
    (account.held, account.keys) = (bytes, keys)
    return true
  }

  /// Takes back all that a request holds.
  mutating func end(_ account: inout Account) {
    begun[account.rank] -= 1
    heldByRank[account.rank] -= account.held
    promised[account.rank] -= account.whole
    (account.held, account.keys) = (0, 0)
  }
}
