/// How tensors of a listing differ from the model's: one difference, over all layers where it is the same.
package struct WeightDifference: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Each KV head stands there several times, as often as query heads share it or a divisor of that.
    case repeatedKeyValueHeads
    /// Inputs × outputs instead of outputs × inputs.
    case transposed
    /// A head of its own although the configuration ties it to the embedding.
    case untiedHead
    case missing
    case extra
    case otherShape
  }

  package let kind: Kind
  /// The tensor's name, `N` for the layer's number.
  package let template: String
  /// nil where the model has no such tensor.
  package let expected: [UInt64]?
  /// nil where the listing has none.
  package let found: [UInt64]?
  /// Ascending; empty outside the layers.
  package internal(set) var layers: [UInt64]
  /// How many tensors differ this way.
  package internal(set) var count = 1

  /// How often each KV head stands there.
  package var repetitions: UInt64? {
    guard kind == .repeatedKeyValueHeads, let rows = found?.first, let wanted = expected?.first, wanted > 0 else {
      return nil
    }
    return rows / wanted
  }

  /// The layers as ranges, in which one may stand alone.
  package var layerRanges: [ClosedRange<UInt64>] {
    var ranges: [ClosedRange<UInt64>] = []
    for layer in layers {
      if let last = ranges.last, layer > 0, last.upperBound == layer - 1 {
        ranges[ranges.count - 1] = last.lowerBound...layer
      } else {
        ranges.append(layer...layer)
      }
    }
    return ranges
  }
}
