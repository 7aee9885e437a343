import RooflineAnalysis
import RooflineCore
import RooflineTimeModels

/// What one changed input does to a deployment. Each entry is a sweep of one configuration with that input changed and all else
/// equal, its times as the scenario wants them; the batches and the context below are always those of ideal times.
package struct Sensitivity: Sendable {
  package struct Entry: Sendable {
    /// The input that is changed.
    package let input: String
    /// The options of `analyze` that change it alike; empty for the base.
    package let arguments: String
    /// nil, with a reason, where the change is not possible.
    package let result: Scenario.Result?
    package let failure: Failure?
  }

  /// Where something begins.
  package enum Threshold: Hashable, Sendable {
    case from(UInt64)
    case never
    /// A rate is missing that it needs.
    case unknown

    package var number: UInt64? { if case .from(let number) = self { number } else { nil } }
  }

  package enum Failure: Hashable, Sendable {
    /// There is no such change.
    case impossible(String)
    /// The changed analysis has no answer.
    case refused(InputError)
  }

  package let base: Scenario.Result
  package let entries: [Entry]
  /// Per product of a decode step with a weight, the smallest batch at which it is compute-bound; nil where none is.
  package let ridgeBatches: [(row: String, batch: UInt64?)]
  /// The smallest context at which what grows with it takes as long, in all layers of a decode step, as the products with weights;
  /// if at all.
  package let attentionContext: Threshold

  package init(_ scenario: Scenario) throws(InputError) {
    base = try scenario.evaluate()
    var entries: [Entry] = []
    for change in Sensitivity.changes(of: scenario) { entries.append(Sensitivity.entry(change, scenario)) }
    self.entries = entries
    let probe = DecodeProbe(scenario)
    ridgeBatches = probe.ridgeBatches
    attentionContext = probe.attentionContext
  }

  /// How a scenario is changed.
  private struct Change {
    let input: String
    let arguments: String
    let apply: ((inout Scenario) throws(InputError) -> Void)?
    let reason: String

    init(_ input: String, _ arguments: String, _ apply: @escaping (inout Scenario) throws(InputError) -> Void) {
      (self.input, self.arguments, self.apply, reason) = (input, arguments, apply, "")
    }

    init(_ input: String, impossible reason: String) {
      (self.input, arguments, apply, self.reason) = (input, "", nil, reason)
    }
  }

  private static func entry(_ change: Change, _ scenario: Scenario) -> Entry {
    guard let apply = change.apply else {
      return Entry(input: change.input, arguments: "", result: nil, failure: .impossible(change.reason))
    }
    var changed = scenario
    do {
      try apply(&changed)
      return Entry(input: change.input, arguments: change.arguments, result: try changed.evaluate(), failure: nil)
    } catch {
      return Entry(input: change.input, arguments: change.arguments, result: nil, failure: .refused(error))
    }
  }

  private static func changes(of scenario: Scenario) -> [Change] {
    rateChanges(of: scenario) + [batchChange(of: scenario)] + formatChanges(of: scenario)
      + degreeChanges(of: scenario)
  }

  /// +10 % of each rate of the GPU's file: constants are shares of them, and no option states another rate for calibrated times.
  private static func calibratedRateChanges(of scenario: Scenario) -> [Change] {
    let spec = scenario.hardware
    func change(_ name: String, _ isKnown: Bool, _ raise: @escaping (inout HardwareSpec) -> Void) -> Change {
      guard isKnown else { return Change("\(name) +10 %", impossible: "the rate is not known") }
      return Change("\(name) +10 %", "") { scenario throws(InputError) in
        raise(&scenario.hardware)
        scenario.time = try scenario.time?.on(scenario.hardware)
      }
    }
    let joins = spec.joins(scenario.workload.devicesPerReplica.value, board: scenario.options.board)
    return [
      change("tensor rates", spec.compute.map { !$0.tensor.isEmpty } ?? false) { spec in
        let raised = (spec.compute?.tensor ?? [:]).mapValues { $0 * 11 / 10 }
        spec.compute?.tensor = raised
      },
      change("bandwidth", spec.memory?.bandwidth != nil) { spec in
        let raised = spec.memory?.bandwidth.map { $0 * 11 / 10 }
        spec.memory?.bandwidth = raised
      },
      change("link", joins && spec.link?.bandwidth != nil) { spec in
        let raised = spec.link?.bandwidth.map { $0 * 11 / 10 }
        spec.link?.bandwidth = raised
      },
    ]
  }

  /// +10 % of each rate, given as the option that states it.
  private static func rateChanges(of scenario: Scenario) -> [Change] {
    guard scenario.time == nil else { return calibratedRateChanges(of: scenario) }
    let options = scenario.options
    let spec = scenario.hardware
    let rates = DeviceRates(spec, options, ranks: scenario.workload.tensorParallel)
    let units = MatrixUnits(scenario.configuration.model, scenario.workload, rates).formats
    func change(
      _ name: String, _ option: String, _ rate: Double?, _ path: WritableKeyPath<RateOptions, Double?>,
      in limits: ClosedRange<Double> = RateOptions.plausibleCompute
    ) -> Change {
      guard let rate else { return Change("\(name) +10 %", impossible: "the rate is not known") }
      let raised = rate * 11 / 10
      guard limits.contains(raised) else {
        return Change("\(name) +10 %", impossible: "it would leave the range of rates")
      }
      return Change("\(name) +10 %", "--\(option) \(shortest(raised))") { $0.options[keyPath: path] = raised }
    }
    let tensor: Change
    if options.tensorPeak == nil, units.count > 1 {
      // Several units with a rate each: no single option says it; the spec itself is changed.
      tensor = Change("tensor rates +10 %", "") { scenario in
        scenario.hardware.compute?.tensor = (spec.compute?.tensor ?? [:]).mapValues { $0 * 11 / 10 }
      }
    } else {
      tensor =
        units.first.map { unit in
          change("tensor rate", "peak", options.tensorPeak ?? spec.compute?.tensor[unit], \.tensorPeak)
        } ?? change("vector rate", "vector-peak", options.vectorPeak ?? spec.compute?.vector, \.vectorPeak)
    }
    let ranks = scenario.workload.devicesPerReplica.value
    let link = spec.joins(ranks, board: scenario.options.board) ? spec.link?.bandwidth : nil
    return [
      tensor,
      change(
        "bandwidth", "bandwidth", options.bandwidth ?? spec.memory?.bandwidth, \.bandwidth,
        in: RateOptions.plausibleBandwidth),
      change("link", "link", options.link ?? link, \.link, in: RateOptions.plausibleLink),
    ]
  }

  /// `343.2e12`, and whatever reads back as the same number.
  private static func shortest(_ rate: Double) -> String {
    for (exponent, scale) in [(12, 1e12), (9, 1e9), (6, 1e6)] where rate >= scale {
      let digits = "\(rate / scale)"
      let text = "\(digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits)e\(exponent)"
      if Double(text) == rate, text.count < "\(rate)".count { return text }
    }
    return "\(rate)"
  }

  private static func batchChange(of scenario: Scenario) -> Change {
    let batch = scenario.workload.batch
    // A tenth, rounded up: a batch is whole.
    let (more, overflow) = batch.addingReportingOverflow(batch / 10 + (batch.isMultiple(of: 10) ? 0 : 1))
    guard !overflow, more <= Count.limit else { return Change("batch +10 %", impossible: "the batch is at the limit") }
    return Change("batch \(batch) → \(more)", "--batch \(more)") { $0.workload.batch = more }
  }

  /// One step narrower: everything, weights alone, KV cache alone.
  private static func formatChanges(of scenario: Scenario) -> [Change] {
    let formats = scenario.workload.formats
    let offered = scenario.hardware.compute?.tensor
    let model = scenario.configuration.dtype
    func narrower(_ dtype: DType, onUnit: Bool) -> DType? {
      let half = dtype.bits / 2
      return [DType.bf16, .fp16, .fp8, .int8, .fp4, .int4].first {
        $0.bits == half && (!onUnit || offered?[$0] != nil || scenario.options.tensorPeak != nil)
      }
    }
    func change(
      _ name: String, _ option: String, _ from: DType, _ to: DType?, _ apply: @escaping (DType) -> NumberFormats
    ) -> Change {
      guard let to else {
        return Change(
          "\(name) one step narrower than \(from.rawValue)", impossible: "no narrower format is known")
      }
      return Change("\(name) \(from.rawValue) → \(to.rawValue)", "--\(option) \(to.rawValue)") {
        $0.workload.formats = apply(to)
      }
    }
    // Formats that are as narrow already stay.
    func everything(_ to: DType?) -> Change {
      guard let to else {
        return Change(
          "dtype one step narrower than \(formats.activation.rawValue)",
          impossible: offered == nil ? "no rate of its matrix units is known" : "the GPU has no such matrix unit")
      }
      func narrowed(_ dtype: DType) -> DType { dtype.bits > to.bits ? to : dtype }
      let changed = NumberFormats(
        weight: narrowed(formats.weight), activation: to, keyValueCache: narrowed(formats.keyValueCache), model: model)
      let isUniform = changed.weight == to && changed.keyValueCache == to
      let arguments =
        isUniform && formats.weight == formats.activation && formats.keyValueCache == formats.activation
        ? "--dtype \(to.rawValue)"
        : "--weight-dtype \(changed.weight.rawValue) --activation-dtype \(to.rawValue) --kv-dtype \(changed.keyValueCache.rawValue)"
      return Change("dtype \(formats.activation.rawValue) → \(to.rawValue)", arguments) {
        $0.workload.formats = changed
      }
    }
    return [
      everything(narrower(formats.activation, onUnit: true)),
      change("weights", "weight-dtype", formats.weight, narrower(formats.weight, onUnit: false)) {
        NumberFormats(weight: $0, activation: formats.activation, keyValueCache: formats.keyValueCache, model: model)
      },
      change("KV cache", "kv-dtype", formats.keyValueCache, narrower(formats.keyValueCache, onUnit: false)) {
        NumberFormats(weight: formats.weight, activation: formats.activation, keyValueCache: $0, model: model)
      },
    ]
  }

  /// The next legal degrees below and above.
  private static func degreeChanges(of scenario: Scenario) -> [Change] {
    let degree = scenario.workload.tensorParallel
    let legal = scenario.configuration.model.legalTensorParallelDegrees
    let neighbours = [legal.last { $0 < degree }, legal.first { $0 > degree }].compactMap { $0 }
    return neighbours.map { other in
      Change("tp \(degree) → \(other)", "--tp \(other)") { $0.workload.tensorParallel = other }
    }
  }
}
