/// How the roofs of one operator combine.
public enum Overlap: String, Hashable, Sendable, CaseIterable {
  /// Units and memory work at the same time: the slowest decides.
  case max
  /// Nothing overlaps: f·t_f + m·t_m, added up over the units.
  case sum
}

/// The ideal roofline time: work divided by rate, per roof.
package struct IdealTime: Sendable {
  package let overlap: Overlap

  package init(overlap: Overlap) { self.overlap = overlap }

  /// Time at each roof, s.
  package static func parts<R: RealTerm>(work: Roofs<R>, rates: Roofs<R>) -> Roofs<R> {
    Roofs(
      tensor: work.tensor / rates.tensor, vector: work.vector / rates.vector, special: work.special / rates.special,
      memory: work.memory / rates.memory)
  }

  /// All roofs together, s.
  package func combine<R: RealTerm>(_ parts: Roofs<R>) -> R {
    switch overlap {
    case .max: R.largest(parts)
    case .sum: parts.tensor + parts.vector + parts.special + parts.memory
    }
  }

  /// A collective: bytes over one direction of the link, and each step's latency, s.
  package static func wire<R: RealTerm>(bytes: R, link: R, steps: R, latency: R) -> R {
    bytes / link + steps * latency
  }
}
