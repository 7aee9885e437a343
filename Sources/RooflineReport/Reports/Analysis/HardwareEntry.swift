import RooflineCore

/// The rates of a run: the tensor rate is the linear layers'; `tensorByDType` has those of every unit that a row may name.
struct HardwareEntry: Encodable {
  let name: String
  let path: String
  /// The whole GPU's file, where this is a slice.
  let parentPath: String?
  let rates: Rates

  struct Rates: Encodable {
    @Nullable var tensor: Double?
    let tensorByDType: [String: Double]
    @Nullable var vector: Double?
    @Nullable var special: Double?
    @Nullable var bandwidth: Double?
    @Nullable var link: Double?
    let linkLatency: Double
  }

  init(_ spec: HardwareSpec, _ rates: DeviceRates, _ formats: NumberFormats) {
    func known(_ rate: Double) -> Double? { rate.isNaN ? nil : rate }
    name = spec.name
    path = spec.path
    parentPath = spec.parentPath
    let offered = DType.allCases.filter { !rates[tensor: $0].isNaN }
    self.rates = Rates(
      tensor: known(rates[tensor: formats.linearUnit]),
      tensorByDType: Dictionary(uniqueKeysWithValues: offered.map { ($0.rawValue, rates[tensor: $0]) }),
      vector: known(rates.vector), special: known(rates.special), bandwidth: known(rates.bandwidth),
      link: known(rates.link), linkLatency: rates.linkLatency)
  }
}
