import RooflineAnalysis
import RooflineCore

/// The passes of one deployment under many workloads.
struct SweepPasses: Sendable {
  let analysis: Analysis
  let workload: Workload
  private let meter: UtilizationMeter
  /// Which activations are alive in a prefill of many tokens, of one, and in a decode step.
  let prefill, single, decode: ActivationPlan

  init(_ analysis: Analysis, _ workload: Workload) {
    self.analysis = analysis
    self.workload = workload
    meter = UtilizationMeter(analysis)
    let model = analysis.configuration.model
    var sample = analysis.workload
    single = ActivationPlan(model, DecoderStep(.prefill, sample))
    decode = ActivationPlan(model, DecoderStep(.decode, sample))
    sample.prompt = 2
    prefill = ActivationPlan(model, DecoderStep(.prefill, sample))
  }

  /// What the passes of a workload say.
  struct Answer {
    var figures = SweepFigures()
    /// Keys in the cache at the end.
    let keys: UInt64
    let activations: Count
  }

  /// Neighbours with the same batch, and what is computed for them.
  private struct Run {
    let points: ArraySlice<SweepPoint>
    let batch: SweepBatch
    /// Contexts of decode steps, without gaps, and where in the table they begin.
    var segments: [(contexts: ClosedRange<UInt64>, start: Int)]
    /// Of each point its prefill's place in the table.
    var prompts: [Int]
  }

  /// Passes that are held at once; more are computed in several goes.
  private static let tableSize = 65536

  func answers(_ points: ArraySlice<SweepPoint>, _ memo: KernelMemo) -> [Result<Answer, InputError>] {
    var answers: [Result<Answer, InputError>] = []
    answers.reserveCapacity(points.count)
    var runs: [Run] = []
    var (prompts, steps) = (PassTable(.prefill), PassTable(.decode))
    func flush() {
      prompts.compute(self, memo)
      steps.compute(self, memo)
      for run in runs { append(run, prompts, steps, &answers) }
      runs = []
      (prompts, steps) = (PassTable(.prefill), PassTable(.decode))
    }
    var rest = points
    while let first = rest.first {
      var own = rest.prefix { $0.batch == first.batch }
      var contexts = self.contexts(own)
      while own.count > 1, contexts.reduce(0, { $0 + $1.count }) > SweepPasses.tableSize {
        own = own.prefix(own.count / 2)
        contexts = self.contexts(own)
      }
      rest = rest.dropFirst(own.count)
      let batch = SweepBatch(first.batch, workload)
      var run = Run(points: own, batch: batch, segments: [], prompts: [])
      for range in contexts {
        run.segments.append((range, steps.count))
        for context in range { steps.append(batch, tokens: 1, keys: context) }
      }
      var earlier: UInt64?
      for point in own {
        if point.prompt != earlier, keys(point) != nil {
          prompts.append(batch, tokens: point.prompt, keys: workload.cachedPrefix + point.prompt)
        }
        earlier = point.prompt
        run.prompts.append(prompts.count - 1)
      }
      runs.append(run)
      if steps.count > 2048 || prompts.count > 2048 { flush() }
    }
    flush()
    return answers
  }

  /// Keys after the prompt, and at the end; nil where they are too many.
  private func keys(_ point: SweepPoint) -> (prompt: UInt64, final: UInt64)? {
    let (prompt, isLarge) = workload.cachedPrefix.addingReportingOverflow(point.prompt)
    let (final, isLarger) = prompt.addingReportingOverflow(point.generate - 1)
    guard !isLarge, !isLarger, final < Count.limit, point.context ?? 1 < Count.limit else { return nil }
    return (prompt, final)
  }

  /// The decode steps that points ask for; those that are added up without looking at each are not among them.
  private func steps(_ point: SweepPoint) -> ClosedRange<UInt64>? {
    guard let keys = keys(point) else { return nil }
    if let context = point.context { return context...context }
    // The step in which the cache is fullest says what activations need, also where no step's time is asked for.
    guard keys.final > keys.prompt, point.generate - 1 <= UInt64(DecodeSteps.listed) else {
      return keys.final...keys.final
    }
    return keys.prompt + 1...keys.final
  }

  /// All of them, each once, in ranges without gaps.
  private func contexts(_ points: ArraySlice<SweepPoint>) -> [ClosedRange<UInt64>] {
    var ranges: [ClosedRange<UInt64>] = []
    for range in points.compactMap(steps).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = ranges.last, range.lowerBound <= last.upperBound + 1 {
        ranges[ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        ranges.append(range)
      }
    }
    return ranges
  }

  // MARK: answers

  private func append(
    _ run: Run, _ prompts: PassTable, _ steps: PassTable, _ answers: inout [Result<Answer, InputError>]
  ) {
    var sum = StepSum()
    for (point, place) in zip(run.points, run.prompts) {
      answers.append(answer(point, place, run, prompts, steps, &sum))
    }
  }

