import RooflineCore
import RooflineTimeModels

/// The attention constants of time-model.md, typed from its tables: µs and shares.
enum PrintedAttention {
  static let facts: [String: DeviceFacts] = [
    "a100_sxm": PrintedGEMM.a100Facts, "h100_sxm": PrintedGEMM.h100Facts, "l40s": PrintedGEMM.l40sFacts,
  ]
  static let generation: [String: GPUGeneration] = ["a100_sxm": .ampere, "h100_sxm": .hopper, "l40s": .ada]
  /// Tiles for a head dim of 128: "FA3 128x128; FA2 64x64; FlashInfer 128x64 (Ampere), 128x32 (Ada); TRT-LLM 64x32, 128x32 (Hopper)".
  static let cut: [String: PrefillCut] = [
    "a100_sxm vllm-fa2": PrefillCut(queryRows: 64, keys: 64, packsGroup: false, packsSingleQuery: true),
    "a100_sxm sglang": PrefillCut(queryRows: 128, keys: 64, packsGroup: true),
    "a100_sxm trtllm": PrefillCut(queryRows: 64, keys: 32, packsGroup: false),
    "h100_sxm vllm-fa3": PrefillCut(queryRows: 128, keys: 128, packsGroup: true),
    "h100_sxm sglang-fa3": PrefillCut(queryRows: 128, keys: 128, packsGroup: true),
    "h100_sxm trtllm": PrefillCut(queryRows: 128, keys: 32, packsGroup: false),
    "l40s vllm-fa2": PrefillCut(queryRows: 64, keys: 64, packsGroup: false, packsSingleQuery: true),
    "l40s sglang-flashinfer": PrefillCut(queryRows: 128, keys: 32, packsGroup: true),
  ]

  static let prefill: [String: PrefillConstants] = [
    "a100_sxm vllm-fa2": PrefillConstants(
      fixed: 8.7, tensor: 0.61, tile: 2.0, bandwidth: 0.94, token: 3.1, tail: 1.0, sag: 0, residency: 0.29),
    "a100_sxm sglang": PrefillConstants(
      fixed: 11.1, tensor: 0.7, tile: 1.3, bandwidth: 1.31, token: 1.4, tail: 1.0, sag: 0, residency: 0.42),
    "a100_sxm trtllm": PrefillConstants(
      fixed: 11.8, tensor: 0.5, tile: 2.0, bandwidth: 0.71, token: 1.5, tail: 1.0, sag: 0, residency: 0.44),
    "h100_sxm vllm-fa3": PrefillConstants(
      fixed: 10.3, tensor: 0.88, tile: 1.8, bandwidth: 0.7, token: 1.6, tail: 0.7, sag: 0.26, residency: 0.48),
    "h100_sxm sglang-fa3": PrefillConstants(
      fixed: 8.9, tensor: 0.83, tile: 1.2, bandwidth: 0.91, token: 0.65, tail: 0.63, sag: 0.28, residency: 0.45),
    "h100_sxm trtllm": PrefillConstants(
      fixed: 10.6, tensor: 0.63, tile: 2.4, bandwidth: 0.71, token: 0.04, tail: 0.91, sag: 0.04, residency: 0.1),
    "l40s vllm-fa2": PrefillConstants(
      fixed: 4.9, tensor: 0.63, tile: 1.8, bandwidth: 1.18, token: 0.18, tail: 0.95, sag: 0.2, residency: 0.8),
    "l40s sglang-flashinfer": PrefillConstants(
      fixed: 4.0, tensor: 0.65, tile: 0.01, bandwidth: 1.24, token: 0.01, tail: 0.93, sag: 0.04, residency: 0.9),
  ]

  static let decode: [String: (grouped: DecodeConstants, ungrouped: DecodeConstants)] = [
    "a100_sxm vllm-fa2": (
      DecodeConstants(
        fixed: 13.2, combine: 1.2, combinePerSplit: 0.157, cta: 1.04, block: 3.25, bandwidth: 0.93, l2Bandwidth: 0.78,
        residency: 1.3),
      DecodeConstants(
        fixed: 7.6, combine: 0, combinePerSplit: 0, cta: 0.65, block: 2.9, bandwidth: 0.89, l2Bandwidth: 1.2,
        residency: 0.42)
    ),
    "a100_sxm sglang": (
      DecodeConstants(
        fixed: 10.5, combine: 8.4, combinePerSplit: 0.097, cta: 0.02, block: 4.1, bandwidth: 0.54, l2Bandwidth: 0.5,
        residency: 1.39),
      DecodeConstants(
        fixed: 11.1, combine: 7.7, combinePerSplit: 0.12, cta: 0.02, block: 3.9, bandwidth: 0.59, l2Bandwidth: 0.5,
        residency: 1.3)
    ),
    "h100_sxm vllm-fa3": (
      DecodeConstants(
        fixed: 8.5, combine: 1.3, combinePerSplit: 0.052, cta: 2.6, block: 1.3, bandwidth: 0.94, l2Bandwidth: 1.8,
        residency: 0.67),
      DecodeConstants(
        fixed: 8.7, combine: 1.2, combinePerSplit: 0.05, cta: 1.6, block: 2.1, bandwidth: 1.13, l2Bandwidth: 0.79,
        residency: 0.19)
    ),
    "h100_sxm sglang-fa3": (
      DecodeConstants(
        fixed: 6.4, combine: 2.1, combinePerSplit: 0.044, cta: 1.9, block: 1.3, bandwidth: 0.93, l2Bandwidth: 2.0,
        residency: 0.67),
      DecodeConstants(
        fixed: 7.0, combine: 1.8, combinePerSplit: 0.05, cta: 1.3, block: 1.6, bandwidth: 0.97, l2Bandwidth: 1.7,
        residency: 0.67)
    ),
    "h100_sxm trtllm": (
      DecodeConstants(
        fixed: 5.1, combine: 2.9, combinePerSplit: 0.054, cta: 2.5, block: 2.45, bandwidth: 1.12, l2Bandwidth: 2.4,
        residency: 0.17),
      DecodeConstants(
        fixed: 7.8, combine: 5.7, combinePerSplit: 0.03, cta: 0.13, block: 1.35, bandwidth: 0.88, l2Bandwidth: 1.6,
        residency: 0.34)
    ),
    "l40s vllm-fa2": (
      DecodeConstants(
        fixed: 6.8, combine: 2.3, combinePerSplit: 0.082, cta: 1.8, block: 2.4, bandwidth: 0.81, l2Bandwidth: 3.4,
        residency: 0.7),
      DecodeConstants(
        fixed: 4.2, combine: 0, combinePerSplit: 0, cta: 1.6, block: 2.3, bandwidth: 0.84, l2Bandwidth: 4.1,
        residency: 0.71)
    ),
    "l40s sglang-flashinfer": (
      DecodeConstants(
        fixed: 4.1, combine: 3.0, combinePerSplit: 0.028, cta: 0.76, block: 1.1, bandwidth: 0.85, l2Bandwidth: 4.8,
        residency: 0.7),
      DecodeConstants(
        fixed: 4.2, combine: 2.1, combinePerSplit: 0.01, cta: 0.32, block: 0.45, bandwidth: 0.84, l2Bandwidth: 6.1,
        residency: 0.7)
    ),
  ]
}
