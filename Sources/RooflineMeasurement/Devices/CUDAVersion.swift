import RooflineCore

/// A version of CUDA, as its driver and compiler state theirs.
package struct CUDAVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
  package var major: Int
  package var minor: Int

  package init(major: Int, minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// The driver's way to write it: 1000 × major + 10 × minor (`cuDriverGetVersion`).
  package init(driverNumber: Int) { self.init(major: driverNumber / 1000, minor: driverNumber % 1000 / 10) }

  package static func < (left: CUDAVersion, right: CUDAVersion) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }

  package var description: String { "\(major).\(minor)" }

  /// Which compiler's code a driver takes: the newest whose major version is not above the driver's.
  ///
  /// Within a major version older drivers run newer code (CUDA's minor version compatibility); across one they refuse it.
  ///
  /// - Returns: the index of the compiler, or nil where all are too new.
  package static func newest(_ compilers: [CUDAVersion], acceptedBy driver: CUDAVersion) -> Int? {
    compilers.indices.filter { compilers[$0].major <= driver.major }.max { compilers[$0] < compilers[$1] }
  }
}
