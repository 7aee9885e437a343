import RooflineCore
import RooflineServing

/// A load's rules in words.
enum LoadText {
  static func arrivals(_ arrivals: RequestLoad.Arrivals) -> String {
    switch arrivals {
    case .together(let count): "\(count) request\(count == 1 ? "" : "s") at once"
    case .closed(let count): "a closed loop of \(count) request\(count == 1 ? "" : "s")"
    case .open(let rate, let seed): "\(Numbers.scaled(rate)) requests/s by chance (seed \(seed))"
    case .listed(let requests): "\(requests.count) requests"
    }
  }

  static func policy(_ policy: EngineScheduler.PromptPolicy) -> String {
    switch policy {
    case .chunked: "sequences first, then prompts in the order in which they came, cut to what is left"
    case .first: "whole prompts first, in passes of their own"
    case .together: "a batch begins and ends together"
    }
  }

  static func cache(_ policy: CachePolicy) -> String {
    switch policy {
    case .whole: return "a request waits until its prompt and all its tokens fit"
    case .growing(let growth):
      var text = "a request waits until its prompt fits"
      if growth.reservedShare > 0 {
        text += " and \(Numbers.percent(growth.reservedShare)) % of all that requests will still get"
      }
      if growth.freeShare > 0 { text += " with \(Numbers.percent(growth.freeShare)) % left free" }
      return text
        + ", and grows by blocks of \(growth.blockTokens) tokens; where none is left, the one that began last is put off and computed again"
    }
  }

  static func counted(_ load: RequestLoad) -> String {
    guard load.warmUp > 0 else {
      if case .closed = load.arrivals {
        return
          "all requests, those included that come at once in the beginning; the load goes on until the last of them has ended"
      }
      return "all requests"
    }
    return
      "the \(load.counted) requests behind the first \(load.warmUp), which warm up; the load goes on until the last of them has ended"
  }
}

extension Analysis {
  /// Formats, and what times are.
  ///
  /// - Parameter engine: whose time stands beside the kernels'; nil: kernels only.
  func timesText(_ engine: Engine?) -> String {
    let times = calibrated.map { CalibratedTimeText(time: $0).heading } ?? "ideal times"
    return
      "\(workload.formatsText(of: configuration.model)); \(times), \(engine.map { "with what \($0.name) adds to each pass" } ?? "kernels only")"
  }
}
