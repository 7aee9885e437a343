import RooflineCore

/// How a library's kernels cut the work: facts of their source code, not fitted.
package protocol KernelCut: Hashable, Sendable {
  /// What is known by a library's name, where no calibration tells.
  static func standard(_ key: KernelKey) -> Self

  /// - Parameter entry: of a calibration file, whose `cut` it is.
  /// - Throws: `InputError` for what is missing, unknown or wrong.
  init(entry: JSONObject) throws(InputError)

  /// As a file states it, without what stands where it says nothing; empty where there is nothing to state.
  var fields: [(key: String, value: JSONValue)] { get }
}

/// The cut of kernels of which nothing need be known.
package struct WholeKernel: KernelCut {
  package init() {}
  package init(entry: JSONObject) {}
  package static func standard(_ key: KernelKey) -> WholeKernel { WholeKernel() }
  package var fields: [(key: String, value: JSONValue)] { [] }
}
