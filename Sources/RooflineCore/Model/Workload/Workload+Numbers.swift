extension Workload {
  /// Throws where a number means nothing: no sequences, no tokens, no devices, or a load of experts that is none.
  func requireNumbers() throws(InputError) {
    let numbers = [
      ("the batch", batch), ("the prompt", prompt), ("the context", context),
      ("the tensor-parallel degree", tensorParallel),
      ("the number of pipeline stages", parallelism.pipeline),
      ("the number of micro-batches", parallelism.microBatches ?? 1),
      ("the number of replicas", parallelism.data), ("the expert-parallel degree", parallelism.expert),
    ]
    for (what, number) in numbers where !(1...Count.limit).contains(number) {
      throw .usage("\(what) is \(number); it is from 1 to \(Count.limit)")
    }
    try expertLoad.requireNumbers()
  }
}

extension ExpertLoad {
  fileprivate func requireNumbers() throws(InputError) {
    switch self {
    case .uniform, .balanced, .distinct: return
    case .power(let exponent):
      guard exponent.isFinite, exponent >= 0 else {
        throw .usage("the exponent of the experts' load is \(exponent); it is a number of at least 0")
      }
    case .loads(let loads), .pairs(let loads):
      guard let wrong = loads.first(where: { !($0.isFinite && $0 >= 0) }) else { return }
      throw .usage("the load of an expert is \(wrong); it is a number of at least 0")
    }
  }
}
