import RooflineCore

/// Whether a library of NVIDIA's was found, and where it was looked for.
package struct LibraryFinding: Hashable, Sendable {
  /// `CUDA driver`, `NVRTC`, `cuBLASLt`, `NVML`.
  package var name: String
  /// What was opened: a file, or a name that the system's loader knew; nil where nothing was.
  package var path: String?
  package var version: String?
  /// What was tried before, in order, with the loader's reason.
  package var searched: [Attempt]
  /// Why a library that was found cannot be used, a clause.
  package var problem: String?

  package struct Attempt: Hashable, Sendable {
    package var path: String
    package var reason: String

    package init(path: String, reason: String) {
      self.path = path
      self.reason = reason
    }
  }

  package init(
    name: String, path: String? = nil, version: String? = nil, searched: [Attempt] = [], problem: String? = nil
  ) {
    self.name = name
    self.path = path
    self.version = version
    self.searched = searched
    self.problem = problem
  }
}
