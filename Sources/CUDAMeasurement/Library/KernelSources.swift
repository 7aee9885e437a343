import KernelText
import RooflineCore
import RooflineMeasurement

/// The kernels' text, which is built into the program.
package enum KernelSources {
  /// Every file: kernels (`.cu`) and what they include (`.cuh`).
  package static let all: [KernelCompiler.SourceFile] = {
    var count = 0
    let texts = kernelTexts(&count)
    return (0..<count).map { index in
      KernelCompiler.SourceFile(name: String(cString: texts[index].name), text: String(cString: texts[index].text))
    }
  }()

  /// Machine code of a file's kernels for one GPU; the log holds registers and spills.
  ///
  /// - Parameters:
  ///   - name: of the file, e.g. `rmsnorm.cu`.
  ///   - capability: the GPU's.
  /// - Throws: `GPUFault.compilation`, for a name that no file has too.
  package static func compile(
    _ name: String, _ compiler: KernelCompiler, _ capability: ComputeCapability
  ) throws(GPUFault) -> KernelCompiler.Output {
    let architecture = capability.architecture
    guard let file = all.first(where: { $0.name == name }) else {
      throw .compilation(file: name, architecture: architecture, log: "there is no kernel file of that name")
    }
    return try compiler.compile(
      file, headers: all.filter { $0.name.hasSuffix(".cuh") }, architecture: architecture,
      options: ["--ptxas-options=-v"])
  }
}
