import RooflineCore
import RooflineTimeModels

/// A serving engine of one version: which kernels it runs, what it fuses, what it adds to them, and how it schedules requests.
///
/// A file of `Hardware/Engines` is one, as a file of `Hardware` is a GPU.
package struct Engine: Sendable {
  /// As the catalog knows it: `vllm-0.11`.
  package var name: String
  /// The file that says so.
  package var path: String
  /// The engine's own name as measured data have it: `vllm`, `trtllm`, `sglang`.
  package var engine: String
  /// Versions as measured data have them that this file speaks for; a measurement of another one is not scored by it.
  package var versions: [String]
  /// The libraries of a kind that it may run, the one it prefers first: which of them a GPU has differs.
  package var families: [KernelKind: [KernelLibrary]]
  /// How it starts kernels.
  package var launch: Launch
  /// Which kernels a layer is cut into.
  package var operatorSet: OperatorSet
  /// Whether the kernel that quantises a product's input is part of the norm or activation before it.
  package var fusesQuantization: Bool
  /// Decode attention whose times are not those of the constants.
  package var decodeVersions: [DecodeVersion]
  package var pass: PassOverhead
  package var scheduler: EngineScheduler
  package var fit: Fit
  /// Errors of whole steps on GPUs and models that were left out of the fit, by metric; none where there were too few.
  package var heldOut: [EngineMetric: HeldOutErrors]

  /// What its constants were fitted on.
  package struct Fit: Hashable, Sendable {
    /// The measurements, in words; the word `assumed` where nothing was fitted.
    package var data: String
    package var rows: Int
    package var gpus: [String]
    package var models: [String]

    package init(data: String, rows: Int, gpus: [String], models: [String]) {
      self.data = data
      self.rows = rows
      self.gpus = gpus
      self.models = models
    }
  }

  package init(
    name: String, path: String, engine: String, versions: [String], families: [KernelKind: [KernelLibrary]] = [:],
    launch: Launch = .graph, operatorSet: OperatorSet = .fused, fusesQuantization: Bool = false,
    decodeVersions: [DecodeVersion] = [], pass: PassOverhead = PassOverhead(), scheduler: EngineScheduler, fit: Fit,
    heldOut: [EngineMetric: HeldOutErrors] = [:]
  ) {
    self.name = name
    self.path = path
    self.engine = engine
    self.versions = versions
    self.families = families
    self.launch = launch
    self.operatorSet = operatorSet
    self.fusesQuantization = fusesQuantization
    self.decodeVersions = decodeVersions
    self.pass = pass
    self.scheduler = scheduler
    self.fit = fit
    self.heldOut = heldOut
  }
}

/// What a published end-to-end measurement is of.
package enum EngineMetric: String, Hashable, Sendable, CaseIterable {
  /// Time to the first token, and between further ones, ms.
  case timeToFirstToken = "ttft_ms"
  case timePerOutputToken = "tpot_ms"
  /// A whole batch from its start to its last token, s.
  case endToEnd = "e2e_s"
  /// Tokens of all GPUs together a second.
  case tokensPerSecond = "tokens_per_s_total"
}
