import RooflineCore
import RooflineTraces
import TestSupport
import XCTest

/// Which kernels are looked at, and what they work on.
final class TracePassesTests: TraceTestCase {
  /// A launch and its kernel, and what the operation was called with.
  private func launch(_ number: Int, at: Int, dur: Double = 1, op: String = "aten::mm", _ sizes: String = "[]")
    -> String
  {
    """
    {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": \(at), "dur": 1, "args": {"correlation": \(number)}},
    {"ph": "X", "cat": "cpu_op", "name": "\(op)", "ts": \(at), "dur": 1, "args": {"External id": \(number), "Input Dims": \(sizes)}},
    {"ph": "X", "cat": "kernel", "name": "k\(number)", "ts": \(10_000 + at), "dur": \(dur), "args": {"correlation": \(number), "External id": \(number), "device": 0}}
    """
  }

  private func mark(_ name: String, _ start: Int, _ length: Int) -> String {
    "{\"ph\": \"X\", \"cat\": \"user_annotation\", \"name\": \"\(name)\", \"ts\": \(start), \"dur\": \(length)}"
  }

  private func passes(_ events: [String], _ phase: Phase? = nil) throws -> (TracePasses, TraceSizes) {
    let trace = try TraceFile.read(try file("trace.json", Self.kineto(events.joined(separator: ","))))
    let passes = try TracePasses(trace, phase: phase, device: nil)
    return (passes, TraceSizes(passes, trace))
  }

  func testPassesOfTheKindThatTakesLongestAreAMeanOfTheirKeys() throws {
    let events = [
      mark("execute_context_1(64)_generation_0(0)", 100, 50), mark("step[DECODE bs=4]", 200, 50),
      mark("execute_4_context_0(sq0sk0sqsq0sqsk0)_generation_4(sq4sk400sqsq4sqsk400)", 205, 40),
      mark("execute_4_context_0(sq0sk0sqsq0sqsk0)_generation_4(sq4sk404sqsq4sqsk404)", 300, 50),
      launch(1, at: 110, dur: 3), launch(2, at: 210, dur: 2), launch(3, at: 220, dur: 2), launch(4, at: 310, dur: 2),
      launch(5, at: 400, dur: 9),
    ]
    let (decode, sizes) = try passes(events)
    XCTAssertEqual(decode.marked, 3)
    XCTAssertEqual(decode.passes.map(\.count), [2, 1])
    XCTAssertEqual(decode.outside.kernels, 2)
    XCTAssertEqual(decode.outside.seconds, 12e-6, accuracy: 1e-12)
    XCTAssertEqual(sizes.phase, .decode)
    XCTAssertEqual(sizes.batch?.value, 4)
    // (400 + 404) / 2 / 4 = 100.5
    XCTAssertEqual(sizes.context?.value, 101)
    let (prefill, own) = try passes(events, .prefill)
    XCTAssertEqual(prefill.passes.map(\.count), [1])
    XCTAssertEqual(own.prompt?.value, 64)
    XCTAssertEqual(own.batch?.value, 1)
  }

  func testUnmarkedGenerationIsCutWhereAttentionChanges() throws {
    var events: [String] = []
    for layer in 0..<2 {
      events.append(
        launch(layer, at: 10 + layer, op: "aten::_flash_attention_forward", "[[2, 64, 8, 16], [2, 64, 2, 16]]"))
    }
    for step in 0..<3 {
      for layer in 0..<2 {
        let number = 10 + 2 * step + layer
        events.append(
          launch(
            number, at: 100 * (step + 1) + layer, op: "aten::_flash_attention_forward",
            "[[2, 1, 8, 16], [2, \(65 + step), 2, 16]]"))
      }
    }
    let (decode, sizes) = try passes(events)
    XCTAssertNil(decode.marked)
    XCTAssertEqual(decode.passes.map(\.count), [6])
    XCTAssertEqual(decode.outside.kernels, 2)
    XCTAssertEqual([sizes.batch?.value, sizes.context?.value], [2, 66])
    XCTAssertEqual(sizes.phase, .decode)
    let (prefill, own) = try passes(events, .prefill)
    XCTAssertEqual(prefill.passes.map(\.count), [2])
    XCTAssertEqual([own.batch?.value, own.prompt?.value], [2, 64])
    XCTAssertEqual(own.phase, .prefill)
  }

