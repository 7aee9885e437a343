import RooflineCore
import RooflineMeasurement
import RooflineReport

/// The options that say what is analysed: shared by every command that needs a model on a GPU.
package enum WorkloadOptions {
  static let model = Option.text(
    "model", "NAME|PATH", "a model of the catalog, a config.json, or a folder that holds one",
    suggestions: .models)
  static let hardware = Option.text(
    "hardware", "NAME|PATH", "a GPU of the catalog or a hardware file", suggestions: .hardware)

  static let set = Option(
    "set", "KEY=VALUE", "use this value instead of config.json's (may repeat)", mayRepeat: true
  ) { text throws(InputError) in
    guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
      throw .usage("--set is \"\(text)\"; expected key=value, e.g. intermediate_size=32768")
    }
    let key = String(text[..<equals])
    return ConfigurationOverride(
      key: key, value: try JSONValue(argument: String(text[text.index(after: equals)...]), for: key))
  }

  static let strict = Option.flag("strict", "refuse a config.json with a key that nobody here knows (a note)")
  static let tensorParallel = Option.count("tp", "N", "tensor-parallel degree (1)")
  static let batch = Option.count("batch", "N", "sequences per replica (1)")
  static let prompt = Option.count("prompt", "N", "tokens of the prompt")
  static let cachedPrefix = Option(
    "cached-prefix", "N", "tokens of every sequence in the cache before the prefill, whose new tokens follow (0)"
  ) { text throws(InputError) in
    guard let number = UInt64(text), number < Count.limit else {
      throw .usage("--cached-prefix is \"\(text)\"; expected a whole number of tokens, e.g. 4096")
    }
    return number
  }
  static let context = Option.count(
    "context", "N", "keys a decode step attends to, the new token included (prompt + 1)")
  static let operators = Option<OperatorSet>.choice("operators", "SET", "separate or fused kernels (separate)")
  static let latentAttention = Option<LatentAttentionForm>.choice(
    "mla", "FORM", "latent attention: naive, absorbed, or as engines do in each phase, auto (auto)")
  static let head = Option<HeadTokens>.choice(
    "head", "TOKENS", "logits of the last token of each sequence, or of all: last, all (last)")
  static let sequenceParallel = Option.flag(
    "sequence-parallel", "shard norms and additions over the tensor-parallel ranks")
  static let pipeline = Option.count("pp", "N", "pipeline stages (1)")
  static let microBatches = Option.count(
    "micro-batches", "N", "pieces of the batch in a pipeline (the number of stages)")
  static let data = Option.count("dp", "N", "replicas, each with its own batch (1)")

  static let expertParallel = Option.count("ep", "N", "ranks of --tp among which routed experts are dealt out (1)")
  static let attentionDataParallel = Option.flag(
    "dp-attention", "each rank of --tp has requests of its own; only routed experts are dealt out")
  static let expertLoad = Option.text(
    "expert-load", "HOW", "uniform, balanced, powerA, a number of distinct experts, a file (uniform)")

  static let workload: [any AnyOption] = [
    set, strict, tensorParallel, batch, prompt, context, operators, latentAttention, sequenceParallel, pipeline,
    microBatches, data, expertParallel, attentionDataParallel, expertLoad,
  ]

  static let phase = Option(
    "phase", "PHASE", "prefill, decode or both (both)",
    suggestions: .words({ Phase.allCases.map(\.rawValue) + ["both"] })
  ) { text throws(InputError) in
    if text == "both" { return Phase.allCases }
    guard let phase = Phase(rawValue: text) else {
      throw .usage("--phase is \"\(text)\"; expected prefill, decode or both")
    }
    return [phase]
  }

  static let generate = Option.count("generate", "N", "tokens to generate for every sequence")

  static let dtype = Option<DType>.choice(
    "dtype", "DTYPE", "\(DType.allCases.map(\.rawValue).joined(separator: " ")) (the model's)")
  static let weightDType = Option<DType>.choice("weight-dtype", "DTYPE", "of weights alone")
  static let activationDType = Option<DType>.choice("activation-dtype", "DTYPE", "of GEMM inputs alone")
  static let keyValueDType = Option<DType>.choice("kv-dtype", "DTYPE", "of the KV cache alone")

  static let formats: [any AnyOption] = [dtype, weightDType, activationDType, keyValueDType]

  static let efficiency = Option.share("efficiency", "share of compute rates and bandwidth that is reached (1)")
  static let computeEfficiency = Option.share("compute-efficiency", "of compute rates alone")
  static let memoryEfficiency = Option.share("memory-efficiency", "of the bandwidth alone")
  static let peak = Option.rate("peak", "FLOP/S", "tensor rate instead of the file's, e.g. 312e12")
  static let vectorPeak = Option.rate("vector-peak", "FLOP/S", "CUDA core rate instead of the file's")
  static let specialPeak = Option.rate(
    "special-peak", "OP/S", "special function rate instead of the file's", in: RateOptions.plausibleCompute, "OP/s")
  static let bandwidth = Option.rate(
    "bandwidth", "B/S", "memory bandwidth instead of the file's", in: RateOptions.plausibleBandwidth, "B/s")
  static let link = Option.rate(
    "link", "B/S", "link rate, one direction, instead of the file's", in: RateOptions.plausibleLink, "B/s")
  static let board = Option.count(
    "board", "N", "GPUs that the link joins instead of the file's, or an HGX board's 8; more have no rate")
  static let linkLatency = Option(
    "link-latency", "SECONDS", "what each step of a collective takes beside its bytes (0)"
  ) { text throws(InputError) in
    guard let seconds = Double(text), seconds >= 0, seconds <= 1 else {
      throw .usage("--link-latency is \"\(text)\"; expected seconds from 0 to 1, e.g. 3e-6")
    }
    return seconds
  }
  static let overlap = Option<Overlap>.choice("overlap", "HOW", "max (units and memory overlap) or sum (max)")

  static let rates: [any AnyOption] = [
    efficiency, computeEfficiency, memoryEfficiency, peak, vectorPeak, specialPeak, bandwidth, link, board,
    linkLatency, overlap,
  ]

  package static let format = Option<OutputFormat>.choice(
    "format", "FORMAT", "\(OutputFormat.allCases.map(\.rawValue).joined(separator: ", ")) (text)")
  /// Whether all columns stand in one table.
  static let columns = Option(
    "columns", "WHICH", "fit (120 columns), or all in one table with lines as long as they are (fit)"
  ) {
    text throws(InputError) in
    switch text {
    case "fit": return false
    case "all": return true
    default: throw .usage("--columns is \"\(text)\"; expected fit or all")
    }
  }
  static let help = Option.flag("help", "show this help")

  static let output: [any AnyOption] = [format, columns, help]
}
