import RooflineCore

/// Whether a library of NVIDIA's was found, and where it was looked for.
public struct LibraryFinding: Hashable, Sendable {
  /// `CUDA driver`, `NVRTC`, `cuBLASLt`, `NVML`.
  public var name: String
  /// What was opened: a file, or a name that the system's loader knew; nil where nothing was.
  public var path: String?
  public var version: String?
  /// What was tried before, in order, with the loader's reason.
  public var searched: [Attempt]
  /// Why a library that was found cannot be used, a clause.
  public var problem: String?

  public struct Attempt: Hashable, Sendable {
    public var path: String
    public var reason: String

    public init(path: String, reason: String) {
      self.path = path
      self.reason = reason
    }
  }

  public init(
    name: String, path: String? = nil, version: String? = nil, searched: [Attempt] = [], problem: String? = nil
  ) {
    self.name = name
    self.path = path
    self.version = version
    self.searched = searched
    self.problem = problem
  }
}
