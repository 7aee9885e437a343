import RooflineCore

/// The formats given on the command line; what is not given is the model's.
struct DTypeOptions: Sendable {
  let all, weight, activation, keyValueCache: DType?

  init(_ arguments: ParsedArguments) throws(InputError) {
    all = try arguments.value(of: WorkloadOptions.dtype)
    weight = try arguments.valueIfDeclared(of: WorkloadOptions.weightDType)
    activation = try arguments.valueIfDeclared(of: WorkloadOptions.activationDType)
    keyValueCache = try arguments.valueIfDeclared(of: WorkloadOptions.keyValueDType)
  }

  /// What is not left to the model's own formats.
  var stated: StatedFormats {
    guard all == nil else { return .all }
    var stated: StatedFormats = []
    if weight != nil { stated.insert(.weights) }
    if activation != nil { stated.insert(.activations) }
    if keyValueCache != nil { stated.insert(.cache) }
    return stated
  }

  func formats(_ configuration: ModelConfiguration) -> NumberFormats {
    formats(model: configuration.dtype, cache: configuration.cacheDType)
  }

  func formats(model: DType, cache: DType? = nil) -> NumberFormats {
    let base = all ?? model
    return NumberFormats(
      weight: weight ?? base, activation: activation ?? base, keyValueCache: keyValueCache ?? all ?? cache ?? model,
      model: model)
  }
}
