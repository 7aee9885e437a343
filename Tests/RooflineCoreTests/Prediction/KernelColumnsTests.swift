import RooflineCore
import XCTest

/// Every row of a pass can be named on the command line, and the name leads back to the same operator.
final class KernelColumnsTests: XCTestCase {
  func testColumnsLeadBackToTheOperator() throws {
    let formats = NumberFormats(.bf16)
    let kernels = [
      "gemm m=16 n=8192 k=1024", "gemm m=16 n=8192 k=1024 bias=1", "linear_gelu m=3 n=5 k=7", "linear_relu m=3 n=5 k=7",
      "qk_matmul batch=2 query=3 context=5 heads=8 kv_heads=2 head_dim=64",
      "sv_matmul batch=2 query=3 context=5 heads=8 kv_heads=2 head_dim=64",
      "attention batch=2 query=3 context=5 heads=8 kv_heads=2 head_dim=64",
      "attention batch=2 query=3 context=5 heads=8 kv_heads=2 head_dim=64 causal=0",
      "attention batch=2 query=3 context=5 heads=8 kv_heads=2 head_dim=64 window=4",
      "rope rows=6 batch=2 heads=8 kv_heads=2 head_dim=64",
      "rope rows=6 batch=2 heads=8 kv_heads=2 head_dim=64 rotary_dim=32 context=9 fused=1",
      "kv_cache_write rows=6 batch=2 heads=8 kv_heads=2 head_dim=64", "position_embedding rows=6 width=64 positions=3",
      "attention batch=2 query=1 context=5 heads=8 kv_heads=1 head_dim=576 value_dim=512 latent=1",
      "attention batch=2 query=5 context=5 heads=8 kv_heads=8 head_dim=192 value_dim=128 shared_dim=64",
      "rope rows=6 batch=2 heads=8 kv_heads=1 head_dim=64 latent=1",
      "kv_cache_write rows=6 batch=2 heads=8 kv_heads=1 head_dim=64 latent=1", "batched_gemm groups=8 m=3 n=5 k=7",
      "attention batch=2 query=1 context=5 heads=8 kv_heads=1 head_dim=576 value_dim=512 top_k=3 latent=1",
      "index_scores batch=2 query=3 context=5 heads=8 head_dim=128",
      "index_scores batch=2 query=3 context=50 heads=4 head_dim=128 block=16",
      "index_hadamard rows=6 heads=4 width=128",
      "compress entries=3 tokens_per_entry=4 row_width=16 width=8",
      "hc_collapse rows=6 width=64 streams=4 iterations=20",
      "hc_expand rows=6 width=64 streams=4", "hc_head rows=6 width=64 streams=4",
      "softmax rows=6 width=64", "rmsnorm rows=20 width=8192", "layernorm rows=20 width=8192",
      "add_rmsnorm rows=20 width=8192", "add_layernorm rows=20 width=8192", "silu_and_mul rows=20 width=3584",
      "gelu rows=1 width=35840", "relu rows=1 width=35840", "residual_add rows=1 width=35840",
      "embedding rows=20 width=8192", "embedding rows=20 width=8192 tp=7", "all_reduce ranks=8 bytes=65536",
      "conv batch=2 query=5 channels=6 width=4 bias=1 past=1", "l2norm rows=3 width=5",
      "gated_rmsnorm rows=6 width=5 weights=10 sigmoid=1", "silu rows=1 width=15", "softplus rows=3 width=5 bias=1",
      "delta_gates rows=3 heads=2 width=4",
      "delta_rule batch=2 query=5 k_heads=1 v_heads=2 k_dim=3 v_dim=4 chunk=2 channel_gates=1 fused=1 past=1",
      "ssm_scan batch=1 query=5 heads=4 head_dim=3 groups=2 state=6 chunk=2 past=1 state_bits=16",
      "selective_scan batch=1 query=5 channels=6 state=3", "bank_mix rows=3 width=5 snapshot=1",
      "situ_and_mul rows=3 width=5",
      "residual_add rows=1 width=35840 scaled=1",
      "lightning_attention batch=2 query=5 heads=2 head_dim=4 chunk=4",
      "send bytes=65536", "grouped_gemm m=6 n=3584 k=4096 rows=3 experts=8 top_k=2 touched=5",
      "grouped_gemm m=6 n=4096 k=1792 rows=6 experts=8 top_k=2 touched=5 bias=1",
      "route rows=3 experts=128 top_k=8 renormalise=1", "route rows=3 experts=256 top_k=8 sigmoid=1 bias=1 scale=1",
      "route rows=3 experts=8 top_k=2 of_chosen=1", "route rows=3 experts=8 top_k=2 renormalise=1 expert_scales=1",
      "route rows=3 experts=8 top_k=2 sqrt_softplus=1",
      "expert_combine rows=3 width=4096 pairs=6", "expert_combine rows=3 width=4096 pairs=3 weighted=0",
      "sigmoid_gate rows=3 width=4096", "swigluoai_and_mul rows=6 width=2880", "relu2 rows=1 width=64",
      "expert_scale rows=3 width=4096 pairs=6", "all_to_all rows=3 width=4096 ranks=8 remote=5",
      "rmsnorm rows=6 width=128 weight=0", "softmax rows=6 width=64 sinks=3",
      "attention batch=2 query=3 context=5 heads=8 kv_heads=2 head_dim=64 chunk=4 sinks=1",
    ]
    for kernel in kernels {
      let words = kernel.split(separator: " ").map(String.init)
      let values = words.dropFirst().map { $0.split(separator: "=").map(String.init) }
      let arguments = try KernelArguments(
        kind: words[0], values: Dictionary(uniqueKeysWithValues: values.map { ($0[0], $0[1]) }))
      let value: Operator<Count> = try arguments.definition(formats)
      XCTAssertEqual(KernelColumns(value)?.description, kernel)
    }
  }

  /// A vocabulary over 8 ranks: whatever degree the columns name, it leaves a device the same rows.
  func testAShareOfTheTableIsKept() throws {
    for (tokens, ranks) in [(20, 8), (16, 8), (5, 3), (7, 7), (100, 64)] as [(UInt64, UInt64)] {
      let own = Count(tokens).divided(roundingUpBy: Count(ranks))
      let gather = Embedding<Count>(tokens: Count(tokens), ownRows: own, width: 64, formats: NumberFormats(.fp16))
      let columns = try XCTUnwrap(KernelColumns(.embedding(gather)))
      let values = Dictionary(uniqueKeysWithValues: columns.columns.map { ($0.name, "\($0.value)") })
      let again: Operator<Count> = try KernelArguments(kind: "embedding", values: values).definition(gather.formats)
      XCTAssertEqual(again, .embedding(gather), "\(tokens) tokens over \(ranks) ranks")
    }
  }

  func testGradientsAreNotNamed() {
    let gradient = BiasGradient<Count>(rows: 2, width: 3, formats: NumberFormats(.fp16))
    XCTAssertNil(KernelColumns(.biasGradient(gradient)))
  }
}
