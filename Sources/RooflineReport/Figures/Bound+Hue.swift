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
  static func legend(_ bounds: some Sequence<Bound>) -> Legend {
    let given = Set(bounds)
    return Legend(
      entries: allCases.filter(given.contains).map { Legend.Entry("bound by \($0.rawValue)", Style(.area, $0.hue)) })
  }
}
