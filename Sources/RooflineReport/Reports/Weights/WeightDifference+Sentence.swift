import RooflineCore

extension WeightDifference {
  /// What people call the kind.
  var title: String {
    switch kind {
    case .repeatedKeyValueHeads: "repeated KV heads"
    case .transposed: "transposed matrix"
    case .untiedHead: "untied head"
    case .missing: "missing tensor"
    case .extra: "extra tensor"
    case .otherShape: "other shape"
    }
  }

  /// The layers' numbers: 0–3,7.
  var layerText: String {
    layerRanges.map { range in
      range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound)–\(range.upperBound)"
    }.joined(separator: ",")
  }

  /// The tensor's name with its layers in place of `N`.
  var tensor: String {
    layers.isEmpty ? template : WeightName.name(template, layers: layerText)
  }

  /// One line: the kind, the tensor, what it is and what it should be, in how many layers.
  package var sentence: String {
    let actual = found.map(WeightReport.shape) ?? ""
    let wanted = expected.map(WeightReport.shape) ?? ""
    let facts =
      switch kind {
      case .repeatedKeyValueHeads: "\(actual) instead of \(wanted), each KV head \(repetitions ?? 1) times"
      case .transposed, .otherShape: "\(actual) instead of \(wanted)"
      case .untiedHead: "\(actual.isEmpty ? "" : "\(actual) ")although the configuration ties it to the embedding"
      case .missing: "\(wanted) is not in the listing"
      case .extra: "\(actual.isEmpty ? "" : "\(actual) ")is not in the model"
      }
    return "\(title): \(tensor) \(facts)\(layers.count > 1 ? " (\(layers.count) layers)" : "")"
  }
}
