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

extension RateOptions {
  /// Throws where a share or a rate means nothing.
  func requireShares() throws(InputError) {
    for (what, share) in [("the compute efficiency", computeEfficiency), ("the memory efficiency", memoryEfficiency)] {
      guard share > 0, share <= 1 else { throw .usage("\(what) is \(share); it is above 0 and at most 1") }
    }
    let rates = [
      ("tensor rate", tensorPeak), ("vector rate", vectorPeak), ("special function rate", specialPeak),
      ("bandwidth", bandwidth), ("link rate", link),
    ]
    for case (let what, let rate?) in rates {
      guard rate.isFinite, rate > 0 else { throw .usage("the \(what) is \(rate); it is a number above 0") }
    }
    guard linkLatency.isFinite, linkLatency >= 0 else {
      throw .usage("the link's latency is \(linkLatency) s; it is a number of at least 0")
    }
  }
}
