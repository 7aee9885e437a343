import RooflineAnalysis
import RooflineCore

/// A model on GPUs: everything of a configuration that no number of sequences or tokens changes.
package struct SweepDeployment: Hashable, Sendable {
  /// As the files are called.
  package var model, hardware: String
  /// The format that was asked for; nil: those of the model's file.
  package var dtype: DType?
  /// Where times are from: `ideal`, `calibrated`, `anchored`.
  package var time: String
  /// The serving engine whose time per pass is added; nil: kernels only.
  package var engine: String?
  package var tensorParallel, pipeline, data, expert: UInt64

  package init(
    model: String, hardware: String, dtype: DType?, time: String, engine: String? = nil, tensorParallel: UInt64,
    pipeline: UInt64,
    data: UInt64, expert: UInt64
  ) {
    self.model = model
    self.hardware = hardware
    self.dtype = dtype
    self.time = time
    self.engine = engine
    self.tensorParallel = tensorParallel
    self.pipeline = pipeline
    self.data = data
    self.expert = expert
  }

  /// GPUs of one replica, and of all; saturate.
  package var devicesPerReplica: UInt64 { (Count(tensorParallel) * Count(pipeline)).value }
  package var devices: UInt64 { (Count(tensorParallel) * Count(pipeline) * Count(data)).value }
}

/// What is asked of a deployment.
package struct SweepPoint: Hashable, Sendable {
  /// Sequences of one replica, tokens of each prompt, tokens made of each sequence.
  package var batch, prompt, generate: UInt64
  /// The keys of a single decode step; nil: the steps are those that follow the prompt.
  package var context: UInt64?
  /// Requests over time, which make batches of their own: the one above is 1 then. nil: that batch.
  package var load: SweepLoad?

  package init(
    batch: UInt64, prompt: UInt64, generate: UInt64, context: UInt64? = nil, load: SweepLoad? = nil
  ) {
    self.batch = batch
    self.load = load
    self.prompt = prompt
    self.generate = generate
    self.context = context
  }
}

/// One configuration with its answers, as values: formats and pictures read the same ones.
package struct SweepRow: Sendable {
  /// One for all rows of a deployment: rows are moved by the million.
  private let shared: Shared
  package let point: SweepPoint
  /// nil where the configuration is not possible.
  package let figures: SweepFigures?
  /// Why there are no figures, or some of them are not known; or what is true of them beside what was asked for.
  package let reason: Reason?

  package enum Reason: Hashable, Sendable {
    /// Single analyses refuse it, too.
    case refused(InputError)
    /// True of the numbers, such as a rate that nobody has written down; at least one.
    case notices([Notice])
  }

  /// What rows of one deployment have in common.
  final class Shared: Sendable {
    let deployment: SweepDeployment
    /// As a number: what a search asks of every row.
    let devicesPerReplica: Double

    init(_ deployment: SweepDeployment) {
      self.deployment = deployment
      devicesPerReplica = Double(deployment.devicesPerReplica)
    }
  }

  init(_ shared: Shared, _ point: SweepPoint, _ figures: SweepFigures?, _ reason: Reason?) {
    self.shared = shared
    self.point = point
    self.figures = figures
    self.reason = reason
  }

  package init(_ deployment: SweepDeployment, _ point: SweepPoint, _ figures: SweepFigures?, _ reason: Reason?) {
    self.init(Shared(deployment), point, figures, reason)
  }

  package var deployment: SweepDeployment { shared.deployment }

  /// 1/TPOT; nil where TPOT is unknown.
  package var tokensPerSecondPerUser: Double? { figures?.timePerOutputToken.map { 1 / $0.value } }

  /// B/(TPOT · t · pp); of a load what its requests get.
  package var tokensPerSecondPerGPU: Double? {
    if let load = figures?.load { return load.tokensPerSecondPerGPU }
    return figures?.timePerOutputToken.map {
      Double(point.batch) / ($0.value * shared.devicesPerReplica)
    }
  }

  /// All replicas together.
  package var tokensPerSecond: Double? {
    if let load = figures?.load { return load.tokensPerSecond }
    return figures?.timePerOutputToken.map { Double(point.batch) * Double(deployment.data) / $0.value }
  }

  /// Whether it is possible, and known to fit.
  package var fits: Bool { figures?.fits == true }
}

/// What a configuration takes and yields.
package struct SweepFigures: Hashable, Sendable {
  /// TTFT: the prefill of the whole batch, s; nil where a rate that it needs is missing. Of a load the mean over its requests.
  package var timeToFirstToken: Seconds?
  /// TPOT: the mean decode step, s; nil without a decode step, too. Of a load the mean over its requests.
  package var timePerOutputToken: Seconds?
  /// Model FLOPs over time × peak.
  package var prefillUtilization, decodeUtilization: Double?
  /// The roof whose rows take most of the prefill's time, and of the last decode step's.
  package var prefillBound, decodeBound: Bound?
  /// Bytes that the device needs that needs most, reserve included; nil where they are not counted.
  package var footprint: Count?
  /// Bytes that a device has; nil where nobody has written it down.
  package var capacity: UInt64?
  /// By reference: rows without a load are moved by the million.
  private var held: Held?

  private indirect enum Held: Hashable, Sendable { case figures(SweepLoadFigures) }

  package init() {}

  /// What requests over time add; nil of a batch.
  package var load: SweepLoadFigures? {
    get { if case .figures(let figures)? = held { figures } else { nil } }
    set { held = newValue.map { .figures($0) } }
  }

  /// A load is served in the memory that there is, or has no figures.
  package var fits: Bool? {
    guard held == nil else { return true }
    guard let footprint, let capacity else { return nil }
    return !footprint.isOverflow && footprint.value <= capacity
  }
}
