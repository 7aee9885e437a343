import RooflineCore

/// A decoder with dimensions that cannot be mistaken for each other, and the passes that laws compare.
package struct TinyModel {
  package let name: String
  package let model: DecoderModel
  /// Found by dealing heads and columns out on paper.
  package let legalDegrees: [UInt64]

  package static let all: [TinyModel] = [
    TinyModel(
      name: "grouped",
      model: DecoderModel(
        hiddenSize: 35, intermediateSize: 84, numHiddenLayers: 3, numAttentionHeads: 12, numKeyValueHeads: 4,
        headDim: 6, vocabSize: 101),
      legalDegrees: [1, 2, 4, 12]),
    TinyModel(
      name: "multi-query",
      model: DecoderModel(
        hiddenSize: 22, intermediateSize: 66, numHiddenLayers: 5, numAttentionHeads: 6, numKeyValueHeads: 1,
        headDim: 10, vocabSize: 97),
      legalDegrees: [1, 2, 3, 6]),
    TinyModel(
      name: "multi-head with biases",
      model: DecoderModel(
        hiddenSize: 33, intermediateSize: 70, numHiddenLayers: 2, numAttentionHeads: 10, numKeyValueHeads: 10,
        headDim: 14, vocabSize: 89, hasQueryKeyValueBias: true, hasOutputBias: true, hasMLPBias: true),
      legalDegrees: [1, 2, 5, 10]),
  ]

  package static func workload(
    _ operatorSet: OperatorSet, batch: UInt64 = 3, prompt: UInt64 = 7, context: UInt64 = 11, degree: UInt64 = 1,
    _ formats: NumberFormats = NumberFormats(.bf16)
  ) -> Workload {
    Workload(
      batch: batch, prompt: prompt, context: context, tensorParallel: degree, operatorSet: operatorSet,
      formats: formats)
  }

  package static func analysis(_ model: DecoderModel, _ phase: Phase, _ workload: Workload) -> PhaseAnalysis {
    var rates = DeviceRates()
    for dtype in DType.allCases { rates[tensor: dtype] = 1009 }
    (rates.vector, rates.special, rates.bandwidth, rates.link) = (101, 11, 53, 7)
    return PhaseAnalysis(model, DecoderStep(phase, workload), rates: rates, time: IdealTime(overlap: .max))
  }

  package static func rows(_ model: DecoderModel, _ phase: Phase, _ workload: Workload) -> [OperatorName: RowPrediction]
  {
    let rows = analysis(model, phase, workload).operators
    return Dictionary(rows.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Every model in both phases and cut into both sets of operators.
  package static func forEachPass(_ body: (DecoderModel, Phase, OperatorSet, _ name: String) throws -> Void) rethrows {
    for tiny in all {
      for phase in Phase.allCases {
        for operatorSet in OperatorSet.allCases {
          try body(tiny.model, phase, operatorSet, "\(tiny.name) \(phase) \(operatorSet)")
        }
      }
    }
  }
}

extension Count {
  /// The value added up `count` times.
  package func times(_ count: UInt64) -> Count { (0..<count).reduce(0) { sum, _ in sum + self } }
}

extension OperatorCost {
  /// Everything that is counted.
  package var counts: [Count] {
    [flops.tensor, flops.vector, flops.special, wireBytes, wireSteps] + TrafficClass.allCases.map { traffic[$0] }
  }
}
