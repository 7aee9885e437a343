import RooflineCore

/// What the driver says of a GPU: facts that stay.
package struct DeviceProperties: Hashable, Sendable {
  /// CUDA's number of the device in this process.
  package var ordinal: Int
  /// The product's name as the driver spells it, e.g. `NVIDIA H100 80GB HBM3`.
  package var name: String
  /// `GPU-` and 32 hexadecimal digits in five groups, as `nvidia-smi -L` prints it.
  package var uuid: String
  /// e.g. `00000000:1B:00.0`.
  package var pciBusIdentifier: String
  package var computeCapability: ComputeCapability
  package var streamingMultiprocessors: UInt64
  /// The highest clock of the SMs, Hz.
  package var clock: Double?
  /// Hz; a memory with double data rate moves two bits a clock and wire.
  package var memoryClock: Double?
  /// Wires between chip and memory.
  package var memoryBusBits: UInt64?
  /// Bytes.
  package var l2: UInt64?
  /// Bytes that the driver can give out.
  package var memory: UInt64
  /// Bytes of shared memory that one block can have.
  package var sharedMemoryPerBlock: UInt64?
  /// Bytes of shared memory of a streaming multiprocessor, for all blocks that run there at once.
  package var sharedMemoryPerMultiprocessor: UInt64?
  package var hasECC: Bool?

  package init(
    ordinal: Int, name: String, uuid: String, pciBusIdentifier: String, computeCapability: ComputeCapability,
    streamingMultiprocessors: UInt64, memory: UInt64
  ) {
    self.ordinal = ordinal
    self.name = name
    self.uuid = uuid
    self.pciBusIdentifier = pciBusIdentifier
    self.computeCapability = computeCapability
    self.streamingMultiprocessors = streamingMultiprocessors
    self.memory = memory
  }

  /// Whether source and target of a copy are together four times the L2 cache; where that is unknown, 512 MiB.
  package func isBeyondL2(copy bytes: Int) -> Bool { 2 * bytes >= 4 * (l2.flatMap { Int(exactly: $0) } ?? 128 << 20) }

  /// How many blocks of a kernel run on a multiprocessor at once, as far as its shared memory decides: a KiB of each block's is
  /// the system's (CUDA C++ Programming Guide, "Shared Memory", compute capability 8 on).
  ///
  /// - Returns: nil where the driver does not say how much there is.
  package func residentBlocks(sharedBytes: Int) -> Int? {
    sharedMemoryPerMultiprocessor.map { Int(clamping: $0) / max(1, sharedBytes + 1024) }
  }

  /// The stand-in of this package's tests begins so; nothing that it says is a measurement.
  package static let standInPrefix = "Fake GPU"
  package var isStandIn: Bool { name.hasPrefix(DeviceProperties.standInPrefix) }
}
