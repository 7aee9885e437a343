"""Published and computed figures of the contract, met by this count before it judges another."""
from fractions import Fraction

# FLOPs of one decode token, B = 1: GEMM, attention and index at 4,096 keys, the same at 131,072 (section 5.2).
DECODE = {
    "codellama-34b-instruct-hf": (66962063360, 6442450944, 0, 206158430208, 0),
    "nvidia--Llama-3_3-Nemotron-Super-49B-v1": (97630814208, 6576668672, 0, 210453397504, 0),
    "Qwen--Qwen3-0.6B": (1191968768, 939524096, 0, 30064771072, 0),
    "mistralai--Mixtral-8x7B-v0.1": (25497174016, 2147483648, 0, 68719476736, 0),
    "Qwen--Qwen3.5-27B": (51243909120, 1610612736, 0, 51539607552, 0),
    "Qwen--Qwen3.5-35B-A3B": (5890539520, 671088640, 0, 21474836480, 0),
    "sim--deepseek-v2-lite": (4902617088, 3850371072, 0, 123211874304, 0),
    "deepseek-ai--DeepSeek-V3": (73249193984, 69591891968, 0, 2226940542976, 0),
    "deepseek-ai--DeepSeek-V3.2": (74952212480, 34795945984, 4093640704, 34795945984, 130996502528),
    "zai-org--GLM-5": (81663885312, 22246588416, 2617245696, 22246588416, 83751862272),
    "zai-org--GLM-5.2": (80595517440, 22246588416, 704643072, 22246588416, 22548578304),
    "deepseek-ai--DeepSeek-V4-Flash": (26536443904, 2214592512, 352321536, 4815060992, 11274289152),
    "moonshotai--Kimi-K3": (208350865408, 20535312384, 0, 657129996288, 0),
    "openai--gpt-oss-120b": (10262200320, 1245708288, 0, 38692454400, 0),
    "openai--gpt-oss-20b": (7214284800, 830472192, 0, 25794969600, 0),
    "meta-llama--Llama-4-Scout-17B-16E-Instruct": (32275824640, 4026531840, 0, 38252052480, 0),
    "google--gemma-4-26B-A4B": (7643660288, 1090519040, 0, 21894266880, 0),
    "MiniMaxAI--MiniMax-M2.5": (20830224384, 6241124352, 0, 199715979264, 0),
    "MiniMaxAI--MiniMax-M3": (49464999936, 4227858432, 239075328, 16710107136, 7650410496),
    "XiaomiMiMo--MiMo-V2-Flash": (29641146368, 1714421760, 0, 48522854400, 0),
    "stepfun-ai--Step-3.7-Flash": (20694695936, 2164260864, 0, 52093255680, 0),
    "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": (6453608448, 402653184, 0, 12884901888, 0),
    "nvidia--Nemotron-H-56B-Base-8K": (110486355968, 1342177280, 0, 42949672960, 0),
}

# Distinct experts of (E, k, N): section 3.6.
DISTINCT = {(8, 2, 3): "4.6250", (256, 8, 32): "163.3138", (256, 8, 64): "222.4425", (128, 8, 32): "111.7710",
            (384, 8, 64): "284.1944", (512, 22, 64): "481.2006", (896, 16, 64): "613.1954"}

# One layer's recurrence, FLOPs: vector of a decode token, tensor of a prefill of 4,096 tokens (section 3.5).
RECURRENCE = {
    "Qwen--Qwen3.5-27B": ("delta_rule", 48, 5517312, 35433480192),
    "nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16": ("ssm_scan", 23, 2633792, 13958643712),
}


def golden(folder, read, forward):
    mistakes = []

    def expect(name, figure, published):
        if figure != published:
            mistakes.append(f"{name}: {figure}, the contract's figure {published}")
    shape = {"B": 1, "t": 1, "separate": False, "sizes": (2, 2, 2, 2)}
    for name, (gemm, *rest) in DECODE.items():
        config, figures = read(f"{folder}/{name}.json"), []
        for C in (4096, 131072):
            rows = forward(config, "decode", T=1, C=C, **shape).rows
            figures += [rows["attention"][1], rows.get("index_scores", [0, 0])[1]]
        others = sum(row[1] for row_name, row in rows.items() if row_name not in ("attention", "index_scores"))
        # The mixing of several residual streams runs in fp32, whose unit is vector.
        others += sum(row[2] for row_name, row in rows.items() if row_name.endswith(("hc_proj", "hc_head_proj")))
        expect(name + ", GEMM", others, gemm)
        expect(name + ", attention and index", figures, rest)
    for name, (row, layers, decode, prefill) in RECURRENCE.items():
        config = read(f"{folder}/{name}.json")
        expect(name + ", a step", forward(config, "decode", T=1, C=9, **shape).rows[row][2], layers * decode)
        expect(name + ", 4,096 tokens", forward(config, "prefill", T=4096, C=4096, **shape).rows[row][1], layers * prefill)
    for (E, k, N), published in DISTINCT.items():
        expect(f"distinct experts {E} {k} {N}", f"{float(E - E * Fraction(E - k, E) ** N):.4f}", published)
    return mistakes
