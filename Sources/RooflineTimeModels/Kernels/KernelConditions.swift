/// What decides a kernel's time beside its operator.
package struct KernelConditions: Hashable, Sendable {
  package var cache: CacheState
  package var launch: Launch
  /// Of a GEMM: how many weights like its own pass through L2 between two uses of it; nil: as many as the state of the cache says.
  package var copies: Double?
  /// Of a product of low precision: whether the norm or activation before it writes its input quantised, so that no kernel of its own
  /// does.
  package var fusesQuantization: Bool
  /// Of a decode step's attention: versions of its kernel whose times are not those of the constants.
  package var decodeVersions: [DecodeVersion]

  package init(
    _ cache: CacheState = .serving, launch: Launch = .graph, copies: Double? = nil, fusesQuantization: Bool = false,
    decodeVersions: [DecodeVersion] = []
  ) {
    self.decodeVersions = decodeVersions
    self.cache = cache
    self.launch = launch
    self.copies = copies
    self.fusesQuantization = fusesQuantization
  }

  /// The same under another state of the cache, whatever number of weights was given.
  package func with(_ cache: CacheState) -> KernelConditions {
    KernelConditions(cache, launch: launch, fusesQuantization: fusesQuantization, decodeVersions: decodeVersions)
  }
}

/// What lies in L2 when a kernel starts.
package enum CacheState: String, Hashable, Sendable, CaseIterable {
  /// A real step: weights and the KV cache come from DRAM, what the kernel before wrote may be in L2.
  case serving
  /// A benchmark that calls the same kernel on the same tensors again and again.
  case warm
}

/// How kernels are started, which decides what a call costs beside its work.
package enum Launch: String, Hashable, Sendable, CaseIterable {
  /// From a CUDA graph, or timed without launch gaps.
  case graph
  /// One call after another from Python.
  case eager

  /// - Parameter timing: as measured data say it.
  package init(timing: String) { self = timing == "eager" ? .eager : .graph }
}
