import CUDAMeasurement
import RooflineCore
import RooflineMeasurement
import TestSupport
import XCTest

/// A layer with routed experts: its rows' tensors, and the whole of it on the stand-in.
final class ExpertLayerTests: XCTestCase {
  /// Layers of 8 experts of 96 columns, two for a token, in a stream of 128.
  private func task(_ phase: Phase, _ dtype: DType = .bf16, load: ExpertLoad = .uniform) throws -> LayerTask {
    let sizes: [(String, Int64)] = [
      ("hidden_size", 128), ("intermediate_size", 96), ("vocab_size", 256), ("num_attention_heads", 4),
      ("num_key_value_heads", 2),
    ]
    let configuration = try Fixtures.catalog.model(
      "mixtral-8x7b", overrides: sizes.map { ConfigurationOverride(key: $0.0, value: .integer($0.1)) })
    var workload = Workload(
      batch: 2, prompt: 5, context: 6, tensorParallel: 1, operatorSet: .fused, formats: NumberFormats(dtype))
    workload.expertLoad = load
    return try XCTUnwrap(LayerTask.tasks(of: [DecoderStep(phase, workload)], configuration.model).first)
  }

  func testRowsReadWhatFormerOnesWrote() throws {
    let plan = LayerPlan(
      try task(.prefill).rows.map { ($0.name, $0.task, try KernelPlan($0.task.value, on: PlannedOperators.device)) })
    let links = plan.rows.flatMap { row in
      row.links.sorted { $0.key < $1.key }.map { buffer, place in
        let owner = plan.rows[place.row]
        let offset = place.offset == 0 ? "" : " + \(place.offset)"
        return
          "\(row.name).\(row.plan.buffers[buffer].tensor) ← \(owner.name).\(owner.plan.buffers[place.buffer].tensor)\(offset)"
      }
    }
    XCTAssertEqual(
      Array(links.drop { !$0.hasPrefix("router.") }),
      [
        "router.input ← attn_add_norm.normalized", "route.logits ← router.output",
        "experts_gate_up.input ← attn_add_norm.normalized",
        // Twenty pairs' rows of 96 in bf16.
        "experts_silu_dot.gate ← experts_gate_up.output", "experts_silu_dot.up ← experts_gate_up.output + 3840",
        "experts_down.input ← experts_silu_dot.output", "combine.input ← experts_down.output",
        "combine.weights ← route.weights", "mlp_add_norm.input ← combine.output",
        "mlp_add_norm.residual ← attn_add_norm.residual",
      ])
  }

  func testALayerOfExpertsIsRightRowByRow() throws {
    let fake: FakeGPU
    do {
      fake = try FakeGPU()
      try fake.apply("attribute=38:1024")
      var environment = fake.environment
      environment["ROOFLINE_CUBLASLT"] = fake.path
      let session = try MeasurementSession(environment: environment, ordinal: 0, seed: 7, isInterrupted: { false })
      for (phase, dtype) in [(Phase.decode, DType.bf16), (.decode, .fp16), (.prefill, .bf16)] {
        let task = try task(phase, dtype)
        var run = MeasurementRun()
        try session.run(layers: [task], into: &run)
        XCTAssertEqual(run.failedLayers, [], "\(phase)")
        let layer = try XCTUnwrap(run.layers.first)
        XCTAssertEqual(layer.rows.map(\.name), task.rows.map(\.name))
        XCTAssertEqual(layer.leftOut, [])
        XCTAssertGreaterThan(layer.check.compared, 0)
        XCTAssertGreaterThan(layer.recheck.compared, 0)
        XCTAssertEqual(layer.end, .settled)
        // The stand-in has no caches: kernels in a row take what they take one by one.
        let apart = try session.run(MeasurementTask.merged(task.rows.map(\.task)), modes: [.hot])
        let times = Dictionary(uniqueKeysWithValues: apart.measurements.map { ($0.task.key, $0.time) })
        let sum = try task.rows.reduce(0.0) { try $0 + XCTUnwrap(times[$1.task.key], $1.name) }
        XCTAssertEqual(layer.time, sum, accuracy: 0.01e-6, "\(phase)")
      }
      // Under a load that falls, too.
      var run = MeasurementRun()
      try session.run(layers: [task(.decode, load: .power(1.2))], into: &run)
      XCTAssertEqual(run.failedLayers, [])
      XCTAssertEqual(try XCTUnwrap(run.layers.first).leftOut, [])
      // A wrong element of an expert's product is found.
      for kernel in ["grouped_gemm_bf16_16x32", "expert_combine_bf16", "route_bf16"] {
        try fake.apply("corrupt=\(kernel)")
        var run = MeasurementRun()
        try session.run(layers: [task(.decode)], into: &run)
        guard case .wrongResult(kernel, _)? = run.failedLayers.first?.fault else {
          XCTFail("\(kernel): \(run.failedLayers)")
          continue
        }
      }
    }
    try fake.assertNothingIsLeft()
  }
}
