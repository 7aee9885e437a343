import RooflineCore

/// Something wrong with a GPU, its driver, or a library of CUDA. Values only; `RooflineReport` turns them into sentences.
///
/// A machine without a GPU is no fault: see `DeviceInventory`.
package enum GPUFault: Error, Hashable, Sendable {
  /// A call answered an error: its code, and CUDA's name for it where the driver knows one.
  case call(_ call: String, code: Int32, name: String?)
  /// A call answered success and nothing with it, which its documentation excludes.
  case noAnswer(call: String)
  /// A driver's time of a kernel that no kernel takes: not a number, not above zero, or beyond `SampleStatistics.plausible`; s.
  case implausibleTime(Double)
  /// The library lacks a function that every version in use has.
  case missingFunction(library: String, function: String)
  /// The driver is older than the functions that are needed.
  case oldDriver(library: String, version: CUDAVersion, minimum: CUDAVersion)
  /// No library of that kind could be opened.
  case noLibrary(LibraryFinding)
  /// NVRTC refused a kernel.
  case compilation(file: String, architecture: String, log: String)
  /// A kernel's result is not what it must be, or it wrote where it must not.
  case wrongResult(kernel: String, detail: String)
  /// There is no GPU of that number.
  case noSuchDevice(ordinal: Int, count: Int)
  /// What the library or the GPU cannot compute, and why, a clause.
  case unsupported(String, reason: String)
}
