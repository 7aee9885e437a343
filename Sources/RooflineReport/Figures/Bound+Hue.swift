import RooflineCore

extension Bound {
  /// Its colour in every picture.
  var hue: Hue {
    switch self {
    case .compute: .vermillion
    case .memory: .blue
    case .network: .green
    case .latency: .orange
    }
  }

  /// For legends, in the order in which parts lie upon one another.
  ///
  /// - Parameter hasEngine: whether what an engine adds stands beside them.
  static func legend(_ bounds: some Sequence<Bound>, hasEngine: Bool = false) -> Legend {
    let given = Set(bounds)
    return Legend(
      entries: allCases.filter(given.contains).map { Legend.Entry("bound by \($0.rawValue)", Style(.area, $0.hue)) }
        + (hasEngine ? [Legend.Entry("what the engine adds", Style(.area, .engine))] : []))
  }
}

extension Hue {
  /// What an engine adds to kernels, in every picture.
  static let engine = Hue.purple
}
