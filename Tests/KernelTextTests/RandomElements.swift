import TestSupport

/// Random elements, the same in every run.
struct RandomElements {
  private var generator: SeededGenerator

  init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

  /// Values that the format has, so that a reference reads what the kernel reads.
  mutating func next(_ count: Int, _ format: KernelFormat, in range: ClosedRange<Double> = -2...2) -> [Double] {
    (0..<count).map { _ in format.rounded(Double.random(in: range, using: &generator)) }
  }
}
