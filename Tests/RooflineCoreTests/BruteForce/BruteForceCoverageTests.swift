import RooflineCore
import TestSupport
import XCTest

final class BruteForceCoverageTests: XCTestCase {
  /// A kind without a loop does not compile here; one whose loop is another kind's fails below.
  private func cases(of kind: OperatorKind) -> [BruteForceCase] {
    switch kind {
    case .gemm: BruteForceGEMMTests.cases
    case .linearGelu: BruteForceLinearGeluTests.cases
    case .qkMatmul: BruteForceAttentionTests.qkMatmulCases
    case .softmax: BruteForceAttentionTests.softmaxCases
    case .svMatmul: BruteForceAttentionTests.svMatmulCases
    case .attention:
      BruteForceAttentionTests.attentionCases + BruteForceLatentAttentionTests.cases
        + BruteForceCompressionTests.attentionCases
    case .rotary: BruteForceRotaryTests.cases
    case .rmsNorm: BruteForceNormTests.rmsNormCases
    case .layerNorm: BruteForceNormTests.layerNormCases
    case .addRMSNorm: BruteForceNormTests.addRMSNormCases
    case .siluAndMul: BruteForceElementwiseTests.siluAndMulCases
    case .geluAndMul: BruteForceElementwiseTests.geluAndMulCases
    case .softcap: BruteForceElementwiseTests.softcapCases
    case .quantize: BruteForceElementwiseTests.quantizeCases
    case .scale: BruteForceElementwiseTests.scaleCases
    case .causalConvolution: BruteForceMixerRowTests.convolutionCases
    case .l2Norm: BruteForceMixerRowTests.l2NormCases
    case .gatedRMSNorm: BruteForceMixerRowTests.gatedNormCases
    case .silu: BruteForceMixerRowTests.siluCases
    case .softplus: BruteForceMixerRowTests.softplusCases
    case .deltaGates: BruteForceMixerRowTests.deltaGateCases
    case .bankMix: BruteForceMixerRowTests.bankMixCases
    case .situAndMul: BruteForceMixerRowTests.situCases
    case .deltaRule: BruteForceDeltaRuleTests.cases
    case .stateSpaceScan: BruteForceStateSpaceTests.scanCases
    case .selectiveScan: BruteForceStateSpaceTests.selectiveCases
    case .lightningAttention: BruteForceLightningTests.cases
    case .batchedGEMM: BruteForceBatchedGEMMTests.cases
    case .compression: BruteForceCompressionTests.compressionCases
    case .hyperCollapse: BruteForceCompressionTests.collapseCases
    case .hyperExpand: BruteForceCompressionTests.expandCases
    case .hyperHead: BruteForceCompressionTests.headCases
    case .indexScores: BruteForceIndexTests.scoreCases
    case .indexSelection: BruteForceIndexTests.selectionCases
    case .indexRotation: BruteForceIndexTests.rotationCases
    case .groupedGEMM: BruteForceExpertTests.groupedCases
    case .route: BruteForceRouteTests.cases
    case .expertCombine: BruteForceExpertTests.combineCases
    case .sigmoidGate: BruteForceExpertTests.gateCases
    case .clampedSwiGLU: BruteForceExpertTests.clampedCases
    case .allToAll: BruteForceCollectiveTests.allToAllCases
    case .expertScale: BruteForceExpertTests.scaleCases
    case .squaredRelu: BruteForceExpertTests.squaredReluCases
    case .gelu: BruteForceElementwiseTests.geluCases
    case .residualAdd: BruteForceElementwiseTests.residualAddCases
    case .embedding: BruteForceEmbeddingTests.cases
    case .allReduce: BruteForceCollectiveTests.allReduceCases
    case .allGather: BruteForceCollectiveTests.allGatherCases
    case .reduceScatter: BruteForceCollectiveTests.reduceScatterCases
    case .send: BruteForceCollectiveTests.sendCases
    case .addLayerNorm: BruteForcePlainLayerTests.addLayerNormCases
    case .relu: BruteForcePlainLayerTests.reluCases
    case .linearRelu: BruteForcePlainLayerTests.linearReluCases
    case .positionEmbedding: BruteForcePlainLayerTests.positionCases
    case .keyValueCacheWrite: BruteForcePlainLayerTests.cacheWriteCases
    case .gemmInputGradient: BruteForceGEMMGradientTests.inputCases
    case .gemmWeightGradient: BruteForceGEMMGradientTests.weightCases
    case .biasGradient: BruteForceGEMMGradientTests.biasCases
    case .queryGradient: BruteForceAttentionGradientTests.queryCases
    case .keyGradient: BruteForceAttentionGradientTests.keyCases
    case .softmaxGradient: BruteForceAttentionGradientTests.softmaxCases
    case .probabilityGradient: BruteForceAttentionGradientTests.probabilityCases
    case .valueGradient: BruteForceAttentionGradientTests.valueCases
    case .attentionGradient: BruteForceAttentionGradientTests.attentionCases
    case .rmsNormInputGradient: BruteForceNormGradientTests.inputCases
    case .rmsNormWeightGradient: BruteForceNormGradientTests.weightCases
    case .groupedGEMMInputGradient: BruteForceExpertGradientTests.inputCases
    case .groupedGEMMWeightGradient: BruteForceExpertGradientTests.weightCases
    case .expertCombineGradient: BruteForceExpertGradientTests.combineCases
    case .expertScaleGradient: BruteForceGateGradientTests.scaleCases
    case .geluAndMulGradient: BruteForceGateGradientTests.geluCases
    case .layerNormInputGradient: BruteForcePlainGradientTests.normInputCases
    case .layerNormWeightGradient: BruteForcePlainGradientTests.normWeightCases
    case .geluGradient: BruteForcePlainGradientTests.cases(.gelu)
    case .reluGradient: BruteForcePlainGradientTests.cases(.relu)
    case .squaredReluGradient: BruteForcePlainGradientTests.cases(.squaredRelu)
    case .positionEmbeddingGradient: BruteForcePlainGradientTests.positionCases
    case .l2NormGradient: BruteForceDeltaRowGradientTests.l2NormCases
    case .deltaGatesGradient: BruteForceDeltaRowGradientTests.deltaGateCases
    case .deltaRuleGradient: BruteForceDeltaRuleGradientTests.cases
    case .bankMixGradient: BruteForceDeltaRowGradientTests.bankMixCases
    case .situAndMulGradient: BruteForceDeltaRowGradientTests.situCases
    case .clampedSwiGLUGradient: BruteForceSinkGradientTests.clampedCases
    case .softcapGradient: BruteForceGateGradientTests.capCases
    case .sigmoidGateGradient: BruteForceGateGradientTests.gateCases
    case .batchedGEMMInputGradient: BruteForceCompressionGradientTests.inputCases
    case .batchedGEMMWeightGradient: BruteForceCompressionGradientTests.weightCases
    case .compressionGradient: BruteForceCompressionGradientTests.compressionCases
    case .hyperCollapseGradient: BruteForceStreamGradientTests.collapseCases
    case .hyperExpandGradient: BruteForceStreamGradientTests.expandCases
    case .hyperHeadGradient: BruteForceStreamGradientTests.headCases
    case .causalConvolutionGradient: BruteForceMixerGradientTests.convolutionCases
    case .gatedRMSNormGradient: BruteForceMixerGradientTests.normCases
    case .siluGradient: BruteForcePlainGradientTests.cases(.silu)
    case .softplusGradient: BruteForcePlainGradientTests.cases(.softplus)
    case .stateSpaceScanGradient: BruteForceStateSpaceGradientTests.cases
    case .selectiveScanGradient: BruteForceScanGradientTests.selectiveCases
    case .lightningAttentionGradient: BruteForceScanGradientTests.lightningCases
    case .scaledAddGradient: BruteForceMixerGradientTests.scaledAddCases
    case .routeGradient: BruteForceRouteGradientTests.cases
    case .siluAndMulGradient: BruteForceElementwiseGradientTests.siluAndMulCases
    case .embeddingGradient: BruteForceElementwiseGradientTests.embeddingCases
    case .expertLayer: BruteForceExpertLayerTests.cases
    }
  }

  func testEveryKindHasLoopsOfItsOwn() {
    for kind in OperatorKind.allCases {
      let cases = cases(of: kind)
      XCTAssertGreaterThan(cases.count, 20, "\(kind.rawValue) has too few loops")
      XCTAssertEqual(Set(cases.map(\.kind)), [kind], "\(kind.rawValue) is counted by another kind's loops")
      XCTAssertEqual(Set(cases.map(\.name)).count, cases.count, "\(kind.rawValue) has a case twice")
    }
  }
}
