/// A right value that the chapter of worked examples rests on, computed by hand.
struct WorkedExampleFact<Value: Sendable>: Sendable {
  let example: String
  let command: String
  /// The phase and row of `analyze`; neither for a kernel.
  let place: String
  let field: String
  let value: Value

  init(_ example: String, _ command: String, _ place: String, _ field: String, _ value: Value) {
    self.example = example
    self.command = command
    self.place = place
    self.field = field
    self.value = value
  }
}

/// The right values of what the notes have wrong, example by example.
enum WorkedExampleFacts {
  static let table = "analyze --model llama-2-70b --hardware a100-sxm4-40gb --tp 8 --batch 20 --prompt 1024"
  static let qwen = "analyze --model qwen2-0.5b --hardware a100-sxm4-80gb --prompt 1024"
  static let qwenTraining = "analyze --training --model qwen2-0.5b --hardware a100-sxm4-80gb --sequence 1024"
  /// The model of note 002's examples: d 4096, 32 heads, d_ff 16384, 32 layers, 50,000 tokens, gelu.
  static let decoder =
    "analyze --model opt-6.7b --set vocab_size=50000 --set activation_function=gelu --hardware a100-sxm4-80gb --batch 8 --prompt 512"
  static let heads = "heads=32 kv_heads=32 head_dim=128"

