import RooflineCore
import RooflineMeasurement

/// Kernels compiled for a device and loaded, each file once.
final class LoadedKernels {
  let compiler: KernelCompiler
  private let context: Context
  private var modules: [String: (module: KernelModule, code: Code)] = [:]
  /// What a kernel's code is.
  struct Code: Hashable {
    /// FNV-1a.
    let hash: String
    let target: CompilationTarget
  }

  private var failures: [String: GPUFault] = [:]

  init(_ context: Context, _ compiler: KernelCompiler) {
    self.context = context
    self.compiler = compiler
  }

  /// A kernel and what the code is that it is in.
  ///
  /// A file that failed to compile is not compiled again: the answer would be the same.
  func kernel(_ launch: PlannedLaunch) throws(GPUFault) -> (kernel: Kernel, code: Code) {
    if let failure = failures[launch.source] { throw failure }
    if let known = modules[launch.source] { return (try known.module.kernel(launch.kernel), known.code) }
    do {
      let (output, target) = try KernelSources.compile(
        launch.source, compiler, context.properties.computeCapability)
      let loaded = (
        module: try KernelModule(context, image: output.code),
        code: Code(hash: LoadedKernels.hash(output.code), target: target)
      )
      modules[launch.source] = loaded
      return (try loaded.module.kernel(launch.kernel), loaded.code)
    } catch {
      failures[launch.source] = error
      throw error
    }
  }

  /// FNV-1a, 64 bits, hexadecimal: tells whether two observations are of the same machine code.
  static func hash(_ bytes: [UInt8]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
