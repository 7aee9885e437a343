import RooflineCore

/// A time model whose constants calibrations hold. It is asked with its own type known, so that a pass over many rows stays fast.
package protocol CalibratedModel: KernelTimeModel {
  static func timing(of value: Operator<Count>, by time: CalibratedTime) -> KernelTiming?
}

extension CalibratedModel {
  package static func timing(of value: Operator<Count>, by time: CalibratedTime) -> KernelTiming? {
    time.timing(of: value, by: Self.self)
  }
}

// Here, so that no model needs what stands on all of them; `KernelKind.models` takes no other.
extension GEMMTimeModel: CalibratedModel {}
extension PrefillTimeModel: CalibratedModel {}
extension DecodeTimeModel: CalibratedModel {}
extension RowTimeModel: CalibratedModel {}
extension CollectiveTimeModel: CalibratedModel {}
extension ExpertTimeModel: CalibratedModel {}
extension LowPrecisionTimeModel: CalibratedModel {}
extension VectorProductTimeModel: CalibratedModel {}
extension AllToAllTimeModel: CalibratedModel {}
extension LatentPrefillTimeModel: CalibratedModel {}
extension LatentDecodeTimeModel: CalibratedModel {}
extension LatentProductTimeModel: CalibratedModel {}
extension DeltaChunkTimeModel: CalibratedModel {}
extension DeltaStepTimeModel: CalibratedModel {}
extension ConvolutionTimeModel: CalibratedModel {}
extension IndexScoresTimeModel: CalibratedModel {}
extension TopKTimeModel: CalibratedModel {}
extension SparseAttentionTimeModel: CalibratedModel {}
