import RooflineAnalysis
import RooflineCore
import RooflineServing

extension Verdict {
  /// What requests over time come to.
  static func all(of report: LoadReport) -> [Verdict] {
    let (run, figures) = (report.run, report.figures)
    let load = LoadText.arrivals(run.load.arrivals)
    func spread(_ times: Distribution) -> String {
      "mean of \(run.load.counted) requests, \(load); p50 \(Numbers.time(Seconds(times[.median]))), p99 \(Numbers.time(Seconds(times[.p99])))"
    }
    let first = figures.timeToFirstToken
    let waiting =
      figures.queueing.mean > 0 ? "; \(Numbers.time(Seconds(figures.queueing.mean))) of it waiting to begin" : ""
    let growth =
      figures.isQueueGrowing ? "; more requests come than end, and times grow with --requests" : ""
    var verdicts = [
      Verdict(
        "TTFT under the load", Numbers.time(Seconds(first.mean)),
        "\(spread(first))\(waiting)\(growth)", derivation: nil)
    ]
    if let further = figures.timePerOutputToken {
      verdicts.append(
        Verdict(
          "TPOT under the load", Numbers.time(Seconds(further.mean)),
          "\(spread(further)); \(Numbers.fixed(1 / further.mean, decimals: 1)) tokens/s a user", derivation: nil))
    }
    let yield = run.yield(figures)
    let devices = run.analysis.workload.devices.value
    verdicts.append(
      Verdict(
        "requests/s that end", Numbers.fixed(yield.requestsPerSecond, decimals: 2),
        "on \(devices) GPU\(devices == 1 ? "" : "s"); \(Numbers.fixed(yield.tokensPerSecondPerGPU, decimals: 1)) tokens/s a GPU, \(Numbers.fixed(figures.meanSequences, decimals: 1)) sequences of a pass on average",
        derivation: nil))
    verdicts.append(
      Verdict(
        "caches reserved at most",
        "\(Numbers.percent(Double(figures.peakReserved) / Double(figures.cacheCapacity))) %",
        "of \(Numbers.scaled(Double(figures.cacheCapacity)))B; \(LoadText.cache(run.scheduler.cache))", derivation: nil
      ))
    return verdicts
  }
}
