/// How long a forward pass takes when its layers lie on several stages and its batch passes them in micro-batches.
///
/// The first micro-batch travels through all stages; each further one leaves the slowest stage that much later:
/// traversal + (m − 1) · slowest. With equal stages that is (m + pp − 1) stage times, of which the share
/// (pp − 1)/(m + pp − 1) is the bubble. One stage and one micro-batch: the pass itself.
public struct PipelineSchedule: Sendable {
  public let stages: UInt64
  public let microBatches: UInt64
  /// One micro-batch through every stage; NaN where a row's time is unknown.
  let traversalSeconds: Double
  /// The stage that holds the others up, its transfer included.
  let slowestSeconds: Double

  /// Which of the stages that differ is the slowest: the first, one between, or the last.
  let slowestIndex: Int

  public init(_ phase: PhaseAnalysis, layers: UInt64, microBatches: UInt64) {
    var sums = PassSums()
    sums.seconds = phase.time?.value ?? .nan
    sums.layer = phase.sum(of: .layer).seconds
    sums.beforeLayers = phase.sum(of: .beforeLayers).seconds
    sums.afterLayers = phase.sum(of: .afterLayers).seconds
    sums.boundary = phase.sum(of: .boundary).seconds
    self.init(sums, stages: phase.step.pipelineParallel, layers: layers, microBatches: microBatches)
  }

  init(_ sums: PassSums, stages: UInt64, layers: UInt64, microBatches: UInt64) {
    self.stages = stages
    self.microBatches = stages > 1 ? microBatches : 1
    traversalSeconds = sums.seconds
    let body = sums.layer * Double(layers / stages)
    let (before, after, transfer) = (sums.beforeLayers, sums.afterLayers, sums.boundary)
    let candidates = stages > 1 ? [before + body + transfer, body + transfer, body + after] : [before + body + after]
    let slowest = candidates.contains(where: \.isNaN) ? nil : candidates.indices.max { candidates[$0] < candidates[$1] }
    slowestIndex = slowest ?? 0
    slowestSeconds = slowest.map { candidates[$0] } ?? .nan
  }

  /// The share of the pass in which a stage waits, with equal stages.
  public var bubble: Double { Double(stages - 1) / Double(microBatches + stages - 1) }

  public var traversal: Seconds? { traversalSeconds.isNaN ? nil : Seconds(traversalSeconds) }
  public var slowestStage: Seconds? { slowestSeconds.isNaN ? nil : Seconds(slowestSeconds) }

  /// The whole pass.
  public var time: Seconds? { seconds.isNaN ? nil : Seconds(seconds) }

  /// NaN where it is unknown.
  var seconds: Double {
    Self.time(traversal: traversalSeconds, slowestStage: slowestSeconds, waiting: Double(microBatches - 1))
  }

  /// The formula, for numbers and for `explain`.
  public static func time<R: RealTerm>(traversal: R, slowestStage: R, waiting: R) -> R {
    traversal + waiting * slowestStage
  }
}
