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

  /// A file's text asks with this comment for what one generation alone has: `sm_90a` in place of `sm_90`.
  package static let specificMark = "// architecture-specific"

  /// Machine code of a file's kernels for one GPU, or PTX where the compiler does not know it; the log holds registers and spills.
  ///
  /// - Parameters:
  ///   - name: of the file, e.g. `rmsnorm.cu`.
  ///   - capability: the GPU's.
  /// - Throws: `GPUFault.compilation`, for a name that no file has too; `GPUFault.unsupported`.
  package static func compile(
    _ name: String, _ compiler: KernelCompiler, _ capability: ComputeCapability
  ) throws(GPUFault) -> (output: KernelCompiler.Output, target: CompilationTarget) {
    guard let file = all.first(where: { $0.name == name }) else {
      throw .compilation(
        file: name, architecture: capability.architecture, log: "there is no kernel file of that name")
    }
    return try compile(file, compiler, capability)
  }

  package static func compile(
    _ file: KernelCompiler.SourceFile, _ compiler: KernelCompiler, _ capability: ComputeCapability
  ) throws(GPUFault) -> (output: KernelCompiler.Output, target: CompilationTarget) {
    let target = try CompilationTarget(
      capability, known: compiler.architectures, isSpecific: file.text.contains(specificMark))
    let output = try compiler.compile(
      file, headers: all.filter { $0.name.hasSuffix(".cuh") }, architecture: target.architecture,
      // PTX has passed no assembler that could say what it takes.
      options: target.isPTX ? [] : ["--ptxas-options=-v"])
    return (output, target)
  }
}
