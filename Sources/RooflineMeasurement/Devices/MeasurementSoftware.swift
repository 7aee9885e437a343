import RooflineCore

/// Versions that a measured time depends on.
package struct MeasurementSoftware: Hashable, Sendable {
  /// The newest CUDA that the driver runs.
  package var driver: CUDAVersion
  /// NVRTC, which compiled the kernels.
  package var compiler: CUDAVersion
  /// cuBLASLt; nil where it is missing.
  package var matrixLibrary: String?
  /// The driver's own version, as NVML tells it.
  package var management: String?

  /// NCCL; nil where it is missing, or there is one GPU.
  package var collectives: String?

  package init(
    driver: CUDAVersion, compiler: CUDAVersion, matrixLibrary: String?, management: String?, collectives: String? = nil
  ) {
    self.collectives = collectives
    self.driver = driver
    self.compiler = compiler
    self.matrixLibrary = matrixLibrary
    self.management = management
  }
}
