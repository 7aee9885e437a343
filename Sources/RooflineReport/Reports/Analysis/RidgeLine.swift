import RooflineAnalysis
import RooflineCore

/// The ridge points of a run: the intensity above which each unit, not memory, is the limit.
enum RidgeLine {
  static func text(_ rates: DeviceRates, _ matrixUnits: MatrixUnits, _ options: RateOptions) -> String {
    var units = matrixUnits.formats.map { (name: "\($0.rawValue) tensor", rate: rates[tensor: $0]) }
    units.append(("fp32 vector", rates.vector))
    units.append(("special", rates.special))
    let points = units.filter { !$0.rate.isNaN }.map { unit in
      let ridge = FLOPsPerSecond(unit.rate) / BytesPerSecond(rates.bandwidth)
      return "\(unit.name) \(Numbers.fixed(ridge.value, decimals: 2)) (\(Numbers.scaled(unit.rate))FLOP/s)"
    }
    let efficiency =
      options.computeEfficiency == 1 && options.memoryEfficiency == 1
      ? "" : ", efficiency \(options.computeEfficiency) compute, \(options.memoryEfficiency) memory"
    guard !rates.bandwidth.isNaN, !points.isEmpty else {
      return "ridge    unknown: it needs a bandwidth and a unit's rate"
    }
    return "ridge    FLOP/B at \(Numbers.scaled(rates.bandwidth))B/s\(efficiency): \(points.joined(separator: ", "))"
  }
}

extension HardwareSpec {
  /// The files that the facts are from: its own, and the parent's of a slice.
  var provenance: String { parentPath.map { "\(path), a slice of \($0)" } ?? path }
}
