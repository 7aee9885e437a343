import RooflineCore

extension StepResolver.Fault {
  /// For counts of rows that are not scored.
  package var reason: String {
    switch self {
    case .listed(let word): "kind=\(word) is listed for honesty"
    case .unknownModel(let name): "no model \(name) in the catalog"
    case .unknownGPU(let name): "no GPU \(name) in the catalog"
    case .replicas: "replicas beside the one whose tp and pp are given"
    case .refused(let error): error.shortReason
    case .unstated(let what): what
    case .doesNotFit: "not one sequence fits the memory"
    }
  }
}

extension InputError {
  /// Without the file, which is the catalog's.
  fileprivate var shortReason: String {
    switch self {
    case .missingFacts(let hardware, _, let facts):
      "\(hardware) lacks \(facts.map(\.name).joined(separator: ", "))"
    case .illegalTensorParallel: "the model cannot be divided by tp"
    case .illegalPipeline: "the model cannot be divided by pp"
    case .overflow(let what): "\(what) does not fit in 63 bits"
    case let other: "refused: \(other)"
    }
  }
}
