/// Which of the algorithms that a library offers for a product is timed.
package enum AlgorithmChoice: Hashable, Sendable, CaseIterable {
  /// The library's own choice, which engines run; of kernels without a choice the only one.
  case own
  /// The fastest of those that it offers.
  case fastest
}
