import RooflineCore

/// A version of CUDA, as its driver and compiler state theirs.
public struct CUDAVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
  public var major: Int
  public var minor: Int

  public init(major: Int, minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// The driver's way to write it: 1000 × major + 10 × minor (`cuDriverGetVersion`).
  public init(driverNumber: Int) { self.init(major: driverNumber / 1000, minor: driverNumber % 1000 / 10) }

  public static func < (left: CUDAVersion, right: CUDAVersion) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }

  public var description: String { "\(major).\(minor)" }

  /// Which compiler's code a driver takes: the newest whose major version is not above the driver's.
  ///
  /// Within a major version older drivers run newer code (CUDA's minor version compatibility); across one they refuse it.
  ///
  /// - Returns: the index of the compiler, or nil where all are too new.
  public static func newest(_ compilers: [CUDAVersion], acceptedBy driver: CUDAVersion) -> Int? {
    compilers.indices.filter { compilers[$0].major <= driver.major }.max { compilers[$0] < compilers[$1] }
  }
}
