import RooflineCore
import RooflineMeasurement

/// What NVRTC compiles for, by its name there.
package struct CompilationTarget: Hashable, Sendable {
  /// `sm_90`: machine code; `sm_90a`: machine code with what this generation alone has; `compute_120`: PTX.
  package let architecture: String
  /// Whether the driver makes the machine code, because NVRTC does not know the GPU.
  package let isPTX: Bool

  /// - Parameters:
  ///   - capability: the GPU's.
  ///   - known: what the compiler knows, as it numbers it (90, 121); empty where it does not tell.
  ///   - isSpecific: whether the text needs what a generation alone has (`wgmma`, `setmaxnreg`, tensor memory).
  /// - Throws: `GPUFault.unsupported` where nothing that it compiles runs on the GPU.
  package init(
    _ capability: ComputeCapability, known: [Int], isSpecific: Bool = false
  ) throws(GPUFault) {
    let number = capability.major * 10 + capability.minor
    guard !known.isEmpty, !known.contains(number) else {
      // From Hopper on. Such code runs on no other generation, and needs not to.
      architecture = capability.architecture + (isSpecific && capability.major >= 9 ? "a" : "")
      isPTX = false
      return
    }
    let what = "kernels for compute capability \(capability)"
    guard !isSpecific else {
      throw .unsupported(
        what, reason: "NVRTC does not know it, and the kernel needs what it alone has; install a newer NVRTC")
    }
    guard let newest = known.filter({ $0 < number }).max() else {
      let least = known.min() ?? 0
      throw .unsupported(
        what, reason: "this NVRTC compiles for \(least / 10).\(least % 10) and newer; install an older one")
    }
    architecture = "compute_\(newest)"
    isPTX = true
  }
}
