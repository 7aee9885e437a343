import RooflineCore
import RooflineDeployment

/// What a row of a sweep says, by the name that tables, conditions and files for machines share. SI units, unrounded.
package enum SweepColumn: String, Hashable, Sendable, CaseIterable {
  case model, hardware, dtype, time, engine, tp, pp, ep, dp, batch
  /// Requests over time: static, closed or open; how many in flight, or how many come in a second.
  case load, concurrency, arrival
  case prompt, generate
  /// GPUs of all replicas.
  case gpus
  /// Seconds; of a load means and percentiles over its requests.
  case ttft
  case ttftMedian = "ttft_p50"
  case ttftP99 = "ttft_p99"
  case tpot
  case tpotMedian = "tpot_p50"
  case tpotP99 = "tpot_p99"
  /// Of a load, all replicas: those that end.
  case requestRate = "requests_per_second"
  case userRate = "tokens_per_second_per_user"
  case deviceRate = "tokens_per_second_per_gpu"
  case rate = "tokens_per_second"
  /// Bytes that the device needs that needs most, and that a device has.
  case footprint, capacity
  case fits
  case prefillUtilization = "mfu_prefill"
  case decodeUtilization = "mfu_decode"
  case prefillBound = "prefill_bound"
  case decodeBound = "decode_bound"
  /// Of a load: whether requests come faster than they end.
  case queueGrows = "queue_grows"
  /// Why the row has no figures, or not all of them.
  case reason

  /// A row's value before it is text.
  package enum Value: Hashable, Sendable {
    case text(String)
    case number(Double)
    case integer(UInt64)
    case truth(Bool)
    case unknown
  }

  package func value(_ row: SweepRow) -> Value {
    let (deployment, point, figures) = (row.deployment, row.point, row.figures)
    switch self {
    case .model: return .text(deployment.model)
    case .hardware: return .text(deployment.hardware)
    case .dtype: return deployment.dtype.map { .text($0.rawValue) } ?? .unknown
    case .time: return .text(deployment.time)
    case .engine: return deployment.engine.map { .text($0) } ?? .unknown
    case .tp: return .integer(deployment.tensorParallel)
    case .pp: return .integer(deployment.pipeline)
    case .ep: return .integer(deployment.expert)
    case .dp: return .integer(deployment.data)
    case .batch: return point.load == nil ? .integer(point.batch) : .unknown
    case .load: return point.load.map { .text($0.word) } ?? .unknown
    case .concurrency: return point.load?.concurrency.map { .integer($0) } ?? .unknown
    case .arrival: return Value(point.load?.arrivals)
    case .prompt: return .integer(point.prompt)
    case .generate: return .integer(point.generate)
    case .gpus: return .integer(deployment.devices)
    case .ttft: return Value(figures?[.ttft]?.value)
    case .ttftMedian: return Value(figures?[.ttftMedian]?.value)
    case .ttftP99: return Value(figures?[.ttftP99]?.value)
    case .tpot: return Value(figures?[.tpot]?.value)
    case .tpotMedian: return Value(figures?[.tpotMedian]?.value)
    case .tpotP99: return Value(figures?[.tpotP99]?.value)
    case .requestRate: return Value(figures?.load?.requestsPerSecond)
    case .userRate: return Value(row.tokensPerSecondPerUser)
    case .deviceRate: return Value(row.tokensPerSecondPerGPU)
    case .rate: return Value(row.tokensPerSecond)
    case .footprint: return figures?.footprint.map { .integer($0.value) } ?? .unknown
    case .capacity: return figures?.capacity.map { .integer($0) } ?? .unknown
    case .fits: return figures?.fits.map { .truth($0) } ?? .unknown
    case .prefillUtilization: return Value(figures?.prefillUtilization)
    case .decodeUtilization: return Value(figures?.decodeUtilization)
    case .prefillBound: return figures?.prefillBound.map { .text($0.rawValue) } ?? .unknown
    case .decodeBound: return figures?.decodeBound.map { .text($0.rawValue) } ?? .unknown
    case .queueGrows: return figures?.load.map { .truth($0.isQueueGrowing) } ?? .unknown
    case .reason: return row.reason.map { .text($0.sentence.onOneLine) } ?? .unknown
    }
  }

  /// What a condition may do with a column.
  package enum Kind: Hashable, Sendable { case text, number, truth }

  package var kind: Kind {
    switch self {
    case .model, .hardware, .dtype, .time, .engine, .load, .prefillBound, .decodeBound, .reason: .text
    case .fits, .queueGrows: .truth
    case .tp, .pp, .ep, .dp, .batch, .concurrency, .arrival, .prompt, .generate, .gpus, .ttft, .ttftMedian, .ttftP99,
      .tpot, .tpotMedian, .tpotP99, .requestRate, .userRate, .deviceRate, .rate, .footprint, .capacity,
      .prefillUtilization, .decodeUtilization:
      .number
    }
  }

  /// Why rows of such a load have nothing in the column, whatever becomes of them; nil where they have.
  package func absence(of load: SweepLoadAxis) -> String? {
    let isOfBatches = load == .none
    switch self {
    case .batch, .footprint, .prefillUtilization, .decodeUtilization, .prefillBound, .decodeBound:
      return isOfBatches ? nil : "it is of batches; leave it out, or --load and --arrival"
    case .load, .ttftMedian, .ttftP99, .tpotMedian, .tpotP99, .requestRate, .queueGrows:
      return isOfBatches ? "it is of requests over time; give --load or --arrival, too" : nil
    case .concurrency:
      switch load {
      case .together, .closed: return nil
      case .none: return "it is of --load, which is not given"
      case .open: return "requests come by --arrival; use arrival"
      }
    case .arrival:
      switch load {
      case .open: return nil
      case .none: return "it is of --arrival, which is not given"
      case .together, .closed: return "requests are of --load; use concurrency"
      }
    case .model, .hardware, .dtype, .time, .engine, .tp, .pp, .ep, .dp, .prompt, .generate, .gpus, .ttft, .tpot,
      .userRate,
      .deviceRate, .rate, .capacity, .fits, .reason:
      return nil
    }
  }

  /// Whether less of it is better, e.g. of a time.
  package var isBetterSmall: Bool {
    switch self {
    case .ttft, .ttftMedian, .ttftP99, .tpot, .tpotMedian, .tpotP99, .footprint, .gpus, .tp, .pp, .ep, .dp: true
    case .model, .hardware, .dtype, .time, .engine, .batch, .load, .concurrency, .arrival, .prompt, .generate,
      .requestRate, .userRate, .deviceRate, .rate, .capacity, .fits, .prefillUtilization, .decodeUtilization,
      .prefillBound, .decodeBound, .queueGrows, .reason:
      false
    }
  }

  /// The number in a row; nil where there is none.
  package func number(_ row: SweepRow) -> Double? {
    switch value(row) {
    case .number(let number): number
    case .integer(let integer): Double(integer)
    case .text, .truth, .unknown: nil
    }
  }

  /// - Parameter what: the option that names it.
  /// - Throws: `InputError.usage` with the nearest names for one that no column has.
  package init(named name: String, in what: String) throws(InputError) {
    guard let column = SweepColumn(rawValue: name) else {
      let known = SweepColumn.allCases.map(\.rawValue)
      throw .usage(
        "\(what): unknown column \"\(name.quoted)\"\(InputError.suggestion(Spelling.nearest(to: name, among: known), otherwise: known))"
      )
    }
    self = column
  }
}

extension SweepColumn.Value {
  /// A number as it was typed; unknown for what is none.
  package init(number word: String) {
    self = UInt64(word).map { .integer($0) } ?? Self(Double(word))
  }

  fileprivate init(_ number: Double?) {
    guard let number, number.isFinite else {
      self = .unknown
      return
    }
    self = .number(number)
  }
}

extension SweepRow.Reason {
  /// One sentence.
  package var sentence: String {
    switch self {
    case .refused(let error): error.sentence
    case .notices(let notices): notices.map(\.sentence).joined(separator: "; ")
    }
  }
}
