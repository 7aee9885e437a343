import Foundation

/// Elements in the emulator's device memory, released with the value.
final class DeviceArray {
  let format: KernelFormat
  let count: Int
  /// Of the first element.
  let address: UInt64
  private let kernels: CPUKernels
  private let allocation: UInt64

  /// - Parameters:
  ///   - shift: how many elements behind a 256-byte boundary the first one lies. The memory before it belongs to the
  ///     allocation: reading or writing it shows in `strayBytes`.
  init(_ kernels: CPUKernels, _ format: KernelFormat, count: Int, shift: Int = 0) throws {
    let bytes = UInt64((count + shift) * format.bytes)
    allocation = kernels.allocate(bytes)
    guard allocation != 0 else { throw CocoaError(.fileReadUnknown) }
    (self.kernels, self.format, self.count) = (kernels, format, count)
    address = allocation + UInt64(shift * format.bytes)
  }

  deinit { _ = kernels.release(allocation) }

  private var bytes: Int { count * format.bytes }

  func upload(_ elements: [UInt8]) {
    precondition(elements.count == bytes)
    elements.withUnsafeBytes { UnsafeMutableRawPointer(bitPattern: UInt(address))?.copyMemory(from: $0) }
  }

  func download() -> [Double] {
    guard let start = UnsafeRawPointer(bitPattern: UInt(address)) else { return [] }
    return format.decode(UnsafeRawBufferPointer(start: start, count: bytes))
  }

  /// Distinct bytes of the elements that kernels touched.
  func distinctBytes(written: Bool) -> UInt64 { kernels.distinctBytes(address, UInt64(bytes), written) }

  /// Bytes before the first element that kernels touched.
  var strayBytes: UInt64 {
    [false, true].reduce(0) { $0 + kernels.distinctBytes(allocation, address - allocation, $1) }
  }
}

extension UnsafeMutableRawPointer {
  fileprivate func copyMemory(from source: UnsafeRawBufferPointer) {
    guard let first = source.baseAddress else { return }
    copyMemory(from: first, byteCount: source.count)
  }
}
