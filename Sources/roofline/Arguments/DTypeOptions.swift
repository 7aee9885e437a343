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

  /// Whether nothing is left to the model's own format.
  var isComplete: Bool { all != nil || (weight != nil && activation != nil && keyValueCache != nil) }

  func formats(model: DType) -> NumberFormats {
    let base = all ?? model
    return NumberFormats(
      weight: weight ?? base, activation: activation ?? base, keyValueCache: keyValueCache ?? base, model: model)
  }
}
