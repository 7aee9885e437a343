import RooflineComparison
import RooflineCore

/// Layers as one graph beside the sum of what their rows are predicted to take.
struct LayerTable {
  let layers: [LayerComparison]

  func table(title: String = "a layer as one graph") -> Table {
    func time(_ seconds: Double?) -> Table.Cell { .time(seconds.map { Seconds($0) }) }
    return Table(
      title: title,
      columns: [
        .init("layer", key: "layer", isText: true, place: .above), .init("rows", key: "rows"),
        .init("left out", key: "rows_left_out"), .init("roofs", key: "roof_seconds"),
        .init("predicted", key: "predicted_seconds"), .init("from", key: "interval_low_seconds"),
        .init("to", key: "interval_high_seconds"), .init("rows apart", key: "rows_apart_seconds"),
        .init("observed", key: "observed_seconds"), .init("error", unit: "%", key: "error"),
        .init("verdict", key: "verdict", isText: true),
      ],
      rows: layers.map { line in
        .cells([
          .text(line.layer.name), .integer(UInt64(line.layer.rows.count)), .integer(UInt64(line.layer.leftOut.count)),
          time(line.ideal), time(line.predicted), time(line.interval?.lowerBound), time(line.interval?.upperBound),
          time(line.apart), time(line.layer.seconds), .share(line.error), .text(line.verdict?.rawValue ?? ""),
        ])
      })
  }

  /// What the figures leave open, a line each.
  var lines: [(word: String, text: String)] {
    layers.flatMap { line -> [(word: String, text: String)] in
      let name = line.layer.name
      var lines = grouped(line.layer.leftOut).map {
        (word: "left out", text: "\(name): \($0.names.joined(separator: ", ")): \($0.reason); in none of the times")
      }
      lines += grouped(line.unpredicted).map {
        (word: "no sum", text: "\(name): nothing predicts \($0.names.joined(separator: ", ")): \($0.reason)")
      }
      lines += grouped(line.uncalibrated).map {
        (
          word: "ideal",
          text: "\(name): ideal times of \($0.names.joined(separator: ", ")) are in the sum: \($0.reason)"
        )
      }
      return lines
    }
  }

  private func grouped(_ rows: [MeasuredLayer.LeftOut]) -> [(reason: String, names: [String])] {
    var groups: [(reason: String, names: [String])] = []
    for row in rows {
      if let place = groups.firstIndex(where: { $0.reason == row.reason }) {
        groups[place].names.append(row.name)
      } else {
        groups.append((row.reason, [row.name]))
      }
    }
    return groups
  }
}

/// A layer in a JSON document.
struct LayerComparisonEntry: Encodable {
  let layer: String
  let layers: UInt64
  /// The rows that ran, in order, and those that did not.
  let rows: [String]
  let leftOut: [LeftOut]
  @Nullable var roofSeconds: Double?
  /// null where a row has neither prediction nor ideal time.
  @Nullable var calibratedSeconds: Double?
  @Nullable var intervalSeconds: [Double]?
  /// The sum of the rows' own times; null where one of them was not measured by itself.
  @Nullable var rowsApartSeconds: Double?
  let observedSeconds: Double
  @Nullable var error: Double?
  @Nullable var verdict: String?
  let unpredicted: [LeftOut]
  /// Rows whose ideal times stand in the sum.
  let uncalibrated: [LeftOut]

  struct LeftOut: Encodable {
    let name, reason: String

    init(_ row: MeasuredLayer.LeftOut) { (name, reason) = (row.name, row.reason) }
  }

  init(_ line: LayerComparison) {
    layer = line.layer.name
    layers = line.layer.layers
    rows = line.layer.rows.map(\.name)
    leftOut = line.layer.leftOut.map(LeftOut.init)
    _roofSeconds = Nullable(wrappedValue: line.ideal)
    _calibratedSeconds = Nullable(wrappedValue: line.predicted)
    _intervalSeconds = Nullable(wrappedValue: line.interval.map { [$0.lowerBound, $0.upperBound] })
    _rowsApartSeconds = Nullable(wrappedValue: line.apart)
    observedSeconds = line.layer.seconds
    _error = Nullable(wrappedValue: line.error)
    _verdict = Nullable(wrappedValue: line.verdict?.rawValue)
    unpredicted = line.unpredicted.map(LeftOut.init)
    uncalibrated = line.uncalibrated.map(LeftOut.init)
  }
}
