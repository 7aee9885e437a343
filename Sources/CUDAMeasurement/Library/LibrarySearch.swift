#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Where NVIDIA's libraries are looked for.
///
/// `ROOFLINE_CUDA_DRIVER`, `ROOFLINE_NVRTC`, `ROOFLINE_CUBLASLT`, `ROOFLINE_NCCL` and `ROOFLINE_NVML` name a file, which is then the only one
/// tried. `ROOFLINE_CUDA_LIBRARIES` lists folders (separated by colons) to look in first. After these come the folders of a
/// CUDA toolkit and of the Python packages `nvidia-cuda-nvrtc` and `nvidia-cublas`, which bring both without a toolkit: of
/// every `python3` on `PATH`, and where environments and systems keep theirs.
package struct LibrarySearch {
  let environment: [String: String]

  package init(environment: [String: String]) {
    self.environment = environment
  }

  package var driver: [String] {
    only("ROOFLINE_CUDA_DRIVER")
      ?? ["libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"]
  }

  package var managementLibrary: [String] {
    only("ROOFLINE_NVML")
      ?? [
        "libnvidia-ml.so.1", "/usr/local/nvidia/lib64/libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1",
      ]
  }

  /// Every NVRTC there is, since the newest need not be one that the driver accepts.
  package var compilers: [String] { only("ROOFLINE_NVRTC") ?? candidates("libnvrtc.so.") }

  package var cuBLASLt: [String] { only("ROOFLINE_CUBLASLT") ?? candidates("libcublasLt.so.") }

  package var nccl: [String] {
    only("ROOFLINE_NCCL") ?? folders.map { "\($0)/libnccl.so.2" }.filter(FileManager.default.fileExists)
      + ["libnccl.so.2"]
  }

  private func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

  private func only(_ name: String) -> [String]? { value(name).map { [$0] } }

  /// Files whose name is the prefix and a major version, then the bare names that the system's loader may know.
  private func candidates(_ prefix: String) -> [String] {
    let files = folders.flatMap { folder in
      contents(folder)
        .filter { name in name.hasPrefix(prefix) && Int(name.dropFirst(prefix.count)) != nil }
        .sorted { (Int($0.dropFirst(prefix.count)) ?? 0) > (Int($1.dropFirst(prefix.count)) ?? 0) }
        .map { "\(folder)/\($0)" }
    }
    return files + ["13", "12", "11.2"].map { prefix + $0 }
  }

  /// Folders that may hold libraries, the most specific first; those that do not exist included.
  private var folders: [String] {
    var folders = (value("ROOFLINE_CUDA_LIBRARIES") ?? "").split(separator: ":").map(String.init)
    for site in sitePackages {
      let wheels = "\(site)/nvidia"
      folders += contents(wheels).sorted(by: >).map { "\(wheels)/\($0)/lib" }
    }
    folders += ["CUDA_HOME", "CUDA_PATH"].compactMap(value).map { "\($0)/lib64" }
    folders += value("CONDA_PREFIX").map { ["\($0)/lib"] } ?? []
    folders += contents("/usr/local").filter { $0.hasPrefix("cuda") }.sorted(by: >).map { "/usr/local/\($0)/lib64" }
    var unique: [String] = []
    for folder in folders where !unique.contains(folder) { unique.append(folder) }
    return unique
  }

  /// The folders of Python packages: of the active environment, of each python3 on the path, the user's, the system's.
  private var sitePackages: [String] {
    var roots = ["VIRTUAL_ENV", "CONDA_PREFIX"].compactMap(value) + pythonRoots
    roots += value("HOME").map { ["\($0)/.local"] } ?? []
    roots += ["/usr/local", "/usr"]
    let versioned = roots.flatMap { root in
      ["lib", "lib64"].flatMap { library in
        let versions = contents("\(root)/\(library)").filter { $0.hasPrefix("python3") }.sorted(by: >)
        return versions.flatMap { version in
          ["site-packages", "dist-packages"].map { "\(root)/\(library)/\(version)/\($0)" }
        }
      }
    }
    return (value("PYTHONPATH") ?? "").split(separator: ":").map(String.init) + versioned
  }

  /// What lies above the `bin` of each python3 on `PATH`: of the file as it is found there, since a virtual environment's is a
  /// link and its packages lie beside the link; then of what the link leads to.
  private var pythonRoots: [String] {
    let folders = (value("PATH") ?? "").split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
    return folders.flatMap { folder in
      let python = URL(fileURLWithPath: folder).appendingPathComponent("python3")
      guard FileManager.default.isExecutableFile(atPath: python.path) else { return [String]() }
      return [python, python.resolvingSymlinksInPath()].map {
        $0.deletingLastPathComponent().deletingLastPathComponent().path
      }
    }
  }

  private func contents(_ folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
  }
}
