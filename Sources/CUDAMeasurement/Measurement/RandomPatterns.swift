import RooflineCore
import RooflineMeasurement

/// The random elements of a session, made when they are first needed.
final class RandomPatterns {
  let seed: UInt64
  private(set) var patterns: [TensorData.Kind: TensorData.Pattern] = [:]
  private var memory: [TensorData.Kind: DeviceMemory] = [:]
  private let context: Context

  init(_ context: Context, seed: UInt64) {
    self.context = context
    self.seed = seed
  }

  /// Makes the patterns that a plan's buffers need.
  func prepare(_ buffers: [PlannedBuffer]) throws(GPUFault) {
    for buffer in buffers {
      if let kind = buffer.randomKind { try prepare(kind) }
    }
  }

  func prepare(_ kind: TensorData.Kind) throws(GPUFault) {
    guard memory[kind] == nil else { return }
    let pattern = TensorData.Pattern(kind, seed: seed)
    let device = try DeviceMemory(context, byteCount: pattern.bits.count * kind.type.byteCount)
    try device.write(bits: pattern.bits, as: kind.type)
    patterns[kind] = pattern
    memory[kind] = device
  }

  /// Queues copies of the pattern, one behind the other, from the buffer's own start in it.
  func fill(
    _ target: DeviceMemory, buffer: Int, _ kind: TensorData.Kind, _ byteCount: Int, in stream: DeviceStream
  ) throws(GPUFault) {
    guard let source = memory[kind] else { throw .noAnswer(call: "filling a \(kind.type.rawValue) tensor") }
    let patternBytes = TensorData.Pattern.length * kind.type.byteCount
    var place = TensorData.Pattern.start(ofBuffer: buffer) * kind.type.byteCount
    var written = 0
    while written < byteCount {
      let bytes = min(patternBytes - place, byteCount - written)
      try stream.copy(bytes, from: source.address + UInt64(place), to: target.address + UInt64(written))
      written += bytes
      place = 0
    }
  }
}
