import RooflineCore
import RooflineMeasurement

/// Kernels compiled for a device and loaded, each file once.
final class LoadedKernels {
  let compiler: KernelCompiler
  private let context: Context
  private var modules: [String: (module: KernelModule, hash: String)] = [:]
  private var failures: [String: GPUFault] = [:]

  init(_ context: Context, _ compiler: KernelCompiler) {
    self.context = context
    self.compiler = compiler
  }

  /// A kernel and the hash of the machine code that it is in.
  ///
  /// A file that failed to compile is not compiled again: the answer would be the same.
  func kernel(_ launch: PlannedLaunch) throws(GPUFault) -> (kernel: Kernel, hash: String) {
    if let failure = failures[launch.source] { throw failure }
    if let known = modules[launch.source] { return (try known.module.kernel(launch.kernel), known.hash) }
    do {
      let output = try KernelSources.compile(
        launch.source, compiler, context.properties.computeCapability)
      let loaded = (module: try KernelModule(context, image: output.cubin), hash: LoadedKernels.hash(output.cubin))
      modules[launch.source] = loaded
      return (try loaded.module.kernel(launch.kernel), loaded.hash)
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
