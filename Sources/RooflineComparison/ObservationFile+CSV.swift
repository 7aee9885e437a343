import RooflineCore
import RooflineMeasurement

extension ObservationFile {
  /// Columns that every file has, those that a kind needs beside them, and those that are known and change no time.
  private static let common = ["kind", "gpu", "family", "time_us"]
  private static let known: Set<String> = [
    "kind", "gpu", "family", "source", "timing", "time_us", "floor_us", "copies", "dtype", "m", "n", "k", "phase",
    "kv_dtype",
    "batch",
    "query", "context", "heads", "kv_heads", "head_dim", "window", "op", "rows", "width", "tp", "ranks", "bytes",
    "sm_clock_mhz",
  ]

  init(csv bytes: [UInt8], path: String) throws(InputError) {
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
      unknownColumns: header.filter { !ObservationFile.known.contains($0) }, repeats: repeats)
  }

  /// The beginning of a text that may be anything.
  static func shortened(_ text: String, to most: Int = 80) -> String {
    text.count > most ? "\(text.prefix(most))…" : text
  }

  /// FNV-1a over a line's fields: 64 bits tell any two lines of a file apart.
  private static func digest(_ fields: [Range<Int>], _ bytes: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for field in fields {
      for index in field { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01b3 }
      hash = (hash ^ 0x2c) &* 0x100_0000_01b3
    }
    return hash
  }
}

/// Reads one line after another; short texts that repeat are made once.
struct ObservationReader {
  enum Column: String, CaseIterable {
    case kind, gpu, family, source, timing, copies, dtype, m, n, k, phase, batch, query, context, heads, window, op,
      rows,
      width, ranks, bytes
    case time = "time_us"
    case keyValueDType = "kv_dtype"
    case keyValueHeads = "kv_heads"
    case headDim = "head_dim"
    case clock = "sm_clock_mhz"
  }

  /// µs: a clock's tick to eleven days. Anything else is a slip, and would make a mean meaningless.
  static let plausible = 1e-3...1e12

  let path: String
  private var reasons: [String: Int] = [:]

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
    func complain(_ problem: String) -> InputError {
      .notMeasurements(file: path, problem: "\(place): \(problem)")
    }
    func text(_ column: Column) throws(InputError) -> String {
      let text = field(column)
      guard !text.isEmpty else { throw complain("\(column.rawValue) is missing") }
      return text
    }
    func whole(_ column: Column, from least: UInt64 = 1, default fallback: Count? = nil) throws(InputError) -> Count {
      if let fallback, field(column).isEmpty { return fallback }
      let text = try text(column)
      guard let number = UInt64(text) ?? Double(text).flatMap({ UInt64(exactly: $0) }), number >= least,
        number <= Count.limit
      else {
        throw complain(
          "\(column.rawValue) is \"\(ObservationFile.shortened(text))\"; expected a whole number of at least \(least)")
      }
      return Count(number)
    }
    func dtype(_ column: Column) throws(InputError) -> DType {
      let text = try text(column)
      guard let dtype = DType(rawValue: text) else {
        throw complain(
          "\(column.rawValue) is \"\(ObservationFile.shortened(text))\"; expected one of \(DType.allCases.map(\.rawValue).joined(separator: ", "))"
        )
      }
      return dtype
    }
    let time = try text(.time)
    guard let microseconds = Double(time), ObservationReader.plausible.contains(microseconds) else {
      throw complain(
        "time_us is \"\(ObservationFile.shortened(time))\"; expected microseconds above 0 (from 0.001 to 1e12)")
    }
    if field(.timing) == TimingProcedure.event.rawValue {
      skip("timed from event to event, launch included; a model's kernels follow one another")
      return nil
    }
    let kindName = try text(.kind)
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
    let format = try dtype(.dtype)
    let value: Operator<Count>
    var conditions = KernelConditions(.warm, launch: Launch(timing: field(.timing)))
    switch kind {
    case .gemm:
      let (m, n, k) = (try whole(.m), try whole(.n), try whole(.k))
      value = .gemm(GEMM(m: m, n: n, k: k, formats: ObservationReader.formats(format)))
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
      value = .attention(
        Attention(
          shape, mask: window == 0 ? .causal : .slidingWindow(window), queries: format,
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
    }
    guard !value.isBeyondCounts else {
      throw complain("its FLOPs or bytes are a count above 2^63 − 1; correct its sizes")
    }
    return Observation(
      value, dtype: format, conditions: conditions, family: KernelLibrary(try text(.family)), source: field(.source),
      seconds: microseconds * 1e-6, line: line, clock: clock)
  }

  /// Of a kernel by itself, whose operands have the format; what is narrower than 16 bits leaves in bf16.
  private static func formats(_ dtype: DType, _ keyValue: DType? = nil) -> NumberFormats {
    NumberFormats(weight: dtype, activation: dtype, keyValueCache: keyValue ?? dtype, model: .bf16)
  }
}
