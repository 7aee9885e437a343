/// Bytes by traffic class.
public struct Traffic<Scalar: Natural>: Hashable, Sendable {
  /// Parameters loaded.
  public var loadWeight: Scalar = 0
  /// Activations loaded.
  public var loadActivation: Scalar = 0
  /// Activations stored.
  public var storeActivation: Scalar = 0
  /// Loads of keys and values, latents, indexers' keys, and states of recurrences and convolutions.
  public var loadKVCache: Scalar = 0
  /// Stores of the same.
  public var storeKVCache: Scalar = 0

  package init() {}

  /// The bytes of one class.
  public subscript(traffic: TrafficClass) -> Scalar {
    get {
      switch traffic {
      case .loadWeight: loadWeight
      case .loadActivation: loadActivation
      case .storeActivation: storeActivation
      case .loadKVCache: loadKVCache
      case .storeKVCache: storeKVCache
      }
    }
    set {
      switch traffic {
      case .loadWeight: loadWeight = newValue
      case .loadActivation: loadActivation = newValue
      case .storeActivation: storeActivation = newValue
      case .loadKVCache: loadKVCache = newValue
      case .storeKVCache: storeKVCache = newValue
      }
    }
  }

  /// All memory traffic. Wire bytes of collectives are not part of it.
  public var total: Scalar {
    @specialized(where Scalar == Count) get {
      loadWeight + loadActivation + storeActivation + loadKVCache + storeKVCache
    }
  }

  @inline(__always) package static func + (left: Self, right: Self) -> Self {
    var sum = Self()
    sum.loadWeight = left.loadWeight + right.loadWeight
    sum.loadActivation = left.loadActivation + right.loadActivation
    sum.storeActivation = left.storeActivation + right.storeActivation
    sum.loadKVCache = left.loadKVCache + right.loadKVCache
    sum.storeKVCache = left.storeKVCache + right.storeKVCache
    return sum
  }

  @inline(__always) package static func * (traffic: Self, times: Scalar) -> Self {
    var product = Self()
    product.loadWeight = traffic.loadWeight * times
    product.loadActivation = traffic.loadActivation * times
    product.storeActivation = traffic.storeActivation * times
    product.loadKVCache = traffic.loadKVCache * times
    product.storeKVCache = traffic.storeKVCache * times
    return product
  }
}
