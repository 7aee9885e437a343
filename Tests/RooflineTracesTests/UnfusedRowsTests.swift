import RooflineCore
import RooflineTraces
import TestSupport
import XCTest

/// Traces of models as Transformers runs them, where a norm is eight kernels.
final class UnfusedRowsTests: TraceTestCase {
  /// Two layers of a width that no other product has.
  private let model = DecoderModel(
    hiddenSize: 64, intermediateSize: 96, numHiddenLayers: 2, numAttentionHeads: 4, numKeyValueHeads: 2, headDim: 16,
    vocabSize: 160)

  private struct Event {
    let name: String
    var operation = "aten::mul"
    var sizes = "[[32, 64]]"
    var time: Double
  }

  private func native(_ functor: String, _ time: Double) -> Event {
    Event(name: "void at::native::vectorized_elementwise_kernel<4, at::native::\(functor)>(int)", time: time)
  }

  private func product(_ n: Int, _ k: Int, _ time: Double) -> Event {
    Event(
      name: "sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n", operation: "aten::mm", sizes: "[[32, \(k)], [\(k), \(n)]]",
      time: time)
  }

  private func norm(_ time: Double) -> [Event] {
    [
      native("bfloat16_copy_kernel_cuda", time), native("pow_tensor_scalar_kernel_impl", time),
      Event(name: "void at::native::reduce_kernel<512, 1, at::native::MeanOps<float>>(x)", time: time),
      native("CUDAFunctorOnSelf_add", time), native("rsqrt_kernel_cuda", time),
      native("BinaryFunctor<float, MulFunctor>", time), native("bfloat16_copy_kernel_cuda", time),
      native("BinaryFunctor<bf16, MulFunctor>", time),
    ]
  }

  private func layer(isLast: Bool) -> [Event] {
    let turned = (0..<2).flatMap { _ in
      [
        native("BinaryFunctor<bf16, MulFunctor>", 3), native("neg_kernel_cuda", 3),
        Event(name: "void at::native::CatArrayBatchedCopy<x>(y)", time: 3), native("CUDAFunctor_add", 3),
      ]
    }
    return [product(64, 64, 10), product(32, 64, 11), product(32, 64, 12)] + turned
      + [
        Event(name: "void pytorch_flash::flash_fwd_kernel<x>(y)", operation: "aten::none", time: 20),
        Event(name: "void at::native::elementwise_kernel<128, 4, direct_copy_kernel_cuda>(x)", time: 1),
        product(64, 64, 13), native("CUDAFunctor_add", 5),
      ] + norm(2)
      // Outputs of one are the inputs of the other, and the same numbers in the same order.
      + [
        product(96, 64, 14), native("silu_kernel", 6), product(96, 64, 15),
        native("BinaryFunctor<bf16, MulFunctor>", 7),
        product(64, 96, 16), native("CUDAFunctor_add", 5),
      ] + norm(isLast ? 4 : 2)
  }

  private func trace(_ events: [Event], _ more: [String] = []) throws -> Trace {
    var texts = more
    for (index, event) in events.enumerated() {
      let at = 100 + 10 * index
      texts.append(
        """
        {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": \(at), "dur": 1, "args": {"correlation": \(index)}},
        {"ph": "X", "cat": "cpu_op", "name": "\(event.operation)", "ts": \(at), "dur": 1, "args": {"External id": \(index), "Input Dims": \(event.sizes)}},
        {"ph": "X", "cat": "kernel", "name": "\(event.name)", "ts": \(50_000 + at), "dur": \(event.time), "args": {"correlation": \(index), "External id": \(index), "device": 0}}
        """)
    }
    return try TraceFile.read(try file("trace.json", Self.kineto(texts.joined(separator: ","))))
  }

  private func rows(_ set: OperatorSet) -> [NamedOperator<Count>] {
    DecoderStep(
      .prefill,
      Workload(
        batch: 1, prompt: 32, context: 33, tensorParallel: 1, operatorSet: set, formats: NumberFormats(.bf16))
    ).rows(of: model)
  }

  private func observed(_ trace: Trace, _ set: OperatorSet = .fused) throws -> (
    [String: TraceMatch.Observed], TraceMatch
  ) {
    let passes = try TracePasses(trace, phase: nil, device: nil)
    let matcher = KernelMatcher(
      try Fixtures.catalog.kernelNames(and: []), rows: rows(set), model: model, separate: rows(.separate))
    let match = matcher.match(trace, passes: passes.passes)
    let seen = zip(rows(set), match.observed).map { ($0.name.rawValue, $1) }
    return (Dictionary(seen) { first, _ in first }, match)
  }

