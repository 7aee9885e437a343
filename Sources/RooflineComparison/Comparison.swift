import RooflineCore

/// Predicted beside observed, kernel by kernel.
public struct Comparison: Sendable {
  /// What a difference is called.
  public enum Verdict: String, Hashable, Sendable, CaseIterable {
    case ok
    case slower
    case faster
    /// Beyond what the datasheet allows: the measurement, the spec or the shape is wrong, or data stayed in a cache.
    case fasterThanRoof = "faster than its roof"
  }

  public struct Line: Sendable {
    /// The row of the model, or the kernel's kind.
    public var name: String
    public var observation: Observation
    /// At the datasheet's rates; nil where one is missing.
    public var ideal: Double?
    /// Under the conditions of the measurement, µs.
    public var predicted: Double
    public var verdict: Verdict
    /// What may be behind it, likeliest first; empty where the verdict is `ok`.
    public var suspects: [String]

    /// predicted/observed − 1.
    public var error: Double { predicted / observation.microseconds - 1 }
    public var shareOfRoof: Double? { ideal.map { $0 / observation.microseconds } }
  }

  /// A row of the model that was not measured, and why there is no more to say.
  public struct Unmatched: Hashable, Sendable {
    public var name: String
    public var reason: String
  }

  public var lines: [Line]
  public var unmeasured: [Unmatched]
  /// Measurements of no row, by what they are.
  public var unpredicted: [ObservationFile.Skipped]
  /// Whose constants predicted.
  public var notes: [String]

  /// Within this share a prediction counts as right.
  static let tolerance = 0.15
  /// Measurements this far beyond a roof are no noise.
  static let roofTolerance = 0.05

  /// The largest |error| of all lines.
  public var worst: Double { lines.map { abs($0.error) }.max() ?? 0 }
  public var statistics: ErrorStatistics? {
    ErrorStatistics(predicted: lines.map(\.predicted), measured: lines.map(\.observation.microseconds))
  }

  /// Every measurement on its own.
  public init(_ observations: [Observation], set: CalibrationSet, skipped: [ObservationFile.Skipped]) {
    var matcher = Matcher(set)
    lines = observations.compactMap { matcher.line($0.kernel.title, $0) }
    unmeasured = []
    unpredicted = matcher.reasons + skipped
    notes = matcher.predictor.notes
  }

  /// A model's rows against the measurements of their kernels.
  public init(
    _ rows: [(name: String, kernel: TimedKernel?)], _ observations: [Observation], set: CalibrationSet,
    skipped: [ObservationFile.Skipped]
  ) {
    var matcher = Matcher(set)
    var byShape: [TimedKernel: [Observation]] = [:]
    for observation in observations { byShape[observation.kernel.bare, default: []].append(observation) }
    lines = []
    unmeasured = []
    var used: Set<TimedKernel> = []
    for row in rows {
      guard let kernel = row.kernel?.bare else {
        unmeasured.append(Unmatched(name: row.name, reason: "no measured kernel stands for it"))
        continue
      }
      guard let own = byShape[kernel] else {
        unmeasured.append(Unmatched(name: row.name, reason: "no measurement of \(kernel.title)"))
        continue
      }
      used.insert(kernel)
      lines += own.compactMap { matcher.line(row.name, $0) }
    }
    let others = observations.filter { !used.contains($0.kernel.bare) }
    unpredicted = matcher.reasons + skipped
    notes = matcher.predictor.notes
    if !others.isEmpty {
      let examples = others.prefix(3).map(\.kernel.title).joined(separator: "; ")
      unpredicted.append(.init(reason: "measurements of no row of the model, e.g. \(examples)", n: others.count))
    }
  }

  /// Puts a prediction beside a measurement.
  private struct Matcher {
    let set: CalibrationSet
    var predictor: ObservationPredictor
    private var counts: [String: Int] = [:]

    init(_ set: CalibrationSet) {
      self.set = set
      predictor = ObservationPredictor(set)
    }

    var reasons: [ObservationFile.Skipped] {
      counts.sorted { $0.key < $1.key }.map { .init(reason: $0.key, n: $0.value) }
    }

    mutating func line(_ name: String, _ observation: Observation) -> Line? {
      switch predictor.predict(observation, interval: 0.9) {
      case .failure(let skip):
        counts[skip.reason, default: 0] += 1
        return nil
      case .success(let prediction):
        let ideal = IdealKernelTime.microseconds(observation.kernel, set.hardware, RateOptions())
        let verdict = Comparison.verdict(
          predicted: prediction.microseconds, observed: observation.microseconds, ideal: ideal)
        return Line(
          name: name, observation: observation, ideal: ideal, predicted: prediction.microseconds, verdict: verdict,
          suspects: suspects(observation, prediction.microseconds, verdict))
      }
    }

