import CGPUABI
import RooflineCore
import RooflineMeasurement

/// cuBLASLt, the library whose matrix products are timed beside our own kernels. `MatrixPlanner` calls it.
package struct MatrixLibrary: Sendable {
  package let finding: LibraryFinding

  // Since CUDA 11.4.
  private let statusName: abi_cublasLtGetStatusName?
  let create: abi_cublasLtCreate
  let destroy: abi_cublasLtDestroy
  let layoutCreate: abi_cublasLtMatrixLayoutCreate
  let layoutDestroy: abi_cublasLtMatrixLayoutDestroy
  let layoutSet: abi_cublasLtMatrixLayoutSetAttribute
  let operationCreate: abi_cublasLtMatmulDescCreate
  let operationDestroy: abi_cublasLtMatmulDescDestroy
  let operationSet: abi_cublasLtMatmulDescSetAttribute
  let preferenceCreate: abi_cublasLtMatmulPreferenceCreate
  let preferenceDestroy: abi_cublasLtMatmulPreferenceDestroy
  let preferenceSet: abi_cublasLtMatmulPreferenceSetAttribute
  let heuristic: abi_cublasLtMatmulAlgoGetHeuristic
  let configurationGet: abi_cublasLtMatmulAlgoConfigGetAttribute
  let multiply: abi_cublasLtMatmul

  /// The first cuBLASLt that the driver accepts; a newer major version cannot be used with it.
  ///
  /// - Throws: `GPUFault.noLibrary` where none is there, or all are too new.
  package init(environment: [String: String], driver: CUDAVersion) throws(GPUFault) {
    let (library, finding) = try MatrixLibrary.open(environment, driver)
    self.finding = finding
    statusName = library.optionalFunction("cublasLtGetStatusName")
    create = try library.function("cublasLtCreate")
    destroy = try library.function("cublasLtDestroy")
    layoutCreate = try library.function("cublasLtMatrixLayoutCreate")
    layoutDestroy = try library.function("cublasLtMatrixLayoutDestroy")
    layoutSet = try library.function("cublasLtMatrixLayoutSetAttribute")
    operationCreate = try library.function("cublasLtMatmulDescCreate")
    operationDestroy = try library.function("cublasLtMatmulDescDestroy")
    operationSet = try library.function("cublasLtMatmulDescSetAttribute")
    preferenceCreate = try library.function("cublasLtMatmulPreferenceCreate")
    preferenceDestroy = try library.function("cublasLtMatmulPreferenceDestroy")
    preferenceSet = try library.function("cublasLtMatmulPreferenceSetAttribute")
    heuristic = try library.function("cublasLtMatmulAlgoGetHeuristic")
    configurationGet = try library.function("cublasLtMatmulAlgoConfigGetAttribute")
    multiply = try library.function("cublasLtMatmul")
  }

  private static func open(
    _ environment: [String: String], _ driver: CUDAVersion
  ) throws(GPUFault) -> (library: SharedLibrary, finding: LibraryFinding) {
    var none = LibraryFinding(name: "cuBLASLt")
    for path in LibrarySearch(environment: environment).cuBLASLt {
      do {
        let library = try SharedLibrary("cuBLASLt", candidates: [path])
        let readVersion: abi_cublasLtGetVersion = try library.function("cublasLtGetVersion")
        let number = Int(readVersion())
        let version = MatrixLibrary.version(number: number)
        guard number / 10000 > driver.major else {
          var finding = library.finding
          finding.version = version
          return (library, finding)
        }
        none.searched.append(
          LibraryFinding.Attempt(
            path: path, reason: "cuBLASLt \(version) is newer than the driver's CUDA \(driver)"))
      } catch {
        guard case .noLibrary(let failed) = error else { throw error }
        none.searched += failed.searched
      }
    }
    throw .noLibrary(none)
  }

  /// e.g. 130100 is 13.1.0.
  package static func version(number: Int) -> String { "\(number / 10000).\(number / 100 % 100).\(number % 100)" }

  /// Turns a status that is an error into a fault with cuBLASLt's name for it.
  func check(_ status: abi_cublasStatus_t, _ call: @autoclosure () -> String) throws(GPUFault) {
    guard status != Int32(abi_CUBLAS_STATUS_SUCCESS) else { return }
    throw .call(call(), code: status, name: statusName?(status).map { String(cString: $0) })
  }
}
