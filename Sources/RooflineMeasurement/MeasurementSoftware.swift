import RooflineCore

/// Versions that a measured time depends on.
public struct MeasurementSoftware: Hashable, Sendable {
  /// The newest CUDA that the driver runs.
  public var driver: CUDAVersion
  /// NVRTC, which compiled the kernels.
  public var compiler: CUDAVersion
  /// cuBLASLt; nil where it is missing.
  public var matrixLibrary: String?
  /// The driver's own version, as NVML tells it.
  public var management: String?

  public init(driver: CUDAVersion, compiler: CUDAVersion, matrixLibrary: String?, management: String?) {
    self.driver = driver
    self.compiler = compiler
    self.matrixLibrary = matrixLibrary
    self.management = management
  }
}
