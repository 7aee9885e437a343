import RooflineCore

/// Who holds how much of the memory for caches.
struct CacheLedger {
  /// What one request holds, and will hold.
  struct Account: Hashable {
    /// Bytes of its whole length: of all keys that it will ever have.
    let whole: UInt64
    /// Bytes that it holds, 0 before it begins and while it is put off; and how many keys they have room for.
    fileprivate(set) var held: UInt64 = 0
    fileprivate(set) var keys: UInt64 = 0

    fileprivate init(whole: UInt64) { self.whole = whole }
  }

  let policy: CachePolicy
  private let room: CacheRoom
  /// Bytes that all hold, and that those which hold any will hold at their ends.
  private(set) var held: UInt64 = 0
  private var promised: UInt64 = 0
  private var known: [UInt64: UInt64] = [:]

  init(_ policy: CachePolicy, _ room: CacheRoom) {
    self.policy = policy
    self.room = room
  }

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
  /// - Parameter isAlone: whether nobody else holds anything: then there is nothing to wait for.
  /// - Returns: whether there is room.
  mutating func begin(_ account: inout Account, keys: UInt64, isAlone: Bool) -> Bool {
    var own = account.whole
    if let growth = policy.growth {
      own = min(own, bytes(keys) ?? own)
      let toCome = Double(promised - held + account.whole - own) * growth.reservedShare
      let kept = Double(room.capacity) * growth.freeShare
      guard isAlone || Double(own) + toCome + kept <= Double(room.capacity - held) else { return false }
    }
    guard own <= room.capacity - held else { return false }
    account.held = own
    account.keys = policy.growth?.blocks(keys) ?? .max
    held += own
    promised += account.whole
    return true
  }

  /// Gives a request its next block; false where there is no room for it.
  mutating func grow(_ account: inout Account) -> Bool {
    guard let growth = policy.growth else { return true }
    let keys = account.keys + growth.blockTokens
    let bytes = max(account.held, min(account.whole, bytes(keys) ?? account.whole))
    guard bytes - account.held <= room.capacity - held else { return false }
    held += bytes - account.held
    (account.held, account.keys) = (bytes, keys)
    return true
  }

  /// Takes back all that a request holds.
  mutating func end(_ account: inout Account) {
    held -= account.held
    promised -= account.whole
    (account.held, account.keys) = (0, 0)
  }
}
