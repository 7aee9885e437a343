import RooflineAnalysis
import RooflineCore
import RooflineDeployment
import RooflineServing
import RooflineTimeModels

/// The JSON of `analyze`, schema version 1. Integers are exact, per occurrence and device; rates are the ones divided by
/// (efficiency included); times are unrounded. Keys may be added, not changed.
package struct AnalysisDocument: Encodable {
  let schemaVersion = 1
  let model: ModelEntry
  let hardware: HardwareEntry
  let workload: WorkloadEntry
  let phases: [PhaseEntry]
  let notices: [String]
  /// Only where tokens are generated.
  let generation: GenerationDocument?
  /// Only of a training step: its passes are the phases `forward` and `backward`.
  let training: TrainingEntry?

  /// Only where achieved ceilings are given: the same passes at those rates.
  let achieved: AchievedEntry?
  /// Only where tokens are drafted.
  let speculation: SpeculationEntry?
  /// Only where an engine is given.
  let engine: EngineEntry?
  /// Only where images are given.
  let vision: VisionEntry?

  package init(
    _ analysis: Analysis, generation: Generation? = nil, achieved: AnalysisReport.Achieved? = nil,
    speculation: SpeculativeStep? = nil, vision: VisionAnalysis? = nil, engine: Engine? = nil
  ) {
    self.engine = engine.map(EngineEntry.init)
    self.achieved = achieved.map(AchievedEntry.init)
    self.speculation = speculation.map(SpeculationEntry.init)
    self.vision = vision.map { VisionEntry($0, analysis) }
    model = ModelEntry(analysis.configuration)
    hardware = HardwareEntry(analysis.hardware, analysis.rates, analysis.workload.formats)
    workload = WorkloadEntry(analysis.workload, analysis.options, analysis.calibrated)
    phases = analysis.phases.map { PhaseEntry($0, analysis) }
    notices = analysis.notices.map(\.sentence)
    self.generation = generation.map { GenerationDocument($0, analysis.workload) }
    training = analysis.trainingTotals.map { TrainingEntry($0, sequence: analysis.workload.prompt) }
  }

  struct ModelEntry: Encodable {
    let name: String
    let path: String
    let parameters: UInt64
    let overrides: [String: String]
    /// What the file leaves out, with the documented default that was used.
    let assumed: [String: String]

    init(_ configuration: ModelConfiguration) {
      name = configuration.name
      path = configuration.path
      parameters = configuration.parameters.total.value
      overrides = Dictionary(
        configuration.overrides.map { ($0.key, $0.value.summary) }, uniquingKeysWith: { _, last in last })
      assumed = Dictionary(configuration.defaults.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
    }
  }

  struct WorkloadEntry: Encodable {
    let batch: UInt64
    let prompt: UInt64
    let context: UInt64
    let tensorParallel: UInt64
    let sequenceParallel: Bool
    let pipelineParallel: UInt64
    let microBatches: UInt64
    /// Sequences of the micro-batch that the rows are about; the batch without a pipeline.
    let microBatchSize: UInt64
    let dataParallel: UInt64
    /// Tokens in the cache before the prefill; absent without --cached-prefix.
    let cachedPrefix: UInt64?
    /// Of --ep and --dp-attention; absent without them.
    let expertParallel: UInt64?
    let attentionDataParallel: Bool?
    /// Tokens that the decode step verifies beside the one; absent without --draft.
    let draftTokens: UInt64?
    let operators: String
    let weightDType: String
    let activationDType: String
    let kvDType: String
    /// The format of activations between operators.
    let residualDType: String
    let computeEfficiency: Double
    let memoryEfficiency: Double
    let overlap: String
    /// ideal, calibrated or anchored.
    let time: String
    /// Of kernels that are not ideal.
    let residency, launch: String?
    let interval: Double?

    init(_ workload: Workload, _ options: RateOptions, _ calibrated: CalibratedTime?) {
      time = calibrated.map { $0.correction == nil ? "calibrated" : "anchored" } ?? "ideal"
      residency = calibrated?.options.conditions.cache.rawValue
      launch = calibrated?.options.conditions.launch.rawValue
      interval = calibrated?.options.interval
      batch = workload.batch
      prompt = workload.prompt
      cachedPrefix = workload.cachedPrefix > 0 ? workload.cachedPrefix : nil
      context = workload.context
      tensorParallel = workload.tensorParallel
      sequenceParallel = workload.parallelism.isSequenceParallel
      pipelineParallel = workload.parallelism.pipeline
      microBatches = workload.parallelism.pipeline > 1 ? workload.microBatches : 1
      microBatchSize = workload.microBatchSize
      dataParallel = workload.parallelism.data
      expertParallel = workload.parallelism.expert > 1 ? workload.parallelism.expert : nil
      attentionDataParallel = workload.parallelism.isAttentionDataParallel ? true : nil
      draftTokens = workload.drafted > 0 ? workload.drafted : nil
      operators = workload.operatorSet.rawValue
      weightDType = workload.formats.weight.rawValue
      activationDType = workload.formats.activation.rawValue
      kvDType = workload.formats.keyValueCache.rawValue
      residualDType = workload.formats.residual.rawValue
      computeEfficiency = options.computeEfficiency
      memoryEfficiency = options.memoryEfficiency
      overlap = options.overlap.rawValue
    }
  }

  struct PhaseEntry: Encodable {
    let phase: String
    let operators: [OperatorEntry]
    let layer: TotalEntry
    let model: TotalEntry
    /// Over all layers: blocks that mix tokens, blocks that do not, and what goes over the link, of the whole pass.
    let subtotals: SubtotalsEntry
    /// Only where layers differ: `layer` is then one of each group after another.
    let groups: [GroupEntry]?
    /// Only where the model lies on several stages.
    let pipeline: PipelineEntry?
    /// Only where an engine is given: what it adds to the kernels of the pass.
    let engine: EngineTimeEntry?

    init(_ phase: PhaseAnalysis, _ analysis: Analysis) {
      self.phase = phase.step.name
      let timed = analysis.calibrated.map { phase.timedRows(by: $0) }
      operators = phase.operators.enumerated().map { index, row in
        OperatorEntry(
          row, group: row.scope.group.flatMap { phase.groups.isEmpty ? nil : phase.groups[$0].name },
          missing: row.time != nil
            ? []
            : analysis.hardware.missingFacts(
              for: row.cost, rates: analysis.rates, ranks: analysis.workload.devicesPerReplica.value,
              board: analysis.options.board),
          rates: analysis.rates,
          calibrated: CalibratedTimeEntry(
            row.prediction, ideal: row.prediction.ideal(analysis.rates, analysis.options), timed: timed?[index],
            time: analysis.calibrated))
      }
      layer = TotalEntry(phase.layer)
      model = TotalEntry(phase.model)
      subtotals = SubtotalsEntry(phase)
      groups = phase.groups.isEmpty ? nil : phase.groups.indices.map { GroupEntry(phase, $0) }
      pipeline = analysis.schedule(of: phase).map { PipelineEntry($0, analysis.workload) }
      engine = analysis.options.engine == nil ? nil : EngineTimeEntry(phase, analysis)
    }
  }

  /// Over a whole pass.
  struct SubtotalsEntry: Encodable {
    let mixer, feedForward, communication: TotalEntry

    init(_ phase: PhaseAnalysis) {
      mixer = TotalEntry(phase.total(of: .mixer))
      feedForward = TotalEntry(phase.total(of: .feedForward))
      communication = TotalEntry(phase.total(of: .communication))
    }
  }

  /// Equal layers.
  struct GroupEntry: Encodable {
    let name: String
    let layers: UInt64
    let layer: TotalEntry

    init(_ phase: PhaseAnalysis, _ index: Int) {
      name = phase.groups[index].name
      layers = phase.groups[index].layers
      layer = TotalEntry(phase.layer(of: index))
    }
  }

  struct TotalEntry: Encodable {
    let flops: FLOPsEntry
    let bytes: BytesEntry
    let wireBytes: UInt64
    @Nullable var timeSeconds: Double?

    init(_ total: PhaseAnalysis.Total) {
      flops = FLOPsEntry(total.cost.flops)
      bytes = BytesEntry(total.cost.traffic)
      wireBytes = total.cost.wireBytes.value
      timeSeconds = total.time?.value
    }
  }
}

extension AnalysisDocument {
  /// Forward and backward added up.
  struct TrainingEntry: Encodable {
    let sequence: UInt64
    /// One occurrence of each row.
    let operators: [OperatorTotals]
    let layer, model: Passes

    struct OperatorTotals: Encodable {
      let name: String
      let occurrences: UInt64
      let forward, backward, total: TotalEntry
    }

    struct Passes: Encodable {
      let forward, backward, total: TotalEntry

      init(_ passes: TrainingTotals.Passes) {
        forward = TotalEntry(passes.forward)
        backward = TotalEntry(passes.backward)
        total = TotalEntry(passes.total)
      }
    }

    init(_ totals: TrainingTotals, sequence: UInt64) {
      self.sequence = sequence
      operators = totals.operators.map { entry in
        let passes = Passes(entry.passes)
        return OperatorTotals(
          name: entry.name.rawValue, occurrences: entry.occurrences.value, forward: passes.forward,
          backward: passes.backward, total: passes.total)
      }
      layer = Passes(totals.layer)
      model = Passes(totals.model)
    }
  }
}