  private func answer(
    _ point: SweepPoint, _ place: Int, _ run: Run, _ prompts: PassTable, _ steps: PassTable, _ sum: inout StepSum
  ) -> Result<Answer, InputError> {
    if let pieces = workload.parallelism.microBatches, pieces > point.batch {
      return .failure(.usage("--micro-batches is \(pieces), more than the batch of \(point.batch)"))
    }
    guard point.generate <= Generation.maximumTokens else {
      return .failure(.usage("--generate is \(point.generate); from 1 to 10,000,000 tokens are computed"))
    }
    guard let keys = keys(point), let range = self.steps(point) else {
      return .failure(.overflow(what: "prompt + generated tokens"))
    }
    guard let segment = run.segments.last(where: { $0.contexts.lowerBound <= range.lowerBound }) else {
      return .failure(.overflow(what: "prompt + generated tokens"))
    }
    let first = segment.start + Int(range.lowerBound - segment.contexts.lowerBound)
    let last = first + Int(range.upperBound - range.lowerBound)
    guard !prompts.isOverflow[place] else { return .failure(.overflow(what: "prefill at \(keys.prompt) keys")) }
    guard !steps.isOverflow[last] else { return .failure(.overflow(what: "decode at \(keys.final) keys")) }
    var answer = Answer(keys: keys.final, activations: max(prompts.peak[place], steps.peak[last]))
    let prefill = prompts.seconds[place]
    answer.figures.timeToFirstToken = prefill.isNaN ? nil : Seconds(prefill)
    answer.figures.prefillUtilization = utilization(prompts.work[place], answer.figures.timeToFirstToken)
    answer.figures.prefillBound = prompts.bound[place]
    if point.context != nil || point.generate > 1 {
      answer.figures.decodeBound = steps.bound[last]
      if last - first + 1 < Int(point.generate) - 1, point.context == nil {
        if let error = addUp(point, &answer.figures) { return .failure(error) }
      } else {
        sum.add(steps, first...last)
        let time = sum.seconds.isNaN ? nil : Seconds(sum.seconds)
        answer.figures.timePerOutputToken = time.map { Seconds($0.value / Double(last - first + 1)) }
        answer.figures.decodeUtilization = utilization(sum.work, time)
      }
    }
    let times = [answer.figures.timeToFirstToken, answer.figures.timePerOutputToken]
    if times.contains(where: { $0?.value.isInfinite == true }) {
      return .failure(.infiniteTime(what: "a pass", hardware: analysis.hardware.name))
    }
    return .success(answer)
  }

  private func utilization(_ modelFLOPs: Double, _ time: Seconds?) -> Double? {
    var work = UtilizationMeter.Work()
    work.modelFLOPs = modelFLOPs
    return meter.utilization(work, time).modelFLOPs
  }

  /// A generation of so many steps that they are not looked at one by one.
  private func addUp(_ point: SweepPoint, _ figures: inout SweepFigures) -> InputError? {
    do {
      let generation = try Generation(analysis(of: point), tokens: point.generate)
      figures.timePerOutputToken = generation.meanTimePerOutputToken
      figures.decodeUtilization = generation.decodeUtilization?.modelFLOPs
      return nil
    } catch {
      return error
    }
  }

  /// A point by itself.
  func analysis(of point: SweepPoint) throws(InputError) -> Analysis {
    var workload = workload
    (workload.batch, workload.prompt) = (point.batch, point.prompt)
    workload.context = workload.promptKeys + 1
    return try Analysis(
      configuration: analysis.configuration, hardware: analysis.hardware, workload: workload,
      phases: Phase.allCases, options: analysis.options, calibrated: analysis.calibrated)
  }
}

/// A batch, and how a pipeline cuts it.
struct SweepBatch {
  let sequences, microBatches, microBatch: UInt64
  let share: UtilizationMeter.Work.Share

  init(_ batch: UInt64, _ workload: Workload) {
    var workload = workload
    workload.batch = batch
    sequences = batch
    microBatches = workload.microBatches
    microBatch = workload.microBatchSize
    share = UtilizationMeter.Work.Share(
      stages: workload.parallelism.pipeline, microBatches: microBatches, batch: batch, microBatch: microBatch)
  }
}

/// Neighbouring steps added up from the first on; neighbours in a sweep go on where the one before ended.
private struct StepSum {
  private(set) var seconds = 0.0
  private(set) var work = 0.0
  private var first = -1
  private var end = -1

  mutating func add(_ steps: PassTable, _ range: ClosedRange<Int>) {
    if first != range.lowerBound || end > range.upperBound + 1 {
      (seconds, work, first, end) = (0, 0, range.lowerBound, range.lowerBound)
    }
    steps.seconds.withUnsafeBufferPointer { seconds in
      steps.work.withUnsafeBufferPointer { work in
        for place in end..<range.upperBound + 1 {
          self.seconds += seconds[place]
          self.work += work[place]
        }
      }
    }
    end = range.upperBound + 1
  }
}
