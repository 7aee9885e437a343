import Foundation

/// Textbook attention of one query and head in double precision.
struct AttentionReference {
  let headDim: Int
  let scale: Double
  /// Elements between one key and the next, and between one value and the next.
  let stride: Int

  /// softmax(scale · query · keyᵀ) · value over the keys of `seen`; `first` is where key 0 and value 0 begin.
  func output(
    query: ArraySlice<Double>, keys: UnsafeBufferPointer<Double>, values: UnsafeBufferPointer<Double>, first: Int,
    seen: Range<Int>
  ) -> [Double] {
    let scores = seen.map { key -> Double in
      var sum = 0.0
      var place = first + key * stride
      for element in query {
        sum += element * keys[place]
        place += 1
      }
      return scale * sum
    }
    let top = scores.max() ?? 0
    var output = [Double](repeating: 0, count: headDim)
    var total = 0.0
    for (key, score) in zip(seen, scores) {
      let power = exp(score - top)
      total += power
      let place = first + key * stride
      for column in 0..<headDim { output[column] += power * values[place + column] }
    }
    return output.map { $0 / total }
  }

  /// What the kernels may be off by on top of rounding the output: probabilities are rounded to the format before they weigh
  /// the values, so at most a roundoff of the largest value; the scores' errors in float change them by less than 1e-4.
  static func absoluteError(_ format: KernelFormat, values: ClosedRange<Double>) -> Double {
    (format.roundoff + 1e-4) * max(-values.lowerBound, values.upperBound)
  }
}
