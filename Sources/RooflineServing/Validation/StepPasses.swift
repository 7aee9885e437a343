import RooflineCore

/// The passes that a measured row is made of, and how its metric follows from their times.
struct StepPasses {
  let row: StepMeasurement
  /// The prompts of the whole batch (in a closed loop: of one request), and the mean decode step; nil where there is none.
  let prefill, decode: PassKernels?
  /// Batches one after another, where memory does not hold all sequences at once.
  private let waves: [Wave]

  private struct Wave {
    var sequences: UInt64
    var prefill: PassKernels?
    /// A few of the decode steps, spread evenly over all.
    var decode: [PassKernels]
    var steps: UInt64
  }

  /// Contexts at which decode steps are timed: their times are nearly straight lines in the context.
  private static let samples: UInt64 = 4

  init(_ row: StepMeasurement, _ clock: StepClock) throws {
    self.row = row
    let (prompt, generated) = (row.meanPrompt, row.meanGenerated)
    switch row.conditions.regime {
    case .listed(let word): throw StepResolver.Fault.listed(word)
    case .forward:
      prefill =
        row.conditions.headsEveryToken
        ? try clock.forward(batch: row.batch, tokens: prompt) : try clock.prefill(batch: row.batch, tokens: prompt)
      decode = nil
      waves = []
    case .closedLoop, .steady:
      prefill = row.conditions.regime == .steady ? nil : try clock.prefill(batch: 1, tokens: prompt)
      decode = try clock.decode(batch: row.batch, context: prompt + (generated + 1) / 2)
      waves = []
    case .oneBatch:
      let most = try StepPasses.mostSequences(clock, keys: max(2, prompt + generated))
      guard most > 0 else { throw StepResolver.Fault.doesNotFit }
      var waves: [Wave] = []
      var left = row.batch
      while left > 0 {
        let sequences = min(left, most)
        let steps = prompt > 0 ? generated - min(generated, 1) : generated
        let parts = min(StepPasses.samples, steps)
        waves.append(
          Wave(
            sequences: sequences,
            prefill: prompt > 0 ? try clock.prefill(batch: sequences, tokens: prompt) : nil,
            decode: try (0..<parts).map { part in
              // The middle of each of a few equal ranges of steps.
              let place = (2 * part + 1) * steps / (2 * parts)
              return try clock.decode(batch: sequences, context: prompt + 1 + place)
            }, steps: steps))
        left -= sequences
      }
      self.waves = waves
      prefill = waves[0].prefill
      decode = waves[0].decode.isEmpty ? nil : StepPasses.mean(waves[0].decode)
    }
  }

  private static func mean(_ passes: [PassKernels]) -> PassKernels {
    PassKernels(
      seconds: passes.reduce(0) { $0 + $1.seconds } / Double(passes.count),
      idealSeconds: passes.reduce(0) { $0 + $1.idealSeconds } / Double(passes.count), count: passes.first?.count ?? 0)
  }

  private static func mostSequences(_ clock: StepClock, keys: UInt64) throws -> UInt64 {
    guard let scheduler = clock.engine?.scheduler else { return .max }
    return min(try clock.sequences(of: keys, scheduler) ?? .max, scheduler.maxSequences)
  }

  /// The metric from the times of passes.
  ///
  /// - Parameter seconds: of a pass that gives so many sequences a token.
  func value(_ seconds: (PassKernels, _ sequences: UInt64) -> Double) throws(StepResolver.Fault) -> Double {
    switch row.conditions.regime {
    case .listed(let word): throw .listed(word)
    case .forward:
      guard row.metric == .timeToFirstToken, let prefill else { throw .unstated("\(row.metric.rawValue) of one pass") }
      return seconds(prefill, row.batch) * 1e3
    case .steady:
      guard row.metric == .timePerOutputToken, let decode else {
        throw .unstated("\(row.metric.rawValue) where prompts are not published")
      }
      return seconds(decode, row.batch) * 1e3
    case .closedLoop: throw .unstated("a closed loop is no sum of passes")
    case .oneBatch:
      return try oneBatch(seconds)
    }
  }

  /// Requests through the engine's scheduler, as the benchmark sends and counts them.
  func closed(_ tier: StepPrediction.Tier, _ clock: StepClock) throws(StepResolver.Fault) -> Double {
    guard let prompt = row.prompt, prompt > 0, row.generated > 0 else {
      throw .unstated("a closed loop without tokens")
    }
    let load = RequestLoad.benchmark(
      row.batch, prompt: prompt, generated: row.generated,
      // The mean of lengths that lie evenly between the shortest and the longest is half-way between them.
      shortest: max(0, 2 * row.conditions.lengthScale - 1))
    let figures: LoadFigures
    do { figures = try clock.closedLoop(tier, load) } catch { throw .refused(error) }
    switch row.metric {
    case .timeToFirstToken: return figures.timeToFirstToken.mean * 1e3
    case .timePerOutputToken:
      guard let time = figures.timePerOutputToken else { throw .unstated("tpot_ms of one token") }
      return time.mean * 1e3
    case .endToEnd: return figures.endToEnd.mean
    case .tokensPerSecond: return figures.tokensPerSecond / (row.conditions.isPerGPU ? Double(row.gpus) : 1)
    }
  }

  private func oneBatch(_ seconds: (PassKernels, UInt64) -> Double) throws(StepResolver.Fault) -> Double {
    var (prompts, steps) = (0.0, 0.0)
    for wave in waves {
      prompts += wave.prefill.map { seconds($0, wave.sequences) } ?? 0
      guard !wave.decode.isEmpty else { continue }
      steps +=
        wave.decode.reduce(0) { $0 + seconds($1, wave.sequences) } / Double(wave.decode.count) * Double(wave.steps)
    }
    switch row.metric {
    case .timeToFirstToken: return prompts * 1e3
    case .endToEnd: return prompts + steps
    case .timePerOutputToken:
      guard row.generated > 1 else { throw .unstated("tpot_ms of one token") }
      return steps / Double(waves.reduce(0) { $0 + $1.steps }) * 1e3
    case .tokensPerSecond:
      let gpus = row.conditions.isPerGPU ? Double(row.gpus) : 1
      switch row.conditions.counted {
      case nil: throw .unstated("tokens_per_s_total without tok=in or tok=out")
      case .prompts: return Double(row.batch * row.meanPrompt) / prompts / gpus
      case .generated: return Double(row.batch * row.meanGenerated) / (prompts + steps) / gpus
      }
    }
  }
}
