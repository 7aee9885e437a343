import RooflineCore
import RooflineMeasurement

/// Two kernels whose duration is known: one that waits, one that does nothing.
///
/// As PTX, which the driver compiles itself, so that the test of the ruler needs no NVRTC. PTX 6.3 for sm_70 runs on every
/// GPU since Volta with every driver that this package takes.
package enum SpinKernel {
  /// Waits until the GPU's nanosecond timer has advanced by its argument, a 64-bit number. One thread is enough.
  package static let spinName = "roofline_spin"
  /// Has no arguments and returns.
  package static let emptyName = "roofline_empty"

  package static let ptx = """
    .version 6.3
    .target sm_70
    .address_size 64

    .visible .entry roofline_spin(.param .u64 nanoseconds)
    {
      .reg .pred %again;
      .reg .b64 %duration, %start, %now;
      ld.param.u64 %duration, [nanoseconds];
      mov.u64 %start, %globaltimer;
    spin:
      mov.u64 %now, %globaltimer;
      sub.u64 %now, %now, %start;
      setp.lt.u64 %again, %now, %duration;
      @%again bra spin;
      ret;
    }

    .visible .entry roofline_empty()
    {
      ret;
    }

    """

  package static let geometry = LaunchGeometry(grid: .init(1), block: .init(1))

  /// The module of both.
  package static func load(_ context: Context) throws(GPUFault) -> KernelModule {
    try KernelModule(context, image: Array(ptx.utf8))
  }
}
