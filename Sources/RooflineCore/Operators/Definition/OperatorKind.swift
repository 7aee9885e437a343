/// An operator kind's name in JSON and on the command line; that of `kind` or `op` in measured data where it has one.
package enum OperatorKind: String, Hashable, Sendable, CaseIterable {
  case gemm
  case linearGelu = "linear_gelu"
  case qkMatmul = "qk_matmul"
  case softmax
  case svMatmul = "sv_matmul"
  case attention
  case rotary = "rope"
  case rmsNorm = "rmsnorm"
  case layerNorm = "layernorm"
  case addRMSNorm = "add_rmsnorm"
  case siluAndMul = "silu_and_mul"
  case gelu
  case residualAdd = "residual_add"
  case embedding
  case allReduce = "all_reduce"
  case allGather = "all_gather"
  case reduceScatter = "reduce_scatter"
  case send
  case addLayerNorm = "add_layernorm"
  case relu
  case linearRelu = "linear_relu"
  case positionEmbedding = "position_embedding"
  case keyValueCacheWrite = "kv_cache_write"
  case gemmInputGradient = "gemm_dx"
  case gemmWeightGradient = "gemm_dw"
  case biasGradient = "bias_gradient"
  case queryGradient = "qk_matmul_dq"
  case keyGradient = "qk_matmul_dk"
  case softmaxGradient = "softmax_gradient"
  case probabilityGradient = "sv_matmul_dp"
  case valueGradient = "sv_matmul_dv"
  case attentionGradient = "attention_gradient"
  case rmsNormInputGradient = "rmsnorm_dx"
  case rmsNormWeightGradient = "rmsnorm_dgamma"
  case siluAndMulGradient = "silu_and_mul_gradient"
  case embeddingGradient = "embedding_gradient"
  case geluAndMul = "gelu_and_mul"
  case softcap
  case scale
  case causalConvolution = "conv"
  case l2Norm = "l2norm"
  case gatedRMSNorm = "gated_rmsnorm"
  case silu
  case softplus
  case deltaGates = "delta_gates"
  case deltaRule = "delta_rule"
  case stateSpaceScan = "ssm_scan"
  case selectiveScan = "selective_scan"
  case lightningAttention = "lightning_attention"
  case bankMix = "bank_mix"
  case situAndMul = "situ_and_mul"
  case batchedGEMM = "batched_gemm"
  case compression = "compress"
  case hyperCollapse = "hc_collapse"
  case hyperExpand = "hc_expand"
  case hyperHead = "hc_head"
  case indexScores = "index_scores"
  case indexSelection = "index_topk"
  case indexRotation = "index_hadamard"
  case groupedGEMM = "grouped_gemm"
  case route
  case expertCombine = "expert_combine"
  case sigmoidGate = "sigmoid_gate"
  case clampedSwiGLU = "swigluoai_and_mul"
  case squaredRelu = "relu2"
  case quantize
  case expertScale = "expert_scale"
  case allToAll = "all_to_all"
  case groupedGEMMInputGradient = "grouped_gemm_dx"
  case groupedGEMMWeightGradient = "grouped_gemm_dw"
  case expertCombineGradient = "expert_combine_gradient"
  case routeGradient = "route_gradient"
  case expertScaleGradient = "expert_scale_gradient"
  case geluAndMulGradient = "gelu_and_mul_gradient"
  case clampedSwiGLUGradient = "swigluoai_and_mul_gradient"
  case softcapGradient = "softcap_gradient"
  case sigmoidGateGradient = "sigmoid_gate_gradient"
  case expertLayer = "moe_layer"
}
