import RooflineCore
import XCTest

/// The dimensions of models whose layers are equal and dense, to be read and changed one at a time.
extension DecoderModel {
  /// Fails the test where the model is another.
  package var dense: DenseDimensions {
    get throws { try XCTUnwrap(DenseDimensions(self), "layers differ, or are of another kind") }
  }

  package var numAttentionHeads: UInt64 {
    get { attention.numHeads }
    set { attention.numHeads = newValue }
  }

  package var numKeyValueHeads: UInt64 {
    get { attention.numKeyValueHeads }
    set { attention.numKeyValueHeads = newValue }
  }

  package var headDim: UInt64 { attention.headDim }

  package var hasQueryKeyValueBias: Bool {
    get { attention.hasQueryKeyValueBias }
    set { attention.hasQueryKeyValueBias = newValue }
  }

  package var hasOutputBias: Bool {
    get { attention.hasOutputBias }
    set { attention.hasOutputBias = newValue }
  }

  package var intermediateSize: UInt64 {
    get { groups[0].feedForward?.intermediateSize ?? 0 }
    set {
      changeMLP { gated in
        gated.intermediateSize = newValue
      } plain: { plain in
        plain.intermediateSize = newValue
      }
    }
  }

  package var hasMLPBias: Bool {
    get { groups[0].feedForward?.hasBias ?? false }
    set {
      changeMLP { gated in
        gated.hasBias = newValue
      } plain: { plain in
        plain.hasBias = newValue
      }
    }
  }

  private var attention: GroupedQueryAttention {
    get {
      groups[0].mixer?.groupedQuery
        ?? GroupedQueryAttention(numHeads: 0, numKeyValueHeads: 0, headDim: 0, rotaryDim: nil)
    }
    set { groups[0].mixer = .groupedQuery(newValue) }
  }

  private mutating func changeMLP(_ gated: (inout GatedMLP) -> Void, plain: (inout TwoMatrixMLP) -> Void) {
    switch groups[0].feedForward {
    case .gated(var mlp):
      gated(&mlp)
      groups[0].feedForward = .gated(mlp)
    case .twoMatrix(var mlp):
      plain(&mlp)
      groups[0].feedForward = .twoMatrix(mlp)
    case .routed, .denseBesideRouted, nil: break
    }
  }
}
