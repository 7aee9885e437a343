import RooflineCore
import RooflineMeasurement

/// Measured ceilings in an observation file.
struct CeilingsDocument: Encodable {
  let copies: [Copy]
  @Nullable var l2: Transfer?
  var products: [ProductEntry]
  let refusals: [Refusal]
  @Nullable var special: Special?
  let floors: [Floor]

  struct Copy: Encodable {
    let bytes: Int
    /// Whether source and target together are four times the L2 cache.
    let isBeyondL2: Bool
    let timeUs, noise, bytesPerSecond: Double

    enum CodingKeys: String, CodingKey {
      case bytes, isBeyondL2, noise, bytesPerSecond
      case timeUs = "time_us"
    }
  }

  struct Transfer: Encodable {
    let bytes: Int
    let timeUs, noise, bytesPerSecond: Double

    enum CodingKeys: String, CodingKey {
      case bytes, noise, bytesPerSecond
      case timeUs = "time_us"
    }
  }

  struct Product: Encodable {
    let dtype: String
    /// m = n = k.
    let edge: Int
    let family: String
    let windows: [Window]
  }

  /// A product of this run, or one that an earlier run left, as it was.
  enum ProductEntry: Encodable {
    case new(Product)
    case earlier(JSONValue)

    func encode(to encoder: any Encoder) throws {
      switch self {
      case .new(let product): try product.encode(to: encoder)
      case .earlier(let value): try value.encode(to: encoder)
      }
    }
  }

  struct Window: Encodable {
    let endSeconds, flopsPerSecond: Double
  }

  struct Refusal: Encodable {
    let dtype, reason: String
  }

  struct Special: Encodable {
    let operations, timeUs, noise, operationsPerSecond: Double

    enum CodingKeys: String, CodingKey {
      case operations, noise, operationsPerSecond
      case timeUs = "time_us"
    }
  }

  struct Floor: Encodable {
    let launch: String
    let timeUs, noise: Double

    enum CodingKeys: String, CodingKey {
      case launch, noise
      case timeUs = "time_us"
    }
  }

  init(_ ceilings: MeasuredCeilings, _ device: DeviceProperties) {
    copies = ceilings.copies.map {
      Copy(
        bytes: $0.bytes, isBeyondL2: device.isBeyondL2(copy: $0.bytes), timeUs: Self.microseconds($0.time),
        noise: $0.time.noise, bytesPerSecond: $0.bandwidth)
    }
    _l2 = Nullable(
      wrappedValue: ceilings.l2.map {
        Transfer(
          bytes: $0.bytes, timeUs: Self.microseconds($0.time), noise: $0.time.noise, bytesPerSecond: $0.bandwidth)
      })
    products = ceilings.products.map { product in
      .new(
        Product(
          dtype: product.dtype.rawValue, edge: product.edge, family: product.family,
          windows: product.windows.map { Window(endSeconds: $0.end, flopsPerSecond: $0.rate) }))
    }
    refusals = ceilings.refusals.sorted { $0.key.rawValue < $1.key.rawValue }.map {
      Refusal(dtype: $0.key.rawValue, reason: $0.value)
    }
    _special = Nullable(
      wrappedValue: ceilings.special.map {
        Special(
          operations: $0.operations, timeUs: Self.microseconds($0.time), noise: $0.time.noise,
          operationsPerSecond: $0.rate)
      })
    floors = ceilings.floors.map {
      Floor(launch: $0.launch, timeUs: Self.microseconds($0.time), noise: $0.time.noise)
    }
  }

  /// With the products of formats that were not measured this time, as an earlier run measured them.
  func keeping(_ earlier: JSONValue, of missing: Set<DType>) -> CeilingsDocument {
    guard case .object(let members) = earlier, case .array(let products)? = members["products"] else { return self }
    var document = self
    document.products += products.filter { product in
      guard case .object(let members) = product, case .string(let dtype)? = members["dtype"] else { return false }
      return DType(rawValue: dtype).map(missing.contains) ?? false
    }.map(ProductEntry.earlier)
    return document
  }

  private static func microseconds(_ statistics: SampleStatistics) -> Double {
    (statistics.median * 1e10).rounded() / 1e4
  }
}
