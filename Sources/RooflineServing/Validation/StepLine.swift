import RooflineCore

/// A row's metric as a function of an engine's constants, which a fit asks for thousands of times: the time that it is made of is a
/// straight line in each of them, but for the floor of eager launches.
struct StepLine {
  private let base: Double
  private let slopes: [Double]
  private let isThroughput: Bool

  /// - Throws: as the row's own value.
  init(_ sample: StepSample) throws(StepResolver.Fault) {
    let isThroughput = sample.row.metric == .tokensPerSecond
    func time(_ overhead: PassOverhead?) throws(StepResolver.Fault) -> Double {
      let value = try sample.value(overhead)
      return isThroughput ? 1 / value : value
    }
    let base = try time(nil)
    var slopes: [Double] = []
    for path in StepLine.paths {
      var one = PassOverhead()
      one[keyPath: path] = 1
      slopes.append(try time(one) - base)
    }
    self.slopes = slopes
    self.base = base
    self.isThroughput = isThroughput
  }

  /// Constants in whose terms a line is: all but the floor of launches.
  private static let paths = PassOverhead.keys.map(\.path).filter { $0 != \.launchFloor }

  func value(_ overhead: PassOverhead) -> Double {
    var time = base
    for (path, slope) in zip(StepLine.paths, slopes) { time += overhead[keyPath: path] * slope }
    return isThroughput ? 1 / time : time
  }
}
