import CGPUABI
import RooflineCore

/// cuBLASLt, the library whose matrix products are timed beside our own kernels.
public struct MatrixLibrary: Sendable {
  public let finding: LibraryFinding

  public init(environment: [String: String]) throws(GPUFault) {
    let library = try SharedLibrary("cuBLASLt", candidates: LibrarySearch(environment: environment).cuBLASLt)
    let readVersion: abi_cublasLtGetVersion = try library.function("cublasLtGetVersion")
    var finding = library.finding
    finding.version = MatrixLibrary.version(number: Int(readVersion()))
    self.finding = finding
  }

  /// e.g. 130100 is 13.1.0.
  static func version(number: Int) -> String { "\(number / 10000).\(number / 100 % 100).\(number % 100)" }
}
