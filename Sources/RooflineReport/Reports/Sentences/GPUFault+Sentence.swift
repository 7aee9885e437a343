import RooflineCore
import RooflineMeasurement

extension GPUFault {
  /// One sentence: what is wrong, and the way out.
  package var sentence: String {
    switch self {
    case .call(let call, let code, let name):
      "\(call) answered \(name ?? "an error that the driver has no name for") (\(code)); \(Self.remedy(name))"
    case .noAnswer(let call): "\(call) answered success without a result; update the driver"
    case .implausibleTime(let seconds):
      "the driver timed a kernel at \(seconds.isFinite ? "\(seconds)" : seconds.isNaN ? "no number of" : "infinitely many") s, which no kernel takes; nothing of it counts, so restart the machine or its container, and update the driver"
    case .missingFunction(let library, let function):
      "\(library) has no \(function): it is another library or too old; update NVIDIA's driver, or name its file in ROOFLINE_CUDA_DRIVER"
    case .oldDriver(let library, let version, let minimum):
      "the driver \(library) is for CUDA \(version); install one for CUDA \(minimum) or newer"
    case .noLibrary(let finding): Self.missing(finding)
    case .compilation(let file, let architecture, let log):
      "NVRTC refused \(file) for \(architecture): \(log.split(separator: "\n").joined(separator: " / "))"
    case .wrongResult(let kernel, let detail):
      "\(kernel) computes wrong results on this GPU (\(detail)); it was not timed; see whether `roofline devices --self-test` passes, and report it if so"
    case .noSuchDevice(let ordinal, let count):
      count == 0
        ? "there is no GPU here; run this on a machine that has one"
        : "there is no GPU \(ordinal); \(count == 1 ? "the only one is --device 0" : "give --device 0 to \(count - 1)")"
    case .unsupported(let what, let reason): "\(what) cannot run: \(reason)"
    }
  }

  private static func remedy(_ name: String?) -> String {
    switch name {
    case "CUDA_ERROR_OUT_OF_MEMORY", "CUBLAS_STATUS_ALLOC_FAILED":
      "end other programs on the GPU (`roofline devices` lists them), or ask for less"
    case "CUDA_ERROR_LAUNCH_TIMEOUT": "a watchdog ended the kernel: use a GPU that drives no display"
    case "CUDA_ERROR_ILLEGAL_ADDRESS", "CUDA_ERROR_LAUNCH_FAILED":
      "the kernel is broken on this GPU; nothing that it computed counts"
    case "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH":
      "the driver was updated under the running system: restart the machine, or the container with the host's driver"
    case "CUDA_ERROR_JIT_COMPILER_NOT_FOUND":
      "the driver's PTX compiler (libnvidia-ptxjitcompiler) is missing: install the whole driver"
    case "CUDA_ERROR_STUB_LIBRARY": "that is the toolkit's stub: take its folder out of LD_LIBRARY_PATH"
    default: "see whether `nvidia-smi` works"
    }
  }

  private static func missing(_ finding: LibraryFinding) -> String {
    let paths = finding.searched.map(\.path)
    let tried = paths.isEmpty ? "" : " (looked for \(paths.joined(separator: ", ")))"
    return "no \(finding.name) was found\(tried)\(finding.way.map { "; \($0)" } ?? "")"
  }
}

extension LibraryFinding {
  /// How a library that was not found can be.
  var way: String? {
    switch name {
    case "CUDA driver": "install NVIDIA's driver, or name its file in ROOFLINE_CUDA_DRIVER"
    case "NVRTC":
      "install the Python package nvidia-cuda-nvrtc, or name the folder of libnvrtc in ROOFLINE_CUDA_LIBRARIES"
    case "cuBLASLt":
      "install the Python package nvidia-cublas, or name the folder of libcublasLt in ROOFLINE_CUDA_LIBRARIES"
    case "NVML": "install the whole driver, or name the file in ROOFLINE_NVML"
    default: nil
    }
  }
}
