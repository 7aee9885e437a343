import RooflineCore
import RooflineMeasurement

/// The random elements of a session, made when they are first needed.
final class RandomPatterns {
  let seed: UInt64
  private(set) var patterns: [ElementType: TensorData.Pattern] = [:]
  private var memory: [ElementType: DeviceMemory] = [:]
  private let context: Context

  init(_ context: Context, seed: UInt64) {
    self.context = context
    self.seed = seed
  }

  /// Makes the patterns that a plan's buffers need.
  func prepare(_ buffers: [PlannedBuffer]) throws(GPUFault) {
    for buffer in buffers {
      guard case .random(let type) = buffer.contents, memory[type] == nil else { continue }
      let pattern = TensorData.Pattern(type, seed: seed)
      let device = try DeviceMemory(context, byteCount: pattern.bits.count * type.byteCount)
      try device.write(bits: pattern.bits, as: type)
      patterns[type] = pattern
      memory[type] = device
    }
  }

  /// Queues copies of the pattern, one behind the other, from the buffer's own start in it.
  func fill(
    _ target: DeviceMemory, buffer: Int, _ type: ElementType, _ byteCount: Int, in stream: DeviceStream
  ) throws(GPUFault) {
    guard let source = memory[type] else { throw .noAnswer(call: "filling a \(type.rawValue) tensor") }
    let patternBytes = TensorData.Pattern.length * type.byteCount
    var place = TensorData.Pattern.start(ofBuffer: buffer) * type.byteCount
    var written = 0
    while written < byteCount {
      let bytes = min(patternBytes - place, byteCount - written)
      try stream.copy(bytes, from: source.address + UInt64(place), to: target.address + UInt64(written))
      written += bytes
      place = 0
    }
  }
}