  func testAMixedPassHasSizesOfBothParts() throws {
    let (passes, _) = try passes([
      mark("execute_8_context_2(sq1030sk3030sqsq9sqsk9)_generation_6(sq6sk6243sqsq6sqsk9)", 100, 50),
      launch(1, at: 110),
      mark("execute_context_0(0)_generation_6(6)", 200, 50), launch(2, at: 210, dur: 0.5),
    ])
    XCTAssertNil(passes.phase)
    let sizes = try XCTUnwrap(MixedSizes(passes))
    XCTAssertEqual([sizes.prompts?.value, sizes.tokens?.value, sizes.prefix?.value], [2, 1030, 1000])
    // 6243 / 6 = 1040.5
    XCTAssertEqual([sizes.sequences?.value, sizes.context?.value, sizes.drafted?.value], [6, 1041, nil])
    XCTAssertEqual(sizes.context?.source, "the engine's mark, mean of 6243 keys")
    let (decode, own) = try self.passes(
      [
        mark("execute_context_2(64)_generation_6(6)", 100, 50), launch(1, at: 110), mark("step[DECODE bs=4]", 200, 50),
        launch(2, at: 210, dur: 0.5),
      ], .decode)
    XCTAssertNil(MixedSizes(decode))
    XCTAssertEqual(own.batch?.value, 4)
  }

  func testNewAndCachedRequestsAreCountedWithoutTheirTokens() throws {
    let (decode, own) = try passes([mark("execute_new_0_cached_14", 100, 50), launch(1, at: 110)])
    XCTAssertNil(MixedSizes(decode))
    XCTAssertEqual(own.phase, .decode)
    XCTAssertEqual(own.batch?.value, 14)
    XCTAssertNil(own.context)
    let (prefill, _) = try passes([mark("execute_new_2_cached_0", 100, 50), launch(1, at: 110)])
    XCTAssertEqual(prefill.work, StepWork(prefill: .init(sequences: 2), decode: nil))
    let (both, _) = try passes([mark("execute_new_2_cached_14", 100, 50), launch(1, at: 110)])
    let sizes = try XCTUnwrap(MixedSizes(both))
    XCTAssertEqual([sizes.prompts?.value, sizes.tokens?.value, sizes.sequences?.value], [2, nil, 14])
  }

  func testSeveralNewTokensOfASequenceAreNoPlainDecodeStep() throws {
    let (passes, own) = try passes([mark("execute_context_0(0)_generation_6(22)", 100, 50), launch(1, at: 110)])
    XCTAssertNil(own.phase)
    let sizes = try XCTUnwrap(MixedSizes(passes))
    XCTAssertNil(sizes.prompts)
    XCTAssertEqual([sizes.sequences?.value, sizes.drafted?.value, sizes.sequenceTokens], [6, 4, 22])
  }

  func testMarksOfImpossibleSizesTrapNowhere() throws {
    let most = "18446744073709551615"
    for mark in [
      "execute_context_1(\(most))_generation_0(0)", "execute_context_\(most)(\(most))_generation_0(0)",
      "execute_1_context_0(sq0sk0)_generation_1(sq1sk\(most))", "step[EXTEND bs=\(most) toks=\(most)]",
      "execute_1_context_3(sq3sk\(most))_generation_0(sq0sk0)",
      "step[MIXED bs=\(most)]",
      "step[MIXED bs=1 c=\(most) g=\(most) c_sq=\(most) c_sk=\(most) g_sq=\(most) g_sk=\(most)]",
      "step[TARGET_VERIFY bs=2 g_sq=\(most) g_sk=\(most)]", "step[TARGET_VERIFY bs=\(most) g_sq=1 g_sk=1]",
      "execute_1_context_3(sq3sk\(most))_generation_1(sq1sk\(most))",
      "execute_context_\(most)(\(most))_generation_\(most)(\(most))", "execute_context_1(1)_generation_1(\(most))",
    ] {
      _ = MixedSizes(
        try passes([self.mark(mark, 100, 50), launch(1, at: 110), self.mark(mark, 200, 50), launch(2, at: 210)]).0)
    }
  }