  static let counts: [WorkedExampleFact<Int>] = [
    // 20·8192 in, 8192·1024 of weights, 20·1024 out, 2 bytes each.
    WorkedExampleFact("000.2", table, "decode q_proj", "bytes", 17_145_856),
    // 20,480 tokens: 20480·8192 in, 8192·128, 20480·128 into the cache.
    WorkedExampleFact("000.3", table, "prefill k_proj", "bytes", 342_884_352),
    // 2·20480·8192·3584
    WorkedExampleFact("000.4", table, "prefill gate_proj", "flops", 1_202_590_842_880),
    // 5·20·8·1024·1024
    WorkedExampleFact("000.5", table, "prefill softmax", "flops", 838_860_800),
    // 20·1024·8·128 queries, 20·1024·1·128 keys.
    WorkedExampleFact("000.6", table, "prefill qk_matmul", "loadActivation", 41_943_040),
    WorkedExampleFact("000.6", table, "prefill qk_matmul", "loadKVCache", 5_242_880),
    WorkedExampleFact("000.6", table, "prefill sv_matmul", "loadKVCache", 5_242_880),
    // Three tensors of 20480·3584; three of 20480·8192; 4·8192 + 3 a row.
    WorkedExampleFact("000.7", table, "prefill mlp_silu_dot", "bytes", 440_401_920),
    WorkedExampleFact("000.7", table, "prefill attn_add", "bytes", 1_006_632_960),
    WorkedExampleFact("000.7", table, "prefill mlp_norm", "flops", 671_150_080),
    // 2·20·8·2048·128; 20·8·128 queries.
    WorkedExampleFact("000.8", "\(table) --context 2048", "decode qk_matmul", "flops", 83_886_080),
    WorkedExampleFact("000.8", "\(table) --context 2048", "decode qk_matmul", "loadActivation", 40_960),
    // 1024·896 additions to rows of the table.
    WorkedExampleFact("001.4", qwenTraining, "backward embedding_backward", "vector", 917_504),
    // 1024·2·64 keys, not 1024·14·64.
    WorkedExampleFact("001.6", qwen, "prefill qk_matmul", "loadKVCache", 262_144),
    // 2048·4864 elements: 2, and an exponential.
    WorkedExampleFact(
      "001.10", "kernel silu rows=2048 width=4864 --dtype fp16 --hardware l4", "", "vector", 19_922_944),
    WorkedExampleFact(
      "001.10", "kernel silu rows=2048 width=4864 --dtype fp16 --hardware l4", "", "special", 9_961_472),
    // The table of 1024 positions by 64 columns beside 1024·896 queries; rotating is 3 for each of 1024·16·64.
    WorkedExampleFact("001.9", qwen, "prefill rotary", "special", 0),
    WorkedExampleFact("001.9", qwen, "prefill rotary", "vector", 3_145_728),
    WorkedExampleFact("001.9", qwen, "prefill rotary", "loadActivation", 131_072 + 1_835_008),
    // 1024·4864 elements.
    WorkedExampleFact("001.10", qwen, "prefill mlp_silu_dot", "vector", 14_942_208),
    WorkedExampleFact("001.10", qwen, "prefill mlp_silu_dot", "special", 4_980_736),
    // 2·1·896·128, and a bias of 128; 3·16·64.
    WorkedExampleFact("001.11", qwen, "decode k_proj", "tensor", 229_376),
    WorkedExampleFact("001.11", qwen, "decode v_proj", "vector", 128),
    WorkedExampleFact("001.11", qwen, "decode rotary", "vector", 3072),
    // 14 heads of 1025 scores: scale, subtract, sum, divide; an exponential.
    WorkedExampleFact("001.12", qwen, "decode softmax", "vector", 57_400),
    WorkedExampleFact("001.12", qwen, "decode softmax", "special", 14_350),
    // 8 and 1 for each of 1024·4864.
    WorkedExampleFact("001.16", qwenTraining, "backward mlp_silu_dot_backward", "vector", 39_845_888),
    WorkedExampleFact("001.16", qwenTraining, "backward mlp_silu_dot_backward", "special", 4_980_736),
    // 4096 ids of 4 bytes; 4096 rows of 8192 bytes, in and out.
    WorkedExampleFact(
      "002.3", "kernel embedding rows=4096 width=4096 --dtype fp16 --hardware l4", "", "bytes", 67_125_248),
    // 2·4096·12288·4096; 4096·4096 in, 4096·12288 of weights and as many out.
    WorkedExampleFact(
      "002.4", "kernel gemm m=4096 n=12288 k=4096 --dtype fp16 --hardware l4", "", "flops", 412_316_860_416),
    WorkedExampleFact(
      "002.5", "kernel gemm m=4096 n=12288 k=4096 --dtype fp16 --hardware l4", "", "bytes", 234_881_024),
    // 8·32·512·512 scores.
    WorkedExampleFact(
      "002.7", "kernel softmax rows=131072 width=512 --dtype fp16 --hardware l4", "", "flops", 335_544_320),
    WorkedExampleFact(
      "002.7", "kernel softmax rows=131072 width=512 --dtype fp16 --hardware l4", "", "bytes", 268_435_456),
    // 2·8·32·512·512·128; scores, and V and the output of 8·512·4096.
    WorkedExampleFact(
      "002.8", "kernel sv_matmul phase=prefill batch=8 query=512 context=512 \(heads) --dtype fp16 --hardware l4", "",
      "flops", 17_179_869_184),
    WorkedExampleFact(
      "002.8", "kernel sv_matmul phase=prefill batch=8 query=512 context=512 \(heads) --dtype fp16 --hardware l4", "",
      "bytes", 201_326_592),
    // A matrix of 4096·16384, and a bias added to each of 4096·16384 and of 4096·4096.
    WorkedExampleFact("002.16", decoder, "prefill up_proj", "vector", 67_108_864),
    WorkedExampleFact("002.16", decoder, "prefill down_proj", "vector", 16_777_216),
    // 2·4096·4096·4096
    WorkedExampleFact("002.9", decoder, "prefill o_proj", "tensor", 137_438_953_472),
    // 4096·(7·4096 + 4); two streams of 4096·4096, weight and bias.
    WorkedExampleFact(
      "002.12", "kernel layernorm rows=4096 width=4096 --dtype fp16 --hardware l4", "", "flops", 117_456_896),
    WorkedExampleFact(
      "002.12", "kernel layernorm rows=4096 width=4096 --dtype fp16 --hardware l4", "", "bytes", 67_125_248),
    // Both additions are there, of 4096·4096.
    WorkedExampleFact("002.13", decoder, "prefill attn_add", "flops", 16_777_216),
    WorkedExampleFact("002.13", decoder, "prefill mlp_add", "flops", 16_777_216),
    // A layer in prefill: 4·(2·4096·4096² + 4096²) of q k v o with bias, 4·4096·4096·16384 + 4096·16384 + 4096² of the
    // MLP's matrices with theirs, 4·8·32·512²·128 of attention, 5·8·32·512² of softmax, 2·4096·(7·4096 + 4) of norms,
    // 2·4096² of additions, 9·4096·16384 of gelu: 32 of them, a norm, 4096² of positions and 2·8·50000·4096 for the head.
    WorkedExampleFact("002.16", decoder, "prefill model", "flops", 53_922_968_387_584),
    // The same for 8 tokens and 513 keys.
    WorkedExampleFact("002.16", decoder, "decode model", "flops", 108_592_932_896),
    // For the bytes of 4096 tokens, a = 4096·4096·2, i = 4096·16384·2, s = 8·32·512²·2: a layer's norms 2(2a + 16384), q
    // k v o 4(3a + 8192), attention 2(3a + s), softmax 2s, additions 6a, up and down
    // 2(a + i + 4096·16384·2) + 32768 + 8192, gelu 2i; embedding 2a + 4·4096, positions 2a + 512·8192, norm 2a + 16384,
    // head 50000·4096·2 + 8·4096·2 + 8·50000·2.
    WorkedExampleFact("002.16", decoder, "prefill model", "bytes", 73_633_871_104),
    // In decode, 8 tokens a = 8·4096·2 bytes, i = 8·16384·2, scores s = 8·32·513·2, keys or values 8·513·4096·2: a
    // layer's norms 2(2a + 16384), q k v o 4(4096²·2 + 8192 + 2a), attention 2(8·513·4096·2 + 2a + s), softmax 2s,
    // additions 6a, up and down 2(4096·16384·2 + a + i) + 32768 + 8192, gelu 2i; embedding 2a + 32, positions 2a + 8192,
    // norm 2a + 16384, head 50000·4096·2 + a + 8·50000·2.
    WorkedExampleFact("002.16", decoder, "decode model", "bytes", 15_564_182_816),
    // 2·8·32·513·128; 8·513·4096 keys.
    WorkedExampleFact(
      "002.18", "kernel qk_matmul phase=decode batch=8 query=1 context=513 \(heads) --dtype fp16 --hardware l4", "",
      "flops", 33_619_968),
    WorkedExampleFact(
      "002.18", "kernel qk_matmul phase=decode batch=8 query=1 context=513 \(heads) --dtype fp16 --hardware l4", "",
      "loadKVCache", 33_619_968),
  ]