  func testWhatStandsBetweenTwoRowsIsTheRowBetweenThem() throws {
    let (rows, match) = try observed(trace(layer(isLast: false) + layer(isLast: true) + [product(160, 64, 30)]))
    // Times of both layers, µs, added up by hand.
    let sums: [(row: String, calls: UInt64, microseconds: Double)] = [
      ("qkv_proj", 2, 2 * (10 + 11 + 12)), ("rotary", 2, 2 * 8 * 3), ("attention", 2, 2 * 20), ("o_proj", 2, 2 * 13),
      ("attn_add_norm", 2, 2 * (5 + 8 * 2)), ("gate_up_proj", 2, 2 * (14 + 15)), ("mlp_silu_dot", 2, 2 * (6 + 7)),
      ("down_proj", 2, 2 * 16), ("mlp_add_norm", 2, 2 * 5 + 8 * (2 + 4)), ("lm_head", 1, 30),
    ]
    for (name, calls, microseconds) in sums {
      let row = try XCTUnwrap(rows[name], name)
      XCTAssertEqual(row.calls, calls, name)
      XCTAssertEqual(row.seconds, microseconds * 1e-6, accuracy: 1e-12, name)
    }
    XCTAssertEqual(rows["attn_add_norm"]?.operations, 2 * 8)
    XCTAssertEqual(rows["attention"]?.operations, 0)
    // The copy behind attention brings its output into another order: no row's.
    XCTAssertEqual(match.knownSeconds, 2e-6, accuracy: 1e-12)
  }

  func testEachNormOfTheSeparateSetHasItsOwn() throws {
    let (rows, _) = try observed(
      trace(layer(isLast: false) + layer(isLast: true) + [product(160, 64, 30)]), .separate)
    XCTAssertEqual(rows["mlp_norm"]?.seconds ?? 0, 2 * 8 * 2e-6, accuracy: 1e-12)
    XCTAssertEqual(rows["attn_add"]?.seconds ?? 0, 2 * 5e-6, accuracy: 1e-12)
    XCTAssertEqual(rows["final_norm"]?.seconds ?? 0, 8 * 4e-6, accuracy: 1e-12)
    XCTAssertEqual(rows["up_proj"]?.seconds ?? 0, 2 * 15e-6, accuracy: 1e-12)
  }

  /// What cannot be all of the row's work stays what it is: no sum over rows, or far too many kernels.
  func testWhatCannotBeTheRowIsLeft() throws {
    let bare = layer(isLast: false).filter { !$0.name.contains("reduce_kernel") }
    let (rows, _) = try observed(trace(bare + bare))
    XCTAssertEqual(rows["attn_add_norm"]?.calls, 0)
    XCTAssertEqual(rows["rotary"]?.calls, 2)
    let long = layer(isLast: false) + (0..<20).map { _ in native("sin_kernel_cuda", 1) } + layer(isLast: false)
    let (others, _) = try observed(trace(long))
    XCTAssertEqual(others["mlp_add_norm"]?.calls, 1)
  }

  /// What was launched before the profiler's own step still ran when it began.
  func testTheRestOfAnotherPassIsLeftOut() throws {
    let events = layer(isLast: true) + layer(isLast: false)
    let begin = 100 + 10 * layer(isLast: true).count - 5
    let step =
      "{\"ph\": \"X\", \"cat\": \"user_annotation\", \"name\": \"ProfilerStep#6\", \"ts\": \(begin), \"dur\": 100000}"
    let trace = try trace(events, [step])
    let passes = try TracePasses(trace, phase: nil, device: nil)
    XCTAssertEqual(passes.passes.map(\.count), [layer(isLast: false).count])
    XCTAssertEqual(passes.outside.kernels, UInt64(layer(isLast: true).count))
    XCTAssertNil(passes.marked)
  }

  /// Windows lie in each other and stand in any order; what no launch is recorded of belongs to the kernels around it.
  func testWindowsMayOverlapAndLaunchesBeMissing() throws {
    var trace = Trace(file: "trace.json", format: .kineto)
    trace.names = ["kernel"]
    trace.recorded = [TraceRange(start: 30, end: 40), TraceRange(start: 5, end: 20), TraceRange(start: 8, end: 10)]
    let launches: [Double] = [1, .nan, 6, 15, .nan, 25, 35, 41]
    for (index, launched) in launches.enumerated() {
      var kernel = TraceKernel(name: 0, activity: .kernel, start: 100 + Double(index), seconds: 1)
      kernel.launched = launched
      trace.kernels.append(kernel)
    }
    let passes = try TracePasses(trace, phase: nil, device: nil)
    XCTAssertEqual(passes.passes.map { $0.map(\.start) }, [[102, 103, 104, 106]])
    XCTAssertEqual(passes.outside.kernels, 4)
  }

  /// Of a product, the input says which way round its weight lies.
  func testAWeightTheOtherWayRoundIsAnotherProduct() throws {
    let down = try XCTUnwrap(
      ProductShape(RecordedShapes(operation: "aten::mm", dimensions: [[32, 96], [96, 64]])))
    XCTAssertTrue(down.has(64, 96))
    XCTAssertFalse(down.has(96, 64))
    let linear = try XCTUnwrap(
      ProductShape(RecordedShapes(operation: "aten::linear", dimensions: [[1, 32, 96], [64, 96]])))
    XCTAssertTrue(linear.has(64, 96))
    XCTAssertFalse(linear.has(96, 64))
    // Of somebody's own operation nothing says so.
    let own = try XCTUnwrap(ProductShape(RecordedShapes(operation: "mine::gemm", dimensions: [[32, 96], [64, 96]])))
    XCTAssertTrue(own.has(64, 96) && own.has(96, 64))
  }
}
