import RooflineCore
import RooflineMeasurement

/// Elements that lie on a device, read when they are asked for, a block at a time.
final class DeviceElements: TensorSource {
  private let memory: DeviceMemory
  private let type: ElementType
  private let count: Int
  private var blocks: [Int: [Double]] = [:]
  /// What went wrong with reading; elements are no numbers then.
  private(set) var fault: GPUFault?

  private static let blockLength = 1 << 14
  /// Eight megabytes of host memory at most.
  private static let blockLimit = 64

  init(_ memory: DeviceMemory, _ type: ElementType) {
    self.memory = memory
    self.type = type
    count = memory.byteCount / type.byteCount
  }

  func elements(_ range: Range<Int>) -> [Double] {
    var elements: [Double] = []
    elements.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
      let (number, offset) = index.quotientAndRemainder(dividingBy: DeviceElements.blockLength)
      let block = block(number)
      let end = min(block.count, offset + range.upperBound - index)
      guard offset < end else { break }
      elements += block[offset..<end]
      index += end - offset
    }
    return elements + [Double](repeating: .nan, count: range.count - elements.count)
  }

  private func block(_ number: Int) -> [Double] {
    if let known = blocks[number] { return known }
    if blocks.count >= DeviceElements.blockLimit { blocks = [:] }
    let first = number * DeviceElements.blockLength
    let length = max(0, min(DeviceElements.blockLength, count - first))
    do throws(GPUFault) {
      let block = try memory.elements(type, count: length, from: first)
      blocks[number] = block
      return block
    } catch {
      fault = fault ?? error
      return []
    }
  }
}