  /// 342,884,352 bytes for 2·20480·8192·128 FLOP are 125 FLOP/B; 412 GFLOP over 234.9 MB are 1755.
  static let bounds: [WorkedExampleFact<String>] = [
    WorkedExampleFact("000.2", table, "decode q_proj", "bound", "memory"),
    WorkedExampleFact("000.3", "\(table) --efficiency 0.9", "prefill k_proj", "bound", "memory"),
    WorkedExampleFact("000.3", "\(table) --efficiency 0.9", "prefill v_proj", "bound", "memory"),
    WorkedExampleFact(
      "002.5", "kernel gemm m=4096 n=12288 k=4096 --dtype fp16 --hardware a100-sxm4-80gb", "", "bound", "compute"),
    WorkedExampleFact("002.17", decoder, "prefill q_proj", "bound", "compute"),
    WorkedExampleFact("002.17", decoder, "prefill up_proj", "bound", "compute"),
    WorkedExampleFact("002.17", decoder, "prefill down_proj", "bound", "compute"),
    WorkedExampleFact("002.17", decoder, "decode q_proj", "bound", "memory"),
    WorkedExampleFact("002.17", decoder, "decode qk_matmul", "bound", "memory"),
    WorkedExampleFact("002.17", decoder, "decode down_proj", "bound", "memory"),
  ]
}
