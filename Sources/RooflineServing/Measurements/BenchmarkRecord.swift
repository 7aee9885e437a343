import RooflineCore

/// One result of an engine's own benchmark, as its JSON says it, in the words of a steps file's columns.
struct BenchmarkRecord {
  /// A tool whose results are read.
  enum Tool: String, CaseIterable {
    case vllmServe = "vllm bench serve"
    case vllmLatency = "vllm bench latency"
    case vllmThroughput = "vllm bench throughput"
    case sglangBatch = "sglang.bench_one_batch"
    case sglangServer = "sglang.bench_one_batch_server"
    case sglangServe = "sglang.bench_serving"
    case tensorRTLLM = "trtllm-bench"
    case genAIPerf = "genai-perf"
  }

  let tool: Tool
  /// What the file states of the run.
  private(set) var columns: [StepRow.Column: String]
  /// What it measured.
  private(set) var values: [(metric: EngineMetric, value: Double)] = []

  /// - Throws: `InputError` where the object is of none of the tools, or lacks what its tool always writes.
  init(_ object: JSONObject) throws(InputError) {
    guard let tool = Tool(object) else {
      let known = Tool.allCases.map(\.rawValue).joined(separator: ", ")
      throw .notMeasurements(file: object.file, problem: "it is no result of \(known)")
    }
    self.tool = tool
    columns = [:]
    switch tool {
    case .vllmServe:
      columns[.engine] = "vllm"
      columns[.model] = try object.string("model_id")
      try readLoop(object)
    case .sglangServe:
      columns[.engine] = "sglang"
      try readLoop(object)
    case .vllmLatency:
      columns[.engine] = "vllm"
      columns[.notes] = "kind=static"
      try add(.endToEnd, object, "avg_latency", scale: 1)
    case .vllmThroughput:
      columns[.engine] = "vllm"
      columns[.notes] = "kind=static"
      columns[.batch] = try object.positiveInteger("num_requests").map(String.init)
      try add(.endToEnd, object, "elapsed_time", scale: 1)
    case .sglangBatch, .sglangServer:
      columns[.engine] = "sglang"
      columns[.notes] = "kind=static"
      columns[.batch] = try object.positiveInteger("batch_size").map(String.init)
      columns[.prompt] = try object.positiveInteger("input_len").map(String.init)
      columns[.generated] = try object.positiveInteger("output_len").map(String.init)
      try addIfStated(.timeToFirstToken, object, "prefill_latency", scale: 1e3)
      try addIfStated(.timePerOutputToken, object, "median_decode_latency", scale: 1e3)
      try addIfStated(.endToEnd, object, "total_latency", scale: 1)
      try addIfStated(.endToEnd, object, "latency", scale: 1)
      try addIfStated(.timeToFirstToken, object, "last_ttft", scale: 1e3)
    case .tensorRTLLM: try readTensorRTLLM(object)
    case .genAIPerf: try readGenAIPerf(object)
    }
    guard !values.isEmpty else {
      throw .notMeasurements(file: object.file, problem: "it holds no time of \(tool.rawValue)")
    }
  }

  // MARK: tools

  /// Results of clients that send requests to a server.
  private mutating func readLoop(_ object: JSONObject) throws(InputError) {
    let requests = try object.require(
      try object.positiveInteger("completed"), "completed", "requests that were answered")
    let isPaced = object["request_rate"]?.double?.isFinite ?? false
    let concurrency = try object.positiveInteger("max_concurrency")
    // Requests at a rate, or all at once, are no loop.
    columns[.notes] = isPaced ? "kind=arrivals" : concurrency == nil ? "kind=burst" : "kind=closed"
    columns[.batch] = String(min(concurrency ?? requests, requests))
    for (column, key) in [(StepRow.Column.prompt, "total_input_tokens"), (.generated, "total_output_tokens")] {
      let tokens = try object.require(try object.positiveInteger(key), key, "tokens of all requests")
      columns[column] = BenchmarkRecord.whole(Double(tokens) / Double(requests))
    }
    try addIfStated(.timeToFirstToken, object, "mean_ttft_ms", scale: 1)
    try addIfStated(.timePerOutputToken, object, "mean_tpot_ms", scale: 1)
  }

