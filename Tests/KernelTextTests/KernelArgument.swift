/// What a kernel is called with.
enum KernelArgument {
  case tensor(DeviceArray)
  case int32(Int)
  case uint64(Int)
  case float(Double)

  var bits: UInt64 {
    switch self {
    case .tensor(let array): array.address
    case .int32(let value): UInt64(UInt32(bitPattern: Int32(value)))
    case .uint64(let value): UInt64(value)
    case .float(let value): UInt64(Float(value).bitPattern)
    }
  }
}
