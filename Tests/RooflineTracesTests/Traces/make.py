"""Writes the small traces of this folder: a decode step of Llama-3.2-1B (16 layers) as vLLM runs it, with invented times.

`decode.json` is a step as PyTorch's profiler writes it, `kernels.csv` the same kernels as `nsys stats --report cuda_gpu_trace`
does, one slower in each layer.
"""

import json
import os

LAYER = [  # name, µs, µs in the second trace
    ("nvjet_tst_64x8_64x16_4x1_v_bz_TNT", 6.1, 6.1, "aten::mm", [[16, 2048], [2048, 3072]]),
    ("void vllm::rotary_embedding_kernel<c10::BFloat16, true>(long const*)", 2.1, 2.1, None, None),
    ("void vllm::reshape_and_cache_flash_kernel<__nv_bfloat16, __nv_bfloat16>(int)", 2.0, 2.0, None, None),
    ("void cutlass::device_kernel<flash::enable_sm90<flash::FlashAttnFwdSm90<x> > >(x)", 14.9, 21.4, None, None),
    ("void cutlass::device_kernel<flash::FlashAttnFwdCombine<x> >(x)", 2.4, 2.4, None, None),
    ("nvjet_tst_64x8_64x16_4x1_v_bz_TNN", 4.7, 4.7, "aten::mm", [[16, 2048], [2048, 2048]]),
    ("void vllm::fused_add_rms_norm_kernel<c10::BFloat16, 8>(c10::BFloat16*)", 2.2, 2.2, None, None),
    ("nvjet_tst_128x8_64x12_2x1_v_bz_TNT", 25.2, 25.2, "aten::mm", [[16, 2048], [2048, 16384]]),
    ("void vllm::act_and_mul_kernel<c10::BFloat16, true>(c10::BFloat16*)", 2.6, 2.6, None, None),
    ("nvjet_tst_64x8_64x16_2x4_v_bz_TNN", 14.0, 14.0, "aten::mm", [[16, 8192], [8192, 2048]]),
    ("void vllm::fused_add_rms_norm_kernel<c10::BFloat16, 8>(c10::BFloat16*)", 2.3, 2.3, None, None),
]
BEFORE = [
    ("Memcpy HtoD (Pinned -> Device)", 1.1, 1.1, None, None),
    ("void at::native::(anonymous namespace)::indexSelectSmallIndex<c10::BFloat16>(x)", 2.5, 2.5, None, None),
    ("void vllm::rms_norm_kernel<c10::BFloat16, 8>(c10::BFloat16*)", 2.2, 2.2, None, None),
]
AFTER = [
    ("nvjet_tst_192x8_64x8_4x1_v_bz_TNT", 176.0, 176.0, "aten::mm", [[16, 2048], [2048, 128256]]),
    ("void at::native::reduce_kernel<512, 1, at::native::ReduceOp<float, at::native::ArgMaxOps<float> > >(x)", 9.8, 9.8, None, None),
    ("my_fused_logits_kernel", 3.0, 3.0, None, None),
]


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    events = [{"ph": "X", "cat": "user_annotation", "name": "execute_context_0(0)_generation_16(16)", "pid": 1, "tid": 1,
               "ts": 1000.0, "dur": 900.0, "args": {"External id": 1}}]
    rows = ["Start (ns),Duration (ns),CorrId,GrdX,GrdY,GrdZ,BlkX,BlkY,BlkZ,Reg/Trd,StcSMem (MB),DymSMem (MB),Bytes (MB),"
            "Throughput (MBps),SrcMemKd,DstMemKd,Device,Ctx,Strm,Name"]
    start = 2000.0
    for number, (name, first, second, op, sizes) in enumerate(BEFORE + LAYER * 16 + AFTER, start=2):
        arguments = {"External id": number, "device": 0, "stream": 7, "correlation": number}
        if op:
            events.append({"ph": "X", "cat": "cpu_op", "name": op, "pid": 1, "tid": 1, "ts": 1000.0 + number, "dur": 0.5,
                           "args": {"External id": number, "Input Dims": sizes}})
        events.append({"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "pid": 1, "tid": 1, "ts": 1000.0 + number,
                       "dur": 0.4, "args": {"correlation": number}})
        events.append({"ph": "X", "cat": "gpu_memcpy" if name.startswith("Memcpy") else "kernel", "name": name, "pid": 0,
                       "tid": 7, "ts": start, "dur": first, "args": arguments})
        copy = "[CUDA memcpy Host-to-Device]" if name.startswith("Memcpy") else f'"{name}"' if "," in name else name
        rows.append(f"{int(start * 1000)},{int(second * 1000)},{number}" + ",1,1,1,128,1,1,32,0.000,0.000,,,,,"
                    f"NVIDIA H100 80GB HBM3 (0),1,7,{copy}")
        start = round(start + max(first, second) + 1.0, 1)
    trace = {"schemaVersion": 1, "deviceProperties": [{"id": 0, "name": "NVIDIA H100 80GB HBM3"}],
             "distributedInfo": {"backend": "nccl", "rank": 0, "world_size": 1}, "traceEvents": events}
    with open(f"{folder}/decode.json", "w") as file:
        file.write('{"schemaVersion": 1, "deviceProperties": ' + json.dumps(trace["deviceProperties"])
                   + ', "distributedInfo": ' + json.dumps(trace["distributedInfo"]) + ', "traceEvents": [\n')
        file.write(",\n".join(json.dumps(event) for event in events) + "\n]}\n")
    with open(f"{folder}/kernels.csv", "w") as file:
        file.write("\n".join(rows) + "\n")


main()
