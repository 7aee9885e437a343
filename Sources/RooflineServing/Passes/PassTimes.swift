import RooflineAnalysis
import RooflineCore
import RooflineDeployment

/// What passes of one deployment take: kernels, and what an engine adds to them.
///
/// A pass may hold pieces of prompts beside sequences that get one token each (`MixedPass`). Rows that depend on the number of tokens
/// alone run once over all of them, those of the head over the tokens whose logits are wanted, and the others apart for each kind of
/// piece and for the sequences, at their mean number of keys (`PassRows`). A pass of whole prompts alone is a prefill, and one of
/// sequences alone with equal keys a decode step, as `Analysis` has them.
///
/// - Ranks with requests of their own (`--dp-attention`): requests are dealt out evenly, the fullest rank stands for all
///   (`MixedPass.fullestShare`), and experts see the tokens of all ranks.
/// - Stages of a pipeline: requests are dealt out to micro-batches, as many as there are stages or requests, the fullest of which stands
///   for all. A pass of sequences alone follows the one before it: max(way through all stages, m · slowest stage). One that holds
///   prompts fills the pipeline and empties it, as a prefill does: way + (m − 1) · slowest stage, the most that it can take.
/// - Drafted tokens: sequences have one and the drafted ones in a pass, before which the passes of the draft module run over them.
///
/// Parts that were asked for before are looked up. Not for several threads at once.
package final class PassTimes {
  /// Whose options say what an engine adds; without one, times are those of kernels alone.
  package let analysis: Analysis
  package let rows: PassRows

  private let model: DecoderModel
  private let time: IdealTime
  private let keyGrain: UInt64
  /// Of a draft module, without a pipeline of its own; nil without drafts.
  private let drafts: PassTimes?
  private var known: [Key: Kernels] = [:]
  /// The same by scope, where a pipeline needs it.
  private var knownSums: [Key: PassSums] = [:]

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

    init(part: PassRows.Part, batch: UInt64, tokens: UInt64 = 1, keys: UInt64 = 1) {
      (self.part, self.batch, self.tokens, self.keys) = (part, batch, tokens, keys)
    }
  }

  /// More take more memory than a run may.
  private static let limit = 1 << 19

  /// - Parameters:
  ///   - analysis: model, GPU, degrees, formats, operators, rates and constants; its numbers of sequences and tokens mean
  ///     nothing here.
  ///   - speculation: how drafts are made; nil without drafted tokens.
  ///   - keyGrain: mean keys of sequences are rounded to a multiple of so many.
  package init(_ analysis: Analysis, speculation: SpeculativeStep? = nil, keyGrain: UInt64 = 1) {
    self.analysis = analysis
    drafts = speculation?.passes.first.map { PassTimes($0, keyGrain: keyGrain) }
    self.keyGrain = keyGrain
    model = analysis.configuration.model
    time = IdealTime(overlap: analysis.options.overlap)
    rows = PassRows(model, analysis.workload)
  }

  // MARK: whole passes

  /// A prefill of `tokens` new tokens of each of `batch` sequences behind `cachedPrefix` ones.
  ///
  /// - Returns: nil where the time of a row is unknown, or a count does not fit in 63 bits.
  package func prefill(batch: UInt64, tokens: UInt64, cachedPrefix: UInt64 = 0) -> Seconds? {
    mixed(
      MixedPass(
        chunks: [MixedPass.Chunk(prompts: batch, tokens: tokens, cached: cachedPrefix)], endingPrompts: batch))
  }

  /// A decode step in which each of `batch` sequences attends to `context` keys, its new tokens included.
  ///
  /// - Returns: nil as of a prefill.
  package func decode(batch: UInt64, context: UInt64) -> Seconds? {
    mixed(
      MixedPass(sequences: batch, sequenceKeys: batch * context, queryTokens: analysis.workload.drafted + 1))
  }

  /// A pass of any contents.
  ///
  /// - Returns: nil as of a prefill.
  package func mixed(_ pass: MixedPass) -> Seconds? { PassTimes.known(seconds(pass)) }

  private static func known(_ seconds: Double) -> Seconds? { seconds.isNaN ? nil : Seconds(seconds) }

  /// The same as a number; NaN where it is unknown.
  package func seconds(_ pass: MixedPass) -> Double {
    guard analysis.workload.parallelism.pipeline > 1 else {
      let sum = kernels(of: pass)
      return sum.seconds + draftSeconds(pass) + overhead(sum, of: pass)
    }
    let sum = stagedKernels(of: pass)
    return sum.seconds + overhead(sum, of: pass)
  }

  private func kernels(of pass: MixedPass) -> Kernels {
    var sum = Kernels(seconds: 0, count: 0)
    for key in parts(of: pass) {
      let part = kernels(key)
      sum.seconds += part.seconds
      sum.count += part.count
    }
    return sum
  }

  /// What a pass is made of on the fullest of the ranks that have requests of their own; on any rank where all share them.
  private func parts(of pass: MixedPass) -> [Key] {
    let ranks = PassRows.ownRanks(analysis.workload)
    let own = pass.fullestShare(of: ranks)
    var keys = [Key(part: .tokens, batch: own.tokens * ranks)]
    if rows.hasExperts { keys.append(Key(part: .experts, batch: pass.tokens)) }
    if own.headTokens > 0 { keys.append(Key(part: .head, batch: own.headTokens * ranks)) }
    for chunk in own.chunks {
      keys.append(
        Key(part: .prompts, batch: chunk.prompts * ranks, tokens: chunk.tokens, keys: chunk.cached + chunk.tokens))
    }
    if own.sequences > 0 {
      keys.append(
        Key(
          part: .sequences, batch: own.sequences * ranks, tokens: own.queryTokens,
          keys: max(rounded(own.meanKeys), own.queryTokens)))
    }
    return keys
  }

  /// Passes of draft modules before the sequences' tokens are verified: pass i of N attends to C − N − 1 + i keys.
  private func draftSeconds(_ pass: MixedPass) -> Double {
    guard let drafts, pass.sequences > 0 else { return 0 }
    let drafted = pass.queryTokens - 1
    let keys = max(pass.meanKeys, pass.queryTokens)
    return (0..<drafted).reduce(0) { sum, index in
      let own = MixedPass(sequences: pass.sequences, sequenceKeys: pass.sequences * (keys - drafted + index))
      return sum + drafts.kernels(of: own).seconds
    }
  }

  /// The kernels of a pass through the stages of a pipeline; counted for one micro-batch.
  private func stagedKernels(of pass: MixedPass) -> Kernels {
    let workload = analysis.workload
    let stages = workload.parallelism.pipeline
    let pieces = min(workload.parallelism.microBatches ?? stages, pass.requests)
    let piece = pass.fullestShare(of: pieces)
    var sums = PassSums(groups: model.groups.count)
    for key in parts(of: piece) { sums = sums + self.sums(key) }
    if sums.isOverflow { sums.addDrafts(.nan) }
    sums.addDrafts(draftSeconds(piece))
    let schedule = PipelineSchedule(
      sums, stages: stages, model, microBatches: pieces, isSuccessive: pass.chunks.isEmpty)
    return Kernels(seconds: schedule.kernelSeconds, count: sums.kernels)
  }

  private func rounded(_ keys: UInt64) -> UInt64 {
    keyGrain == 1 ? keys : max(1, (keys + keyGrain / 2) / keyGrain * keyGrain)
  }

  // MARK: parts

  private func kernels(_ key: Key) -> Kernels {
    if let known = known[key] { return known }
    let sums = computed(key)
    let kernels = Kernels(seconds: sums.isOverflow ? .nan : sums.seconds, count: sums.kernels)
    if known.count >= PassTimes.limit { known.removeAll(keepingCapacity: true) }
    known[key] = kernels
    return kernels
  }

  private func sums(_ key: Key) -> PassSums {
    if let known = knownSums[key] { return known }
    let sums = computed(key)
    if knownSums.count >= PassTimes.limit / 4 { knownSums.removeAll(keepingCapacity: true) }
    knownSums[key] = sums
    return sums
  }

  private func computed(_ key: Key) -> PassSums {
    let rows = rows.rows(key.part, batch: key.batch, tokens: key.tokens, keys: key.keys)
    return PassSums(
      rows, groups: model.groups.count, rates: analysis.rates, time: time,
      timing: analysis.calibrated.map { $0.timed })
  }

  /// What an engine adds: for the sequences that the fullest rank gives a token.
  private func overhead(_ kernels: Kernels, of pass: MixedPass) -> Double {
    guard let engine = analysis.options.engine else { return 0 }
    let own = pass.fullestShare(of: PassRows.ownRanks(analysis.workload))
    return engine.seconds(
      PassOverhead.Pass(
        sequences: own.receivers, ranks: analysis.workload.tensorParallel, kernels: kernels.count,
        vocabulary: model.vocabSize, kernelSeconds: kernels.seconds))
  }
}
