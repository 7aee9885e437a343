import Foundation
import RooflineCore
import RooflineServing
import TestSupport
import XCTest

/// JSON of engines' own benchmarks, as the tools write it.
final class BenchmarkFileTests: XCTestCase {
  private func read(_ text: String, _ given: [(column: String, value: String)] = []) throws -> [StepMeasurement] {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("bench-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try text.write(to: file, atomically: true, encoding: .utf8)
    return try StepFile.read(file.path, given: given).measurements
  }

  private static let gpu: [(column: String, value: String)] = [
    ("gpu", "h100-sxm"), ("dtype", "bf16"), ("engine_version", "0.11.1"),
  ]

  private static let vllmServe = """
    {"date": "20251101-101010", "backend": "vllm", "label": null, "model_id": "meta-llama/Llama-3.1-8B-Instruct",
     "tokenizer_id": "meta-llama/Llama-3.1-8B-Instruct", "num_prompts": 200, "request_rate": "inf", "burstiness": 1.0,
     "max_concurrency": 16, "duration": 61.2, "completed": 200, "total_input_tokens": 204800,
     "total_output_tokens": 25500, "request_throughput": 3.27, "output_throughput": 416.6,
     "total_token_throughput": 3763.0, "mean_ttft_ms": 85.5, "median_ttft_ms": 80.1, "std_ttft_ms": 20.0,
     "p99_ttft_ms": 150.0, "mean_tpot_ms": 7.9, "median_tpot_ms": 7.8, "std_tpot_ms": 0.3, "p99_tpot_ms": 8.8,
     "mean_itl_ms": 7.9}
    """

  func testVLLMServesClosedLoops() throws {
    let rows = try read(Self.vllmServe, Self.gpu)
    XCTAssertEqual(rows.map(\.metric), [.timeToFirstToken, .timePerOutputToken])
    XCTAssertEqual(rows.map(\.value), [85.5, 7.9])
    let row = rows[0]
    XCTAssertEqual([row.engine, row.version, row.gpu], ["vllm", "0.11.1", "h100-sxm"])
    XCTAssertEqual(row.model, "meta-llama/Llama-3.1-8B-Instruct")
    XCTAssertEqual([row.batch, row.prompt, row.generated], [16, 1024, 128])
    XCTAssertEqual(row.conditions.regime, .closedLoop)
    // Without a limit all requests come at once, and at a rate they are no loop.
    let burst = Self.vllmServe.replacingOccurrences(of: "\"max_concurrency\": 16", with: "\"max_concurrency\": null")
    XCTAssertEqual(try read(burst, Self.gpu)[0].conditions.regime, .listed("burst"))
    let paced = Self.vllmServe.replacingOccurrences(of: "\"inf\"", with: "4.0")
    XCTAssertEqual(try read(paced, Self.gpu)[0].conditions.regime, .listed("arrivals"))
  }

  func testVLLMsBatchesNeedTheirShape() throws {
    let latency = "{\"avg_latency\": 1.25, \"latencies\": [1.25, 1.25], \"percentiles\": {\"50\": 1.25}}"
    XCTAssertThrowsError(try read(latency, Self.gpu)) { error in
      XCTAssertTrue("\(error)".contains("model, batch, generate"), "\(error)")
    }
    let shape: [(column: String, value: String)] = [
      ("model", "llama-3.1-8b"), ("batch", "8"), ("prompt", "32"), ("generate", "128"), ("tp", "2"),
    ]
    let row = try read(latency, Self.gpu + shape)[0]
    XCTAssertEqual(row.metric, .endToEnd)
    XCTAssertEqual([row.batch, row.tensorParallel, row.gpus], [8, 2, 2])
    let throughput = """
      {"elapsed_time": 12.5, "num_requests": 8, "total_num_tokens": 1280, "requests_per_second": 0.64,
       "tokens_per_second": 102.4}
      """
    XCTAssertEqual(try read(throughput, Self.gpu + shape)[0].value, 12.5)
    // What the file says is not said otherwise.
    XCTAssertThrowsError(try read(throughput.replacingOccurrences(of: " 8,", with: " 9,"), Self.gpu + shape)) { error in
      XCTAssertTrue("\(error)".contains("batch 9"), "\(error)")
    }
  }

  func testSGLangWritesALineARun() throws {
    let batch = """
      {"run_name": "default", "batch_size": 4, "input_len": 1024, "output_len": 16, "prefill_latency": 0.12, "prefill_throughput": 34133.3, "median_decode_latency": 0.0081, "median_decode_throughput": 493.8, "total_latency": 0.25, "overall_throughput": 16640.0}
      {"run_name": "default", "batch_size": 8, "input_len": 1024, "output_len": 1, "prefill_latency": 0.2, "prefill_throughput": 40960.0, "total_latency": 0.2, "overall_throughput": 41000.0}
      """
    let rows = try read(batch, Self.gpu + [("model", "qwen3-32b")])
    XCTAssertEqual(rows.map(\.value), [120, 8.1, 0.25, 200, 0.2])
    XCTAssertEqual(rows.map(\.batch), [4, 4, 4, 8, 8])
    XCTAssertEqual(rows[0].engine, "sglang")
    let server =
      "{\"run_name\": \"x\", \"batch_size\": 16, \"input_len\": 512, \"output_len\": 32, \"latency\": 1.5, \"ttft\": 0, \"overall_throughput\": 5802.7}"
    XCTAssertEqual(try read(server, Self.gpu + [("model", "qwen3-32b")]).map(\.metric), [.endToEnd])
    let serving = """
      {"backend": "sglang", "dataset_name": "random", "request_rate": Infinity, "max_concurrency": 32, "completed": 64,
       "total_input_tokens": 65536, "total_output_tokens": 8192, "mean_ttft_ms": 300.5, "mean_tpot_ms": 11.5,
       "mean_itl_ms": 11.4, "mean_e2e_latency_ms": 1800.0}
      """
    let loop = try read(serving, Self.gpu + [("model", "qwen3-32b")])
    XCTAssertEqual(loop.map(\.conditions.regime), [.closedLoop, .closedLoop])
    XCTAssertEqual([loop[0].prompt, loop[0].generated], [1024, 128])
  }

  func testTensorRTLLMReportsItsWorld() throws {
    let text = """
      {"engine": {"model": "meta-llama/Llama-3.1-70B-Instruct", "model_path": null, "engine_dir": null,
         "version": "1.0.0rc3", "backend": "Pytorch", "dtype": "bfloat16", "kv_cache_dtype": "FP8", "quantization": "FP8"},
       "world_info": {"tp_size": 4, "pp_size": 1, "ep_size": null, "world_size": 4, "max_batch_size": 512,
         "max_num_tokens": 8192, "scheduling_policy": "GUARANTEED_NO_EVICT"},
       "request_info": {"num_requests": 512, "avg_num_concurrent_requests": 63.6, "avg_input_length": 1000.2,
         "avg_output_length": 200.0},
       "performance": {"total_latency_ms": 30000.0, "avg_request_latency_ms": 3700.0, "request_throughput_req_s": 17.0,
         "system_output_throughput_tok_s": 3413.3, "system_total_throughput_tok_s": 20480.0},
       "streaming_metrics": {"token_output_speed_tok_s": 55.0, "avg_ttft_ms": 210.5, "avg_tpot_ms": 17.25}}
      """
    let rows = try read(text, [("gpu", "h100-sxm"), ("dtype", "fp8"), ("kv_dtype", "fp8")])
    XCTAssertEqual(rows.map(\.value), [210.5, 17.25, 3413.3])
    XCTAssertEqual([rows[0].batch, rows[0].prompt, rows[0].generated], [64, 1000, 200])
    XCTAssertEqual([rows[0].version, rows[0].engine], ["1.0.0rc3", "trtllm"])
    XCTAssertEqual(rows[0].gpus, 4)
    XCTAssertEqual(rows[2].conditions.counted, .generated)
  }

  func testGenAIPerfNamesItsUnits() throws {
    func text(_ unit: String, _ first: Double, stimulus: String) -> String {
      """
      {"request_throughput": {"unit": "requests/sec", "avg": 3.0}, "request_latency": {"unit": "\(unit)", "avg": 2000},
       "time_to_first_token": {"unit": "\(unit)", "avg": \(first), "p99": 1e12},
       "inter_token_latency": {"unit": "\(unit)", "avg": \(first / 10)},
       "output_sequence_length": {"unit": "tokens", "avg": 127.6}, "input_sequence_length": {"unit": "tokens", "avg": 550.2},
       "input_config": {"model": ["meta-llama/Llama-3.1-8B-Instruct"], \(stimulus)}}
      """
    }
    let engine: [(column: String, value: String)] = Self.gpu + [("engine", "vllm")]
    let rows = try read(text("ms", 80, stimulus: "\"perf_analyzer\": {\"stimulus\": {\"concurrency\": 10}}"), engine)
    XCTAssertEqual(rows.map(\.value), [80, 8])
    XCTAssertEqual([rows[0].batch, rows[0].prompt, rows[0].generated], [10, 550, 128])
    let older = try read(text("ns", 80e6, stimulus: "\"concurrency\": 10"), engine)
    XCTAssertEqual(older[0].value, 80, accuracy: 1e-9)
    XCTAssertThrowsError(try read(text("ms", 80, stimulus: "\"concurrency\": 10"), Self.gpu)) { error in
      XCTAssertTrue("\(error)".contains("engine"), "\(error)")
    }
    XCTAssertThrowsError(try read(text("weeks", 80, stimulus: "\"concurrency\": 10"), engine))
  }

  func testWhatIsNoResultIsRefused() {
    for (text, words) in [
      ("{\"a\": 1}", ["no result of", "trtllm-bench"]), ("[]", ["no result"]), ("{", []), ("[3]", []),
      (Self.vllmServe.replacingOccurrences(of: "\"completed\": 200", with: "\"completed\": -1"), ["completed"]),
    ] {
      XCTAssertThrowsError(try read(text, Self.gpu), text) { error in
        for word in words { XCTAssertTrue("\(error)".contains(word), "\(error)") }
      }
    }
    XCTAssertThrowsError(try read(Self.vllmServe, Self.gpu + [("mood", "good")])) { error in
      XCTAssertTrue("\(error)".contains("mood"), "\(error)")
    }
    XCTAssertThrowsError(try read(Self.vllmServe, [])) { error in
      XCTAssertTrue("\(error)".contains("gpu, dtype"), "\(error)")
    }
  }
}
