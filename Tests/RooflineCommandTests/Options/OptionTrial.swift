import roofline

/// How a test sees that an option acts: a run without it, and the same run with it.
struct OptionTrial {
  enum Expectation: Hashable {
    case acts, isRefused
    /// Changes nothing yet; the test fails once it does.
    case isIdle(because: String)
  }

  /// The command's own line; nil: `OptionTrials.lines`.
  var line: String?
  /// What both runs have beside the command's own line; a `--name` that stands there as well takes its place.
  var beside = ""
  /// nil of a switch.
  var value: String?
  var expectation = Expectation.acts

  static func acts(_ value: String? = nil, beside: String = "", line: String? = nil) -> OptionTrial {
    OptionTrial(line: line, beside: beside, value: value)
  }

  /// Where every run with the option is refused, since it means nothing to the command's subject.
  static func refused(_ value: String? = nil, beside: String = "") -> OptionTrial {
    OptionTrial(beside: beside, value: value, expectation: .isRefused)
  }
}

/// The trials: of each option, and of some where a command needs another. Options themselves come from their declarations.
struct OptionTrials {
  /// Files that trials name.
  struct Files {
    /// What `benchmark` does not say.
    let given = "engine_version=9,gpu=h100-sxm,model=llama-3.2-1b,dtype=bf16,batch=4,prompt=64,generate=8"
    let ceilings, calibration, observations, others, wide, products, output, second, odd, kernels, listing,
      checkpoint, steps, manySteps, benchmark: String
    /// Of ../shared, or a stand-in that is refused.
    let latent, images: String
    /// With a name that no line has room for.
    let long, longOutput, longGPU: String
    /// A trace with marks, one without, and names of kernels.
    let trace, unmarkedTrace, names: String
  }

  /// What a command is run with.
  let lines: [String: String]
  private let general: [String: OptionTrial]
  private var special: [String: OptionTrial]

  subscript(command: String, option: String) -> OptionTrial? { special["\(command) \(option)"] ?? general[option] }

  /// Names of special trials that no command has an option for.
  func strangers(_ known: Set<String>) -> [String] { special.keys.filter { !known.contains($0) }.sorted() }

