import RooflineCore

/// What passes of one deployment take: kernels, and what an engine adds to them.
///
/// A pass may hold pieces of prompts beside sequences that get one token each (`MixedPass`). Rows that depend on the number of tokens
/// alone run once over all of them, those of the head over the tokens whose logits are wanted, and the others apart for each kind of
/// piece and for the sequences, at their mean number of keys (`PassRows`). A pass of whole prompts alone is a prefill, and one of
/// sequences alone with equal keys a decode step, as `Analysis` has them.
///
/// Parts that were asked for before are looked up. Not for several threads at once.
package final class PassTimes {
  /// Whose options say what an engine adds; without one, times are those of kernels alone.
  package let analysis: Analysis
  package let rows: PassRows

  private let model: DecoderModel
  private let time: IdealTime
  private let keyGrain: UInt64
  private var known: [Key: Kernels] = [:]

  /// Kernels of a part of a pass.
  private struct Kernels {
    /// NaN where the time of one is unknown, or a count does not fit.
    var seconds: Double
    /// How many are started, those of all layers.
    var count: Double
  }

  private struct Key: Hashable {
    let part: PassRows.Part
    let batch, tokens, keys: UInt64
  }

  /// More take more memory than a run may.
  private static let limit = 1 << 19

  /// - Parameters:
  ///   - analysis: model, GPU, degrees, formats, operators, rates and constants; its numbers of sequences and tokens mean
  ///     nothing here.
  ///   - keyGrain: mean keys of sequences are rounded to a multiple of so many.
  package init(_ analysis: Analysis, keyGrain: UInt64 = 1) {
    self.analysis = analysis
    self.keyGrain = keyGrain
    model = analysis.configuration.model
    time = IdealTime(overlap: analysis.options.overlap)
    rows = PassRows(model, analysis.workload)
  }

  /// Whether mixed passes have a rule: without stages of a pipeline, and with the same requests on all ranks.
  package var mixesPasses: Bool {
    analysis.workload.parallelism.pipeline == 1 && !analysis.workload.parallelism.isAttentionDataParallel
  }

  // MARK: whole passes

  /// A prefill of `tokens` new tokens of each of `batch` sequences behind `cachedPrefix` ones.
  ///
  /// - Returns: nil where the time of a row is unknown, or a count does not fit in 63 bits.
  package func prefill(batch: UInt64, tokens: UInt64, cachedPrefix: UInt64 = 0) -> Seconds? {
    guard mixesPasses else { return staged(.prefill, batch, tokens: tokens, keys: cachedPrefix + tokens) }
    return PassTimes.known(
      seconds(
        MixedPass(
          chunks: [MixedPass.Chunk(prompts: batch, tokens: tokens, cached: cachedPrefix)], endingPrompts: batch)))
  }

  /// A decode step in which each of `batch` sequences attends to `context` keys, its new token included.
  ///
  /// - Returns: nil as of a prefill.
  package func decode(batch: UInt64, context: UInt64) -> Seconds? {
    guard mixesPasses else { return staged(.decode, batch, tokens: 1, keys: context) }
    return PassTimes.known(seconds(MixedPass(sequences: batch, sequenceKeys: batch * context)))
  }

  /// A pass of any contents.
  ///
  /// - Returns: nil as of a prefill, and where mixed passes have no rule.
  package func mixed(_ pass: MixedPass) -> Seconds? { mixesPasses ? PassTimes.known(seconds(pass)) : nil }

  private static func known(_ seconds: Double) -> Seconds? { seconds.isNaN ? nil : Seconds(seconds) }

  /// The same as a number; NaN where it is unknown.
  package func seconds(_ pass: MixedPass) -> Double {
    var sum = kernels(.tokens, batch: pass.tokens)
    func add(_ part: Kernels) {
      sum.seconds += part.seconds
      sum.count += part.count
    }
    if pass.receivers > 0 { add(kernels(.head, batch: pass.receivers)) }
    for chunk in pass.chunks {
      add(kernels(.prompts, batch: chunk.prompts, tokens: chunk.tokens, keys: chunk.cached + chunk.tokens))
    }
    if pass.sequences > 0 { add(kernels(.sequences, batch: pass.sequences, keys: rounded(pass.meanKeys))) }
    return sum.seconds + overhead(sum, sequences: pass.receivers)
  }

  private func rounded(_ keys: UInt64) -> UInt64 {
    keyGrain == 1 ? keys : max(1, (keys + keyGrain / 2) / keyGrain * keyGrain)
  }

  // MARK: parts

  private func kernels(_ part: PassRows.Part, batch: UInt64, tokens: UInt64 = 1, keys: UInt64 = 1) -> Kernels {
    let key = Key(part: part, batch: batch, tokens: tokens, keys: keys)
    if let known = known[key] { return known }
    let rows = rows.rows(part, batch: batch, tokens: tokens, keys: keys)
    let sums = PassSums(
      rows, groups: model.groups.count, rates: analysis.rates, time: time, calibrated: analysis.calibrated)
    let kernels = Kernels(seconds: sums.isOverflow ? .nan : sums.seconds, count: sums.kernels)
    if known.count >= PassTimes.limit { known.removeAll(keepingCapacity: true) }
    known[key] = kernels
    return kernels
  }

  private func overhead(_ kernels: Kernels, sequences: UInt64) -> Double {
    guard let engine = analysis.options.engine else { return 0 }
    return engine.seconds(
      PassOverhead.Pass(
        sequences: sequences, ranks: analysis.workload.tensorParallel, kernels: kernels.count,
        vocabulary: model.vocabSize, kernelSeconds: kernels.seconds))
  }

  /// A pass through the stages of a pipeline, or with requests of each rank's own: as `Analysis` has it.
  private func staged(_ phase: Phase, _ batch: UInt64, tokens: UInt64, keys: UInt64) -> Seconds? {
    var workload = analysis.workload
    workload.batch = batch
    if phase == .prefill {
      (workload.prompt, workload.cachedPrefix) = (tokens, keys - tokens)
    } else {
      workload.context = keys
    }
    guard
      let whole = try? Analysis(
        configuration: analysis.configuration, hardware: analysis.hardware, workload: workload, phases: [phase],
        options: analysis.options, calibrated: analysis.calibrated)
    else { return nil }
    return whole.phases.first.flatMap { whole.time(of: $0) }
  }
}
