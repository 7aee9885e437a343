/// A value behind a reference: to hand it on costs one count however large it is, and a change makes a new one.
struct Shared<Value: Hashable & Sendable>: Sendable {
  private final class Storage: Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
  }

  private var storage: Storage

  init(_ value: Value) { storage = Storage(value) }

  var value: Value {
    get { storage.value }
    set { storage = Storage(newValue) }
  }
}

extension Shared: Hashable {
  static func == (left: Self, right: Self) -> Bool { left.storage === right.storage || left.value == right.value }

  func hash(into hasher: inout Hasher) { hasher.combine(value) }
}
