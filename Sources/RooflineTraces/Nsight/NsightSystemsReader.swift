/// Reads what `nsys export --type sqlite` writes: kernels, copies, NVTX marks, launches and GPUs.
struct NsightSystemsReader {
  private let schema: SQLiteSchema
  private var trace: Trace
  private var names = NameList()
  private var strings: [Int64: String] = [:]
  private var launches: [Launch: Double] = [:]

  /// Correlations count in each process.
  private struct Launch: Hashable {
    let process, correlation: Int64
  }

  /// - Parameter bytes: the whole file.
  static func read(_ bytes: UnsafeRawBufferPointer, file: String) throws(TraceFlaw) -> Trace {
    var reader = NsightSystemsReader(schema: try SQLiteSchema(SQLitePages(bytes)), file: file)
    return try reader.read()
  }

  private init(schema: SQLiteSchema, file: String) {
    self.schema = schema
    trace = Trace(file: file, format: .nsightSystems)
  }

  private static let kernels = "CUPTI_ACTIVITY_KIND_KERNEL"
  private static let names = "StringIds"
  /// The first that a kernel has: a number of a string, or of other writers the string itself.
  private static let nameColumns = ["demangledName", "shortName", "mangledName", "name"]

  private mutating func read() throws(TraceFlaw) -> Trace {
    guard schema.has(Self.kernels) else {
      if schema.has("CUPTI_ACTIVITY_KIND_GRAPH_TRACE") {
        throw TraceFlaw("it holds whole CUDA graphs and no kernels; record with --cuda-graph-trace=node")
      }
      throw TraceFlaw("an SQLite file without \(Self.kernels); export a trace of CUDA with nsys export --type sqlite")
    }
    var strings: [Int64: String] = [:]
    try schema.forEachRow(of: Self.names, ["id", "value"]) { row throws(TraceFlaw) in
      if let id = row[0]?.integer, let text = row[1]?.text { strings[id] = text }
    }
    self.strings = strings
    try readLaunches()
    try readKernels()
    try readCopies("CUPTI_ACTIVITY_KIND_MEMCPY", .copy, "Memcpy")
    try readCopies("CUPTI_ACTIVITY_KIND_MEMSET", .set, "Memset")
    try readGraphs()
    try readMarks()
    try readDevices()
    trace.names = names.all
    return trace
  }

  private static func process(_ thread: SQLiteValue?) -> Int64 { (thread?.integer ?? 0) & ~0xFF_FFFF }

  private mutating func readLaunches() throws(TraceFlaw) {
    var launches: [Launch: Double] = [:]
    try schema.forEachRow(
      of: "CUPTI_ACTIVITY_KIND_RUNTIME", ["start", "correlationId", "globalTid"]
    ) { row throws(TraceFlaw) in
      guard let start = row[0]?.integer, let correlation = row[1]?.integer else { return }
      launches[Launch(process: Self.process(row[2]), correlation: correlation)] = Double(start) * 1e-9
    }
    self.launches = launches
  }

  private mutating func readKernels() throws(TraceFlaw) {
    var reader = self
    let flaw: TraceFlaw? =
      !schema.has(Self.kernels, anyOf: Self.nameColumns)
      ? TraceFlaw("its kernels have no column \(Self.nameColumns[0]); export it again with nsys export --type sqlite")
      : !schema.has(Self.names)
        ? TraceFlaw(
          "it has no table \(Self.names) with the kernels' names; export it again with nsys export --type sqlite")
        : nil
    for column in ["start", "end"] where !schema.has(Self.kernels, anyOf: [column]) {
      throw TraceFlaw("its kernels have no column \(column); export it again with nsys export --type sqlite")
    }
    try schema.forEachRow(
      of: Self.kernels,
      ["start", "end", "deviceId", "correlationId", "globalPid"] + Self.nameColumns
    ) { row throws(TraceFlaw) in
      let found = row[5...].lazy.compactMap { $0 }.first
      if let flaw, found?.text == nil { throw flaw }
      // Time without a name is still time: it is shown as unknown.
      let name = found?.text ?? found?.integer.flatMap { reader.strings[$0] } ?? "(a kernel without a name)"
      try reader.add(row, name, .kernel)
    }
    self = reader
  }

  private mutating func readCopies(
    _ table: String, _ activity: TraceKernel.Activity, _ name: String
  ) throws(TraceFlaw) {
    var reader = self
    try schema.forEachRow(
      of: table, ["start", "end", "deviceId", "correlationId", "globalPid"]
    ) { row throws(TraceFlaw) in
      try reader.add(row, name, activity)
    }
    self = reader
  }

  private mutating func add(
    _ row: [SQLiteValue?], _ name: String, _ activity: TraceKernel.Activity
  ) throws(TraceFlaw) {
    // What still ran at the end of the recording has no end.
    guard let first = row[0], let last = row[1] else { return }
    guard let start = first.integer, let end = last.integer else {
      throw TraceFlaw(
        "a kernel, \(name.prefix(60)), has a time that is no whole number of nanoseconds; export it again")
    }
    guard end >= start else { throw TraceFlaw("a kernel, \(name.prefix(60)), lasts a negative time; export it again") }
    let (length, isOverflow) = end.subtractingReportingOverflow(start)
    guard !isOverflow else { throw SQLitePages.damaged }
    var kernel = TraceKernel(
      name: names.place(of: name), activity: activity, start: Double(start) * 1e-9,
      seconds: Double(length) * 1e-9)
    kernel.device = Int32(clamping: row[2]?.integer ?? 0)
    if let correlation = row[3]?.integer {
      kernel.launched = launches[Launch(process: Self.process(row[4]), correlation: correlation)] ?? .nan
    }
    trace.kernels.append(kernel)
  }

  /// Graphs that were recorded as wholes, without their kernels.
  private mutating func readGraphs() throws(TraceFlaw) {
    var graphs = Trace.WholeGraphs()
    try schema.forEachRow(of: "CUPTI_ACTIVITY_KIND_GRAPH_TRACE", ["start", "end"]) { row throws(TraceFlaw) in
      guard let start = row[0]?.integer, let end = row[1]?.integer, end >= start else { return }
      graphs.launches += 1
      graphs.seconds += (Double(end) - Double(start)) * 1e-9
    }
    trace.wholeGraphs = graphs
  }

  private mutating func readMarks() throws(TraceFlaw) {
    var steps: [TraceStep] = []
    let strings = self.strings
    try schema.forEachRow(of: "NVTX_EVENTS", ["start", "end", "text", "textId"]) { row throws(TraceFlaw) in
      guard let start = row[0]?.integer, let end = row[1]?.integer, end >= start,
        let text = row[2]?.text ?? row[3]?.integer.flatMap({ strings[$0] }), let work = StepWork(mark: text)
      else { return }
      steps.append(TraceStep(start: Double(start) * 1e-9, end: Double(end) * 1e-9, isOnDevice: false, work: work))
    }
    trace.steps = steps
  }

  private mutating func readDevices() throws(TraceFlaw) {
    var devices: [TraceDevice] = []
    for table in ["TARGET_INFO_GPU", "TARGET_INFO_CUDA_GPU"] {
      try schema.forEachRow(of: table, ["id", "name"]) { row throws(TraceFlaw) in
        if let id = row[0]?.integer, let name = row[1]?.text, !devices.contains(where: { $0.id == Int32(clamping: id) })
        {
          devices.append(TraceDevice(id: Int32(clamping: id), name: name))
        }
      }
    }
    trace.devices = devices
  }
}
