/// What the reference table was made from, typed from the contract's section "The reference table".
enum ReferenceWorkload {
  static let batch: UInt64 = 20
  static let prompt: UInt64 = 1024
  static let generated: UInt64 = 1024
  static let tensorParallel: UInt64 = 8

  // Llama-2-70B; with an intermediate size of 32768 instead of 28672.
  static let hidden: UInt64 = 8192
  static let heads: UInt64 = 64
  static let keyValueHeads: UInt64 = 8
  static let headDim: UInt64 = 128
  static let intermediate: Int64 = 32768

  // A100-SXM4-40GB: 312 TFLOP/s and 1555 GB/s, of which 0.9 are reached.
  static let hardware = "a100-sxm4-40gb"
  static let efficiency = 0.9
  static let peak = 312e12 * efficiency
  static let bandwidth = 1555e9 * efficiency
}
