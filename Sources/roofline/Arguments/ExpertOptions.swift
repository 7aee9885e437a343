import RooflineCore

extension ParsedArguments {
  /// How tokens spread over routed experts, by --expert-load.
  func expertLoad(_ configuration: ModelConfiguration) throws(InputError) -> ExpertLoad {
    guard let text = try valueIfDeclared(of: WorkloadOptions.expertLoad) else { return .uniform }
    let load = try ExpertLoad(argument: text)
    guard configuration.model.hasRoutedExperts else {
      throw .usage("--expert-load: \(configuration.name) has no routed experts")
    }
    try configuration.model.requireFitting(load, name: configuration.name)
    return load
  }
}

extension ExpertLoad {
  /// `uniform`, `balanced`, `power1.2`, a number of distinct experts, or a file with a JSON list of a load for each expert.
  fileprivate init(argument text: String) throws(InputError) {
    switch text {
    case "uniform": self = .uniform
    case "balanced": self = .balanced
    default:
      if text.hasPrefix("power") {
        guard let exponent = Double(text.dropFirst("power".count)), exponent > 0, exponent <= 100 else {
          throw .usage("--expert-load \(text) is no power; write its exponent behind it, e.g. power1.2")
        }
        self = .power(exponent)
      } else if let number = Double(text) {
        guard number.isFinite, number >= 1 else {
          throw .usage("--expert-load \(text) is no number of distinct experts of at least 1")
        }
        self = .distinct(number)
      } else {
        self = .loads(try ExpertLoad.loads(file: text))
      }
    }
  }
}
