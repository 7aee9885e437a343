/// How long a forward pass takes when its layers lie on several stages and its batch passes them in micro-batches.
///
/// A prefill fills the pipeline and empties it: the first micro-batch travels through all stages, each further one leaves the slowest
/// stage that much later: traversal + (m − 1) · slowest. With equal stages that is (m + pp − 1) stage times, of which the share
/// (pp − 1)/(m + pp − 1) is the bubble.
///
/// Decode steps follow each other, and keep it full: a micro-batch's next token waits for its own last one alone, and for its turn
/// on the slowest stage, so that a step takes max(traversal, m · slowest). Only fewer micro-batches than stages leave a bubble,
/// (pp − m)/pp. One stage and one micro-batch: the pass itself.
public struct PipelineSchedule: Sendable {
  /// pp, stages of consecutive layers.
  public let stages: UInt64
  /// Whether passes follow each other without emptying the pipeline between them, as decode steps do.
  public let isSuccessive: Bool
  /// m, pieces in which the batch goes through them; 1 without a pipeline.
  public let microBatches: UInt64
  /// One micro-batch through every stage; NaN where a row's time is unknown.
  let traversalSeconds: Double
  /// The stage that holds the others up, its transfer included.
  let slowestSeconds: Double

  /// What an engine adds to the pass, s.
  package var engineSeconds = 0.0

  /// Which of the stages that differ is the slowest, by its number.
  package let slowestIndex: UInt64

  /// - Parameter draftSeconds: what draft modules take for a micro-batch. They lie on the last stage, beside the head that they use: what
  ///   they guess goes to the first stage as the tokens do that a step yields.
  package init(_ phase: PhaseAnalysis, _ model: DecoderModel, microBatches: UInt64, draftSeconds: Double = 0) {
    var sums = PassSums(groups: model.groups.count)
    sums.seconds = phase.time?.value ?? .nan
    for group in model.groups.indices { sums.layers[group] = phase.layer(of: group).seconds }
    sums.beforeLayers = phase.sum(of: .beforeLayers).seconds
    sums.afterLayers = phase.sum(of: .afterLayers).seconds
    sums.boundary = phase.sum(of: .boundary).seconds
    sums.addDrafts(draftSeconds)
    self.init(
      sums, stages: phase.step.pipelineParallel, model, microBatches: microBatches,
      isSuccessive: phase.step.phase == .decode)
  }

  package init(_ sums: PassSums, stages: UInt64, _ model: DecoderModel, microBatches: UInt64, isSuccessive: Bool) {
    self.stages = stages
    self.isSuccessive = isSuccessive
    self.microBatches = stages > 1 ? microBatches : 1
    traversalSeconds = sums.seconds
    guard stages > 1 else {
      (slowestIndex, slowestSeconds) = (0, sums.seconds)
      return
    }
    // Equal layers: the first stage, one between, and the last stand for all.
    let differing = model.groups.count > 1 || stages < 3 ? Array(0..<stages) : [0, 1, stages - 1]
    let times = differing.map { index in
      var seconds = index == stages - 1 ? sums.afterLayers : sums.boundary
      if index == 0 { seconds += sums.beforeLayers }
      for (count, layer) in zip(model.layers(ofStage: index, of: stages), sums.layers) where count > 0 {
        seconds += layer * Double(count)
      }
      return seconds
    }
    let slowest = times.contains(where: \.isNaN) ? nil : times.indices.max { times[$0] < times[$1] }
    slowestIndex = slowest.map { differing[$0] } ?? 0
    slowestSeconds = slowest.map { times[$0] } ?? .nan
  }

  /// The share of the pass in which a stage waits, with equal stages.
  public var bubble: Double {
    isSuccessive
      ? Double(stages - min(microBatches, stages)) / Double(stages)
      : Double(stages - 1) / Double(microBatches + stages - 1)
  }

  /// One micro-batch through all stages, s; nil where the time of a row is unknown.
  public var traversal: Seconds? { traversalSeconds.isNaN ? nil : Seconds(traversalSeconds) }
  /// The stage that holds the others up, its transfer to the next included, s; nil where the time of a row is unknown.
  public var slowestStage: Seconds? { slowestSeconds.isNaN ? nil : Seconds(slowestSeconds) }

  /// The whole pass.
  public var time: Seconds? { seconds.isNaN ? nil : Seconds(seconds) }

  /// NaN where it is unknown.
  package var seconds: Double { kernelSeconds + engineSeconds }

  /// The kernels alone, the same way.
  package var kernelSeconds: Double {
    isSuccessive
      ? Self.time(traversal: traversalSeconds, slowestStage: slowestSeconds, turns: Double(microBatches))
      : Self.time(traversal: traversalSeconds, slowestStage: slowestSeconds, waiting: Double(microBatches - 1))
  }

  /// Whether a successive pass waits for the slowest stage, rather than for its own way through all of them.
  package var isFull: Bool { Double(microBatches) * slowestSeconds > traversalSeconds }

  /// The formula, for numbers and for `explain`.
  package static func time<R: RealTerm>(traversal: R, slowestStage: R, waiting: R) -> R {
    traversal + waiting * slowestStage
  }

  /// The formula of passes that follow each other.
  package static func time<R: RealTerm>(traversal: R, slowestStage: R, turns: R) -> R {
    .larger(traversal, turns * slowestStage)
  }
}
