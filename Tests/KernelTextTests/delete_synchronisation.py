"""Deletes each barrier, each shuffle step and each end of an asynchronous copy in turn, and prints those that no test misses.

Run it behind `swift build --build-tests`, with the folder of the build's products:

    python3 Tests/KernelTextTests/delete_synchronisation.py .build/debug

Each mutant is compiled to a library that takes the place of libCPUKernels.so (ROOFLINE_CPU_KERNELS), and must fail each of
the tests named below. A reduction's steps are deleted for sums alone and for maxima alone, so that one does not hide the
other; what the attention kernels share must fail in prefill and in decode, and what products share in those of experts, too.
Ends with 1 where a mutant survives, or where the kernels as they are fail.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
KERNELS = ROOT / "Sources/KernelText/kernels"
EMULATOR = ROOT / "Tests/FakeGPU"
STEP = re.compile(r"__syncthreads\(|__syncwarp\(|shuffle\w*\(value|__shfl_|commitCopies\(|waitForCopies<")

SUMS = [
    "NormKernelTests/testRMSNormAtTheEdges",
    "NormKernelTests/testLayerNormAtTheEdges",
    "NormKernelTests/testAddRMSNormAtTheEdges",
    "SoftmaxKernelTests/testTheEdges",
]
MAXIMA = ["SoftmaxKernelTests/testTheMaximumReachesEveryThread"]
PRODUCTS = ["GEMMKernelTests/testManyStepsGoThroughSharedMemory"]
EXPERTS = ["GroupedGEMMKernelTests/testManyStepsGoThroughSharedMemory"]
ROUTES = ["RouteKernelTests/testTheLargestIsFoundAtAnyPlace"]
PREFILL = ["FlashAttentionKernelTests/testEveryOrderOfThreads"]
DECODE = ["FlashDecodeKernelTests/testEveryOrderOfThreads"]
# The tests of a file's steps, where they are not those of sums and maxima.
OWN = {
    "attention.cuh": PREFILL + DECODE,
    "flash_attention.cu": PREFILL,
    "flash_decode.cu": DECODE,
    "gemm.cu": PRODUCTS,
    "gemm.cuh": PRODUCTS + EXPERTS,
    "route.cu": ROUTES,
}


def mutants():
    """(name, file, line index, replacement, tests that must fail)."""
    for file in sorted(KERNELS.iterdir()):
        # Their definitions are the intrinsics themselves.
        if file.name in ("device.cuh", "tensor.cuh"):
            continue
        for index, line in enumerate(file.read_text().splitlines()):
            code = line.split("//")[0]
            if not STEP.search(code):
                continue
            name = f"{file.name}:{index + 1}: {line.strip()}"
            if file.name != "reductions.cuh":
                yield name, file, index, "", OWN.get(file.name, SUMS + MAXIMA)
                continue
            yield f"{name} for sums", file, index, f"if constexpr (Operation::identity != 0.0f) {{ {code} }}", SUMS
            yield f"{name} for maxima", file, index, f"if constexpr (Operation::identity == 0.0f) {{ {code} }}", MAXIMA


def compile_library(kernels, folder, common):
    objects = folder / "kernels.o"
    flags = ["clang++", "-std=c++20", "-O1", "-fPIC", "-fvisibility=hidden", f"-I{EMULATOR}"]
    subprocess.run(
        [*flags, f"-I{kernels}", "-c", EMULATOR / "cpu_cuda_kernels.cpp", "-o", objects], check=True)
    if not common:
        for source in sorted(EMULATOR.glob("cpu_cuda*.cpp")):
            if source.name != "cpu_cuda_kernels.cpp":
                common.append(folder.parent / f"{source.stem}.o")
                subprocess.run([*flags, "-c", source, "-o", common[-1]], check=True)
    library = folder / "libCPUKernels.so"
    subprocess.run([*flags, "-shared", objects, *common, "-o", library], check=True)
    return library


def failures(bundle, library, tests):
    """Which of the tests fail with the library. A test that did not run is a mistake of this script's, not a failure."""
    environment = dict(os.environ, ROOFLINE_CPU_KERNELS=str(library))
    names = ",".join(f"KernelTextTests.{test}" for test in tests)
    result = subprocess.run([bundle, names], env=environment, capture_output=True, text=True, timeout=300)
    failed = set()
    for test in tests:
        verdict = re.search(rf"Test Case '{test.replace('/', '.')}' (passed|failed)", result.stdout)
        if not verdict:
            sys.exit(f"{test} did not run:\n{result.stdout}{result.stderr}")
        if verdict[1] == "failed":
            # By its result: not because the library does not open.
            if not re.search(rf"error: {test.replace('/', '.')} : failed - \w+, grid", result.stdout):
                sys.exit(f"{test} failed otherwise than by its result:\n{result.stdout}{result.stderr}")
            failed.add(test)
    return failed


def main():
    products = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / ".build/debug").resolve()
    bundles = list(products.glob("*PackageTests.xctest"))
    if len(bundles) != 1:
        sys.exit(f"no test bundle in {products}; run `swift build --build-tests` first")
    survivors = []
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        common = []
        (scratch / "unchanged").mkdir()
        library = compile_library(KERNELS, scratch / "unchanged", common)
        failed = failures(bundles[0], library, SUMS + MAXIMA + PREFILL + DECODE + PRODUCTS + EXPERTS + ROUTES)
        if failed:
            sys.exit(f"the kernels as they are fail {sorted(failed)}")
        found = list(mutants())
        # A reduction's barrier and five steps, each twice; four steps of the online softmax; prefill's three barriers, one
        # commit and two waits; decode's three barriers, two commits and two waits; the
        # products' five barriers, two commits and one wait; a route's five steps. Fewer would mean that the search misses some.
        if len(found) < 42:
            sys.exit(f"only {len(found)} mutants found")
        for number, (name, file, index, replacement, tests) in enumerate(found):
            folder = scratch / str(number)
            shutil.copytree(KERNELS, folder)
            lines = file.read_text().splitlines()
            lines[index] = replacement
            (folder / file.name).write_text("\n".join(lines) + "\n")
            library = compile_library(folder, folder, common)
            missed = sorted(set(tests) - failures(bundles[0], library, tests))
            survivors += [f"{name}: {test} passes" for test in missed]
    print(f"{len(found)} mutants, {len(survivors)} survivors")
    for survivor in survivors:
        print(survivor)
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
