import RooflineAnalysis
import RooflineCore
import RooflineMeasurement
import RooflineTimeModels

extension ObservationFile {
  package init(csv bytes: [UInt8], path: String) throws(InputError) {
    var lines = CSVLines(bytes)
    var fields: [Range<Int>] = []
    guard lines.next(into: &fields) else {
      throw .notMeasurements(file: path, problem: "it is empty; the first line must name the columns, kind to time_us")
    }
    let header = fields.map { lines.text($0) }
    for name in ObservationFile.common where !header.contains(name) {
      throw .notMeasurements(
        file: path,
        problem:
          "it has no column \(name); its first line is \"\(ObservationFile.shortened(header.joined(separator: ","), to: 200))\""
      )
    }
    var columns: [String: Int] = [:]
    for (index, name) in header.enumerated() {
      guard columns.updateValue(index, forKey: name) == nil else {
        throw .notMeasurements(
          file: path, problem: "column \(ObservationFile.shortened(name)) stands twice in its first line")
      }
    }
    let positions = Dictionary(
      uniqueKeysWithValues: ObservationReader.Column.allCases.compactMap { column in
        columns[column.rawValue].map { (column, $0) }
      })
    var reader = ObservationReader(path: path)
    var observations: [Observation] = []
    var gpu: String?
    var seen: [UInt64: Int] = [:]
    var repeats: [Repeat] = []
    while lines.next(into: &fields) {
      guard fields.count == header.count else {
        throw .notMeasurements(
          file: path, problem: "line \(lines.line) has \(fields.count) fields, the first line \(header.count)")
      }
      let own = positions[.gpu].map { lines.text(fields[$0]) } ?? ""
      if let gpu, gpu != own {
        throw .notMeasurements(
          file: path,
          problem:
            "it mixes GPUs: \(ObservationFile.shortened(gpu)) and, in line \(lines.line), \(ObservationFile.shortened(own)); one file, one GPU"
        )
      }
      guard !own.isEmpty else {
        throw .notMeasurements(file: path, problem: "line \(lines.line): gpu is missing")
      }
      gpu = own
      let digest = ObservationFile.digest(fields, bytes)
      if let earlier = seen[digest] {
        repeats.append(Repeat(place: "line \(lines.line)", earlier: "line \(earlier)"))
        continue
      }
      seen[digest] = lines.line
      let found = try reader.observation(line: lines.line, place: "line \(lines.line)") { column in
        positions[column].map { lines.text(fields[$0]) } ?? ""
      }
      if let found { observations.append(found) }
    }
    guard let gpu else { throw .notMeasurements(file: path, problem: "it has a first line and no measurement") }
    self.init(
      path: path, isTable: true, gpu: gpu, observations: observations, skipped: reader.skipped,
      unknownColumns: header.filter { !ObservationFile.known.contains($0) }, repeats: repeats,
      reroutedLayers: reader.rerouted)
  }
}

/// Reads one line after another; short texts that repeat are made once.
struct ObservationReader {
  /// Names that files of exchanges give their formats beside the usual ones.
  private static let wireFormats: [String: DType] = ["default": .bf16, "nvfp4": .fp4]

  /// µs: a clock's tick to eleven days. Anything else is a slip, and would make a mean meaningless.
  static let plausible = 1e-3...1e12

  let path: String
  private var reasons: [String: Int] = [:]
  /// Layers of experts of which more is known than their rows say.
  private(set) var rerouted = 0

  init(path: String) { self.path = path }

  var skipped: [ObservationFile.Skipped] {
    reasons.sorted { $0.key < $1.key }.map { ObservationFile.Skipped(reason: $0.key, n: $0.value) }
  }

  /// Counts a row that is passed over.
  mutating func skip(_ reason: String) { reasons[reason, default: 0] += 1 }

  /// nil where nothing here has a model of the row's operator; the reason is counted.
  ///
  /// - Parameters:
  ///   - place: where the row stands, for complaints.
  ///   - field: a column's text; empty where it is absent.
  mutating func observation(
    line: Int, place: String, field: (Column) -> String
  ) throws(InputError) -> Observation? {
    let path = path
    return try withoutActuallyEscaping(field) { field throws(InputError) in
      try observation(line: line, RowFields(path: path, place: place, field: field))
    }
  }