  func testSizesOfAttentionAreReadInBothOrders() {
    func sizes(_ operation: String, _ dimensions: [[Int64]]) -> RecordedAttention? {
      RecordedAttention(RecordedShapes(operation: operation, dimensions: dimensions))
    }
    XCTAssertEqual(sizes("aten::_scaled_dot_product_flash_attention", [[3, 8, 5, 64], [3, 2, 9, 64]])?.keys, 9)
    XCTAssertEqual(sizes("aten::_efficient_attention_forward", [[3, 5, 8, 64], [3, 9, 2, 64]])?.tokens, 5)
    XCTAssertNil(sizes("vllm::unified_attention_with_output", [[888, 8, 64], [888, 1, 64]]))
    XCTAssertNil(sizes("aten::_flash_attention_forward", [[3, 5, 8, 64]]))
    XCTAssertNil(sizes("aten::_flash_attention_forward", [[3, -5, 8, 64], [3, 9, 2, 64]]))
  }

  func testThePriceOfAnAlignmentKeepsTheOrder() {
    // Rows a b c twice a pass; a kernel of kind 0 may be a or c, kind 1 only b, kind 2 nothing.
    let infinite = Float.infinity
    let alignment = KernelAlignment(
      places: [0, 1, 2, 0, 1, 2],
      prices: .init(
        skip: [1, 1, 1], match: [[0, infinite, 0], [infinite, 0, infinite], [infinite, infinite, infinite]],
        again: [[1, infinite, 1], [infinite, 1, infinite], [infinite, infinite, infinite]], leave: [2, 2, 0]))
    XCTAssertEqual(
      alignment.seats(of: [0, 1, 2, 0, 0, 1, 1, 0]),
      [
        .first(place: 0), .first(place: 1), .none, .first(place: 2), .first(place: 3), .first(place: 4),
        .again(place: 4),
        .first(place: 5),
      ])
    // The pass begins anew.
    XCTAssertEqual(
      alignment.seats(of: [0, 1, 0, 0, 1, 0, 0, 1]).suffix(2), [.first(place: 0), .first(place: 1)])
    XCTAssertEqual(alignment.seats(of: []), [])
  }
}

final class ProductShapeTests: XCTestCase {
  /// As many tokens as a matrix has columns: only the weight says which product it is.
  func testActivationsAreNoWeights() throws {
    let cases: [(operation: String, dimensions: [[Int64]])] = [
      ("aten::mm", [[2048, 4096], [4096, 512]]), ("aten::addmm", [[512], [2048, 4096], [4096, 512]]),
      ("aten::linear", [[1, 2048, 4096], [512, 4096]]), ("aten::matmul", [[2048, 4096], [4096, 512]]),
    ]
    for (operation, dimensions) in cases {
      let shape = try XCTUnwrap(ProductShape(RecordedShapes(operation: operation, dimensions: dimensions)))
      XCTAssertTrue(shape.has(512, 4096), operation)
      XCTAssertFalse(shape.has(2048, 4096), operation)
    }
    let batched = try XCTUnwrap(
      ProductShape(RecordedShapes(operation: "aten::bmm", dimensions: [[8, 4, 64], [8, 64, 4]])))
    XCTAssertTrue(batched.isPlain)
    XCTAssertFalse(batched.has(4, 64))
    XCTAssertNil(ProductShape(RecordedShapes(operation: "aten::add", dimensions: [[8], [8]])))
  }
}
