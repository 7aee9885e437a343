import RooflineAnalysis
import RooflineCore
import RooflineTraces

/// Lines below the table of a trace: what was read from where, and what share of the time is accounted for.
struct TraceNotes {
  let findings: TraceFindings

  init(_ findings: TraceFindings) { self.findings = findings }

  var lines: [String] {
    let match = findings.match
    var lines = ["trace    \(findings.trace.file), \(findings.trace.format.rawValue)\(extent)"]
    lines += findings.facts.map { "read     \($0.name) \($0.value): \($0.source)" }
    let matched = findings.prediction == nil ? "" : "matched \(share(match.matchedSeconds)) %, "
    lines.append(
      "kernels  \(Numbers.time(Seconds(match.kernelSeconds))): \(matched)known \(share(match.knownSeconds)) %, unknown \(share(match.unknownSeconds)) %\(copies)"
    )
    lines += sums
    lines += findings.lines().filter { $0.verdict == .fasterThanRoof }.map {
      "suspect  \($0.operation) is faster than its roof: another workload, format or degree than the trace's, or another kernel's time"
    }
    lines += unfused
    lines += unseen
    let unknown = match.entries.filter { $0.verdict == .unknown }
    lines += unknown.prefix(8).map {
      "unknown  \(String($0.name.prefix(80)).onOneLine): \(Numbers.percent($0.seconds / max(match.kernelSeconds, .leastNormalMagnitude))) %"
    }
    if unknown.count > 8 { lines.append("unknown  and \(unknown.count - 8) names more; --by kernel lists them") }
    if !unknown.isEmpty { lines.append("note     --names FILE says what unknown kernels are") }
    let graphs = findings.trace.wholeGraphs
    if graphs.launches > 0 {
      lines.append(
        "note     \(graphs.launches) launch\(graphs.launches == 1 ? "" : "es") of CUDA graphs, \(Numbers.time(Seconds(graphs.seconds))), are recorded as wholes, without their kernels; record with --cuda-graph-trace=node"
      )
    }
    lines += findings.prediction?.notices.map { "note     \($0.sentence)" } ?? []
    return lines + findings.remarks.map { "note     \($0)" }
  }

  private func share(_ seconds: Double) -> String {
    let whole = findings.match.kernelSeconds
    return Numbers.percent(whole > 0 ? seconds / whole : 0)
  }

  private var copies: String {
    let seconds = findings.match.copySeconds
    return seconds > 0 ? "; copies and fills \(Numbers.time(Seconds(seconds))) beside them" : ""
  }

  private var extent: String {
    let passes = findings.passes
    var text = ""
    if passes.devices.count > 1 { text += ", GPU \(passes.device) of \(passes.devices.count)" }
    if let marked = passes.marked {
      text += ", \(passes.passes.count) of \(marked) marked pass\(marked == 1 ? "" : "es")"
    } else {
      text += ", no marked passes"
    }
    if passes.outside.kernels > 0 {
      text +=
        "; \(passes.outside.kernels) kernels and copies of \(Numbers.time(Seconds(passes.outside.seconds))) are outside"
    }
    return text
  }

  /// What rows with kernels add up to.
  private var sums: [String] {
    let seen = findings.lines().filter { $0.observed != nil }
    guard !seen.isEmpty else { return [] }
    func sum(_ value: (TraceFindings.Line) -> Double?) -> Double { seen.reduce(0) { $0 + (value($1) ?? 0) * $1.calls } }
    let predicted =
      findings.prediction?.analysis.calibrated == nil ? "" : ", predicted \(Numbers.time(Seconds(sum(\.predicted))))"
    return [
      "pass     rows with kernels: roofs \(Numbers.time(Seconds(sum(\.roof))))\(predicted), observed \(Numbers.time(Seconds(sum(\.observed))))"
    ]
  }

  /// Rows whose work several kernels do, each a single operation.
  private var unfused: [String] {
    let names = zip(findings.prediction?.rows ?? [], findings.match.observed)
      .compactMap { $1.operations > 0 ? $0.label : nil }
    guard !names.isEmpty else { return [] }
    return [
      "unfused  \(names.joined(separator: ", ")): PyTorch's single operations between the kernels of other rows, together"
    ]
  }

  private var unseen: [String] {
    let names = findings.lines().filter { $0.observed == nil }.map(\.operation)
    guard !names.isEmpty else { return [] }
    return ["unseen   \(names.joined(separator: ", ")): no kernel of their own; fused into others, or not recorded"]
  }
}
