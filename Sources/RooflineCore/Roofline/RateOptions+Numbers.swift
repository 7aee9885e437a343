extension RateOptions {
  /// Throws where a share or a rate means nothing.
  package func requireShares() throws(InputError) {
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