  init(_ files: Files) {
    let device = "--model llama-3.2-1b --hardware h100-sxm"
    let model = "\(device) --prompt 64 --batch 4"
    let measured = "--observations \(files.observations)"
    let moe = "--model qwen3-30b-a3b --tp 2"
    let norm = "--kernel rmsnorm rows=2 width=64 --dtype fp16 --output \(files.output)"
    let attention =
      "attention phase=decode batch=2 query=1 context=256 heads=8 kv_heads=2 head_dim=128 --dtype bf16 --hardware h100-sxm"
    let fitted = "\(measured) --hardware h100-sxm --output \(files.output)"
    let training = "\(device) --training --sequence 32"
    let trace = "\(files.trace) --model llama-3.2-1b --context 1040"
    lines = [
      "analyze": model, "footprint": "\(device) --prompt 64", "sensitivity": model,
      "explain": "\(model) --operator q_proj",
      "mfu": "\(device) --step-time 9 --global-batch 64 --sequence 512 --devices 8",
      "kernel": "gemm m=16 n=64 k=64 --dtype fp16 --hardware h100-sxm",
      "compare": "\(measured) --model llama-3.1-8b --prompt 192", "validate": measured, "calibrate": fitted,
      "diff": "\(model) --generate 8", "shapes": "--model llama-3.2-1b", "list": "models", "show": "llama-3.2-1b",
      "devices": "", "measure": norm, "sweep": model, "plot": model, "report": model, "completion": "bash",
      "manual": "", "import": trace,
    ]
    let requests = "\(device) --prompt 64 --generate 4"
    general = [
      "model": .acts("qwen2-0.5b"), "hardware": .acts("a100-sxm4-80gb"), "set": .acts("num_attention_heads=16"),
      "strict": .refused(beside: "--model \(files.odd)"), "tp": .acts("2"), "batch": .acts("5"), "prompt": .acts("80"),
      "context": .acts("99"), "operators": .acts("fused"),
      "mla": .acts("absorbed", beside: "--model \(files.latent) --tp 8 --prompt 4096"),
      "sequence-parallel": .acts(beside: "--tp 2"), "pp": .acts("2"), "micro-batches": .acts("4", beside: "--pp 2"),
      "dp": .acts("2"), "ep": .acts("2", beside: moe), "dp-attention": .acts(beside: "\(moe) --ep 2"),
      "expert-load": .acts("8", beside: moe), "cached-prefix": .acts("32"), "phase": .acts("decode"),
      "head": .acts("all"), "engine": .acts("vllm-0.11"),
      "generate": .acts("40"), "every-step": .acts(beside: "--generate 20000 --format json"),
      "draft": .acts("1", beside: "--model \(files.latent)"),
      "accepted": .acts("1.5", beside: "--model \(files.latent) --draft 1"),
      "images": .acts("480x480", beside: "--model \(files.images)"),
      "units": .acts(), "ceilings": .acts(files.ceilings), "convention": .acts("notes-003"),
      "training": .refused(), "sequence": .acts("96"),
      "dtype": .acts("fp8"), "weight-dtype": .acts("fp8"), "activation-dtype": .acts("fp8"), "kv-dtype": .acts("fp8"),
      "efficiency": .acts("0.5"), "compute-efficiency": .acts("0.5"), "memory-efficiency": .acts("0.5"),
      "peak": .acts("1e14"), "vector-peak": .acts("1e11"), "special-peak": .acts("1e11"), "bandwidth": .acts("1e12"),
      "link": .acts("1e11", beside: "--tp 2"), "link-latency": .acts("1e-6", beside: "--tp 2"),
      "board": .acts("1", beside: "--tp 2"), "overlap": .acts("sum"), "time": .acts("calibrated"),
      "calibration": .acts(files.calibration, beside: "--time calibrated"),
      "residency": .acts("warm", beside: "--time calibrated"), "launch": .acts("eager", beside: "--time calibrated"),
      "family": .acts("attention=trtllm", beside: "--time calibrated --operators fused"),
      "interval": .acts("0.8", beside: "--time calibrated"),
      "observations": .acts(files.observations, beside: "--time anchored"), "format": .acts("json"),
      "columns": .acts("all", beside: "--model \(files.long)"),
      "checkpoint": .acts(files.checkpoint, line: ""), "layout": .acts("lite-llama"), "help": .acts(),
      "pages": .acts("vllm"), "reserve": .acts("1GB"),
      "memory": .acts("40GB"), "step-time": .acts("10"), "global-batch": .acts("128"), "devices": .acts("16"),
      "causal-flops": .acts(), "recomputation": .acts("full"),
      "mtp-layers": .acts("1", beside: "--convention megatron-lm"), "operator": .acts("k_proj"),
      "tolerance": .acts("0.9"), "prior": .acts("a100-sxm4-80gb"), "fresh": .acts(beside: "--prior h100-sxm"),
      "output": .acts(files.second),
      "given": .acts("\(files.given),kv_dtype=fp8", line: "--steps \(files.benchmark) --given \(files.given)"),
      "conventions": .acts("exact,llm-counts"), "note-intermediate": .acts("4096"),
      "compare": .acts(files.listing), "expect-parameters": .acts("7"), "self-test": .acts(),
      "stub": .acts(files.output), "device": .refused("7"), "kernel": .acts("rmsnorm"), "suite": .acts("kernels"),
      "kernels": .acts(files.kernels), "modes": .acts("hot"), "gemm": .acts("own"), "page-size": .acts("16"),
      "resume": .refused(), "where": .acts("batch>4"), "pareto": .acts(), "best": .acts(),
      "by": .acts("ttft", beside: "--best"), "slo": .acts("ttft=1"), "stdin": .acts(), "shard": .acts("2/2"),
      "load": .acts("static", line: "\(requests) --load closed --concurrency 3"),
      "concurrency": .acts("5", line: "\(requests) --load static --concurrency 3"),
      "arrival": .acts("9", line: "\(requests) --arrival 3"),
      "seed": .acts("9", line: "\(requests) --arrival 300 --seed 1"),
      "requests": .acts("40", line: "\(requests) --arrival 300"),
      "warm-up": .acts("0", line: "\(requests) --load closed --concurrency 3 --max-num-batched-tokens 64"),
      "max-num-seqs": .acts("2", line: "\(requests) --load closed --concurrency 3"),
      "max-num-batched-tokens": .acts("40", line: "\(requests) --load closed --concurrency 3"),
      "kind": .acts("layer"), "over": .acts("context", beside: "--kind latency"),
      "yes": OptionTrial(expectation: .isIdle(because: "a short sweep needs no consent")),
    ]
    let cut = "\(model) --operator"
    let unmarked = "\(files.unmarkedTrace) --model llama-3.2-1b --batch 16"
    special = [
      "import operators": .acts("separate"), "import dp": .refused("2"), "import by": .acts("kernel"),
      "import mla": .acts("naive", beside: "--model \(files.latent) --tp 8"),
      "import prompt": .acts("80", line: unmarked),
      "import cached-prefix": .acts("32", line: "\(unmarked) --prompt 64"),
      "import phase": .acts("decode", line: "\(unmarked) --prompt 64"), "import names": .acts(files.names),
      "import columns": .acts("all", beside: "--time calibrated"),
      "analyze training": .acts(beside: "", line: "\(device) --sequence 32"),
      "analyze sequence": .acts("96", line: training),
      "explain training": .acts(line: "\(device) --sequence 32 --operator q_proj"),
      "explain sequence": .acts("96", line: "\(training) --operator q_proj"),
      "explain context": .acts("99", line: "\(cut) qk_matmul"),
      "explain operators": .acts("fused", line: "\(cut) rotary"),
      "explain mla": .acts("absorbed", beside: "--model \(files.latent) --tp 8", line: "\(cut) layer"),
      "explain sequence-parallel": .acts(beside: "--tp 2", line: "\(cut) attn_norm"),
      "explain dp": .acts("2", line: "\(model) --generate 4 --operator generation"),
      "explain generate": .acts("8", line: "\(model) --generate 4 --operator generation"),
      "explain ep": .acts("2", beside: moe, line: "\(cut) layer"),
      "explain expert-load": .acts("8", beside: moe, line: "\(cut) layer"),
      "explain head": .acts("all", line: "\(cut) lm_head"),
      "explain engine": .acts("vllm-0.11", line: "\(cut) o_proj"),
      "explain cached-prefix": .acts("32", line: "\(cut) qk_matmul"), "explain every-step": .refused(),
      "explain accepted": .refused("1.5", beside: "--model \(files.latent) --draft 1"), "explain units": .refused(),
      "explain draft": .acts("1", beside: "--model \(files.latent)", line: "\(cut) layer"),
      "explain images": .acts("480x480", beside: "--model \(files.images)", line: "\(cut) vision_qkv_proj"),
      "explain ceilings": .refused(files.ceilings),
      "explain convention": .acts("notes-003", line: "\(cut) o_proj"),
      "explain kv-dtype": .acts("fp8", line: "\(cut) qk_matmul"),
      "explain vector-peak": .acts("1e11", line: "\(cut) attn_norm"),
      "explain special-peak": .acts("1e11", line: "\(cut) softmax"),
      "explain link": .acts("1e11", beside: "--tp 2", line: "\(cut) attn_all_reduce"),
      "explain link-latency": .acts("1e-6", beside: "--tp 2", line: "\(cut) attn_all_reduce"),
      "explain launch": .acts("eager", beside: "--time calibrated", line: "\(cut) attn_norm"),
      "explain family": .acts(
        "attention=trtllm", beside: "--time calibrated --operators fused", line: "\(cut) attention"),
      "explain pages": .acts("vllm", line: "\(cut) footprint"),
      "explain reserve": .acts("1GB", line: "\(cut) footprint"),
      "explain memory": .acts("40GB", line: "\(cut) footprint"),
      "explain observations": .acts(files.observations, beside: "--time anchored", line: "\(cut) attn_norm"),
      "footprint micro-batches": .acts("4", beside: "--pp 2 --batch 8"),
      "compare context": .acts("299"), "compare micro-batches": .acts("4", beside: "--pp 2 --batch 8"),
      "compare columns": .acts("all", beside: "--model \(files.long)"),
      "validate columns": .acts("all", beside: "--observations \(files.wide)"),
      "calibrate columns": .acts("all", beside: "--output \(files.longOutput)"), "diff columns": .acts("all"),
      "sensitivity dp": .refused("2"),
      "mfu convention": .acts("torchtitan"),
      "kernel kv-dtype": .acts("fp8", line: attention),
      "kernel vector-peak": .acts("1e11", line: "rmsnorm rows=64 width=64 --dtype fp16 --hardware h100-sxm"),
      "kernel special-peak": .acts("1e11", line: "softmax rows=64 width=64 --dtype fp16 --hardware h100-sxm"),
      "kernel link": .acts("1e11", line: "all_reduce ranks=4 bytes=1000 --hardware h100-sxm"),
      "kernel board": .acts("4", line: "all_reduce ranks=4 bytes=1000 --hardware h100-pcie"),
      "kernel link-latency": .acts("1e-6", line: "all_reduce ranks=4 bytes=1000 --hardware h100-sxm"),
      "kernel residency": .acts("warm", beside: "--time calibrated", line: attention),
      "kernel family": .acts("attention=trtllm", beside: "--time calibrated", line: attention),
      "kernel columns": .acts(
        "all", line: "\(attention) --time calibrated --family attention=sglang-flashinfer --residency warm"),
      "compare observations": .acts(files.others), "compare calibration": .acts(files.calibration),
      "compare hardware": .refused("a100-sxm4-80gb"), "compare dp": .refused("2"),
      "compare dtype": .acts("fp32"), "compare kv-dtype": .acts("fp8", beside: "--operators fused"),
      "compare expert-load": OptionTrial(
        beside: moe, value: "8", expectation: .isIdle(because: "no row of experts is measured")),
      "validate observations": .acts(files.others), "validate hardware": .refused("a100-sxm4-80gb"),
      "validate steps": .acts(files.steps, line: ""), "compare steps": .acts(files.steps, line: ""),
      "calibrate steps": .acts(files.manySteps, line: "--output \(files.output)"),
      "calibrate given": .refused("kv_dtype=fp8"),
      "calibrate engine": .acts("vllm-0.5", line: "--steps \(files.manySteps) --output \(files.output)"),
      "validate time": .acts("ideal"),
      "validate calibration": .acts(files.calibration),
      "validate residency": .acts("serving", beside: "--observations \(files.products)"),
      "validate interval": .acts("0.8"),
      "calibrate observations": .acts(files.others), "calibrate hardware": .refused("a100-sxm4-80gb"),
      "diff operators": .refused("fused"), "diff dtype": .refused("fp8"), "diff weight-dtype": .refused("fp8"),
      "diff activation-dtype": .refused("fp8"), "diff kv-dtype": .refused("fp8"),
      // What they do to a model's rows is tested where those are measured, which takes long.
      "measure model": .refused("llama-3.2-1b"), "measure suite": .refused("kernels"),
      "measure kernels": .refused(files.kernels), "measure set": .refused("hidden_size=64"),
      "measure strict": .refused(), "measure tp": .refused("2"), "measure batch": .refused("2"),
      "measure prompt": .refused("2"), "measure context": .refused("9"), "measure operators": .refused("fused"),
      "measure mla": .refused("naive"), "measure sequence-parallel": .refused(), "measure pp": .refused("2"),
      "measure micro-batches": .refused("2"), "measure dp": .refused("2"), "measure ep": .refused("2"),
      "measure dp-attention": .refused(), "measure expert-load": .refused("8"), "measure phase": .refused("decode"),
      "measure kernel": .acts("rmsnorm", line: "rows=2 width=64 --dtype fp16 --output \(files.output)"),
      "measure external": .refused("false"), "measure timeout": .refused("5"),
      "measure dtype": .acts("bf16"), "measure weight-dtype": .refused("fp8"),
      "measure activation-dtype": .acts("fp8"),
      "sweep by": .acts("batch", line: "\(device) --prompt 64 --batch 1,4 --best"),
      "sweep memory": .acts("1GB"), "sweep generate": .acts("40"),
      "sweep residency": .acts("warm", beside: "--time calibrated --operators fused --batch 64"),
      // Where eager constants lack, rows say that those of graphs stand in for them.
      "sweep launch": .acts("eager", beside: "--time calibrated"),
      "sweep format": .acts("jsonl"),
      "plot training": .acts(line: "\(device) --sequence 32"), "plot sequence": .acts("96", line: training),
      // Each acts in a picture of another kind.
      "plot generate": .refused("40"), "plot interval": .refused("0.8"), "plot operator": .refused("q_proj"),
      "plot pages": .refused("vllm"), "plot reserve": .refused("1GB"), "plot memory": .refused("40GB"),
      "plot prior": .refused("a100-sxm4-80gb"), "plot where": .refused("fits"),
      "report training": .acts(line: "\(device) --sequence 32"), "report sequence": .acts("96", line: training),
      "measure kv-dtype": .refused("fp8"),
      "measure gemm": .refused("own"), "measure page-size": .refused("16"),
    ]
    // Loads act in a picture of another kind than the usual one, too.
    for option in LoadOptions.all {
      guard let trial = general[option.name], let line = trial.line, let value = trial.value else { continue }
      special["plot \(option.name)"] = .acts(value, line: "\(line) --kind latency")
    }
  }
}