  private mutating func observation(line: Int, _ row: RowFields) throws(InputError) -> Observation? {
    let field = row.field
    func complain(_ problem: String) -> InputError { row.complaint(problem) }
    func text(_ column: Column) throws(InputError) -> String { try row.text(column) }
    func whole(_ column: Column, from least: UInt64 = 1, default fallback: Count? = nil) throws(InputError) -> Count {
      try row.whole(column, from: least, default: fallback)
    }
    func flag(_ column: Column) throws(InputError) -> Bool {
      let text = field(column)
      guard ["", "0", "1"].contains(text) else {
        throw complain("\(column.rawValue) is \"\(ObservationFile.shortened(text))\"; expected 0 or 1")
      }
      return text != "0"
    }
    func expertLayer(_ formats: NumberFormats) throws(InputError) -> ExpertLayer<Count> {
      let (experts, chosen) = (try whole(.experts), try whole(.chosen))
      let (intermediate, shards) = (try whole(.intermediate), try whole(.tp, default: 1))
      let ranks = try whole(.ep, default: 1)
      guard chosen <= experts else { throw complain("top_k is more than experts") }
      guard experts.value <= ExpertLoad.mostExperts else {
        throw complain("experts is \(experts.value); expected at most \(ExpertLoad.mostExperts)")
      }
      guard intermediate.value.isMultiple(of: shards.value) else { throw complain("tp does not divide intermediate") }
      guard experts.value.isMultiple(of: ranks.value) else { throw complain("ep does not divide experts") }
      let distribution = try text(.distribution)
      guard let load = ExpertLoad(distribution: distribution) else {
        throw complain(
          "distribution is \"\(ObservationFile.shortened(distribution))\"; expected balanced, uniform, or power with an exponent, e.g. power1.2"
        )
      }
      let stated = ExpertLayer(
        tokens: try whole(.tokens), hidden: try whole(.hidden), intermediate: intermediate, experts: experts.value,
        chosen: chosen.value, tensorParallel: shards.value, expertParallel: ranks.value, load: load,
        isGated: try flag(.gated), isTuned: try flag(.tuned), formats: formats)
      let own = try ObservationReader.routed(stated, row)
      if own.isRerouted { rerouted += 1 }
      return own.layer
    }
    func dtype(_ column: Column) throws(InputError) -> DType { try row.dtype(column) }
    func exchange(_ format: DType) throws(InputError) -> AllToAll<Count> {
      let name = try text(.op)
      guard let direction = AllToAll<Count>.Direction(rawValue: name) else {
        throw complain("op is \"\(ObservationFile.shortened(name))\"; expected dispatch or combine")
      }
      let (ranks, experts, chosen) = (try whole(.ranks, from: 2), try whole(.experts), try whole(.chosen))
      guard experts.value.isMultiple(of: ranks.value) else { throw complain("ranks does not divide experts") }
      guard chosen <= experts else { throw complain("top_k is more than experts") }
      let others = Double(ranks.value - 1) / Double(ranks.value)
      let processors = try whole(.sms, from: 0, default: 0).value
      return AllToAll(
        rows: try whole(.tokens), width: try whole(.hidden), ranks: ranks,
        remoteRanks: ExpertLoad.ranksHit(experts.value, chosen: chosen.value, ranks: ranks.value) * others,
        format: ElementFormat(.activationBytes, format), direction: direction,
        remoteChoices: Double(chosen.value) * others, processors: processors == 0 ? nil : processors)
    }
    let time = try text(.time)
    guard let microseconds = Double(time), ObservationReader.plausible.contains(microseconds) else {
      throw complain(
        "time_us is \"\(ObservationFile.shortened(time))\"; expected microseconds above 0 (from 0.001 to 1e12)")
    }
    guard let seconds = try duration(microseconds, row) else { return nil }
    let kindName = try text(.kind)
    if kindName == OperatorKind.quantize.rawValue { return try quantization(line, row, seconds) }
    guard let kind = KernelKind(rawValue: kindName) else {
      if OperatorKind(rawValue: kindName) != nil {
        skip("no model of \(kindName)")
        return nil
      }
      let kinds = KernelKind.allCases.map(\.rawValue).joined(separator: ", ")
      throw complain("kind is \"\(ObservationFile.shortened(kindName))\"; expected one of \(kinds)")
    }
    var clock: Double?
    if !field(.clock).isEmpty {
      guard let megahertz = Double(field(.clock)), megahertz > 0, megahertz < 1e5 else {
        throw complain("sm_clock_mhz is \"\(ObservationFile.shortened(field(.clock)))\"; expected MHz above 0")
      }
      clock = megahertz * 1e6
    }
    // Products are of pairs of formats, which have names of their own.
    let product = kind == .gemm || kind == .experts ? ProductFormat(rawValue: field(.dtype)) : nil
    let format: DType
    if let product {
      format = product.dtype
    } else if kind == .allToAll, let wire = ObservationReader.wireFormats[field(.dtype)] {
      format = wire
    } else {
      format = try dtype(.dtype)
    }
    let value: Operator<Count>
    var conditions = KernelConditions(.warm, launch: Launch(timing: field(.timing)))
    switch kind {
    case .experts: value = .expertLayer(try expertLayer(product?.formats ?? ObservationReader.formats(format)))
    case .allToAll:
      guard try whole(.nodes, default: 1) == 1 else {
        skip("no model of an exchange between nodes")
        return nil
      }
      value = .allToAll(try exchange(format))
    case .gemm, .lowPrecisionGEMM, .vectorProduct:
      let (m, n, k) = (try whole(.m), try whole(.n), try whole(.k))
      value = .gemm(GEMM(m: m, n: n, k: k, formats: product?.formats ?? ObservationReader.formats(format)))
      conditions.copies = Double(try whole(.copies, default: 1).value)
    case .attention:
      let keyValue = field(.keyValueDType).isEmpty ? format : try dtype(.keyValueDType)
      let phase = try text(.phase)
      guard let phase = Phase(rawValue: phase) else {
        throw complain("phase is \"\(ObservationFile.shortened(phase))\"; expected prefill or decode")
      }
      let heads = try whole(.heads)
      let shape = AttentionShape(
        batch: try whole(.batch), queryTokens: try whole(.query, default: phase == .decode ? 1 : nil),
        attendedKeys: try whole(.context), heads: heads, keyValueHeads: try whole(.keyValueHeads, default: heads),
        headDim: try whole(.headDim))
      let window = try whole(.window, from: 0, default: 0)
      guard phase == .prefill || shape.queryTokens == 1 else {
        skip("no model of decode with several queries a sequence")
        return nil
      }
      guard shape.queryTokens <= shape.attendedKeys else {
        throw complain("query is more than context, which includes the new tokens")
      }
      guard heads.value.isMultiple(of: shape.keyValueHeads.value) else {
        throw complain("kv_heads does not divide heads")
      }
      let isCausal = try flag(.causal)
      guard isCausal || window == 0 else {
        throw complain("a sliding window needs the causal mask; leave out causal or window")
      }
      // One query comes behind all keys: nothing is masked.
      let isFull = !isCausal && shape.queryTokens > 1
      value = .attention(
        Attention(
          shape, mask: isFull ? .full : window == 0 ? .causal : .slidingWindow(window), queries: format,
          formats: ObservationReader.formats(format, keyValue)))
    case .row, .collective:
      let name = try text(.op)
      guard let operation = OperatorKind(rawValue: name == "add" ? "residual_add" : name), operation.timedKind == kind
      else {
        skip("no model of \(kind.rawValue) op \(ObservationFile.shortened(name))")
        return nil
      }
      // The operators of rows keep at least 16 bits.
      guard kind == .collective || format.bits >= 16 else {
        skip("no constants for row \(operation.rawValue) of \(try text(.family)), \(format.rawValue)")
        return nil
      }
      let sizes =
        kind == .row
        ? RowColumns(
          rows: try whole(.rows), width: try whole(.width), heads: try whole(.heads, from: 0, default: 0),
          keyValueHeads: try whole(.keyValueHeads, from: 0, default: 0),
          headDim: try whole(.headDim, from: 0, default: 0))
        : RowColumns(ranks: try whole(.ranks, from: 2), bytes: try whole(.bytes))
      guard sizes.isConsistent(operation) else { throw complain("width is not (heads + kv_heads) × head_dim") }
      guard let own = sizes.value(of: operation, ObservationReader.formats(format)) else { return nil }
      value = own
    case .mla, .mlaProduct, .linearAttention, .convolution, .indexer, .topK, .sparseAttention:
      let keyValue = field(.keyValueDType).isEmpty ? format : try dtype(.keyValueDType)
      let formats = ObservationReader.formats(format, keyValue)
      let reading =
        switch kind {
        case .mla, .mlaProduct: try ObservationReader.latent(row, formats)
        case .linearAttention, .convolution: try ObservationReader.recurrent(row, formats)
        case _: try ObservationReader.sparse(row, formats)
        }
      switch reading {
      case .value(let own): value = own
      case .skipped(let reason):
        skip(reason)
        return nil
      }
    }
    guard !value.isBeyondCounts else {
      throw complain("its FLOPs or bytes are a count above 2^63 − 1; correct its sizes")
    }
    return Observation(
      value, dtype: format, conditions: conditions, family: KernelLibrary(try text(.family)), source: field(.source),
      seconds: seconds, line: line, clock: clock)
  }

  /// Of a kernel by itself, whose operands have the format; what is narrower than 16 bits leaves in bf16.
  static func formats(_ dtype: DType, _ keyValue: DType? = nil) -> NumberFormats {
    NumberFormats(weight: dtype, activation: dtype, keyValueCache: keyValue ?? dtype, model: .bf16)
  }
}
