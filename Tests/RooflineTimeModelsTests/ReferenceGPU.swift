import RooflineCore
import RooflineTimeModels
import TestSupport
import XCTest

/// The GPUs of the reference tables, with the facts that their documents print.
struct ReferenceGPU {
  let facts: DeviceFacts
  let generation: GPUGeneration
  /// Share of L2 in which weights stay.
  let residency: Double

  static let all: [String: ReferenceGPU] = [
    "a100_sxm": ReferenceGPU(
      facts: DeviceFacts(
        tensor: 312e12, bandwidth: 2039e9, streamingMultiprocessors: 108, clock: 1.41e9, l2: 40e6),
      generation: .ampere, residency: 0.65),
    "h100_sxm": ReferenceGPU(
      facts: DeviceFacts(
        tensor: 989e12, bandwidth: 3350e9, streamingMultiprocessors: 132, clock: 1.83e9, l2: 50e6),
      generation: .hopper, residency: 0.5),
    "l40s": ReferenceGPU(
      facts: DeviceFacts(
        tensor: 362.05e12, bandwidth: 864e9, streamingMultiprocessors: 142, clock: 2.49e9, l2: 96e6),
      generation: .ada, residency: 1),
  ]
}

extension SharedTable.Row {
  /// nil where the column is empty.
  func given(_ column: String) throws -> Double? { try text(column).isEmpty ? nil : try number(column) }
}
