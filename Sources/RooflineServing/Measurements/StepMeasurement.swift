import RooflineCore

/// A published end-to-end measurement: whole steps or requests of an engine on some GPUs.
package struct StepMeasurement: Hashable, Sendable {
  /// The row's own name; its place in the file where it has none.
  package var id: String
  /// Who published it, e.g. `repository@commit:path`.
  package var source: String
  /// As the row has them.
  package var engine, version: String
  package var gpu: String
  package var model: String
  package var gpus, tensorParallel, pipelineParallel: UInt64
  package var formats: StepFormats
  /// Sequences of a batch, or requests in flight.
  package var batch: UInt64
  /// Tokens of each prompt; nil where they are not published.
  package var prompt: UInt64?
  /// Tokens generated of each sequence.
  package var generated: UInt64
  package var metric: EngineMetric
  /// In the metric's unit.
  package var value: Double
  package var conditions: Conditions

  /// What a row's notes say of how it was measured, where that decides what is compared.
  package struct Conditions: Hashable, Sendable {
    package var regime: Regime
    /// Whether the head runs on every token of the pass.
    package var headsEveryToken = false
    /// Which tokens a throughput counts; nil where the source does not say.
    package var counted: CountedTokens?
    /// Whether a throughput is one GPU's share.
    package var isPerGPU = false
    /// Mean lengths over the row's own ones.
    package var lengthScale = 1.0

    package init(_ regime: Regime) { self.regime = regime }
  }

  /// Tokens that a throughput counts: those of the prompts over the time of the prefill, or those generated over the whole time.
  package enum CountedTokens: String, Hashable, Sendable, CaseIterable {
    case prompts = "in"
    case generated = "out"
  }

  /// How requests came.
  package enum Regime: Hashable, Sendable {
    /// One batch of equal requests that begin together.
    case oneBatch
    /// A closed loop: as many requests in flight as `batch` says, the next one sent when one is done.
    case closedLoop
    /// The median gap between tokens at a mean batch.
    case steady
    /// One forward pass.
    case forward
    /// Listed for honesty, and never scored: a first call, a time that cannot be, requests that waited.
    case listed(String)

    package init(_ word: String) {
      switch word {
      case "static": self = .oneBatch
      case "closed": self = .closedLoop
      case "steady": self = .steady
      case "forward": self = .forward
      case let word: self = .listed(word)
      }
    }

    /// As files have it.
    package var word: String {
      switch self {
      case .oneBatch: "static"
      case .closedLoop: "closed"
      case .steady: "steady"
      case .forward: "forward"
      case .listed(let word): word
      }
    }
  }
}

extension StepMeasurement {
  /// Who published it, without commit and path.
  package var publisher: String { String(source.prefix { $0 != "@" }) }

  /// The mean prompt of a request, tokens; where lengths are not published, those of chats.
  package var meanPrompt: UInt64 {
    guard let prompt else { return StepMeasurement.unpublishedPrompt }
    return UInt64((Double(prompt) * conditions.lengthScale).rounded())
  }

  /// The mean number of tokens generated.
  package var meanGenerated: UInt64 {
    generated == 0 ? 0 : max(1, UInt64((Double(generated) * conditions.lengthScale).rounded()))
  }

  /// About what chats of LMArena have; source: time-model-steps, "The rows".
  private static let unpublishedPrompt: UInt64 = 200
}
