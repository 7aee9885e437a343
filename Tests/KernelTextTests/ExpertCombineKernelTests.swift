import RooflineCore
import XCTest

/// Sums of tokens over their experts.
final class ExpertCombineKernelTests: XCTestCase {
  /// Tokens of none, one and several pairs; widths of whole packs and others; tensors that start anywhere.
  func testTokensOfAnyNumberOfPairs() throws {
    let cases: [(counts: [Int], width: Int, shift: Int, grid: Int)] = [
      ([1], 1, 0, 1), ([2, 2, 2], 64, 0, 1), ([0, 3, 1, 0], 77, 1, 2), ([4, 0, 9], 520, 8, 3), ([2, 2], 264, 4, 1),
    ]
    for (item, format) in product(cases, KernelFormat.floatingPoint) {
      for isWeighted in [true, false] {
        try combine(item.counts, item.width, item.shift, item.grid, format, isWeighted).check()
      }
    }
  }

  private func combine(
    _ counts: [Int], _ width: Int, _ shift: Int, _ blocks: Int, _ format: KernelFormat, _ isWeighted: Bool
  ) -> KernelCase {
    let pairs = counts.reduce(0, +)
    var random = RandomElements(seed: UInt64(pairs * 1000 + width))
    let (input, weights) = (random.next(pairs * width, format), random.next(pairs, format))
    // The last pair first: a token's lie apart from one another and in no order.
    let places = (0..<pairs).map { (pairs - 1 - $0) }
    var (starts, output): ([Int], [Double]) = ([0], [])
    for count in counts {
      let begin = starts[starts.count - 1]
      for column in 0..<width {
        output.append(
          places[begin..<begin + count].reduce(0.0) {
            $0 + input[$1 * width + column] * (isWeighted ? weights[$1] : 1)
          })
      }
      starts.append(begin + count)
    }
    let definition = ExpertCombine<Count>(
      pairs: Count(pairs), rows: Count(counts.count), width: Count(width), isWeighted: isWeighted,
      formats: NumberFormats(format.dtype))
    return KernelCase(
      kernel: "expert_combine_\(format)", grid: (counts.count, blocks), block: 32,
      arguments: [
        .tensor(.input(.input, format, input, shift: shift)),
        isWeighted ? .tensor(.input(.weights, format, weights, shift: shift)) : .uint64(0),
        .tensor(.index("pairs", places, used: pairs)), .tensor(.index("starts", starts, used: starts.count)),
        // Sums of at most 9 products of at most 4, each rounded to a float.
        .tensor(.output(.output, format, output, relativeError: 0, absoluteError: 9 * 36 * 0x1p-24, shift: shift)),
        .int32(width),
      ],
      operands: definition.operands)
  }
}