  private mutating func readTensorRTLLM(_ object: JSONObject) throws(InputError) {
    columns[.engine] = "trtllm"
    let engine = try object.object("engine")
    columns[.model] = try engine?.string("model")
    columns[.version] = try engine?.string("version")
    columns[.notes] = "kind=closed"
    let world = try object.object("world_info")
    columns[.tensorParallel] = try world?.positiveInteger("tp_size").map(String.init)
    columns[.pipelineParallel] = try world?.positiveInteger("pp_size").map(String.init)
    let requests = try object.require(try object.object("request_info"), "request_info", "requests and their lengths")
    for (column, key) in [
      (StepRow.Column.batch, "avg_num_concurrent_requests"), (.prompt, "avg_input_length"),
      (.generated, "avg_output_length"),
    ] {
      let mean = try requests.positiveNumber(key)
      columns[column] = BenchmarkRecord.whole(try requests.require(mean, key, "a mean over all requests"))
    }
    if let streamed = try object.object("streaming_metrics") {
      try addIfStated(.timeToFirstToken, streamed, "avg_ttft_ms", scale: 1)
      try addIfStated(.timePerOutputToken, streamed, "avg_tpot_ms", scale: 1)
    }
    if let performance = try object.object("performance") {
      try addIfStated(.tokensPerSecond, performance, "system_output_throughput_tok_s", scale: 1)
    }
  }

  private mutating func readGenAIPerf(_ object: JSONObject) throws(InputError) {
    let configuration = try object.object("input_config")
    if let configuration {
      if case .array = configuration["model"] ?? configuration["model_names"] {
        let key = configuration["model"] == nil ? "model_names" : "model"
        columns[.model] = try configuration.strings(key)?.first
      } else {
        columns[.model] = try configuration.string("model")
      }
      var stimulus: JSONObject?
      if let client = try configuration.object("perf_analyzer") { stimulus = try client.object("stimulus") }
      let concurrency = try (stimulus ?? configuration).positiveInteger("concurrency")
      columns[.batch] = concurrency.map(String.init)
      columns[.notes] = concurrency == nil ? "kind=arrivals" : "kind=closed"
    }
    for (column, key) in [
      (StepRow.Column.prompt, "input_sequence_length"), (.generated, "output_sequence_length"),
    ] {
      if let statistics = try object.object(key) {
        columns[column] = try statistics.positiveNumber("avg").map(BenchmarkRecord.whole)
      }
    }
    for (metric, key) in [
      (EngineMetric.timeToFirstToken, "time_to_first_token"), (.timePerOutputToken, "inter_token_latency"),
    ] {
      guard let statistics = try object.object(key) else { continue }
      let unit = try statistics.string("unit") ?? "ms"
      guard let scale = ["ms": 1.0, "ns": 1e-6, "us": 1e-3, "s": 1e3][unit] else {
        throw statistics.wrong("unit", .string(unit), "ms, us, ns or s")
      }
      try add(metric, statistics, "avg", scale: scale)
    }
  }

  // MARK: values

  private mutating func add(
    _ metric: EngineMetric, _ object: JSONObject, _ key: String, scale: Double
  ) throws(InputError) {
    let value = try object.require(try object.positiveNumber(key), key, "a time")
    values.append((metric, value * scale))
  }

  private mutating func addIfStated(
    _ metric: EngineMetric, _ object: JSONObject, _ key: String, scale: Double
  ) throws(InputError) {
    // A time of 0 is how some tools say that they did not look.
    guard let value = object[key]?.double, value > 0, value.isFinite, !values.contains(where: { $0.metric == metric })
    else { return }
    values.append((metric, value * scale))
  }

  /// A mean length, in whole tokens.
  private static func whole(_ mean: Double) -> String { String(Int64(min(mean, 1e15).rounded())) }
}

extension BenchmarkRecord.Tool {
  /// By the keys that no other tool writes.
  fileprivate init?(_ object: JSONObject) {
    func has(_ keys: String...) -> Bool { keys.allSatisfy { object[$0] != nil } }
    if has("request_info", "world_info") {
      self = .tensorRTLLM
    } else if has("request_latency", "input_config") {
      self = .genAIPerf
    } else if has("batch_size", "prefill_latency") {
      self = .sglangBatch
    } else if has("batch_size", "latency", "input_len") {
      self = .sglangServer
    } else if has("avg_latency", "latencies") {
      self = .vllmLatency
    } else if has("elapsed_time", "num_requests") {
      self = .vllmThroughput
    } else if has("mean_ttft_ms", "completed", "model_id") {
      self = .vllmServe
    } else if has("mean_ttft_ms", "completed") {
      self = .sglangServe
    } else {
      return nil
    }
  }
}

extension JSONValue {
  fileprivate var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .null, .bool, .string, .array, .object: nil
    }
  }
}
