import RooflineCore
import RooflineTimeModels

/// The GEMM constants and facts of time-model.md, typed from its tables.
enum PrintedGEMM {
  static let a100Facts = DeviceFacts(
    tensor: 312e12, bandwidth: 2039e9, streamingMultiprocessors: 108, clock: 1.41e9, l2: 40e6, link: 300e9)
  static let h100Facts = DeviceFacts(
    tensor: 989e12, bandwidth: 3350e9, streamingMultiprocessors: 132, clock: 1.83e9, l2: 50e6, link: 450e9)
  static let l40sFacts = DeviceFacts(
    tensor: 362.05e12, bandwidth: 864e9, streamingMultiprocessors: 142, clock: 2.49e9, l2: 96e6)

  static let a100 = GEMMConstants(
    launch: 1.83, waveFill: 1.85, epilogue: 12.2, burst: 1.0, sustained: 0.890, clockHalfTime: 6481, bandwidth: 0.782,
    l2: 31.9, splitK: 2.11, residency: 0.65)
  static let h100 = GEMMConstants(
    launch: 2.55, waveFill: 0.145, epilogue: 17.8, burst: 1.0, sustained: 0.748, clockHalfTime: 576, bandwidth: 0.854,
    l2: 45.9, splitK: 2.58, residency: 0.5)
  static let l40s = GEMMConstants(
    launch: 0.485, waveFill: 1.17, epilogue: 6.02, burst: 0.956, sustained: 0.564, clockHalfTime: 323,
    bandwidth: 0.765, l2: 13.7, splitK: 2.02, residency: 1.0)

  /// Named as the data files name the GPUs.
  static let models: [String: GEMMTimeModel] = [
    "a100_sxm": GEMMTimeModel(a100Facts, a100, .ampere),
    "h100_sxm": GEMMTimeModel(h100Facts, h100, .hopper),
    "l40s": GEMMTimeModel(l40sFacts, l40s, .ada),
  ]
}
