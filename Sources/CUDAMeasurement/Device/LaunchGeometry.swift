/// How many blocks of how many threads run a kernel.
package struct LaunchGeometry: Hashable, Sendable {
  /// Extents in the three directions.
  package struct Extents: Hashable, Sendable {
    package var x: UInt32
    package var y: UInt32
    package var z: UInt32

    package init(_ x: UInt32, _ y: UInt32 = 1, _ z: UInt32 = 1) {
      self.x = x
      self.y = y
      self.z = z
    }
  }

  /// Blocks.
  package var grid: Extents
  /// Threads of a block, at most 1024.
  package var block: Extents
  /// Dynamic shared memory of a block, bytes.
  package var sharedBytes: UInt32

  package init(grid: Extents, block: Extents, sharedBytes: UInt32 = 0) {
    self.grid = grid
    self.block = block
    self.sharedBytes = sharedBytes
  }
}

/// An argument of a kernel, at most eight bytes.
package enum KernelArgument {
  case memory(DeviceMemory)
  /// An address inside a memory that the caller keeps alive.
  case address(UInt64)
  case int32(Int32)
  case uint64(UInt64)
  case float(Float)

  /// The bytes as the kernel reads them, the lowest first.
  var bits: UInt64 {
    switch self {
    case .memory(let memory): memory.address
    case .address(let address): address
    case .int32(let value): UInt64(UInt32(bitPattern: value))
    case .uint64(let value): value
    case .float(let value): UInt64(value.bitPattern)
    }
  }
}
