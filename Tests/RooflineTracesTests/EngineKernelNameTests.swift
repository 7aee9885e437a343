import RooflineCore
import RooflineTraces
import TestSupport
import XCTest

/// Names as engines' sources and public traces have them.
final class EngineKernelNameTests: XCTestCase {
  func testNamesOfEnginesAndLibrariesAreKnownForWhatTheyAre() throws {
    let table = try Fixtures.catalog.kernelNames(and: [])
    let cases: [(group: KernelGroup, names: [String])] = [
      (
        .product,
        [
          "nvjet_hsh_128x256_64x4_1x2_h_bz_coopA_TNT", "sm80_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize96x128x32",
          "ampere_bf16_s16816gemm_bf16_128x128_ldg8_f2f_stages_64x3_tn", "ampere_sgemm_128x64_tn",
          "void cutlass::Kernel2<cutlass_80_tensorop_bf16_s16816gemm_relu_bf16_64x64_64x6_tn_align8>(T1::Params)",
          "void gemv2T_kernel_val<int, int, __nv_bfloat16, __nv_bfloat16, __nv_bfloat16, float, 128, 16>(x)",
          "void cublasLt::splitKreduce_kernel<32, 16, int, float, __nv_bfloat16>(x)", "void gptq_marlin::Marlin<x>(y)",
          "void marlin::Marlin<__nv_bfloat16, 1125899906909960l, 256, 1, 8, 8>(int4 const*)",
          "void deep_gemm::sm90_fp8_gemm_1d2d_impl<0u, 4096u, 7168u, 1u>(float*)", "_w8a8_block_fp8_matmul",
          "void cutlass::device_kernel<vllm::cutlass_3x_gemm_fp8_blockwise<x>::GemmKernel>(x)",
          "Cijk_Alik_Bljk_BBS_BH_Bias_HA_S_SAV_UserArgs_MT256x32x64", "triton_tem_fused_mm_0",
        ]
      ),
      (
        .attention,
        [
          "void cutlass::device_kernel<flash::enable_sm90<flash::FlashAttnFwdSm90<flash::CollectiveMainloopFwdSm90<2>>>>(x)",
          "void flash::flash_fwd_splitkv_kernel<Flash_fwd_kernel_traits<128, 64, 128, 4>>(flash::Flash_fwd_params)",
          "void flash::flash_fwd_splitkv_combine_kernel<x>(flash::Flash_fwd_params)",
          "void flashinfer::BatchPrefillWithPagedKVCacheKernel<x>(y)", "_fwd_grouped_kernel_stage1",
          "_fwd_kernel_stage2",
          "void flashinfer::BatchDecodeWithPagedKVCacheKernel<(flashinfer::PosEncodingMode)0>(x)",
          "fmhaSm100aKernel_QkvE4m3OBfloat16H64PagedKvCausalP16VarSeqQ128Kv128PersistentContext",
          "kernel_unified_attention_2d", "void vllm::paged_attention_v2_kernel<unsigned short, 128>(float*)",
          "void flash_fwd_splitkv_mla_kernel<Flash_fwd_kernel_traits_mla<576, 64, 64, 8>>(x)",
          "void flashinfer::PersistentVariableLengthMergeStatesKernel<8u>(x)", "pytorch_flash::flash_fwd_kernel<x>",
          "void masked_multihead_attention_kernel<x>(y)", "void kernel_mha_xqa<x>(y)",
        ]
      ),
      (
        .experts,
        [
          "fused_moe_kernel", "_matmul_ogs_NNT_bf16xbf16xmxfp4_16x128x256x1_swiglu",
          "bmm_MxE4m3_MxE2m1MxE4m3_Fp32_t128x16x256u2_s3_et128x16_m128x16x32_schedP2x1x2x3_dynBatch_sm100f",
          "void moe::dev::finalize::finalizeKernel<x>(y)", "void marlin_moe_wna16::Marlin<x>(y)",
          "void deep_gemm::sm90_fp8_gemm_1d2d_impl<0u, 4096u, 7168u, 8u, (deep_gemm::GemmType)1>(float*)",
          "void vllm::moe::moe_sum_kernel<c10::BFloat16, 8>(c10::BFloat16*)",
          "void tensorrt_llm::kernels::cutlass_kernels::finalizeMoeRoutingKernel<x>(y)",
        ]
      ),
      (
        .routing,
        [
          "void vllm::moe::topkGatingSoftmax<8, 128, 4, 16>(float const*)", "_topk_forward",
          "void vllm::moe::moe_align_block_size_kernel<int>(int*)", "void moe_fused_gate_kernel<x>(y)",
          "void vllm::moe::grouped_topk_fused_kernel<float>(float*)",
          "void moe::dev::routing::routingIndicesClusterKernel<x>(y)",
        ]
      ),
      (
        .norm,
        [
          "void vllm::fused_add_rms_norm_kernel<c10::BFloat16, 8>(x)",
          "triton_red_fused__to_copy_add_mean_mul_pow_rsqrt_0",
          "void flashinfer::norm::FusedAddRMSNormKernel<8u, __nv_bfloat16>(x)",
          "void at::native::(anonymous namespace)::vectorized_layer_norm_kernel<c10::BFloat16, float>(x)",
          "void vllm::rms_norm_static_fp8_quant_kernel<x>(y)",
        ]
      ),
      (
        .collective,
        [
          "ncclDevKernel_AllReduce_Sum_bf16_RING_LL(ncclDevKernelArgsStorage<4096ul>)", "ncclDevKernel_SendRecv(x)",
          "void vllm::cross_device_reduce_1stage<__nv_bfloat16, 8>(x)", "ncclKernel_AllGather_RING_LL_Sum_int8_t(x)",
          "void flashinfer::trtllm_allreduce_fusion::allreduce_fusion_kernel_oneshot_lamport<x>(y)",
          "void (anonymous namespace)::multimem_all_reduce_kernel<c10::BFloat16, 16>(x)",
          "ncclDevKernel_ReduceScatter_Sum_f32_RING_LL(x)",
          "void (anonymous namespace)::two_shot_all_reduce_kernel_inplace<x>(y)",
          "void deep_ep::intranode::dispatch<8, 768>(x)",
        ]
      ),
      (
        .recurrence,
        [
          "_causal_conv1d_fwd_kernel", "_causal_conv1d_update_kernel", "chunk_gated_delta_rule_fwd_kernel_h_blockdim64",
          "fused_recurrent_gated_delta_rule_fwd_kernel", "_chunk_scan_fwd_kernel", "_selective_scan_update_kernel",
          "chunk_fwd_kernel_o", "_state_passing_fwd_kernel", "void selective_scan_fwd_kernel<x>(y)",
        ]
      ),
      (
        .activation,
        [
          "void vllm::act_and_mul_kernel<c10::BFloat16, &vllm::silu_kernel>(x)", "triton_poi_fused_mul_silu_0",
          "void sglang::silu_and_mul<x>(y)",
        ]
      ),
      (
        .rotary,
        [
          "void vllm::rotary_embedding_kernel<c10::BFloat16, true>(x)",
          "void flashinfer::BatchQKApplyRotaryPosIdsCosSinCacheKernel<x>(y)",
        ]
      ),
      (.cache, ["void vllm::reshape_and_cache_flash_kernel<x>(y)", "void vllm::concat_and_cache_mla_kernel<x>(y)"]),
      (
        .quantization,
        [
          "void vllm::dynamic_per_token_scaled_fp8_quant_kernel<x>(y)", "per_token_group_quant_8bit_kernel",
          "void vllm::cvt_fp16_to_fp4<x>(y)",
        ]
      ),
      (
        .sampling,
        [
          "void at::native::reduce_kernel<512, 1, at::native::ReduceOp<float, at::native::ArgMaxOps<float>, unsigned int, long, 4, 4>>(x)",
          "void flashinfer::sampling::TopKTopPSamplingFromProbKernel<x>(y)", "_gumbel_sample_kernel",
        ]
      ),
      (.copy, ["Memcpy DtoD (Device -> Device)", "void at::native::(anonymous namespace)::CatArrayBatchedCopy<x>(y)"]),
      (
        .fill,
        ["Memset (Device)", "void at::native::vectorized_elementwise_kernel<4, at::native::FillFunctor<float>>(x)"]
      ),
      (
        .elementwise,
        [
          "triton_poi_fused_add_0",
          "void at::native::vectorized_elementwise_kernel<4, at::native::CUDAFunctor_add<float>>(x)",
        ]
      ),
      (
        .reduction,
        ["void at::native::reduce_kernel<512, 1, at::native::ReduceOp<float, at::native::MeanOps<float>>>(x)"]
      ),
      (.indexing, ["void at::native::index_elementwise_kernel<128, 4, x>(y)"]),
    ]
    for (group, names) in cases {
      for name in names { XCTAssertEqual(table.rule(for: name)?.group, group, name) }
    }
    for name in ["my_kernel", "void foo<bar>(int)", "kernel_0", "main_kernel"] {
      XCTAssertNil(table.rule(for: name), name)
    }
  }
}
