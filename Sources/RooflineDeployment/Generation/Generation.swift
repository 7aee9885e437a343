import RooflineAnalysis
import RooflineCore

/// G tokens for every sequence: a prefill, which yields the first, and G − 1 decode steps whose context grows by one each; or, of steps
/// that verify drafts and keep X tokens each, ⌈(G − 1)/X⌉ of them.
public struct Generation: Sendable {
  /// Shares of the datasheet's rates that a phase reaches over its whole time, on one device.
  package struct Utilization: Hashable, Sendable {
    /// Model FLOPs (matrix products as counted) over time × tensor peak; nil where time or peak is unknown.
    package let modelFLOPs: Double?
    /// Bytes moved over time × bandwidth.
    package let memoryBandwidth: Double?
    /// What the shares are made of: one device's FLOPs of matrix products, its bytes, the rates, the time.
    package let productFLOPs, bytes: Double
    /// One device's FLOPs of all units.
    package let flops: Double
    package let peak, bandwidth: Double?
    package let time: Seconds?
  }

  /// G, tokens generated of each sequence, at least 1.
  public let tokens: UInt64
  /// The prefill, which yields the first token.
  public let prefill: PipelineSchedule
  package let steps: DecodeSteps
  /// The steps in at most eight ranges of as many steps each, whose times add up to `decodeTime`.
  package let ranges: [StepRange]
  /// Sum of the steps' times.
  public let decodeTime: Seconds?
  package let prefillUtilization: Utilization
  /// Over all decode steps; nil when there are none.
  package let decodeUtilization: Utilization?
  /// What a decode step gives a sequence.
  package let yield: DecodeYield
  private let workload: Workload

  /// Neighbouring decode steps.
  package struct StepRange: Hashable, Sendable {
    package let count: Int
    package let first, last: DecodeSteps.Element
    /// All of them, one after another; nil where a rate that they need is missing.
    package let time: Seconds?
  }

  /// Calibrated steps are computed one by one; more would keep a user waiting.
  public static let maximumTokens: UInt64 = 10_000_000
  private static let rangeCount = 8

  /// - Parameter progress: is told now and then how many steps are computed, and of how many.
  /// - Throws: `InputError.usage` above `maximumTokens`, `.overflow` when a count of a step, or the number of steps, does not fit.
  public init(
    _ analysis: Analysis, tokens: UInt64, progress: ((_ done: UInt64, _ count: UInt64) -> Void)? = nil
  ) throws(InputError) {
    try self.init(analysis, tokens: tokens, speculation: nil, progress: progress)
  }

  /// - Parameter speculation: draft passes before each step, and what it keeps; nil without drafted tokens.
  /// - Throws: as the other, and where nothing is stated of what a step keeps.
  package init(
    _ analysis: Analysis, tokens: UInt64, speculation: SpeculativeStep?,
    progress: ((_ done: UInt64, _ count: UInt64) -> Void)? = nil
  ) throws(InputError) {
    guard (1...Generation.maximumTokens).contains(tokens) else {
      throw .usage("--generate is \(tokens); from 1 to 10,000,000 tokens are computed")
    }
    self.tokens = tokens
    workload = analysis.workload
    var drafting: (step: SpeculativeStep, yield: DecodeYield)?
    if let speculation {
      guard let yield = speculation.yield else { throw .draftsWithoutYield }
      drafting = (speculation, yield)
    }
    yield = drafting?.yield ?? .one
    let (last, overflow) = workload.promptKeys.addingReportingOverflow(tokens - 1 + workload.drafted)
    guard !overflow, last <= Count.limit else { throw .overflow(what: "prompt + generated tokens") }
    let meter = UtilizationMeter(analysis)
    let prompt = try meter.pass(.prefill, context: workload.promptKeys)
    prefill = prompt.schedule
    prefillUtilization = meter.utilization(prompt.work, prompt.schedule.time)
    let steps = try DecodeSteps(
      analysis, meter, after: workload.promptKeys, tokens: tokens - 1, speculation: drafting)
    self.steps = steps
    let size = max(1, (steps.count + Generation.rangeCount - 1) / Generation.rangeCount)
    var ranges: [StepRange] = []
    var sum = DecodeSteps.Sum()
    for start in stride(from: 0, to: steps.count, by: size) {
      let range = start..<min(start + size, steps.count)
      let own = steps.sum(over: range, onto: &sum) { done in
        progress?(UInt64(start) + done, UInt64(steps.count))
      }
      ranges.append(
        StepRange(count: range.count, first: steps[start], last: steps[range.upperBound - 1], time: own))
    }
    self.ranges = ranges
    decodeTime = sum.time
    decodeUtilization = steps.isEmpty ? nil : meter.utilization(sum.work, sum.time)
  }

  /// One device's FLOPs of all units, prefill and all steps.
  package var flops: Double { prefillUtilization.flops + (decodeUtilization?.flops ?? 0) }

  /// One device's memory traffic, bytes, prefill and all steps.
  package var bytes: Double { prefillUtilization.bytes + (decodeUtilization?.bytes ?? 0) }

  /// TTFT: the prefill's time, s; nil where a rate that it needs is missing.
  public var timeToFirstToken: Seconds? { prefill.time }

  /// TPOT: all decode steps over the tokens that they give a sequence; without drafts the mean step.
  public var meanTimePerOutputToken: Seconds? {
    steps.isEmpty ? nil : decodeTime.map { Seconds($0.value / Double(tokens - 1)) }
  }

  /// A step over the tokens that it keeps on average; nil where its time is unknown.
  package func timePerOutputToken(of step: DecodeSteps.Step?) -> Seconds? {
    step?.time.map { Seconds($0.value / yield.perStep) }
  }

  /// Prefill and all decode steps.
  public var totalTime: Seconds? {
    guard let first = timeToFirstToken, let rest = decodeTime else { return nil }
    return first + rest
  }

  /// Tokens a second while decoding, for one sequence: 1/TPOT.
  public var tokensPerSecondPerUser: Double? { meanTimePerOutputToken.map { 1 / $0.value } }

  /// B/(TPOT · t · pp).
  public var tokensPerSecondPerGPU: Double? {
    meanTimePerOutputToken.map { Double(workload.batch) / ($0.value * Double(workload.devicesPerReplica.value)) }
  }

  /// All replicas together.
  public var tokensPerSecond: Double? {
    meanTimePerOutputToken.map { Double(workload.batch) * Double(workload.parallelism.data) / $0.value }
  }
}

extension InputError {
  /// Drafted tokens over many steps, of which nobody says how many are kept.
  package static var draftsWithoutYield: InputError {
    .usage("--accepted is missing; give the tokens that a step with --draft keeps on average, e.g. --accepted 1.8")
  }
}
