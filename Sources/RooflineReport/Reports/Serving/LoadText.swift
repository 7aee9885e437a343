import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineServing

/// A load's rules in words.
enum LoadText {
  static func arrivals(_ arrivals: RequestLoad.Arrivals) -> String {
    switch arrivals {
    case .together(let count): "\(count) request\(count == 1 ? "" : "s") at once"
    case .closed(let count): "a closed loop of \(count) request\(count == 1 ? "" : "s")"
    case .open(let rate, let seed):
      "\(rate < 0.01 ? "\(rate)" : Numbers.scaled(rate)) requests/s by chance (seed \(seed))"
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

  /// How the requests of a pass are divided among micro-batches, and among ranks.
  static func division(_ workload: Workload) -> [String] {
    var lines: [String] = []
    let parallelism = workload.parallelism
    if parallelism.pipeline > 1 {
      lines.append(
        "stages   a pass's requests are dealt out to at most \(parallelism.microBatches ?? parallelism.pipeline) micro-batches, the fullest stands for all; passes of sequences alone follow each other, one that holds prompts fills the pipeline and empties it"
      )
    }
    if parallelism.isAttentionDataParallel {
      lines.append(
        "ranks    a pass's requests are dealt out to \(workload.tensorParallel) ranks, the fullest stands for all, and experts see the tokens of all; limits are of all ranks together, and a request's cache lies on one of them"
      )
    }
    return lines
  }

  static func drafts(_ yield: DecodeYield) -> String {
    "drafts   a step verifies \(yield.queryTokens) tokens of each sequence and keeps \(yield.perStep) (given): ⌊k·\(yield.perStep)⌋ after k steps, which come at once; draft layers do not run over prompts"
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
