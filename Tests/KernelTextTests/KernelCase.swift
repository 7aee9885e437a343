import RooflineCore
import TestSupport
import XCTest

/// One launch of a kernel: what it is given, what it must leave, and the operator whose operands it may touch.
struct KernelCase {
  enum Argument {
    case tensor(KernelTensor)
    case int32(Int)
    case uint64(Int)
    case float(Double)
  }

  let kernel: String
  var grid = (1, 1)
  let block: Int
  let arguments: [Argument]
  /// Their loads and stores are exactly the bytes that the kernel may touch, and must.
  var operands: [Operand<Count>] = []

  /// Runs it in each order of threads; checks results and touched bytes.
  func check(orders: [ThreadOrder] = ThreadOrder.all, file: StaticString = #filePath, line: UInt = #line) throws {
    let kernels = try CPUKernels.open()
    let contents = tensors.map { $0.contents.map($0.format.encode) }
    for order in orders {
      let arrays = try zip(tensors, contents).map { tensor, bytes in
        let array = try DeviceArray(kernels, tensor.format, count: tensor.count, shift: tensor.shift)
        bytes.map(array.upload)
        return array
      }
      var unused = arrays[...]
      let launchArguments = arguments.map { argument -> KernelArgument in
        switch argument {
        case .tensor: .tensor(unused.removeFirst())
        case .int32(let value): .int32(value)
        case .uint64(let value): .uint64(value)
        case .float(let value): .float(value)
        }
      }
      let outcome = kernels.launch(kernel, grid: grid, block: block, order: order, launchArguments)
      let place = "\(kernel), grid \(grid), block \(block), \(order)"
      guard outcome == .finished else { return XCTFail("\(place): \(outcome)", file: file, line: line) }
      for (tensor, array) in zip(tensors, arrays) {
        if let difference = tensor.difference(from: array.download()) {
          return XCTFail("\(place): \(difference)", file: file, line: line)
        }
        if let difference = tensor.trafficDifference(array, operands) {
          return XCTFail("\(place): \(difference)", file: file, line: line)
        }
      }
      let placed = tensors.flatMap { $0.reads.map { "loads \($0)" } + $0.writes.map { "stores \($0)" } }
      let wanted = operands.map { "\($0.traffic.isStore ? "stores" : "loads") \($0.name)" }
      XCTAssertEqual(Set(placed), Set(wanted), "\(place): every operand has a tensor", file: file, line: line)
    }
  }

  private var tensors: [KernelTensor] {
    arguments.compactMap { argument in
      guard case .tensor(let tensor) = argument else { return nil }
      return tensor
    }
  }
}
