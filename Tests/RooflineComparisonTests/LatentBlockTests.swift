import RooflineComparison
import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// A whole block of latent attention as the sum of its kernels' times, against blocks measured in one piece: nothing is fitted to them.
final class LatentBlockTests: XCTestCase {
  /// The kernels of DeepSeek-V3's block with so many of its heads, in bf16, as TensorRT-LLM runs them: its attention kernels turn queries
  /// and keys and write the cache, so neither is a kernel of its own here.
  private func kernels(heads: Count, batch: Count, query: Count, context: Count, isDecode: Bool) -> [Operator<Count>] {
    let formats = NumberFormats(.bf16)
    let tokens = batch * query
    func gemm(_ m: Count, _ n: Count, _ k: Count) -> Operator<Count> {
      .gemm(GEMM(m: m, n: n, k: k, formats: formats))
    }
    var kernels = [
      gemm(tokens, 1536 + 576, 7168), .rmsNorm(RMSNorm(rows: tokens, width: 1536, formats: formats)),
      .rmsNorm(RMSNorm(rows: tokens, width: 512, formats: formats)), gemm(tokens, heads * 192, 1536),
    ]
    if isDecode {
      let shape = AttentionShape<Count>(
        batch: batch, queryTokens: query, attendedKeys: context, heads: heads, keyValueHeads: 1, headDim: 576,
        valueDim: 512)
      kernels += [
        .batchedGEMM(BatchedGEMM(groups: heads, m: tokens, n: 512, k: 128, isTransposed: true, formats: formats)),
        .attention(Attention(shape, mask: .causal, valuesAreKeys: true, formats: formats)),
        .batchedGEMM(BatchedGEMM(groups: heads, m: tokens, n: 128, k: 512, formats: formats)),
      ]
    } else {
      let shape = AttentionShape<Count>(
        batch: batch, queryTokens: query, attendedKeys: context, heads: heads, ownDim: 128, sharedDim: 64,
        valueDim: 128)
      kernels += [
        gemm(batch * context, heads * 256, 512),
        .attention(Attention(shape, mask: .causal, keyValueHome: .activation, formats: formats)),
      ]
    }
    return kernels + [gemm(tokens, 7168, heads * 128)]
  }

  private static let libraries: [KernelKind: KernelLibrary] = [.mlaProduct: "trtllm-cublas"]

  private func errors(op: String) throws -> [Double] {
    let set = try Fixtures.catalog.calibrations(for: try Fixtures.catalog.hardware("h100-sxm"))
    var found: [KernelSubject: CalibrationSet.Found] = [:]
    return try SharedTable("measured/mla-h100_sxm.csv").rows.compactMap { row -> Double? in
      guard try row.text("op") == op, try row.text("family") == "trtllm", try row.text("dtype") == "bf16",
        try row.text("kv_dtype") == "bf16"
      else { return nil }
      func size(_ column: String) throws -> Count { Count(UInt64(try row.number(column))) }
      var time = 0.0
      for kernel in kernels(
        heads: try size("heads"), batch: try size("batch"), query: try size("query"), context: try size("context"),
        isDecode: op == "decode_module")
      {
        let subject = try XCTUnwrap(kernel.subject)
        let entry = try XCTUnwrap(found[subject] ?? set.find(kernel, family: Self.libraries[subject.kind]))
        found[subject] = entry
        // Weights of a block pass through L2 between two calls; what one kernel leaves, the next finds.
        time += entry.model.seconds(of: kernel, KernelConditions(.warm, copies: 1000))
      }
      return time / (try row.number("time_us") * 1e-6) - 1
    }
  }

  func testADecodeStepsBlockIsTheSumOfItsKernels() throws {
    let errors = try errors(op: "decode_module")
    XCTAssertEqual(errors.count, 518)
    let mape = errors.map(abs).reduce(0, +) / Double(errors.count)
    XCTAssertLessThanOrEqual(mape, 0.07)
  }

  func testAPromptsBlockIsTheSumOfItsKernels() throws {
    let errors = try errors(op: "prefill_module")
    XCTAssertEqual(errors.count, 266)
    let mape = errors.map(abs).reduce(0, +) / Double(errors.count)
    XCTAssertLessThanOrEqual(mape, 0.07)
  }
}
