import CGPUABI
import RooflineCore
import RooflineMeasurement

/// NCCL, whose collectives between GPUs are timed.
package struct CollectiveLibrary: Sendable {
  package let finding: LibraryFinding

  private let errorString: abi_ncclGetErrorString?
  let initializeAll: abi_ncclCommInitAll
  let destroy: abi_ncclCommDestroy
  let groupStart: abi_ncclGroup
  let groupEnd: abi_ncclGroup
  let allReduce: abi_ncclReduce
  let reduceScatter: abi_ncclReduce
  let allGather: abi_ncclAllGather

  /// - Throws: `GPUFault.noLibrary` where none is there.
  package init(environment: [String: String]) throws(GPUFault) {
    let library = try SharedLibrary("NCCL", candidates: LibrarySearch(environment: environment).nccl)
    errorString = library.optionalFunction("ncclGetErrorString")
    initializeAll = try library.function("ncclCommInitAll")
    destroy = try library.function("ncclCommDestroy")
    groupStart = try library.function("ncclGroupStart")
    groupEnd = try library.function("ncclGroupEnd")
    allReduce = try library.function("ncclAllReduce")
    reduceScatter = try library.function("ncclReduceScatter")
    allGather = try library.function("ncclAllGather")
    var finding = library.finding
    var number: Int32 = 0
    if let readVersion: abi_ncclGetVersion = library.optionalFunction("ncclGetVersion"), readVersion(&number) == 0 {
      finding.version = CollectiveLibrary.version(number: Int(number))
    }
    self.finding = finding
  }

  /// e.g. 22703 is 2.27.3; before 2.9, 2804 is 2.8.4.
  package static func version(number: Int) -> String {
    let scale = number >= 10000 ? 10000 : 1000
    return "\(number / scale).\(number % scale / 100).\(number % 100)"
  }

  /// Turns a result that is an error into a fault with NCCL's words for it.
  func check(_ result: abi_ncclResult_t, _ call: @autoclosure () -> String) throws(GPUFault) {
    guard result != Int32(abi_ncclSuccess) else { return }
    throw .call(call(), code: result, name: errorString?(result).map { String(cString: $0) })
  }
}