    private mutating func suspects(_ observation: Observation, _ predicted: Double, _ verdict: Verdict) -> [String] {
      let observed = observation.microseconds
      switch verdict {
      case .ok: return []
      case .fasterThanRoof:
        return [
          observation.kernel.kind == .collective ? "reduction in the switch" : "data still in a cache",
          "another GPU than the file says", "another shape",
        ]
      case .faster:
        return ["a newer library", observation.kernel.kind == .collective ? "more links" : "data still in a cache"]
      case .slower:
        var suspects: [String] = []
        let cold = observation.kernel.with(.serving)
        if let found = predictor.found(observation.kernel, of: observation), found.standIn == nil {
          let coldTime = found.model.microseconds(cold)
          if coldTime > predicted * 1.05, abs(coldTime / observed - 1) < Comparison.tolerance {
            suspects.append("residency: cold weights or cache would take \(rounded(coldTime)) µs")
          }
          let timing = found.model.timing(observation.kernel)
          if timing.exposed > 0.3 * timing.microseconds {
            suspects.append(
              "floor: launching and waiting are \(Int((timing.exposed / timing.microseconds * 100).rounded())) % of it")
          }
          let parts = found.model.parts(observation.kernel).filter { ![.roof, .fixed].contains($0.name) }
          if let largest = parts.max(by: { $0.microseconds < $1.microseconds }),
            largest.microseconds > 0.1 * predicted
          {
            suspects.append("\(largest.name.rawValue): its largest part")
          }
        }
        let quoted = set.facts.clock * 1e-6
        if let clock = observation.clockMegahertz {
          if clock < 0.95 * quoted {
            suspects.insert("clocks: ran at \(Int(clock)) MHz, its rates are quoted at \(Int(quoted)) MHz", at: 0)
          }
        } else {
          suspects.append("clocks: not recorded")
        }
        return suspects
      }
    }

    private func rounded(_ microseconds: Double) -> String { "\((microseconds * 10).rounded() / 10)" }
  }

  static func verdict(predicted: Double, observed: Double, ideal: Double?) -> Verdict {
    if let ideal, ideal / observed - 1 > roofTolerance { return .fasterThanRoof }
    let error = predicted / observed - 1
    if abs(error) <= tolerance { return .ok }
    return error < 0 ? .slower : .faster
  }
}

extension TimedKernel {
  /// Shape and formats alone: how often a weight comes round, what is warm, and which of the 16-bit formats it is do not tell kernels
  /// apart.
  var bare: TimedKernel {
    var shape = shape
    switch shape {
    case .gemm(var gemm):
      gemm.copies = 0
      shape = .gemm(gemm)
    case .prefill(var call):
      call.isWarm = true
      shape = .prefill(call)
    case .decode(var call):
      call.isWarm = true
      call.window = call.window >= call.context ? 0 : call.window
      shape = .decode(call)
    case .row(var call):
      (call.heads, call.keyValueHeads, call.headDim) = (0, 0, 0)
      if call.operation == .residualAdd || call.operation == .gelu {
        (call.rows, call.width) = (1, call.rows * call.width)
      }
      shape = .row(call)
    case .collective: break
    }
    func plain(_ dtype: DType) -> DType { dtype == .fp16 || kind == .collective ? .bf16 : dtype }
    return TimedKernel(shape, dtype: plain(dtype), keyValueDType: plain(keyValueDType))
  }

  /// A kernel's shape in the words of the files: `gemm m=16 n=8192 k=1024`.
  public var title: String {
    func whole(_ x: Double) -> String { x < 1e15 ? "\(Int(x))" : "\(x)" }
    func attention(_ phase: String, _ call: AttentionCall) -> String {
      "attention \(phase) batch=\(whole(call.batch)) query=\(whole(call.query)) context=\(whole(call.context)) heads=\(whole(call.heads)) kv_heads=\(whole(call.keyValueHeads)) head_dim=\(whole(call.headDim))"
        + (call.window > 0 ? " window=\(whole(call.window))" : "")
    }
    switch shape {
    case .gemm(let gemm): return "gemm m=\(whole(gemm.m)) n=\(whole(gemm.n)) k=\(whole(gemm.k))"
    case .prefill(let call): return attention("prefill", call)
    case .decode(let call): return attention("decode", call)
    case .row(let call): return "\(call.operation.rawValue) rows=\(whole(call.rows)) width=\(whole(call.width))"
    case .collective(let call):
      return "\(call.operation.rawValue) ranks=\(whole(call.ranks)) bytes=\(whole(call.bytes))"
    }
  }
}
