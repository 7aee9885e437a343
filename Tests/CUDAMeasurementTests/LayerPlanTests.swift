import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// Which tensors of a layer are one, and what a layer takes.
final class LayerPlanTests: XCTestCase {
  /// 16 layers of 4 query and 2 KV heads of 64, 256 wide, 768 between.
  static let sizes = [
    "hidden_size": 256, "intermediate_size": 768, "vocab_size": 640, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 64,
  ]

  static func task(
    _ phase: Phase, _ set: OperatorSet, prompt: UInt64 = 5, batch: UInt64 = 2, tp: UInt64 = 1, _ dtype: DType = .bf16
  ) throws -> LayerTask {
    let overrides = sizes.map { ConfigurationOverride(key: $0.key, value: .integer(Int64($0.value))) }
    let configuration = try Fixtures.catalog.model("llama-3.2-1b", overrides: overrides)
    let workload = Workload(
      batch: batch, prompt: prompt, context: prompt + 1, tensorParallel: tp, operatorSet: set,
      formats: NumberFormats(dtype))
    return try XCTUnwrap(LayerTask.tasks(of: [DecoderStep(phase, workload)], configuration.model).first)
  }

  private func plan(_ task: LayerTask) throws -> LayerPlan {
    LayerPlan(
      try task.rows.map { ($0.name, $0.task, try KernelPlan($0.task.value, on: PlannedOperators.device)) })
  }

  /// `o_proj.input ← attention`, row by row, where a buffer lies in a former row's.
  private func links(_ plan: LayerPlan) -> [String] {
    plan.rows.flatMap { row in
      row.links.sorted { $0.key < $1.key }.map { buffer, place in
        let owner = plan.rows[place.row]
        let offset = place.offset == 0 ? "" : " + \(place.offset)"
        return
          "\(row.name).\(row.plan.buffers[buffer].tensor) ← \(owner.name).\(owner.plan.buffers[place.buffer].tensor)\(offset)"
      }
    }
  }

  func testFusedRowsReadWhatFormerOnesWrote() throws {
    let plan = try plan(Self.task(.prefill, .fused))
    XCTAssertEqual(
      links(plan),
      [
        "rotary.query ← qkv_proj.output", "attention.query ← qkv_proj.output", "attention.key ← rotary.key",
        "attention.value ← rotary.value", "o_proj.input ← attention.output", "attn_add_norm.input ← o_proj.output",
        "gate_up_proj.input ← attn_add_norm.normalized",
        // Ten rows of 768 in bf16.
        "mlp_silu_dot.gate ← gate_up_proj.output", "mlp_silu_dot.up ← gate_up_proj.output + 15360",
        "down_proj.input ← mlp_silu_dot.output", "mlp_add_norm.input ← down_proj.output",
        "mlp_add_norm.residual ← attn_add_norm.residual",
      ])
  }

  /// Two residual streams, keys and values of a prompt, and scores.
  func testSeparateRowsReadWhatFormerOnesWrote() throws {
    let plan = try plan(Self.task(.prefill, .separate))
    XCTAssertEqual(
      links(plan),
      [
        "q_proj.input ← attn_norm.output", "k_proj.input ← attn_norm.output", "v_proj.input ← attn_norm.output",
        "rotary.query ← q_proj.output", "rotary.key ← k_proj.output", "qk_matmul.query ← q_proj.output",
        "qk_matmul.key ← k_proj.output", "softmax.scores ← qk_matmul.scores",
        "sv_matmul.probabilities ← softmax.probabilities", "sv_matmul.value ← v_proj.output",
        "o_proj.input ← sv_matmul.output", "attn_add.input ← o_proj.output", "attn_add.residual ← attn_norm.input",
        "mlp_norm.input ← attn_add.output", "gate_proj.input ← mlp_norm.output", "up_proj.input ← mlp_norm.output",
        "mlp_silu_dot.gate ← gate_proj.output", "mlp_silu_dot.up ← up_proj.output",
        "down_proj.input ← mlp_silu_dot.output", "mlp_add.input ← down_proj.output",
        "mlp_add.residual ← attn_add.output",
      ])
  }

  /// Weights and caches have a set a layer, activations one; what a layer's rows share counts once.
  func testWeightsAndCachesRotate() throws {
    let task = try Self.task(.decode, .fused, prompt: 4)
    let plan = try plan(task)
    let weights = task.rows.reduce(0) { $0 + Int($1.task.value.cost.traffic.loadWeight.value) }
    // Keys and values of 5 tokens of 2 sequences.
    XCTAssertEqual(plan.rotatedBytes, weights + 2 * 2 * 5 * 2 * 64 * 2)
    XCTAssertLessThan(plan.byteCount - plan.rotatedBytes, 64 << 10)
  }
}
