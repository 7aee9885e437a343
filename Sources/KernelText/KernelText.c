// #embed costs nothing at build time and tracks changes, but takes no folder: files are listed here, and a test compares the
// list with the folder.
#include "KernelText.h"

static const char attention_cuh[] = {
#embed "kernels/attention.cuh"
    , 0};
static const char device_cuh[] = {
#embed "kernels/device.cuh"
    , 0};
static const char elements_cuh[] = {
#embed "kernels/elements.cuh"
    , 0};
static const char elementwise_cuh[] = {
#embed "kernels/elementwise.cuh"
    , 0};
static const char gemm_cuh[] = {
#embed "kernels/gemm.cuh"
    , 0};
static const char mathematics_cuh[] = {
#embed "kernels/mathematics.cuh"
    , 0};
static const char packs_cuh[] = {
#embed "kernels/packs.cuh"
    , 0};
static const char reductions_cuh[] = {
#embed "kernels/reductions.cuh"
    , 0};
static const char rotation_cuh[] = {
#embed "kernels/rotation.cuh"
    , 0};
static const char rows_cuh[] = {
#embed "kernels/rows.cuh"
    , 0};
static const char tensor_cuh[] = {
#embed "kernels/tensor.cuh"
    , 0};
static const char add_rmsnorm_cu[] = {
#embed "kernels/add_rmsnorm.cu"
    , 0};
static const char copy_cu[] = {
#embed "kernels/copy.cu"
    , 0};
static const char embedding_cu[] = {
#embed "kernels/embedding.cu"
    , 0};
static const char empty_cu[] = {
#embed "kernels/empty.cu"
    , 0};
static const char expert_combine_cu[] = {
#embed "kernels/expert_combine.cu"
    , 0};
static const char exponentials_cu[] = {
#embed "kernels/exponentials.cu"
    , 0};
static const char flash_attention_cu[] = {
#embed "kernels/flash_attention.cu"
    , 0};
static const char flash_decode_cu[] = {
#embed "kernels/flash_decode.cu"
    , 0};
static const char flash_decode_combine_cu[] = {
#embed "kernels/flash_decode_combine.cu"
    , 0};
static const char gelu_cu[] = {
#embed "kernels/gelu.cu"
    , 0};
static const char gemm_combine_cu[] = {
#embed "kernels/gemm_combine.cu"
    , 0};
static const char gemm_cu[] = {
#embed "kernels/gemm.cu"
    , 0};
static const char grouped_gemm_cu[] = {
#embed "kernels/grouped_gemm.cu"
    , 0};
static const char layernorm_cu[] = {
#embed "kernels/layernorm.cu"
    , 0};
static const char residual_add_cu[] = {
#embed "kernels/residual_add.cu"
    , 0};
static const char reread_cu[] = {
#embed "kernels/reread.cu"
    , 0};
static const char rmsnorm_cu[] = {
#embed "kernels/rmsnorm.cu"
    , 0};
static const char rotary_cu[] = {
#embed "kernels/rotary.cu"
    , 0};
static const char rotary_kv_write_cu[] = {
#embed "kernels/rotary_kv_write.cu"
    , 0};
static const char route_cu[] = {
#embed "kernels/route.cu"
    , 0};
static const char silu_and_mul_cu[] = {
#embed "kernels/silu_and_mul.cu"
    , 0};
static const char softmax_cu[] = {
#embed "kernels/softmax.cu"
    , 0};
static const char spin_cu[] = {
#embed "kernels/spin.cu"
    , 0};
static const char sweep_cu[] = {
#embed "kernels/sweep.cu"
    , 0};

#define TEXT(name, bytes) {name, bytes, sizeof bytes - 1}

const struct KernelText *kernelTexts(size_t *count) {
  static const struct KernelText all[] = {
      TEXT("attention.cuh", attention_cuh),
      TEXT("device.cuh", device_cuh),
      TEXT("elements.cuh", elements_cuh),
      TEXT("elementwise.cuh", elementwise_cuh),
      TEXT("gemm.cuh", gemm_cuh),
      TEXT("mathematics.cuh", mathematics_cuh),
      TEXT("packs.cuh", packs_cuh),
      TEXT("reductions.cuh", reductions_cuh),
      TEXT("rotation.cuh", rotation_cuh),
      TEXT("rows.cuh", rows_cuh),
      TEXT("tensor.cuh", tensor_cuh),
      TEXT("add_rmsnorm.cu", add_rmsnorm_cu),
      TEXT("copy.cu", copy_cu),
      TEXT("embedding.cu", embedding_cu),
      TEXT("empty.cu", empty_cu),
      TEXT("expert_combine.cu", expert_combine_cu),
      TEXT("exponentials.cu", exponentials_cu),
      TEXT("flash_attention.cu", flash_attention_cu),
      TEXT("flash_decode.cu", flash_decode_cu),
      TEXT("flash_decode_combine.cu", flash_decode_combine_cu),
      TEXT("gelu.cu", gelu_cu),
      TEXT("gemm.cu", gemm_cu),
      TEXT("gemm_combine.cu", gemm_combine_cu),
      TEXT("grouped_gemm.cu", grouped_gemm_cu),
      TEXT("layernorm.cu", layernorm_cu),
      TEXT("residual_add.cu", residual_add_cu),
      TEXT("reread.cu", reread_cu),
      TEXT("rmsnorm.cu", rmsnorm_cu),
      TEXT("rotary.cu", rotary_cu),
      TEXT("rotary_kv_write.cu", rotary_kv_write_cu),
      TEXT("route.cu", route_cu),
      TEXT("silu_and_mul.cu", silu_and_mul_cu),
      TEXT("softmax.cu", softmax_cu),
      TEXT("spin.cu", spin_cu),
      TEXT("sweep.cu", sweep_cu),
  };
  *count = sizeof all / sizeof *all;
  return all;
}
